// Which of an upstream's endpoints to ask, where who asks knows more than the order of the configuration.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>

namespace proxy {

// Some endpoints, each by its place in the order. Those after the first 64 are never in it: nobody names so many.
class endpoint_set {
public:
    bool has(std::size_t endpoint) const noexcept { return (bits_ & bit(endpoint)) != 0; }
    void add(std::size_t endpoint) noexcept { bits_ |= bit(endpoint); }
    void add(endpoint_set others) noexcept { bits_ |= others.bits_; }
    bool has_all_of(std::size_t count) const noexcept { // of the first `count`
        for (std::size_t i = 0; i < count; ++i)
            if (!has(i))
                return false;
        return true;
    }

private:
    static std::uint64_t bit(std::size_t endpoint) noexcept { return endpoint < 64 ? std::uint64_t{1} << endpoint : 0; }

    std::uint64_t bits_ = 0;
};

struct endpoint_choice {
    endpoint_set last;               // after all others: what they sent broke off, or was wrong
    std::optional<std::size_t> only; // no other
};

} // namespace proxy
