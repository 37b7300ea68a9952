// What the distribution specification and its conformance suites demand of referrers.
#include "oci/manifest.h"
#include "tests/catch.h"
#include "tests/support/pusher.h"

#include <boost/json/array.hpp>
#include <boost/json/parse.hpp>

#include <set>

using namespace tests;

namespace {

namespace json = boost::json;

// The descriptors of an answer that must be an index, whole and with its type alone.
json::array listed(http_answer const& a) {
    CHECK(a.status == 200);
    CHECK(a.header("Content-Type") == media::index);
    boost::system::error_code ec;
    auto const document = json::parse(a.body, ec);
    REQUIRE_FALSE(ec);
    REQUIRE(document.is_object());
    auto const& o = document.as_object();
    CHECK(o.at("schemaVersion") == 2);
    CHECK(o.at("mediaType") == json::string_view(media::index));
    return o.at("manifests").as_array();
}

json::array referrers(pusher const& p, content const& subject, std::string const& repo = app) {
    return listed(p.get(referrers_path(repo, subject.digest.to_string())));
}

std::multiset<std::string> digests(json::array const& descriptors) {
    std::multiset<std::string> out;
    for (auto const& d : descriptors)
        out.emplace(d.at("digest").as_string());
    return out;
}

std::multiset<std::string> of(std::vector<content> const& all) {
    std::multiset<std::string> out;
    for (auto const& c : all)
        out.insert(c.digest.to_string());
    return out;
}

// Of all the pages that begin with this one.
std::multiset<std::string> digests_of_pages(pusher const& p, std::string next) {
    std::multiset<std::string> seen;
    for (int pages = 0; !next.empty(); ++pages) {
        REQUIRE(pages < 20);
        auto const a = p.get(next);
        CHECK(a.body.size() <= oci::max_manifest_size);
        seen.merge(digests(listed(a)));
        auto const link = a.header("Link");
        CHECK((link.empty() || link.starts_with("</v2/")));
        next = link.empty() ? "" : link.substr(1, link.find('>') - 1);
    }
    return seen;
}

// The entry of `m`, or null.
json::value entry(json::array const& all, content const& m) {
    for (auto const& d : all)
        if (d.at("digest") == json::string_view(m.digest.to_string()))
            return d;
    return nullptr;
}

content noted(content const& subject, std::string const& artifact_type, std::string const& note) {
    return artifact(blob("{}", media::empty_json), artifact_type,
                    {{"subject", subject.descriptor()}, {"annotations", {{"org.example.note", note}}}});
}

// An image as it is before anybody pushed it.
content some_subject(unsigned seed, oci::algorithm a = oci::algorithm::sha256) {
    return image(random_blob(300, seed, a), {random_blob(700, seed + 1, a)}, {}, a);
}

void put(pusher const& p, content const& m, std::string const& repo = app) {
    p.push_manifest(repo, m.digest.to_string(), m);
}

} // namespace

TEST_CASE("nothing refers to a digest that nobody pushed, in a repository or before there is one") {
    pusher const p;
    for (bool const pushed : {false, true}) {
        if (pushed)
            put(p, some_subject(1));
        CHECK(referrers(p, some_subject(2)).empty());
        CHECK(referrers(p, some_subject(2, oci::algorithm::sha512)).empty());
    }
}

TEST_CASE("referrers of every set are listed with what their manifests say") {
    pusher const p;
    for (auto const& set : content_sets()) {
        if (set.referrers.empty())
            continue;
        INFO(set.name);
        p.push(app, set);
        auto const subject = set.absent.empty() ? set.tags[0].second : set.absent[0];
        auto const all = referrers(p, subject);
        CHECK(digests(all) == of(set.referrers));
        for (auto const& m : set.referrers) {
            auto const found = entry(all, m);
            REQUIRE(found.is_object());
            auto const document = json::parse(m.bytes).as_object();
            CHECK(found.at("mediaType") == json::string_view(m.type));
            CHECK(found.at("size") == m.bytes.size());
            auto const* const own = document.if_contains("artifactType");
            CHECK(found.at("artifactType") == (own ? *own : document.at("config").at("mediaType")));
            if (auto const* const notes = document.if_contains("annotations"))
                CHECK(found.at("annotations") == *notes);
        }
    }
}

