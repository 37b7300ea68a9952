// What the distribution specification and its conformance suites demand of lists and of deletion, and where a push is
// refused.
#include "tests/catch.h"
#include "tests/support/pusher.h"

#include <boost/json/array.hpp>
#include <boost/json/parse.hpp>

using namespace tests;

namespace {

namespace json = boost::json;
using names = std::vector<std::string>;

names strings(http_answer const& a, char const* member) {
    CHECK(a.status == 200);
    CHECK(a.header("Content-Type") == "application/json");
    boost::system::error_code ec;
    auto const document = json::parse(a.body, ec);
    REQUIRE_FALSE(ec);
    names out;
    for (auto const& name : document.at(member).as_array()) // "null" is no list
        out.emplace_back(name.as_string());
    return out;
}

names tags(http_answer const& a) {
    return strings(a, "tags");
}
names tags(pusher const& p, std::string const& query = "", std::string const& repo = app) {
    return tags(p.get(tags_path(repo) + query));
}
names repositories(pusher const& p, std::string const& query = "") {
    return strings(p.get("/v2/_catalog" + query), "repositories");
}

// Where a Link field leads, "" without one.
std::string next_page(http_answer const& a) {
    auto const link = a.header("Link");
    if (link.empty())
        return {};
    CHECK(link.starts_with("</v2/"));
    CHECK(link.ends_with(">; rel=\"next\""));
    return link.substr(1, link.find('>') - 1);
}

content some_image(unsigned seed) {
    return image(random_blob(300, seed), {random_blob(700, seed + 1)});
}

// In byte order; pushed in another.
names const sorted_tags{"1", "10", "2", "A", "Z", "_", "a", "a-b", "a.b", "b"};

struct tagged_image : pusher {
    content const image = some_image(1);

    tagged_image() {
        for (auto const* tag : {"b", "10", "_", "a.b", "Z", "1", "a", "2", "a-b", "A"})
            push_manifest(app, tag, image);
    }
};

} // namespace

TEST_CASE("the tags of a hosted repository that nobody pushed to are NAME_UNKNOWN") {
    pusher const p;
    CHECK(refusal(p.get(tags_path(app))) == "404 NAME_UNKNOWN");
    p.push_manifest(other, "latest", some_image(2));
    CHECK(refusal(p.get(tags_path(app))) == "404 NAME_UNKNOWN");
}

TEST_CASE("a repository without tags has an empty list of them") {
    pusher const p;
    auto const m = some_image(3);
    p.push_manifest(app, m.digest.to_string(), m);
    auto const a = p.get(tags_path(app));
    CHECK(tags(a).empty());
    CHECK(json::parse(a.body).at("name") == json::string_view(app));
}

TEST_CASE("tags are listed in the order of their bytes") {
    tagged_image const p;
    auto const a = p.get(tags_path(app));
    CHECK(tags(a) == sorted_tags);
    CHECK(json::parse(a.body).at("name") == json::string_view(app));
    CHECK(next_page(a).empty());
}

TEST_CASE("as many tags are listed as asked for, and a link leads to the others") {
    tagged_image const p;
    for (std::size_t n = 1; n < sorted_tags.size(); ++n) {
        auto const a = p.get(tags_path(app) + "?n=" + std::to_string(n));
        CHECK(tags(a) == names(sorted_tags.begin(), sorted_tags.begin() + static_cast<std::ptrdiff_t>(n)));
        CHECK_FALSE(next_page(a).empty());
    }
}

TEST_CASE("a list that is whole has no link") {
    tagged_image const p;
    for (auto const* query : {"?n=10", "?n=11", "?n=1000000", "?n=3&last=a"}) {
        auto const a = p.get(tags_path(app) + query);
        CHECK(tags(a).size() == (query == std::string("?n=3&last=a") ? 3 : 10));
        CHECK(next_page(a).empty());
    }
}

TEST_CASE("links from page to page show every tag once") {
    tagged_image const p;
    for (auto const* n : {"1", "3", "4"}) {
        names seen;
        auto next = tags_path(app) + "?n=" + n;
        while (!next.empty() && seen.size() <= sorted_tags.size()) {
            auto const a = p.get(next);
            for (auto const& tag : tags(a))
                seen.push_back(tag);
            next = next_page(a);
        }
        CHECK(seen == sorted_tags);
    }
}

TEST_CASE("a list begins behind the tag that a client names, whether there is such a tag or not") {
    tagged_image const p;
    CHECK(tags(p, "?last=Z") == names{"_", "a", "a-b", "a.b", "b"});
    CHECK(tags(p, "?last=ZZ") == names{"_", "a", "a-b", "a.b", "b"});
    CHECK(tags(p, "?n=2&last=1") == names{"10", "2"});
    CHECK(tags(p, "?last=1&n=2") == names{"10", "2"});
    CHECK(tags(p, "?last=b").empty());
    CHECK(tags(p, "?last=zzz").empty());
    CHECK(tags(p, "?last=") == sorted_tags);
}

TEST_CASE("no tags are listed if none are asked for") {
    tagged_image const p;
    auto const a = p.get(tags_path(app) + "?n=0");
    CHECK(tags(a).empty());
    CHECK(next_page(a).empty());
}

