// Who are sent the same large manifest share its memory.
#include "proxy/pull/sent_manifests.h"
#include "tests/catch.h"

namespace {

using proxy::served_manifest;

std::shared_ptr<served_manifest const> manifest(std::string const& body, std::string const& type = "a/b") {
    return std::make_shared<served_manifest const>(oci::digest::of(body), type, body);
}

} // namespace

TEST_CASE("a manifest that is being sent is found until the last one has it") {
    proxy::sent_manifests sent;
    auto const d = oci::digest::of("m");
    CHECK_FALSE(sent.find(d, "a/b"));
    auto first = sent.share(manifest("m"));
    auto second = sent.find(d, "a/b");
    CHECK(second == first);
    CHECK(sent.share(manifest("m")) == first); // who has read it at the same time
    CHECK_FALSE(sent.find(d, "c/d"));
    first.reset();
    CHECK(sent.find(d, "a/b") == second);
    second.reset();
    CHECK_FALSE(sent.find(d, "a/b"));
}

TEST_CASE("the same bytes as manifests of two types are two answers") {
    proxy::sent_manifests sent;
    auto const one = sent.share(manifest("m", "a/b"));
    auto const other = sent.share(manifest("m", "c/d"));
    CHECK(one != other);
    CHECK(other->media_type == "c/d");
}

TEST_CASE("what is sent stays known while many others come and go") {
    proxy::sent_manifests sent;
    auto const kept = sent.share(manifest("kept"));
    for (int i = 0; i < 1000; ++i)
        sent.share(manifest(std::to_string(i)));
    CHECK(sent.find(kept->digest, "a/b") == kept);
}
