// Users and their passwords as Apache's `htpasswd -B` writes them: a line "name:bcrypt" for each.
//
// bcrypt alone is taken: it is slow on purpose (some 50 ms at cost 10), so that a file that was stolen opens little.
// All other kinds are fast to try, or not portable.
#pragma once

#include "proxy/error.h"

#include <cstddef>
#include <filesystem>
#include <functional>
#include <map>
#include <string>
#include <string_view>
#include <vector>

namespace proxy {

// Immutable: any thread.
class htpasswd {
public:
    static constexpr std::size_t max_file_size = 4 * 1024 * 1024;
    static constexpr int max_cost = 14; // about a second a try

    static constexpr int good_cost = 10; // below, whoever has the file tries passwords fast

    // Empty lines and those that begin with '#' are skipped. An error says which line cannot be used and why; two lines
    // of one user are one: who wrote the second means it, and the first would count.
    static result<htpasswd> parse(std::string_view text);

    // Likewise of a file, which an error names; blocks.
    static result<htpasswd> read(std::filesystem::path const& file);

    // Takes as long for a user that there is not as for the costliest that there is, so that where all cost the same
    // nobody learns who exists. Blocks for the time of one bcrypt.
    bool accepts(std::string_view user, std::string_view password) const;

    int cost_of_unknown() const; // of bcrypt, where there is no such user
    std::size_t size() const noexcept { return hashes_.size(); }

    // Of each user whose password costs too little, the first dozen: which line, and what to do.
    std::vector<std::string> const& warnings() const noexcept { return warnings_; }

private:
    std::string hash_of_unknown() const;
    void warn_of(std::string_view user, std::size_t line, int cost);

    std::map<std::string, std::string, std::less<>> hashes_; // by user
    std::string costliest_;                                  // of hashes_; "": there is none
    std::vector<std::string> warnings_;
};

} // namespace proxy
