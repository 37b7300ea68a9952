// libFuzzer's way into oidc_claims_check.h.
#include "tests/fuzz/oidc_claims_check.h"

#include <cstddef>
#include <cstdint>

extern "C" int LLVMFuzzerTestOneInput(std::uint8_t const* data, std::size_t size) {
    fuzz::check_oidc_claims({reinterpret_cast<char const*>(data), size});
    return 0;
}