TEST_CASE("a number of entries that is none is refused") {
    tagged_image const p;
    for (auto const* n : {"-1", "x", "1x", "1.5", "99999999999999999999999", ""}) {
        INFO(n);
        CHECK(refusal(p.get(tags_path(app) + "?n=" + n)) == "400 PAGINATION_NUMBER_INVALID");
        CHECK(refusal(p.get(std::string("/v2/_catalog?n=") + n)) == "400 PAGINATION_NUMBER_INVALID");
    }
}

TEST_CASE("tags of every kind of content are listed") {
    pusher const p;
    names expected;
    for (auto const& set : content_sets()) {
        p.push(app, set);
        for (auto const& [tag, m] : set.tags)
            expected.push_back(tag);
    }
    std::sort(expected.begin(), expected.end());
    CHECK(tags(p) == expected);
    auto const middle = expected[expected.size() / 2];
    CHECK(tags(p, "?last=" + middle) ==
          names(std::upper_bound(expected.begin(), expected.end(), middle), expected.end()));
}

TEST_CASE("a tag is deleted at once, and nothing else with it") {
    tagged_image const p;
    auto const& m = p.image;
    CHECK(p.ask("DELETE", manifest_path(app, "a")).status == 202);
    CHECK(refusal(p.get(manifest_path(app, "a"))) == "404 MANIFEST_UNKNOWN");
    CHECK(p.head(manifest_path(app, "a")).status == 404);
    CHECK(p.get(manifest_path(app, m.digest.to_string())).body == m.bytes);
    CHECK(p.get(manifest_path(app, "b")).body == m.bytes);
    CHECK(tags(p) == names{"1", "10", "2", "A", "Z", "_", "a-b", "a.b", "b"});
}

TEST_CASE("a repository whose last tag was deleted is still there") {
    pusher const p;
    p.push_manifest(app, "only", some_image(4));
    CHECK(p.ask("DELETE", manifest_path(app, "only")).status == 202);
    CHECK(tags(p).empty());
}

TEST_CASE("a manifest is deleted at once with all its tags, and from no other repository") {
    tagged_image const p;
    auto const& m = p.image;
    auto const newer = some_image(5);
    auto const d = m.digest.to_string();
    p.push_manifest(app, "newer", newer);
    p.push_manifest(other, "a", m);
    CHECK(p.ask("DELETE", manifest_path(app, d)).status == 202);
    CHECK(refusal(p.get(manifest_path(app, d))) == "404 MANIFEST_UNKNOWN");
    for (auto const& tag : sorted_tags) {
        CHECK(refusal(p.get(manifest_path(app, tag))) == "404 MANIFEST_UNKNOWN");
        CHECK(p.head(manifest_path(app, tag)).status == 404);
    }
    CHECK(tags(p) == names{"newer"});
    CHECK(p.get(manifest_path(other, "a")).body == m.bytes);
    CHECK(p.get(manifest_path(other, d)).body == m.bytes);
}

TEST_CASE("tags and manifests that are not there cannot be deleted") {
    pusher const p;
    auto const m = some_image(6);
    for (bool const were_there : {false, true}) {
        if (were_there) {
            p.push_manifest(app, "latest", m);
            CHECK(p.ask("DELETE", manifest_path(app, "latest")).status == 202);
            CHECK(p.ask("DELETE", manifest_path(app, m.digest.to_string())).status == 202);
        }
        CHECK(refusal(p.ask("DELETE", manifest_path(app, "latest"))) == "404 MANIFEST_UNKNOWN");
        CHECK(refusal(p.ask("DELETE", manifest_path(app, m.digest.to_string()))) == "404 MANIFEST_UNKNOWN");
    }
}

TEST_CASE("the blobs of a manifest may be deleted before it") {
    pusher const p;
    auto const config = random_blob(300, 7);
    p.push(app, config);
    auto const m = image(config, {});
    p.push_manifest(app, "latest", m);
    CHECK(p.ask("DELETE", blob_path(app, config)).status == 202);
    CHECK(p.get(blob_path(app, config)).status == 404);
    CHECK(p.get(manifest_path(app, "latest")).body == m.bytes);
}

TEST_CASE("what was deleted stays deleted after a restart") {
    tagged_image p;
    CHECK(p.ask("DELETE", manifest_path(app, "a")).status == 202);
    auto const c = random_blob(512, 8);
    p.push(app, c);
    CHECK(p.ask("DELETE", blob_path(app, c)).status == 202);
    p.restart();
    CHECK(tags(p).size() == sorted_tags.size() - 1);
    CHECK(p.get(manifest_path(app, "a")).status == 404);
    CHECK(p.get(blob_path(app, c)).status == 404);
}

TEST_CASE("the catalog names the hosted repositories in the order of their bytes") {
    pusher const p;
    CHECK(repositories(p).empty());
    auto const m = some_image(9);
    for (auto const* repo : {"local/b", "local/team/app", "local/a", "local/team", "local/a-b"})
        p.push_manifest(repo, "latest", m);
    CHECK(repositories(p) == names{"local/a", "local/a-b", "local/b", "local/team", "local/team/app"});
}

