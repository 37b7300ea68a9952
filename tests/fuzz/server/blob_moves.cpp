#include "tests/fuzz/server/moves.h"
#include "tests/fuzz/server/picks.h"
#include "tests/fuzz/server/push_judge.h"
#include "tests/fuzz/server/violation.h"

namespace fuzz {

namespace {

using answer = tests::http_answer;

} // namespace

void push_whole_blob(world& w, choices& c) {
    auto const r = choose_hosted(w, c);
    auto const i = choose_blob(w, c);
    auto const shown = choose_credential(w, c, deed::push, r);
    entry const door(w, shown, deed::push, r);
    auto bytes = items()[i].bytes();
    bool const right = !c.one_in(4) || bytes.empty();
    if (!right)
        bytes[bytes.size() / 3] ^= 1;
    bool const in_chunks = c.one_in(4);
    auto const target = choose_target(c, r, "/blobs/uploads/?digest=" + items()[i].digest());
    auto text = request_text("POST", target, {{"Authorization", shown.authorization}}, bytes, in_chunks);
    auto& link = w.hosted.at[r].links[i];
    link.begin();
    w.note_try(shown, r, i);
    w.ask(c, {"POST", target, std::move(text),
              [&w, &link, door, right, size = bytes.size()](answer const& a) {
                  bool const done = a.status == 201;
                  link.end(done ? std::optional(true) : std::nullopt);
                  if (door.is_past(a, "POST"))
                      judge_push(w, a, right, size);
              },
              [&link] { link.lose(); }});
}

void mount_blob(world& w, choices& c) {
    auto const r = choose_hosted(w, c);
    auto const i = choose_blob(w, c);
    auto const from = choose_repository(w, c);
    auto const shown = choose_credential(w, c, deed::push, r);
    entry const door(w, shown, deed::push, r);
    bool const anywhere = c.one_in(4);
    auto const target = target_in(r, "/blobs/uploads/?mount=" + items()[i].digest() +
                                         (anywhere ? "" : "&from=" + repositories()[from].name));
    auto& link = w.hosted.at[r].links[i];
    link.begin();
    w.note_try(shown, r, i);
    auto const may_come_from = [&w, shown, i](std::size_t f) {
        auto const& source = repositories()[f];
        bool const there = source.is_hosted() ? w.hosted.at[f].ever_linked[i] : upstream_has(f, i);
        return there && !source.is_guarded() &&
               w.access_of({{}, shown.who, true, {}}, deed::pull, f) == access::granted;
    };
    w.ask(c, {"POST", target, request_text("POST", target, {{"Authorization", shown.authorization}}),
              [&w, &link, r, i, from, shown, door, anywhere, may_come_from](answer const& a) {
                  bool const done = a.status == 201;
                  bool allowed = !anywhere && may_come_from(from);
                  for (std::size_t f = 0; anywhere && f < repositories().size(); ++f)
                      allowed |= may_come_from(f);
                  link.end(done ? std::optional(true) : std::nullopt);
                  if (!door.is_past(a, "POST"))
                      return;
                  must(!done || allowed, "mounted from where it may not be seen");
                  if (a.status == 202)
                      return w.uploads.push_back(
                          std::make_shared<upload>(upload{r, shown.who, a.header("Location"), i, {}}));
                  must(done || may_be_refused(w, a), "mount: " + std::to_string(a.status));
              },
              [&w, &link] {
                  link.lose();
                  ++w.lost_uploads;
              }});
}

void delete_blob(world& w, choices& c) {
    auto const r = choose_hosted(w, c);
    auto const i = choose_blob(w, c);
    auto const shown = choose_credential(w, c, deed::remove, r);
    entry const door(w, shown, deed::remove, r);
    auto const target = target_in(r, "/blobs/" + items()[i].digest());
    auto& link = w.hosted.at[r].links[i];
    auto const before = link.sure();
    link.begin();
    auto const begun = link.now().version;
    w.ask(c, {"DELETE", target, request_text("DELETE", target, {{"Authorization", shown.authorization}}),
              [&link, before, begun, door](answer const& a) {
                  auto const alone = link.now().version == begun && before;
                  link.end(a.status == 202 ? std::optional(false) : std::nullopt);
                  if (!door.is_past(a, "DELETE"))
                      return;
                  must(a.status == 202 || a.status == 404 || is_busy(a), "DELETE: " + std::to_string(a.status));
                  if (alone && !is_busy(a))
                      must((a.status == 202) == *before, "DELETE of what is " + std::string(*before ? "" : "not ") +
                                                             "here: " + std::to_string(a.status));
              },
              [&link] { link.lose(); }});
}

} // namespace fuzz
