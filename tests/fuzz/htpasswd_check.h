// Files of users and passwords: taken exactly if each line that says something is a name of its own, a colon and a
// bcrypt hash; an error names the first line that is not. No password is tried: one takes longer than all else.
#pragma once

#include "proxy/access/htpasswd.h"
#include "tests/fuzz/expect.h"
#include "tests/fuzz/input.h"

#include <set>
#include <string>

namespace fuzz {

inline bool is_user(std::string_view name) {
    for (char const c : name)
        if (c < '!' || c > '~')
            return false;
    return !name.empty() && name.size() <= 255;
}

// crypt(5), "bcrypt", of the costs that are taken.
inline bool is_bcrypt(std::string_view hash) {
    constexpr std::string_view digits = "./0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";
    if (hash.size() != 60 || hash.substr(0, 2) != "$2" || hash[3] != '$' || hash[6] != '$')
        return false;
    auto const cost = hash.substr(4, 2);
    bool const costs = cost.find_first_not_of("0123456789") == cost.npos && cost >= "04" && cost <= "14";
    return costs && (hash[2] == 'a' || hash[2] == 'b' || hash[2] == 'y') &&
           hash.find_first_not_of(digits, 7) == hash.npos;
}

struct plain_htpasswd {
    std::size_t bad_line = 0; // the first; 0: none
    std::set<std::string_view> users;
};

inline plain_htpasswd read_plainly(std::string_view text) {
    plain_htpasswd out;
    for (std::size_t line = 1; !text.empty(); ++line) {
        auto [entry, rest] = split_line(text);
        text = rest;
        if (entry.ends_with('\r'))
            entry.remove_suffix(1);
        if (entry.empty() || entry.starts_with('#'))
            continue;
        auto const colon = entry.find(':');
        bool const good = colon != entry.npos && is_user(entry.substr(0, colon)) && is_bcrypt(entry.substr(colon + 1));
        if (!good || !out.users.insert(entry.substr(0, colon)).second) {
            out.bad_line = line;
            return out;
        }
    }
    return out;
}

inline void check_htpasswd(std::string_view text) {
    auto const file = proxy::htpasswd::parse(text);
    auto const plain = read_plainly(text);
    expect(file.has_value() == (plain.bad_line == 0), "which files are taken");
    if (file)
        expect(file->size() == plain.users.size(), "each user once");
    else
        expect(file.error().message.starts_with("line " + std::to_string(plain.bad_line) + " "),
               "the line that is bad");
}

} // namespace fuzz