TEST_CASE("the catalog comes in pages") {
    pusher const p;
    names all;
    for (int i = 10; i < 20; ++i) {
        all.push_back("local/r" + std::to_string(i));
        p.push_manifest(all.back(), "latest", some_image(10));
    }
    names seen;
    std::string next = "/v2/_catalog?n=3";
    while (!next.empty() && seen.size() <= all.size()) {
        auto const a = p.get(next);
        CHECK(strings(a, "repositories").size() == (seen.size() < 9 ? 3 : 1));
        for (auto const& repo : strings(a, "repositories"))
            seen.push_back(repo);
        next = next_page(a);
    }
    CHECK(seen == all);
    CHECK(repositories(p, "?last=local/r17") == names{"local/r18", "local/r19"});
    CHECK(repositories(p, "?last=local%2Fr17&n=1") == names{"local/r18"});
    CHECK(repositories(p, "?n=0").empty());
}

TEST_CASE("the catalog does not name what was pulled through the mirror") {
    pusher p;
    auto const m = some_image(11);
    p.mirror::put_manifest("library/alpine", "latest", m.bytes);
    REQUIRE(p.get("/v2/library/alpine/manifests/latest").status == 200);
    p.push_manifest(app, "latest", m);
    CHECK(repositories(p) == names{app});
}

TEST_CASE("a push to a repository that is not hosted is refused and told which are") {
    pusher p;
    p.settings.hosted.prefixes = {"local", "builds"};
    p.restart();
    auto const id = p.open_upload().substr(uploads_path(app).size());
    auto const c = random_blob(512, 12);
    auto const m = some_image(13);
    for (auto const* repo : {"library/alpine", "alpine", "ghcr.io/team/app", "localx/app", "team/local/app"}) {
        auto const session = uploads_path(repo) + id;
        for (auto const& a : {p.ask("POST", uploads_path(repo)), p.post_blob(repo, c),
                              p.mount(repo, digest_of("x"), app), p.append(session, "x"), p.patch(session, 0, "x"),
                              p.close(session, digest_of("x"), "x"), p.ask("DELETE", session),
                              p.put_manifest(repo, "latest", m), p.put_manifest(repo, m.digest.to_string(), m),
                              p.ask("DELETE", manifest_path(repo, "latest")), p.ask("DELETE", blob_path(repo, c))}) {
            CHECK(refusal(a) == "405 UNSUPPORTED");
            CHECK(a.body.find("local") != std::string::npos);
            CHECK(a.body.find("builds") != std::string::npos);
        }
    }
    CHECK(p.origin.requests().empty());
}

TEST_CASE("a push is told which repositories are hosted also where no upstream has the others") {
    pusher p;
    for (auto& u : p.settings.upstreams)
        u.is_default = false;
    p.restart();
    auto const a = p.ask("POST", uploads_path("library/alpine"));
    CHECK(refusal(a) == "405 UNSUPPORTED");
    CHECK(a.body.find("local") != std::string::npos);
}

TEST_CASE("every hosted prefix takes pushes, and the catalog names them all in order") {
    pusher p;
    p.settings.hosted.prefixes = {"local", "builds", "local-too"};
    p.restart();
    auto const m = some_image(14);
    names const all{"builds/app", "local-too/app", "local/app"};
    for (auto const& repo : all) {
        p.push_manifest(repo, "latest", m);
        CHECK(p.get(manifest_path(repo, "latest")).body == m.bytes);
    }
    CHECK(repositories(p) == all);
    CHECK(repositories(p, "?last=builds/app&n=1") == names{"local-too/app"});
    CHECK(repositories(p, "?last=local-too/app") == names{"local/app"});
    CHECK(repositories(p, "?last=local/app").empty());
}

TEST_CASE("what a hosted repository lacks is not looked for upstream") {
    pusher const p;
    p.get(manifest_path(app, "latest"));
    p.get(blob_path(app, digest_of("x")));
    p.get(tags_path(app));
    p.get(referrers_path(app, digest_of("x")));
    p.mount(app, digest_of("x"), "library/alpine");
    CHECK(p.origin.requests().empty());
}

TEST_CASE("a method that an endpoint does not have is refused") {
    pusher const p;
    auto const session = p.open_upload();
    for (auto const& [method, target] :
         std::vector<std::pair<std::string, std::string>>{{"POST", manifest_path(app, "latest")},
                                                          {"PATCH", manifest_path(app, "latest")},
                                                          {"PUT", blob_path(app, digest_of("x"))},
                                                          {"POST", blob_path(app, digest_of("x"))},
                                                          {"PUT", tags_path(app)},
                                                          {"DELETE", tags_path(app)},
                                                          {"DELETE", referrers_path(app, digest_of("x"))},
                                                          {"POST", session},
                                                          {"PUT", uploads_path(app)},
                                                          {"POST", "/v2/_catalog"}}) {
        INFO(method << ' ' << target);
        CHECK(refusal(p.ask(method, target, {}, "x")) == "405 UNSUPPORTED");
    }
    CHECK(p.get(session).status == 204);
}
