// What a fuzz check calls when something must hold. It throws: libFuzzer stops at that as at a crash, and the
// corpus test reports it as a failure.
#pragma once

#include <stdexcept>

namespace fuzz {

inline void expect(bool holds, char const* what) {
    if (!holds)
        throw std::logic_error(what);
}

} // namespace fuzz