TEST_CASE("referrers of every set are listed by their artifact type alone if a client asks for that") {
    pusher const p;
    for (auto const& set : content_sets()) {
        if (set.referrers.empty())
            continue;
        INFO(set.name);
        p.push(app, set);
        auto const subject = set.absent.empty() ? set.tags[0].second : set.absent[0];
        auto const path = referrers_path(app, subject.digest.to_string());
        auto const all = listed(p.get(path));
        std::size_t found = 0;
        for (auto const& asked : {media::sbom, media::signature, media::config}) {
            auto const a = p.get(path + "?artifactType=" + escaped(asked));
            CHECK(a.header("OCI-Filters-Applied") == "artifactType");
            auto const some = listed(a);
            found += some.size();
            for (auto const& d : some)
                CHECK(d.at("artifactType") == json::string_view(asked));
        }
        CHECK(found == all.size());
    }
}

TEST_CASE("an index without an artifact type is listed without one") {
    pusher const p;
    auto const subject = some_subject(10);
    auto const m = index({}, {{"subject", subject.descriptor()}});
    put(p, m);
    auto const all = referrers(p, subject);
    REQUIRE(all.size() == 1);
    CHECK_FALSE(all[0].as_object().contains("artifactType"));
    CHECK(all[0].at("mediaType") == json::string_view(media::index));
}

TEST_CASE("an artifact manifest of before the specification's 1.1 is listed too, and may name what cannot be read") {
    pusher const p;
    auto const subject = image(random_blob(300, 31), {}), payload = random_blob(300, 32);
    std::string const type(oci::media_type::oci_artifact);
    p.push(app, payload);
    auto const m = document({{"mediaType", type},
                             {"artifactType", media::signature},
                             {"blobs", json::array{payload.descriptor(), 7}},
                             {"subject", subject.descriptor()}},
                            type);
    auto const a = p.put_manifest(app, m.digest.to_string(), m);
    CHECK(a.status == 201);
    CHECK(a.header("OCI-Subject") == subject.digest.to_string());
    auto const found = referrers(p, subject);
    REQUIRE(digests(found) == of({m}));
    CHECK(found[0].at("mediaType") == json::string_view(type));
    CHECK(found[0].at("artifactType") == json::string_view(media::signature));
    CHECK(p.ask("DELETE", manifest_path(app, m.digest.to_string())).status == 202);
    CHECK(referrers(p, subject).empty());
}

TEST_CASE("referrers are listed whether they come before their subject or after it") {
    pusher const p;
    auto const subject = some_subject(20);
    std::vector<content> const before{noted(subject, media::sbom, "1"), noted(subject, media::signature, "2"),
                                      index({}, {{"subject", subject.descriptor()}, {"artifactType", media::sbom}})};
    for (auto const& m : before)
        CHECK(p.put_manifest(app, m.digest.to_string(), m).header("OCI-Subject") == subject.digest.to_string());
    CHECK(digests(referrers(p, subject)) == of(before));
    put(p, subject);
    auto all = before;
    for (auto const* note : {"4", "5"}) {
        all.push_back(noted(subject, media::signature, note));
        CHECK(p.put_manifest(app, all.back().digest.to_string(), all.back()).header("OCI-Subject") ==
              subject.digest.to_string());
    }
    CHECK(digests(referrers(p, subject)) == of(all));
    auto const some =
        listed(p.get(referrers_path(app, subject.digest.to_string()) + "?artifactType=" + escaped(media::sbom)));
    CHECK(digests(some) == of({before[0], before[2]}));
}

TEST_CASE("a referrer of a subject that is never pushed is listed") {
    pusher const p;
    auto const subject = some_subject(30), unrelated = some_subject(32);
    put(p, noted(unrelated, media::sbom, "other"));
    auto const m = noted(subject, media::sbom, "early");
    put(p, m);
    CHECK(digests(referrers(p, subject)) == of({m}));
}

