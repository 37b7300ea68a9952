// What a play throws when an invariant does not hold: libFuzzer and Catch2 both take it for a failure.
#pragma once

#include <stdexcept>
#include <string>

namespace fuzz {

struct violation : std::logic_error {
    using std::logic_error::logic_error;
};

inline void must(bool holds, std::string const& what) {
    if (!holds)
        throw violation(what);
}

} // namespace fuzz
