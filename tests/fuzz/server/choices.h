// A byte string as a row of small decisions, so that every input is a play and a mutated byte changes one decision.
// Where it has ended every decision is 0, which is the dullest.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>

namespace fuzz {

class choices {
public:
    explicit choices(std::string_view bytes) : left_(bytes) {}

    bool over() const noexcept { return left_.empty(); }

    unsigned byte() noexcept {
        if (left_.empty())
            return 0;
        auto const b = static_cast<unsigned char>(left_.front());
        left_.remove_prefix(1);
        return b;
    }
    std::string bytes(std::size_t n) { // shorter at the end
        std::string out(left_.substr(0, n));
        left_.remove_prefix(out.size());
        return out;
    }
    unsigned below(unsigned n) noexcept { return n < 2 ? 0 : byte() % n; }
    bool one_in(unsigned n) noexcept { return below(n) == n - 1; }
    std::size_t up_to(std::size_t most) noexcept { // evenly enough
        auto const high = byte();
        return most * (high * 256 + byte()) / 65535;
    }

private:
    std::string_view left_;
};

} // namespace fuzz
