#include "tests/fuzz/server/moves.h"
#include "tests/fuzz/server/picks.h"
#include "tests/fuzz/server/push_judge.h"
#include "tests/fuzz/server/violation.h"

#include <algorithm>

namespace fuzz {

namespace {

using answer = tests::http_answer;
using session = std::shared_ptr<upload>;

session choose_upload(world& w, choices& c) {
    if (w.uploads.empty())
        return nullptr;
    auto const n = c.below(static_cast<unsigned>(std::min<std::size_t>(w.uploads.size(), 256)));
    return *std::next(w.uploads.begin(), n);
}

// A request about a session: alone, or beside others, after which nobody knows what it holds.
class turn {
public:
    explicit turn(session s) : of_(std::move(s)), alone_(of_->under_way++ == 0), begun_(++of_->version) {}

    // Whether the session was what it was known to be, from this request's first byte to its answer.
    bool end() {
        --of_->under_way;
        bool const sure = alone_ && begun_ == of_->version && of_->is_sure;
        of_->is_sure = sure;
        return sure;
    }
    void lose() { of_->is_sure = false; } // stays under way

private:
    session of_;
    bool alone_;
    unsigned begun_;
};

// Where it is, or (seldom) where it is not: the id with another repository's name.
std::string choose_place(world const& w, choices& c, upload const& u, std::size_t& r) {
    if (!c.one_in(8))
        return u.location;
    r = choose_hosted(w, c);
    return target_in(r, u.location.substr(u.location.find("/blobs/uploads/")));
}

void judge_range(upload const& u, answer const& a) {
    if (u.bytes.size() < 2) // nothing and one byte look alike
        return;
    auto const said = a.header("Range");
    must(said == "0-" + std::to_string(u.bytes.size() - 1),
         "an upload of " + std::to_string(u.bytes.size()) + " bytes is said to be " + said);
}

enum class piece_kind : std::uint8_t { in_order, unnumbered, too_late, of_wrong_length };

struct piece {
    std::string bytes, range;
    piece_kind kind;

    static piece choose(choices& c, upload const& u) {
        auto const& all = items()[u.item].bytes();
        auto const at = std::min(u.bytes.size(), all.size());
        piece p{all.substr(at, std::max<std::size_t>(1, c.up_to(all.size() - at))), {}, piece_kind::in_order};
        p.kind = static_cast<piece_kind>(std::max(0, static_cast<int>(c.below(8)) - 4));
        auto const range = [&](std::size_t first, std::size_t last) {
            p.range = std::to_string(first) + "-" + std::to_string(last);
        };
        if (p.bytes.empty())
            p.kind = piece_kind::unnumbered;
        switch (p.kind) {
        case piece_kind::in_order:
            range(at, at + p.bytes.size() - 1);
            break;
        case piece_kind::unnumbered:
            break;
        case piece_kind::too_late:
            range(at + 1, at + p.bytes.size());
            break;
        case piece_kind::of_wrong_length:
            range(at, at + p.bytes.size());
            break;
        }
        return p;
    }
};

std::string text_of(answer const& a) {
    return std::to_string(a.status) + " " + a.body.substr(0, 200);
}

// A request at a session: where, which may be another repository's URL with the session's name, and as whom.
struct visit {
    std::size_t repository;
    std::string target;
    bool is_here;
    credential shown;
    entry door;

    visit(world const& w, choices& c, session const& to)
        : repository(to->repository), target(choose_place(w, c, *to, repository)),
          is_here(repository == to->repository), shown(choose_credential(w, c, deed::push, repository)),
          door(w, shown, deed::push, repository) {}

