#include "tests/fuzz/server/moves.h"
#include "tests/fuzz/server/picks.h"
#include "tests/fuzz/server/push_judge.h"
#include "tests/fuzz/server/violation.h"

namespace fuzz {

namespace {

using answer = tests::http_answer;
using tag_value = hosted_model::tag_value;
constexpr auto none = hosted_model::none;

std::string text_of(answer const& a) {
    return std::to_string(a.status) + " " + a.body.substr(0, 200);
}

// The changes that one request makes to tags and to one link.
class change {
public:
    change(hosted_model::repository_state& here, std::size_t item) : here_(here), item_(item) { link().begin(); }

    void begin(std::size_t tag) {
        tags_.push_back({tag, here_.tags[tag].sure()});
        here_.tags[tag].begin();
    }
    void begin_all_tags() {
        for (std::size_t t = 0; t < here_.tags.size(); ++t)
            begin(t);
    }
    void end_as_pushed() {
        link().end_as(true);
        for (auto const& t : tags_)
            here_.tags[t.at].end_as(item_);
    }
    void end_as_removed() { // with the tags that meant it
        link().end_as(false);
        for (auto const& t : tags_)
            here_.tags[t.at].end(t.before == item_ ? std::optional(none) : std::nullopt);
    }
    void end_unchanged() {
        link().end({});
        for (auto const& t : tags_)
            here_.tags[t.at].end({});
    }
    void lose() {
        link().lose();
        for (auto const& t : tags_)
            here_.tags[t.at].lose();
    }

private:
    tracked<bool>& link() { return here_.links[item_]; }

    struct touched_tag {
        std::size_t at;
        std::optional<tag_value> before;
    };
    hosted_model::repository_state& here_;
    std::size_t item_;
    std::vector<touched_tag> tags_;
};

void delete_tag(world& w, choices& c, std::size_t r, credential const& shown, entry const& door) {
    auto const t = c.below(static_cast<unsigned>(tag_names().size()));
    auto const target = target_in(r, "/manifests/" + tag_names()[t]);
    auto& tag = w.hosted.at[r].tags[t];
    auto const before = tag.sure();
    tag.begin();
    auto const begun = tag.now().version;
    w.ask(c, {"DELETE", target, request_text("DELETE", target, {{"Authorization", shown.authorization}}),
              [&tag, before, begun, door](answer const& a) {
                  bool const alone = before && tag.now().version == begun;
                  tag.end(a.status == 202 ? std::optional(none) : std::nullopt);
                  if (!door.is_past(a, "DELETE"))
                      return;
                  must(a.status == 202 || a.status == 404 || is_busy(a), "DELETE of a tag: " + text_of(a));
                  if (alone && !is_busy(a))
                      must((a.status == 202) == (*before != none), "DELETE of a tag: " + text_of(a));
              },
              [&tag] { tag.lose(); }});
}

} // namespace

void push_manifest(world& w, choices& c) {
    auto const r = choose_hosted(w, c);
    auto const m = choose_manifest(w, c);
    auto const t = c.below(static_cast<unsigned>(tag_names().size()));
    auto const shown = choose_credential(w, c, deed::push, r);
    entry const door(w, shown, deed::push, r);
    auto const& it = items()[m];
    // A tag alone names the SHA-256, whatever else the manifest is known by.
    bool const by_tag = it.content.digest.algo() == oci::algorithm::sha256 && !c.one_in(3);
    bool const both = !by_tag && c.one_in(2);
    auto body = it.bytes();
    auto const wrong = c.below(8);
    if (wrong == 7)
        body[0] = '[';
    else if (wrong == 6 && !by_tag)
        body += ' ';
    bool const right = body == it.bytes();
    auto const target =
        target_in(r, "/manifests/" + (by_tag ? tag_names()[t] : it.digest()) + (both ? "?tag=" + tag_names()[t] : ""));
    auto text = request_text("PUT", target, {{"Authorization", shown.authorization}, {"Content-Type", it.content.type}},
                             body, c.one_in(4));
    change made(w.hosted.at[r], m);
    w.note_try(shown, r, m);
    if (by_tag || both)
        made.begin(t);
    w.ask(c, {"PUT", target, std::move(text),
              [&w, made, door, right](answer const& a) mutable {
                  if (a.status == 201)
                      made.end_as_pushed();
                  else
                      made.end_unchanged();
                  if (!door.is_past(a, "PUT") || may_be_refused(w, a))
                      return;
                  must((a.status == 201) == right, "a manifest is pushed: " + text_of(a));
                  must(right || a.status == 400, "a wrong manifest: " + text_of(a));
              },
              [made]() mutable { made.lose(); }});
}

void delete_manifest(world& w, choices& c) {
    auto const r = choose_hosted(w, c);
    auto const shown = choose_credential(w, c, deed::remove, r);
    entry const door(w, shown, deed::remove, r);
    if (c.one_in(2))
        return delete_tag(w, c, r, shown, door);
    auto const m = choose_manifest(w, c);
    auto const target = target_in(r, "/manifests/" + items()[m].digest());
    auto& link = w.hosted.at[r].links[m];
    auto const before = link.sure();
    change made(w.hosted.at[r], m);
    made.begin_all_tags();
    auto const begun = link.now().version;
    w.ask(c, {"DELETE", target, request_text("DELETE", target, {{"Authorization", shown.authorization}}),
              [&link, made, before, begun, door](answer const& a) mutable {
                  bool const alone = before && link.now().version == begun;
                  if (a.status == 202)
                      made.end_as_removed();
                  else
                      made.end_unchanged();
                  if (!door.is_past(a, "DELETE"))
                      return;
                  must(a.status == 202 || a.status == 404 || is_busy(a), "DELETE of a manifest: " + text_of(a));
                  if (alone && !is_busy(a))
                      must((a.status == 202) == *before, "DELETE of a manifest: " + text_of(a));
              },
              [made]() mutable { made.lose(); }});
}

} // namespace fuzz
