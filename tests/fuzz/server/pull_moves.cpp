#include "tests/fuzz/server/byte_judge.h"
#include "tests/fuzz/server/moves.h"
#include "tests/fuzz/server/picks.h"
#include "tests/fuzz/server/violation.h"

#include <algorithm>

namespace fuzz {

namespace {

using answer = tests::http_answer;

bool shows_content(answer const& a) {
    return a.status == 200 || a.status == 206 || a.status == 304 || a.status == 416;
}

bool is_refusal_of_upstream(answer const& a) {
    return a.status == 404 || a.status == 502 || a.status == 503 || a.status == 504;
}

std::string bad_status(answer const& a, std::string const& why) {
    return std::to_string(a.status) + " for what is " + why + ": " + a.body.substr(0, 200);
}

// One digest of one repository.
struct digest_pull {
    std::size_t repository, item;
    bool as_manifest;
    std::string method;
    wanted_part part;
    bool shows_etag = false; // that of the item
    tracked<bool>::look link{};

    std::string rest() const { return (as_manifest ? "/manifests/" : "/blobs/") + items()[item].digest(); }
    bool is_of_its_kind() const { return as_manifest == items()[item].is_manifest; }

    void judge_hosted(world const& w, answer const& a) const {
        auto const linked = w.hosted.at[repository].links[item].still(link);
        must(shows_content(a) || a.status == 404 || is_busy(a), bad_status(a, "hosted"));
        must(!shows_content(a) || w.hosted.at[repository].ever_linked[item], bad_status(a, "not in this repository"));
        if (linked == false)
            must(!shows_content(a), bad_status(a, "not here, or not any more"));
        if (linked == true && is_of_its_kind())
            must(shows_content(a) || is_busy(a), bad_status(a, "pushed"));
        must(a.complete, "what is here is broken off");
    }

    void judge_mirrored(world const& w, answer const& a) const {
        bool const there = upstream_has(repository, item);
        must(shows_content(a) || is_refusal_of_upstream(a), bad_status(a, "upstream's"));
        must(!shows_content(a) || there, bad_status(a, "of another repository"));
        if (w.upstream.is_ever_bad())
            return;
        must(a.complete, "an honest upstream's content is broken off");
        if (there && is_of_its_kind())
            must(shows_content(a), bad_status(a, "at an honest upstream"));
        if (!there)
            must(a.status == 404, bad_status(a, "not at an honest upstream"));
    }

    void judge(world const& w, answer const& a) const {
        auto const& it = items()[item];
        if (repositories()[repository].is_hosted())
            judge_hosted(w, a);
        else
            judge_mirrored(w, a);
        must(a.status != 304 || shows_etag, "304 to who has nothing");
        bool const lied = w.upstream.has_lied_about("/v2/" + repositories()[repository].path + rest());
        if (a.status == 200 || a.status == 206 || a.status == 416)
            judge_bytes(a, method, it, part, !repositories()[repository].is_hosted() && lied);
        if (a.status == 200 && a.complete && !lied)
            must(a.header("Docker-Content-Digest") == it.digest(), "the digest of something else");
        if (a.status == 200 && as_manifest && it.is_manifest && !lied)
            must(a.header("Content-Type") == it.content.type, "of another type: " + a.header("Content-Type"));
    }
};

void ask_for(world& w, choices* c, digest_pull p, credential const& shown, header_list fields,
             std::string const& target) {
    p.link = w.hosted.at[p.repository].links[p.item].now();
    entry const door(w, shown, deed::pull, p.repository);
    fields.emplace_back("Authorization", shown.authorization);
    question q{p.method, target, request_text(p.method, target, fields), [&w, p, door](answer const& a) {
                   if (!door.is_past(a, p.method))
                       return;
                   must(a.status != 403, "who may is denied: " + a.body);
                   p.judge(w, a);
               }};
    if (c)
        w.ask(*c, std::move(q));
    else
        w.ask_now(std::move(q));
}

void pull_digest(world& w, choices& c, digest_pull p) {
    p.method = c.one_in(4) ? "HEAD" : "GET";
    auto const shown = choose_credential(w, c, deed::pull, p.repository);
    auto const& it = items()[p.item];
    header_list fields;
    auto const n = c.below(8);
    if (n >= 5 && !p.as_manifest && p.method == "GET") {
        p.part = wanted_part::choose(c, it.bytes().size());
        fields.emplace_back("Range", p.part.field);
        if (n == 7) {
            bool const same = c.one_in(2);
            fields.emplace_back("If-Range", '"' + items()[same ? p.item : 0].digest() + '"');
            p.part.is_clear = p.part.is_clear && same;
        }
    }
    if (n == 3 || n == 4) {
        p.shows_etag = n == 3;
        fields.emplace_back("If-None-Match",
                            '"' + items()[p.shows_etag ? p.item : (p.item + 1) % items().size()].digest() + '"');
    }
    ask_for(w, &c, p, shown, std::move(fields), choose_target(c, p.repository, p.rest()));
}

struct tag_pull {
    std::size_t repository, tag;
    std::string method;
    std::int64_t asked_at;
    tracked<hosted_model::tag_value>::look hosted;
    std::vector<bad_upstream::meaning> meant; // when it was asked

