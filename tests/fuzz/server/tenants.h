// Who may do what in a play: the repositories and users there are, their rights as a table, and the rules that shall
// come to the same.
//
// The table is read by the checks and the rules by the server: nothing of the server's is used to tell what is right.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

namespace fuzz {

enum class user : std::uint8_t { nobody, alice, bob };
inline constexpr std::size_t user_count = 3;

enum class deed : std::uint8_t { pull, push, remove };
inline constexpr std::size_t deed_count = 3;

struct repository {
    std::string name;                                                // the store's
    std::string path;                                                // what the upstream calls it, or the name again
    enum class kind : std::uint8_t { hosted, mirrored, guarded } is; // guarded: upstream asks each client who he is
    std::array<unsigned, deed_count> open_to;                        // a bit for each user

    bool is_hosted() const noexcept { return is == kind::hosted; }
    bool is_guarded() const noexcept { return is == kind::guarded; }
    std::string registry() const { return name.substr(0, name.find('/')); } // by which clients call it
};

std::vector<repository> const& repositories(); // first those that are hosted
inline constexpr std::size_t hosted_count = 4;
bool may(user who, deed what, repository const& where);
user somebody_who_may(deed what, repository const& where);

extern char const* const rules_of_the_play;

// What stands in an htpasswd file for alice and bob.
std::string password_file();
std::string basic_login(user who); // a value for Authorization, "" for nobody

} // namespace fuzz
