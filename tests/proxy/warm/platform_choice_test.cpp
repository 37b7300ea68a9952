#include "proxy/warm/platform_choice.h"
#include "tests/catch.h"
#include "tests/support/pulling_mirror.h"
#include "tests/support/stored_images.h"

using namespace proxy;

namespace {

std::vector<oci::platform> platforms(std::vector<std::string> const& texts) {
    std::vector<oci::platform> all;
    for (auto const& t : texts)
        all.push_back(oci::parse_platform(t).value());
    return all;
}

std::vector<oci::index_entry> entries(std::vector<std::string> const& list) {
    return oci::parse_index(tests::index_of(list), "").value();
}

std::string const attestation = R"(,"platform":{"os":"unknown","architecture":"unknown"})";

} // namespace

TEST_CASE("those entries are taken that fit one of the platforms") {
    auto const all = entries({tests::platform_entry("a", "amd64"), tests::platform_entry("b", "arm64"),
                              tests::platform_entry("c", "s390x"), tests::index_entry("d", attestation)});
    auto const chosen = entries_for(all, platforms({"linux/arm64/v8", "linux/s390x"})).value();
    REQUIRE(chosen.size() == 2);
    CHECK(chosen[0].content.digest == oci::digest::of("b"));
    CHECK(chosen[1].content.digest == oci::digest::of("c"));
}

TEST_CASE("platforms that an index has not are named") {
    auto const all = entries({tests::platform_entry("a", "amd64"), tests::index_entry("d", attestation)});
    auto const none = entries_for(all, platforms({"linux/amd64", "linux/arm/v7", "windows/amd64"}));
    REQUIRE_FALSE(none);
    CHECK(none.error().message == "there is no image for linux/arm/v7, windows/amd64: only for linux/amd64");
}

TEST_CASE("an index that says no platform is taken whole") {
    auto const all = entries({tests::index_entry("a", ""), tests::index_entry("b", "")});
    CHECK(entries_for(all, platforms({"linux/amd64"})).value().size() == 2);
    CHECK(entries_for({}, platforms({"linux/amd64"})).value().empty());
}

TEST_CASE("a platform is pulled here if all of an image of it is stored") {
    tests::stored_images s;
    auto const index = [&](std::string const& repo, std::string const& arch, std::vector<std::string> const& blobs) {
        s.add(repo, "child", blobs);
        auto const body = tests::index_of({tests::platform_entry(tests::image_manifest(blobs), arch),
                                           tests::platform_entry("not here " + repo, "s390x")});
        auto const d = s.put(body, store::object_kind::manifest);
        s.content->index().put_manifest(repo, d, oci::parse_manifest(body, "").value(), body.size()).value();
        s.content->index().put_tag(repo, oci::tag::parse("1").value(), {d, 1, 1}).value();
        return d;
    };
    auto const a = index("docker.io/library/a", "arm64", {"config a", "layer a"});
    auto const b = index("docker.io/library/b", "riscv64", {"config b", "layer b"});
    CHECK(whole_platforms(*s.content, a) == platforms({"linux/arm64"}));
    CHECK(whole_platforms(*s.content) == platforms({"linux/arm64", "linux/riscv64"}));
    s.content->remove(oci::digest::of(std::string("layer b"))).value();
    CHECK(whole_platforms(*s.content, b).empty());
    CHECK(whole_platforms(*s.content) == platforms({"linux/arm64"}));
    CHECK(whole_platforms(*s.content, oci::digest::of(std::string("nothing"))).empty());
}

TEST_CASE("this machine runs something") {
    CHECK(this_machine().os == "linux");
    CHECK_FALSE(this_machine().architecture.empty());
}
