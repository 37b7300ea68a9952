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

namespace proxy {

// Immutable: any thread.
class htpasswd {
public:
    static constexpr std::size_t max_file_size = 4 * 1024 * 1024;
    static constexpr int max_cost = 14; // about a second a try

    // Empty lines and those that begin with '#' are skipped. An error says which line cannot be used and why.
    static result<htpasswd> parse(std::string_view text);

    // Likewise of a file, which an error names; blocks.
    static result<htpasswd> read(std::filesystem::path const& file);

    // Takes as long for a user that there is not. Blocks for the time of one bcrypt.
    bool accepts(std::string_view user, std::string_view password) const;

    std::size_t size() const noexcept { return hashes_.size(); }

private:
    std::map<std::string, std::string, std::less<>> hashes_; // by user
};

} // namespace proxy
