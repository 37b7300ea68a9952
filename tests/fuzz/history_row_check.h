// Rows of the statistics' history: they are read back from a disk that may have rotted, or that a newer version wrote.
#pragma once

#include "proxy/stats/storage_sample.h"
#include "proxy/stats/traffic.h"
#include "tests/fuzz/expect.h"

namespace fuzz {

inline void check_history_row(std::string_view bytes) {
    if (auto const t = proxy::decode_traffic(bytes)) {
        expect(proxy::decode_traffic(proxy::encode(*t)) == *t, "traffic that was encoded decodes");
        auto sum = *t;
        sum += *t; // numbers that nobody has counted do not stop the sums
        (void)sum.hit_ratio();
        (void)sum.byte_hit_ratio();
        (void)sum.bytes_saved();
    }
    if (auto const s = proxy::decode_storage_sample(bytes))
        expect(proxy::decode_storage_sample(proxy::encode(*s)) == *s, "a sample that was encoded decodes");
}

} // namespace fuzz
