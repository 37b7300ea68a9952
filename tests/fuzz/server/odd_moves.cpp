#include "tests/fuzz/server/moves.h"
#include "tests/fuzz/server/picks.h"
#include "tests/fuzz/server/violation.h"

#include <algorithm>
#include <array>

namespace fuzz {

namespace {

using answer = tests::http_answer;

// A head that no client sends, about something that the one who sends it may not have.
std::string odd_head(choices& c, std::string const& target, std::string const& authorization) {
    auto const method = c.below(4) < 3 ? std::string("GET") : c.bytes(3);
    std::string const login = authorization.empty() ? "" : "Authorization: " + authorization + "\r\n";
    auto const plain = method + " " + target + " HTTP/1.1\r\nHost: layerd.test\r\n" + login;
    switch (c.below(16)) {
    case 0:
        return plain + "Content-Length: 3\r\nContent-Length: 4\r\n\r\nabcd";
    case 1:
        return plain + "Content-Length: 3\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n";
    case 2:
        return plain + "Transfer-Encoding: chunked, gzip\r\n\r\n0\r\n\r\n";
    case 3:
        return plain + "Host: other.test\r\n\r\n";
    case 4:
        return method + " " + target + " HTTP/1.1\r\n" + login + "\r\n";
    case 5:
        return plain + "X-Y: z\r\n" + " folded\r\n\r\n";
    case 6:
        return method + " " + target + " HTTP/1." + std::to_string(c.below(10)) + "\r\nHost: a\r\n" + login + "\r\n";
    case 7:
        return plain + "X-Long: " + std::string(c.up_to(50'000), 'x') + "\r\n\r\n";
    case 8: {
        auto out = plain;
        for (unsigned i = 0, n = c.byte(); i < n; ++i)
            out += "X: y\r\n";
        return out + "\r\n";
    }
    case 9:
        return method + " " + target + "%00%2e%2e/" + c.bytes(4) + " HTTP/1.1\r\nHost: a\r\n" + login + "\r\n";
    case 10:
        return method + " http://layerd.test" + target + " HTTP/1.1\r\nHost: layerd.test\r\n" + login + "\r\n";
    case 11: { // anything at all somewhere in it
        auto out = plain + "\r\n";
        auto const at = c.up_to(out.size());
        return out.insert(at, c.bytes(1 + c.below(8)));
    }
    case 12:
        return plain + "Content-Length: 99999999999999999999\r\n\r\n";
    case 13:
        return plain + "Transfer-Encoding: chunked\r\n\r\nffffffffffffffff1\r\n";
    case 14:
        return plain + "Expect: 100-continue\r\nContent-Length: 5\r\n\r\nhello";
    default:
        return "\x16\x03\x01" + c.bytes(8) + plain + "\r\n";
    }
}

} // namespace

// Whatever comes of it: no content of a repository that the sender may not read, and nothing that is not HTTP.
void send_odd_head(world& w, choices& c) {
    auto const r = choose_repository(w, c);
    auto const who = static_cast<user>(c.below(user_count));
    auto const target = target_in(r, "/blobs/" + items()[choose_blob(w, c)].digest());
    auto const text = odd_head(c, target, basic_login(who));
    w.send_once(text, [r, who, text](answer const& a) {
        must(a.status != 500, "status 500 for " + text.substr(0, 200));
        if (a.status / 100 != 2 || !a.complete)
            return;
        bool const is_content = std::ranges::any_of(
            items(), [&](item const& i) { return i.bytes().size() > 1 && a.body.find(i.bytes()) != a.body.npos; });
        must(!is_content || may(who, deed::pull, repositories()[r]), "content for " + text.substr(0, 200));
    });
}

void leave(world& w, choices& c) {
    w.hang_up(c.below(world::lane_count));
}

void let_time_pass(world& w, choices& c) {
    constexpr std::array seconds{1, 6, 61, 299, 301};
    w.clock.pass(std::chrono::seconds(seconds[c.below(seconds.size())]));
}

void move_upstream_tag(world& w, choices& c) {
    auto const r = choose_repository(w, c);
    auto const t = c.below(static_cast<unsigned>(tag_names().size()));
    if (!repositories()[r].is_hosted())
        w.upstream.move_tag(r, t, w.clock.now());
}

void be_operator(world& w, choices& c) {
    auto const r = choose_repository(w, c);
    switch (c.below(4)) {
    case 0:
        if (!repositories()[r].is_hosted())
            w.ask_operator("POST", "/api/v1/purge",
                           R"({"image":")" + repositories()[r].name + ":" + tag_names()[c.below(2)] + "\"}");
        break;
    case 1:
        w.ask_operator("POST", "/api/v1/gc");
        break;
    case 2:
        w.ask_operator("GET", "/api/v1/fills");
        break;
    default:
        w.ask_operator("GET", "/metrics");
    }
}

void restart(world& w, choices& c) {
    if (c.one_in(8))
        w.restart();
}

} // namespace fuzz
