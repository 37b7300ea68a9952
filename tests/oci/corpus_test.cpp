// Every seed of the fuzz corpora through the check of its fuzz target, so that the checks run with every
// compiler and every `make test`.
#include "tests/catch.h"
#include "tests/fuzz/challenge_check.h"
#include "tests/fuzz/manifest_check.h"
#include "tests/fuzz/range_check.h"
#include "tests/fuzz/reference_check.h"
#include "tests/fuzz/route_check.h"

#include <filesystem>
#include <fstream>
#include <iterator>

namespace {

void check_corpus(std::string const& name, void (*check)(std::string_view)) {
    std::size_t seeds = 0;
    for (auto const& entry : std::filesystem::directory_iterator(std::filesystem::path(LAYERD_CORPUS) / name)) {
        std::ifstream file(entry.path(), std::ios::binary);
        std::string const input{std::istreambuf_iterator<char>(file), {}};
        INFO(entry.path().string());
        CHECK_NOTHROW(check(input));
        ++seeds;
    }
    CHECK(seeds >= 10); // a corpus that is not found must not pass
}

} // namespace

TEST_CASE("the challenge corpus passes its check") {
    check_corpus("challenge", fuzz::check_challenge);
}
TEST_CASE("the manifest corpus passes its check") {
    check_corpus("manifest", fuzz::check_manifest);
}
TEST_CASE("the range corpus passes its check") {
    check_corpus("range", fuzz::check_range);
}
TEST_CASE("the reference corpus passes its check") {
    check_corpus("reference", fuzz::check_reference);
}
TEST_CASE("the route corpus passes its check") {
    check_corpus("route", fuzz::check_route);
}
