// What clients ask the token endpoint: query or form, read here a second time in the plainest way. All fields are
// there, decoded, in their order, and the scopes are those that a scope's own reader takes.
#pragma once

#include "proxy/access/token_question.h"
#include "tests/fuzz/expect.h"

#include <algorithm>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace fuzz {

// "+" and "%20"; that the digits are there has been checked.
inline std::string form_decoded(std::string_view text) {
    std::string out;
    for (std::size_t i = 0; i < text.size(); ++i) {
        if (text[i] != '%') {
            out += text[i] == '+' ? ' ' : text[i];
            continue;
        }
        expect(i + 2 < text.size(), "a percent sign with two digits");
        out += static_cast<char>(std::stoi(std::string(text.substr(i + 1, 2)), nullptr, 16));
        i += 2;
    }
    return out;
}

inline std::vector<std::pair<std::string, std::string>> form_fields(std::string_view target) {
    std::vector<std::pair<std::string, std::string>> all;
    auto const query = target.find('?');
    if (query == target.npos)
        return all;
    auto rest = target.substr(query + 1);
    for (;;) {
        auto const end = rest.find('&');
        auto const one = rest.substr(0, end);
        auto const is = one.find('=');
        all.emplace_back(form_decoded(one.substr(0, is)),
                         is == one.npos ? std::string() : form_decoded(one.substr(is + 1)));
        if (end == rest.npos)
            return all;
        rest = rest.substr(end + 1);
    }
}

inline void check_token_question(std::string_view target) {
    auto const q = proxy::parse_token_question(target);
    if (!q) {
        expect(q.error().status == 400, "malformed, or good");
        return;
    }
    auto const all = form_fields(target);
    expect(all.size() <= proxy::token_question::max_fields, "few fields");
    std::vector<proxy::scope> scopes;
    std::size_t at = 0;
    for (auto const& [name, value] : all) {
        if (name != "scope") {
            expect(at < q->fields.size() && q->fields[at].first == name && q->fields[at].second == value,
                   "each field as it was said");
            ++at;
            continue;
        }
        for (std::size_t from = 0; from < value.size();) {
            auto const end = std::min(value.find(' ', from), value.size());
            auto s = proxy::parse_scope(std::string_view(value).substr(from, end - from));
            if (s && s->actions != 0 && scopes.size() < proxy::max_scopes)
                scopes.push_back(*std::move(s));
            from = end + 1;
        }
    }
    expect(at == q->fields.size(), "no field that was not said");
    expect(scopes == q->asked.items, "each scope as it was asked for");
    auto const said = [&](std::string_view name, std::string_view value) { return q->field(name) == value; };
    expect(q->wants_renewal == (said("offline_token", "true") || said("access_type", "offline")), "renewal");
}

} // namespace fuzz
