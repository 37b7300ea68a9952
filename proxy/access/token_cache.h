// Tokens that were proved a moment ago, so that a client's hundred requests with one token cost one signature check.
// Of each worker one: no lock.
#pragma once

#include "proxy/access/caller.h"

#include <array>
#include <cstdint>
#include <map>
#include <memory>
#include <string_view>

namespace proxy {

class token_cache {
public:
    static constexpr std::size_t max_size = 4096;
    static constexpr std::size_t max_identity = 2048; // bytes: one that names more is proved each time

    using key = std::array<unsigned char, 32>;
    static key key_of(std::string_view token); // SHA-256: the token itself is not kept

    // Forgets all that was proved while there were other keys, whose number `generation` is.
    void keep_those_of(std::uint64_t generation);

    // Null: not known, or over. `now` in Unix seconds.
    std::shared_ptr<identity const> find(key const& k, std::int64_t now) const;
    // Nothing of an identity that is too large.
    void put(key const& k, std::shared_ptr<identity const> who, std::int64_t expires_at, std::int64_t now);

private:
    struct entry {
        std::shared_ptr<identity const> who;
        std::int64_t expires_at;
    };
    std::map<key, entry> entries_;
    std::uint64_t generation_ = 0;
};

} // namespace proxy