    // Whether the answer came from the session; another repository has none of that name.
    bool reached(answer const& a, std::string const& method) const {
        if (!door.is_past(a, method))
            return false;
        must(is_here || a.status == 404 || is_busy(a), "another repository's upload: " + text_of(a));
        return is_here;
    }
};

void judge_piece(world const& w, upload& u, piece const& p, answer const& a) {
    if (a.status == 202) {
        must(p.kind == piece_kind::in_order || p.kind == piece_kind::unnumbered, "a piece out of order is taken");
        u.bytes += p.bytes;
        return judge_range(u, a);
    }
    if (may_be_refused(w, a) || a.status == 413) {
        must(a.status != 413 || w.largest_blob() != 0, "no blob is too large");
        u.is_sure = false;
        return;
    }
    if (p.kind == piece_kind::too_late)
        must(a.status == 416, "a piece behind a gap: " + text_of(a));
    else if (p.kind == piece_kind::of_wrong_length)
        must(a.status == 400, "a piece of another length: " + text_of(a));
    else
        must(false, "a piece in order: " + text_of(a));
    if (a.status == 416)
        judge_range(u, a);
}

} // namespace

void open_upload(world& w, choices& c) {
    auto const r = choose_hosted(w, c);
    auto const i = choose_blob(w, c);
    auto const shown = choose_credential(w, c, deed::push, r);
    entry const door(w, shown, deed::push, r);
    auto const& wanted = items()[i].content.digest;
    auto const target =
        target_in(r, wanted.algo() == oci::algorithm::sha512 && !c.one_in(4) ? "/blobs/uploads/?digest-algorithm=sha512"
                                                                             : "/blobs/uploads/");
    w.ask(c, {"POST", target, request_text("POST", target, {{"Authorization", shown.authorization}}),
              [&w, r, i, shown, door](answer const& a) {
                  if (a.status == 202)
                      w.uploads.push_back(std::make_shared<upload>(upload{r, shown.who, a.header("Location"), i, {}}));
                  if (door.is_past(a, "POST"))
                      must(a.status == 202 || may_be_refused(w, a), "an upload cannot begin: " + text_of(a));
              },
              [&w] { ++w.lost_uploads; }});
}

void append_to_upload(world& w, choices& c) {
    auto const u = choose_upload(w, c);
    if (!u)
        return open_upload(w, c);
    visit const v(w, c, u);
    auto const p = piece::choose(c, *u);
    bool const in_chunks = c.one_in(6);
    auto text = request_text("PATCH", v.target, {{"Authorization", v.shown.authorization}, {"Content-Range", p.range}},
                             p.bytes, in_chunks);
    turn t(u);
    w.ask(c, {"PATCH", v.target, std::move(text),
              [&w, u, p, v, in_chunks, t](answer const& a) mutable {
                  bool const sure = t.end();
                  if (!v.reached(a, "PATCH"))
                      return;
                  if (!sure || (in_chunks && p.kind == piece_kind::of_wrong_length))
                      u->is_sure = false;
                  else
                      judge_piece(w, *u, p, a);
              },
              [t]() mutable { t.lose(); }});
}

void finish_upload(world& w, choices& c) {
    auto const u = choose_upload(w, c);
    if (!u)
        return open_upload(w, c);
    visit const v(w, c, u);
    auto const i = c.one_in(6) ? choose_blob(w, c) : u->item;
    auto const& all = items()[u->item].bytes();
    auto const rest = c.one_in(6) ? std::string() : all.substr(std::min(u->bytes.size(), all.size()));
    auto const target = v.target + "?digest=" + items()[i].digest();
    auto text = request_text("PUT", target, {{"Authorization", v.shown.authorization}}, rest, c.one_in(6));
    auto& link = w.hosted.at[v.repository].links[i];
    link.begin();
    w.note_try(v.shown, v.repository, i);
    turn t(u);
    w.ask(c, {"PUT", target, std::move(text),
              [&w, &link, u, i, rest, v, t](answer const& a) mutable {
                  bool const done = a.status == 201, sure = t.end();
                  link.end(done ? std::optional(true) : std::nullopt);
                  if (!v.reached(a, "PUT"))
                      return;
                  auto const bytes = u->bytes + rest;
                  u->is_sure = false; // it is over, or is not
                  if (done)
                      w.uploads.remove(u);
                  if (sure)
                      judge_push(w, a, bytes == items()[i].bytes(), bytes.size());
              },
              [&link, t]() mutable {
                  t.lose();
                  link.lose();
              }});
}

void ask_about_upload(world& w, choices& c) {
    auto const u = choose_upload(w, c);
    if (!u)
        return open_upload(w, c);
    visit const v(w, c, u);
    auto const begun = u->version;
    bool const sure = u->is_sure && u->under_way == 0;
    w.ask(c, {"GET", v.target, request_text("GET", v.target, {{"Authorization", v.shown.authorization}}),
              [u, v, begun, sure](answer const& a) {
                  if (!v.reached(a, "GET") || is_busy(a))
                      return;
                  must(a.status == 204 || a.status == 404, "an upload: " + text_of(a));
                  if (!sure || begun != u->version)
                      return;
                  must(a.status == 204, "an upload that is under way: " + text_of(a));
                  judge_range(*u, a);
              }});
}

void cancel_upload(world& w, choices& c) {
    auto const u = choose_upload(w, c);
    if (!u)
        return open_upload(w, c);
    visit const v(w, c, u);
    turn t(u);
    w.ask(c, {"DELETE", v.target, request_text("DELETE", v.target, {{"Authorization", v.shown.authorization}}),
              [&w, u, v, t](answer const& a) mutable {
                  bool const sure = t.end();
                  if (!v.reached(a, "DELETE"))
                      return;
                  u->is_sure = false;
                  must(!sure || a.status == 204 || is_busy(a), "an upload is not given up: " + text_of(a));
                  if (a.status == 204)
                      w.uploads.remove(u);
              },
              [t]() mutable { t.lose(); }});
}

// Those of which a request may still be under way answer that they are busy: until it has seen that its client left.
void cancel_all_uploads(world& w) {
    for (auto const& u : std::exchange(w.uploads, {})) {
        unsigned status = 409;
        while (status == 409)
            w.ask_now({"DELETE", u->location,
                       request_text("DELETE", u->location,
                                    {{"Authorization",
                                      basic_login(somebody_who_may(deed::push, repositories()[u->repository]))}}),
                       [&](answer const& a) {
                           judge_form(a, "DELETE");
                           status = a.status;
                       }});
    }
}

} // namespace fuzz
