#include "tests/fuzz/server/moves.h"
#include "tests/fuzz/server/picks.h"
#include "tests/fuzz/server/violation.h"

#include <boost/json/parse.hpp>

#include <algorithm>
#include <set>

namespace fuzz {

namespace {

namespace json = boost::json;
using answer = tests::http_answer;

json::object document_of(answer const& a) {
    boost::system::error_code ec;
    auto v = json::parse(a.body, ec);
    must(!ec && v.is_object(), "no document: " + a.body.substr(0, 200));
    return std::move(v.as_object());
}

std::set<std::string> names_in(json::object const& o, char const* member) {
    std::set<std::string> names;
    auto const* list = o.if_contains(member);
    must(list && list->is_array(), std::string("no list of ") + member);
    for (auto const& each : list->as_array())
        names.emplace(each.as_string());
    return names;
}

// "", or a page that need not be the whole.
std::string choose_page(choices& c) {
    switch (c.below(6)) {
    case 4:
        return "?n=" + std::to_string(c.below(4));
    case 5:
        return "?n=2&last=" + tag_names()[c.below(3)];
    default:
        return {};
    }
}

// The lists that are sure to be so from before a request to behind it.
template <class T>
std::vector<typename tracked<T>::look> looks_at(std::vector<tracked<T>> const& all) {
    std::vector<typename tracked<T>::look> out;
    for (auto const& each : all)
        out.push_back(each.now());
    return out;
}

void judge_hosted_tags(hosted_model::repository_state const& here,
                       std::vector<tracked<hosted_model::tag_value>::look> const& looks,
                       std::vector<tracked<bool>::look> const& links, bool whole, answer const& a) {
    bool const surely_something = std::ranges::any_of(links, [](auto const& l) { return l.was == true; });
    must(a.status == 200 || a.status == 404 || is_busy(a), "tags of a hosted repository: " + std::to_string(a.status));
    if (a.status == 404) {
        bool still = false;
        for (std::size_t i = 0; i < links.size(); ++i)
            still |= here.links[i].still(links[i]) == true;
        must(!surely_something || !still, "404 for the tags of what was pushed to");
    }
    if (a.status != 200)
        return;
    auto const names = names_in(document_of(a), "tags");
    for (auto const& n : names)
        must(std::ranges::find(tag_names(), n) != tag_names().end(), "a tag that nobody pushed: " + n);
    for (std::size_t t = 0; t < looks.size(); ++t) {
        auto const known = here.tags[t].still(looks[t]);
        if (known == hosted_model::none)
            must(!names.contains(tag_names()[t]), "a tag that is not there: " + tag_names()[t]);
        else if (known && whole)
            must(names.contains(tag_names()[t]), "a tag is missing: " + tag_names()[t]);
    }
}

// A token that was asked for a repository shows that one.
bool may_list(world const& w, credential const& shown, std::size_t r) {
    auto const* t = shown.token ? &w.tokens[*shown.token] : nullptr;
    bool const is_asked =
        !t || !t->repository || (t->repository == r && t->deeds[static_cast<std::size_t>(deed::pull)]);
    return is_asked && may(shown.who, deed::pull, repositories()[r]);
}

// Whether somebody may see a repository of the catalog, and whether it must be there.
void judge_catalog(world const& w, credential const& shown, bool whole, answer const& a) {
    auto const names = names_in(document_of(a), "repositories");
    for (auto const& n : names) {
        auto const at = std::ranges::find(repositories(), n, &repository::name);
        must(at != repositories().end() && at->is_hosted(), "a repository that is none: " + n);
        auto const r = static_cast<std::size_t>(at - repositories().begin());
        must(may_list(w, shown, r), "the catalog tells of " + n);
        auto const& here = w.hosted.at[r];
        must(std::ranges::find(here.ever_linked, true) != here.ever_linked.end(), "nothing was pushed to " + n);
    }
    for (std::size_t r = 0; whole && r < repositories().size(); ++r) {
        auto const& tags = w.hosted.at[r].tags;
        bool const sure = std::ranges::any_of(
            tags, [](auto const& t) { return t.sure().value_or(hosted_model::none) != hosted_model::none; });
        if (sure && may_list(w, shown, r))
            must(names.contains(repositories()[r].name), "the catalog lacks " + repositories()[r].name);
    }
}

void judge_referrers(hosted_model::repository_state const& here, std::vector<tracked<bool>::look> const& looks,
                     std::size_t subject, bool whole, answer const& a) {
    must(a.status == 200 || is_busy(a), "referrers: " + std::to_string(a.status));
    if (a.status != 200)
        return;
    std::set<std::string> listed;
    auto const all = document_of(a);
    for (auto const& d : all.at("manifests").as_array())
        listed.emplace(d.as_object().at("digest").as_string());
    for (std::size_t i = 0; i < items().size(); ++i) {
        bool const refers = items()[i].subject == subject;
        bool const is_listed = listed.erase(items()[i].digest()) > 0;
        auto const linked = here.links[i].still(looks[i]);
        must(!is_listed || refers, "listed, and refers to something else");
        must(!is_listed || (here.ever_linked[i] && linked != false), "listed, and not here: " + items()[i].digest());
        must(is_listed || !refers || linked != true || !whole, "a referrer is missing: " + items()[i].digest());
    }
    must(listed.empty(), "a referrer that nobody pushed");
}

} // namespace

void list_tags(world& w, choices& c) {
    auto const r = choose_repository(w, c);
    auto const shown = choose_credential(w, c, deed::pull, r);
    entry const door(w, shown, deed::pull, r);
    auto const page = choose_page(c);
    auto const target = choose_target(c, r, "/tags/list" + page);
    auto const looks = looks_at(w.hosted.at[r].tags);
    auto const links = looks_at(w.hosted.at[r].links);
    auto text = request_text("GET", target, {{"Authorization", shown.authorization}});
    w.ask(c, {"GET", target, std::move(text), [&w, r, door, looks, links, whole = page.empty()](answer const& a) {
                  if (!door.is_past(a, "GET"))
                      return;
                  if (repositories()[r].is_hosted())
                      return judge_hosted_tags(w.hosted.at[r], looks, links, whole, a);
                  must(a.status == 200 || a.status == 400 || a.status == 404 || a.status / 100 == 5,
                       "tags of a mirrored repository: " + std::to_string(a.status));
                  must(w.upstream.is_ever_bad() || (a.status == 200 && a.complete), "an honest upstream's tags");
                  if (a.status != 200 || !a.complete ||
                      w.upstream.has_lied_about("/v2/" + repositories()[r].path + "/tags/list"))
                      return;
                  for (auto const& n : names_in(document_of(a), "tags"))
                      must(std::ranges::find(tag_names(), n) != tag_names().end(), "upstream has no tag " + n);
              }});
}

void list_catalog(world& w, choices& c) {
    auto const shown = choose_credential(w, c, deed::pull, choose_hosted(w, c));
    auto const page = choose_page(c);
    auto const target = "/v2/_catalog" + page;
    // A catalog is asked for by itself: what it must hold is what is sure when the answer has come.
    w.read_everything();
    question q{"GET", target, request_text("GET", target, {{"Authorization", shown.authorization}}),
               [&w, shown, whole = page.empty()](answer const& a) {
                   judge_form(a, "GET");
                   if (!shown.is_right || (shown.token && w.clock.now() >= w.tokens[*shown.token].expires_at))
                       must(a.status == 401 || is_busy(a), "the catalog for a wrong login");
                   must(a.status == 200 || a.status == 401 || is_busy(a), "catalog: " + std::to_string(a.status));
                   if (a.status == 200)
                       judge_catalog(w, shown, whole, a);
               }};
    w.ask_now(std::move(q));
}

void list_referrers(world& w, choices& c) {
    auto const r = choose_repository(w, c);
    auto const m = choose_manifest(w, c);
    auto const shown = choose_credential(w, c, deed::pull, r);
    entry const door(w, shown, deed::pull, r);
    bool const whole = !c.one_in(4);
    auto const target = choose_target(c, r, "/referrers/" + items()[m].digest() + (whole ? "" : "?n=1"));
    auto const looks = looks_at(w.hosted.at[r].links);
    auto text = request_text("GET", target, {{"Authorization", shown.authorization}});
    w.ask(c, {"GET", target, std::move(text), [&w, r, m, door, looks, whole](answer const& a) {
                  if (!door.is_past(a, "GET"))
                      return;
                  if (repositories()[r].is_hosted())
                      return judge_referrers(w.hosted.at[r], looks, m, whole, a);
                  must(a.status == 200 || a.status == 404 || a.status / 100 == 5,
                       "referrers of a mirrored repository: " + std::to_string(a.status));
              }});
}

void get_token(world& w, choices& c) {
    auto const r = choose_repository(w, c);
    auto const shown = choose_credential(w, c, deed::pull, r);
    auto const what = c.below(8);
    token t{.text = {}, .who = shown.who, .repository = {}, .expires_at = 0};
    std::string target = "/token?service=layerd";
    if (what != 7) {
        t.repository = r;
        t.deeds = {(what & 1) == 0, (what & 2) == 0, (what & 4) == 0};
        target += "&scope=repository:" + repositories()[r].name + ":" + (t.deeds[0] ? "pull," : "") +
                  (t.deeds[1] ? "push," : "") + (t.deeds[2] ? "delete" : "");
    }
    bool const good = shown.is_right && !shown.token;
    if (!good)
        t.who = user::nobody; // as which the token may be given where nobody needs a login
    constexpr std::int64_t lives = 300;
    t.expires_at = w.clock.now() + lives;
    question q{"GET", target, request_text("GET", target, {{"Authorization", shown.authorization}}),
               [&w, t, good](answer const& a) mutable {
                   judge_form(a, "GET");
                   must(a.status == 200 || a.status == 401 || is_busy(a), "token: " + std::to_string(a.status));
                   must(a.status == 200 || !good || t.who == user::nobody || is_busy(a), "a user gets no token");
                   if (a.status != 200)
                       return;
                   t.text = document_of(a).at("token").as_string();
                   w.tokens.push_back(t);
               }};
    w.ask_now(std::move(q));
}

} // namespace fuzz