TEST_CASE("a subject known by sha512 has its referrers") {
    pusher const p;
    auto const subject = some_subject(40, oci::algorithm::sha512);
    auto const m = noted(subject, media::sbom, "by sha512");
    CHECK(p.put_manifest(app, m.digest.to_string(), m).header("OCI-Subject") == subject.digest.to_string());
    CHECK(digests(referrers(p, subject)) == of({m}));
}

TEST_CASE("a referrer that is pushed again, or tagged, is listed once") {
    pusher const p;
    auto const subject = some_subject(50);
    auto const m = noted(subject, media::sbom, "once");
    put(p, m);
    put(p, m);
    p.push_manifest(app, "sbom", m);
    CHECK(digests(referrers(p, subject)) == of({m}));
}

TEST_CASE("a referrer that was deleted is listed no more, one whose tag was deleted is") {
    pusher const p;
    auto const subject = some_subject(60);
    auto const first = noted(subject, media::sbom, "first"), second = noted(subject, media::sbom, "second");
    put(p, first);
    p.push_manifest(app, "second", second);
    CHECK(p.ask("DELETE", manifest_path(app, "second")).status == 202);
    CHECK(referrers(p, subject).size() == 2);
    CHECK(p.ask("DELETE", manifest_path(app, first.digest.to_string())).status == 202);
    CHECK(digests(referrers(p, subject)) == of({second}));
}

TEST_CASE("referrers belong to the repository that they were pushed to") {
    pusher const p;
    auto const subject = some_subject(70);
    put(p, subject);
    put(p, subject, other);
    auto const here = noted(subject, media::sbom, "here"), there = noted(subject, media::sbom, "there");
    put(p, here);
    put(p, there, other);
    CHECK(digests(referrers(p, subject)) == of({here}));
    CHECK(digests(referrers(p, subject, other)) == of({there}));
}

TEST_CASE("several artifact types may be asked for at once") {
    pusher const p;
    auto const subject = some_subject(80);
    auto const sbom = noted(subject, media::sbom, "1"), signature = noted(subject, media::signature, "2");
    put(p, sbom);
    put(p, signature);
    put(p, noted(subject, "application/vnd.example.third", "3"));
    auto const a = p.get(referrers_path(app, subject.digest.to_string()) + "?artifactType=" + escaped(media::sbom) +
                         "&artifactType=" + escaped(media::signature));
    CHECK(a.header("OCI-Filters-Applied") == "artifactType");
    CHECK(digests(listed(a)) == of({sbom, signature}));
}

TEST_CASE("an artifact type that nothing has gives an empty list") {
    pusher const p;
    auto const subject = some_subject(90);
    put(p, noted(subject, media::sbom, "1"));
    auto const a = p.get(referrers_path(app, subject.digest.to_string()) + "?artifactType=" + escaped(media::config));
    CHECK(a.header("OCI-Filters-Applied") == "artifactType");
    CHECK(listed(a).empty());
}

TEST_CASE("an answer without a filter does not say that it was filtered") {
    pusher const p;
    auto const subject = some_subject(100);
    put(p, noted(subject, media::sbom, "1"));
    CHECK(p.get(referrers_path(app, subject.digest.to_string())).header("OCI-Filters-Applied").empty());
}

TEST_CASE("referrers of something that is no digest are refused") {
    pusher const p;
    for (auto const* digest : {"sha256:baddigeststring", "latest", "sha256:"})
        CHECK(refusal(p.get(referrers_path(app, digest))) == "400 DIGEST_INVALID");
}

