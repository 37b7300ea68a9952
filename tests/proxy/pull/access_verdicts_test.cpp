#include "proxy/pull/access_verdicts.h"
#include "tests/catch.h"
#include "tests/support/token_desk.h"

using namespace tests;
using namespace std::chrono_literals;
using word = proxy::access_verdicts::word;

namespace {

proxy::steady_clock::time_point const start{1000h};

proxy::client_login::ptr login(std::string const& user, std::string const& password = "pw") {
    return proxy::client_login::parse(basic_authorization(user, password)).value();
}

} // namespace

TEST_CASE("a verdict holds for one login and one repository until its time is over") {
    proxy::access_verdicts verdicts;
    verdicts.allow(*login("alice"), "docker.io/a", start + 60s, start);
    CHECK(word::allowed == verdicts.of(*login("alice"), "docker.io/a", start + 59s));
    CHECK(word::none == verdicts.of(*login("alice"), "docker.io/a", start + 60s));
    CHECK(word::none == verdicts.of(*login("alice", "other"), "docker.io/a", start));
    CHECK(word::none == verdicts.of(*login("alice"), "docker.io/b", start));
    CHECK(word::none == verdicts.of(*proxy::client_login::parse("").value(), "docker.io/a", start));
}

TEST_CASE("verdicts are bounded, and what ends soonest goes first") {
    proxy::access_verdicts verdicts;
    auto const who = login("alice");
    for (std::size_t i = 0; i <= proxy::access_verdicts::max_size; ++i)
        verdicts.allow(*who, "r" + std::to_string(i), start + 60s + std::chrono::seconds(i), start);
    CHECK(word::none == verdicts.of(*who, "r0", start));
    CHECK(word::allowed == verdicts.of(*who, "r" + std::to_string(proxy::access_verdicts::max_size), start));
    CHECK(word::allowed == verdicts.of(*who, "r" + std::to_string(proxy::access_verdicts::max_size / 2), start));
}

TEST_CASE("a refusal holds for seconds, and upstream may change its mind") {
    proxy::access_verdicts verdicts;
    auto const alice = login("alice");
    verdicts.refuse(*alice, "docker.io/a blobs/x", start);
    CHECK(verdicts.of(*alice, "docker.io/a blobs/x", start + 4s) == word::refused);
    CHECK(verdicts.of(*alice, "docker.io/a blobs/y", start + 4s) == word::none);
    CHECK(verdicts.of(*alice, "docker.io/a blobs/x", start + 5s) == word::none);
    verdicts.allow(*alice, "docker.io/a", start + 300s, start);
    verdicts.forget(*alice, "docker.io/a");
    CHECK(verdicts.of(*alice, "docker.io/a", start) == word::none);
}
