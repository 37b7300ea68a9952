#include "tests/fuzz/server/picks.h"

#include "tests/fuzz/server/violation.h"

#include <algorithm>

namespace fuzz {

namespace {

// One of the first two beside `about`, or any.
std::size_t near(choices& c, unsigned about, std::size_t count) {
    auto const n = c.byte();
    auto const any = static_cast<unsigned>(count);
    return n < 200 ? (about + n % 2) % any : n % any;
}

std::string with_query(std::string const& path, std::string const& query) {
    return path + (path.find('?') == path.npos ? "?" : "&") + query;
}

} // namespace

std::size_t choose_repository(world const& w, choices& c) {
    auto const mirrored_count = repositories().size() - hosted_count;
    if (c.byte() % 2 == 0)
        return choose_hosted(w, c);
    return hosted_count + near(c, w.about[0], mirrored_count);
}

std::size_t choose_hosted(world const& w, choices& c) {
    return near(c, w.about[1], hosted_count);
}

std::size_t choose_blob(world const& w, choices& c) {
    return blobs()[near(c, w.about[2], blobs().size())];
}

std::size_t choose_manifest(world const& w, choices& c) {
    return manifests()[near(c, w.about[3], manifests().size())];
}

credential login_of(user who) {
    return {basic_login(who), who, true, {}};
}

credential choose_credential(world const& w, choices& c, deed what, std::size_t repository) {
    auto const n = c.below(16);
    if (n < 10)
        return login_of(somebody_who_may(what, repositories()[repository]));
    if (n < 13)
        return login_of(static_cast<user>(n - 10));
    if (n < 15 && !w.tokens.empty()) {
        auto const at = c.below(static_cast<unsigned>(std::min<std::size_t>(w.tokens.size(), 256)));
        return {"Bearer " + w.tokens[at].text, w.tokens[at].who, true, at};
    }
    switch (c.below(5)) {
    case 0:
        return {tests::basic_authorization("alice", "bob's"), user::alice, false, {}};
    case 1:
        return {tests::basic_authorization("carol", "alice's"), user::nobody, false, {}};
    case 2:
        return {"Bearer e30." + std::to_string(c.byte()) + ".e30", user::nobody, false, {}};
    case 3: // a token whose signature, or what it signs, is another
        if (!w.tokens.empty()) {
            auto text = w.tokens.front().text;
            text[text.size() / 2] = text[text.size() / 2] == 'A' ? 'B' : 'A';
            return {"Bearer " + text, user::nobody, false, {}};
        }
        [[fallthrough]];
    default:
        return {"Basic ####", user::nobody, false, {}};
    }
}

std::string target_in(std::size_t repository, std::string const& rest) {
    return "/v2/" + repositories()[repository].name + rest;
}

std::string choose_target(choices& c, std::size_t repository, std::string const& rest) {
    auto const& r = repositories()[repository];
    auto const n = c.below(8);
    if (r.is_hosted())
        return n == 7 ? with_query("/v2/" + r.name + rest, "ns=layerd.test:5000") : "/v2/" + r.name + rest;
    bool const by_default = !r.is_guarded(); // docker.io
    switch (n) {
    case 1:
        return "/v2/" + (by_default ? r.path : r.name) + rest;
    case 2:
        return with_query("/v2/" + r.path + rest, "ns=" + r.registry());
    case 3:
        return with_query("/v2/" + r.name + rest, "ns=" + (by_default ? "registry-1.docker.io" : r.registry()));
    case 4:
        return "/" + r.registry() + "/v2/" + r.path + rest;
    case 5: // "library/" belongs there
        return r.path.starts_with("library/") ? "/v2/" + r.path.substr(8) + rest : "/v2/" + r.name + rest;
    default:
        return "/v2/" + r.name + rest;
    }
}

bool is_busy(tests::http_answer const& a) {
    return a.status == 503 && !a.header("Retry-After").empty();
}

void judge_form(tests::http_answer const& a, std::string const& method) {
    must(a.status != 500 && a.status >= 200 && a.status < 600, "status " + std::to_string(a.status) + ": " + a.body);
    if (a.status < 400 || !a.complete || method == "HEAD")
        return;
    bool const proper = a.header("Content-Type") == "application/json" && a.body.find(R"({"errors":[{"code":")") == 0;
    must(proper || a.status == 416, "an error without words: " + std::to_string(a.status) + " " + a.body);
}

entry::entry(world const& w, credential shown, deed what, std::size_t repository)
    : world_(w), shown_(std::move(shown)), what_(what), repository_(repository),
      at_first_(w.access_of(shown_, what, repository)) {}

bool entry::is_past(tests::http_answer const& a, std::string const& method) const {
    judge_form(a, method);
    auto const at_last = world_.access_of(shown_, what_, repository_);
    auto const status = std::to_string(a.status);
    if (at_first_ != at_last)
        return a.status != 401;
    if (repositories()[repository_].is_guarded()) { // whose word it is, and which may fail
        bool const failed = a.status == 401 || a.status == 403 || a.status == 404 || a.status > 500;
        must(at_last == access::granted || failed, "upstream does not let him in, and he is answered " + status);
        if (at_last == access::refused || world_.upstream.is_ever_bad())
            return !failed;
    }
    if (at_last == access::granted) {
        must(a.status != 401, "who may is sent away with 401: " + a.body);
        return true;
    }
    must(a.status == 401 || a.status == 403 || is_busy(a), "who may not is answered " + status);
    must(a.status != 401 || !a.header("WWW-Authenticate").empty(), "401 without a challenge");
    return false;
}

} // namespace fuzz