TEST_CASE("a list that is too long for one manifest comes in pages, also when it is filtered") {
    pusher const p;
    auto const subject = some_subject(110);
    std::vector<content> all;
    for (int i = 0; i < 12; ++i) { // more than 8 MiB of annotations
        all.push_back(noted(subject, media::sbom, std::to_string(i) + std::string(700'000, 'A')));
        put(p, all.back());
    }
    put(p, noted(subject, media::signature, "another"));
    auto const first = referrers_path(app, subject.digest.to_string()) + "?artifactType=" + escaped(media::sbom);
    CHECK(digests_of_pages(p, first) == of(all));
}

TEST_CASE("referrers that a client keeps under the fallback tag are listed with the others, each once") {
    pusher const p;
    auto const subject = some_subject(120);
    auto const known = noted(subject, media::sbom, "with a subject");
    auto const old = artifact(blob("{}", media::empty_json), media::signature,
                              {{"annotations", {{"org.example.note", "without one"}}}});
    put(p, known);
    put(p, old);
    auto described = old.descriptor(), twice = known.descriptor();
    described["artifactType"] = media::signature;
    twice["artifactType"] = media::sbom;
    p.push_manifest(app, "sha256-" + subject.digest.hex(), index({}, {{"manifests", {described, twice}}}));
    auto const all = referrers(p, subject);
    CHECK(digests(all) == of({known, old}));
    auto const found = entry(all, old);
    REQUIRE(found.is_object());
    CHECK(found.at("artifactType") == json::string_view(media::signature));
    auto const a =
        p.get(referrers_path(app, subject.digest.to_string()) + "?artifactType=" + escaped(media::signature));
    CHECK(digests(listed(a)) == of({old}));
}

TEST_CASE("pages of referrers end with those of the fallback tag, all of them") {
    pusher const p;
    auto const subject = some_subject(125);
    std::vector<content> all{noted(subject, media::sbom, "1"), noted(subject, media::sbom, "2")}, old;
    for (auto const& m : all)
        put(p, m);
    for (auto const* note : {"3", "4"}) {
        old.push_back(artifact(blob("{}", media::empty_json), media::sbom, {{"annotations", {{"note", note}}}}));
        put(p, old.back());
        all.push_back(old.back());
    }
    p.push_manifest(app, "sha256-" + subject.digest.hex(), index(old));
    for (auto const* n : {"?n=1", "?n=2", "?n=3"})
        CHECK(digests_of_pages(p, referrers_path(app, subject.digest.to_string()) + n) == of(all));
}

TEST_CASE("the fallback tag of a sha512 subject is cut to 64 characters") {
    pusher const p;
    auto const subject = some_subject(130, oci::algorithm::sha512);
    auto const old = artifact(blob("{}", media::empty_json), media::signature);
    put(p, old);
    p.push_manifest(app, "sha512-" + subject.digest.hex().substr(0, 64), index({old}));
    CHECK(digests(referrers(p, subject)) == of({old}));
}

TEST_CASE("a fallback tag that was deleted, or means no index, adds nothing") {
    pusher const p;
    auto const subject = some_subject(140);
    auto const old = artifact(blob("{}", media::empty_json), media::signature);
    auto const tag = "sha256-" + subject.digest.hex();
    p.push_manifest(app, tag, old);
    CHECK(referrers(p, subject).empty());
    p.push_manifest(app, tag, index({old}));
    CHECK(referrers(p, subject).size() == 1);
    CHECK(p.ask("DELETE", manifest_path(app, tag)).status == 202);
    CHECK(referrers(p, subject).empty());
}

TEST_CASE("referrers are still known after a restart") {
    pusher p;
    auto const subject = some_subject(150);
    auto const m = noted(subject, media::sbom, "kept");
    put(p, m);
    p.restart();
    auto const all = referrers(p, subject);
    CHECK(digests(all) == of({m}));
    CHECK(entry(all, m).at("annotations").at("org.example.note") == "kept");
}

TEST_CASE("a page of referrers ends where much was looked at, though nothing of that is listed") {
    pusher const p;
    auto const subject = some_subject(130);
    std::vector<content> all;
    for (int i = 0; i < 6; ++i) { // more than 16 MiB
        all.push_back(noted(subject, media::sbom, std::to_string(i) + std::string(3'500'000, 'A')));
        put(p, all.back());
    }
    auto const filtered = [&](std::string const& type) {
        return referrers_path(app, subject.digest.to_string()) + "?artifactType=" + escaped(type);
    };
    auto const first = p.get(filtered(media::signature));
    CHECK(listed(first).empty());
    CHECK_FALSE(first.header("Link").empty());
    CHECK(digests_of_pages(p, filtered(media::signature)).empty());
    CHECK(digests_of_pages(p, filtered(media::sbom)) == of(all));
}