    std::optional<std::size_t> item_in(answer const& a) const {
        if (method == "HEAD")
            return item_of(a.header("Docker-Content-Digest"));
        auto const at = std::ranges::find_if(manifests(), [&](std::size_t m) { return items()[m].bytes() == a.body; });
        return at == manifests().end() ? std::nullopt : std::optional(*at);
    }

    void judge_hosted(world const& w, answer const& a) const {
        auto const known = w.hosted.at[repository].tags[tag].still(hosted);
        must(a.status == 200 || a.status == 404 || is_busy(a), bad_status(a, "a tag here"));
        if (known == hosted_model::none)
            must(a.status != 200, bad_status(a, "no tag here"));
        else if (known) {
            must(a.status == 200 || is_busy(a), bad_status(a, "a pushed tag"));
            must(a.status != 200 || item_in(a) == *known, "another manifest than the tag's");
        }
        if (a.status != 200)
            return;
        auto const got = item_in(a);
        must(got && w.hosted.at[repository].ever_linked[*got], "a manifest that was never pushed here");
    }

    bool is_due(world const& w, std::size_t got) const {
        auto const lied =
            w.upstream.has_lied_about("/v2/" + repositories()[repository].path + "/manifests/" + tag_names()[tag]);
        if (lied) // a HEAD repeats it; a GET finds content, of this repository
            return method == "HEAD" || upstream_has(repository, got);
        auto const all = w.upstream.meanings(repository, tag);
        for (std::size_t i = 0; i < all.size(); ++i) {
            bool const is_past = i > 0 && all[i - 1].since + w.tag_ttl() < asked_at;
            if (all[i].item == got && !(is_past && !w.upstream.is_ever_bad()))
                return true;
        }
        return false;
    }

    void judge_mirrored(world const& w, answer const& a) const {
        must(a.status == 200 || is_refusal_of_upstream(a), bad_status(a, "upstream's tag"));
        constexpr std::int64_t absence_lives = 5;
        if (!w.upstream.is_ever_bad()) {
            must(a.status == 200 || meant.empty() || meant.back().since + absence_lives >= asked_at,
                 bad_status(a, "a tag of an honest upstream"));
            must(a.status != 200 || !w.upstream.meanings(repository, tag).empty(), bad_status(a, "no tag"));
            must(a.complete, "broken off");
        }
        if (a.status != 200 || !a.complete)
            return;
        auto const got = item_in(a);
        must(got.has_value(), "a manifest that nobody has made: " + a.body.substr(0, 100));
        must(is_due(w, *got), "what the tag is not: " + items()[*got].digest());
        must(oci::digest::parse(a.header("Docker-Content-Digest")).value() ==
                 oci::digest::of(items()[*got].bytes(), oci::digest::parse(a.header("Docker-Content-Digest"))->algo()),
             "the digest of something else");
    }
};

} // namespace

void pull_blob(world& w, choices& c) {
    auto const r = choose_repository(w, c);
    bool const odd = c.one_in(16); // a manifest as if it were a blob
    pull_digest(w, c, {.repository = r, .item = odd ? choose_manifest(w, c) : choose_blob(w, c), .as_manifest = false});
}

void pull_manifest(world& w, choices& c) {
    auto const r = choose_repository(w, c);
    bool const odd = c.one_in(16);
    pull_digest(w, c, {.repository = r, .item = odd ? choose_blob(w, c) : choose_manifest(w, c), .as_manifest = true});
}

void pull_tag(world& w, choices& c) {
    auto const r = choose_repository(w, c);
    auto const t = c.below(static_cast<unsigned>(tag_names().size()));
    auto const shown = choose_credential(w, c, deed::pull, r);
    tag_pull const p{
        r, t, c.one_in(3) ? "HEAD" : "GET", w.clock.now(), w.hosted.at[r].tags[t].now(), w.upstream.meanings(r, t)};
    entry const door(w, shown, deed::pull, r);
    auto const target = choose_target(c, r, "/manifests/" + tag_names()[t]);
    auto text = request_text(p.method, target, {{"Authorization", shown.authorization}});
    w.ask(c, {p.method, target, std::move(text), [&w, p, door](answer const& a) {
                  if (!door.is_past(a, p.method))
                      return;
                  must(a.status != 403, "who may is denied: " + a.body);
                  if (repositories()[p.repository].is_hosted())
                      p.judge_hosted(w, a);
                  else
                      p.judge_mirrored(w, a);
              }});
}

void pull_all_that_is_hosted(world& w) {
    for (std::size_t r = 0; r < repositories().size(); ++r) {
        auto const& here = w.hosted.at[r];
        for (std::size_t i = 0; i < items().size(); ++i) {
            if (!here.ever_linked[i])
                continue;
            digest_pull const p{.repository = r, .item = i, .as_manifest = items()[i].is_manifest, .method = "GET"};
            ask_for(w, nullptr, p, login_of(somebody_who_may(deed::pull, repositories()[r])), {},
                    target_in(r, p.rest()));
        }
    }
}

} // namespace fuzz
