// Rows of the index: they are read back from a disk that may have rotted. Whatever the bytes, a decoder stays inside
// them, and what it accepts means the same once encoded again.
#pragma once

#include "store/index_codec.h"
#include "store/integrity/scrub_record.h"
#include "tests/fuzz/expect.h"

namespace fuzz {

template <class T>
void check_round_trip(std::string_view bytes, std::optional<T> (*decode)(std::string_view)) {
    auto const value = decode(bytes);
    if (!value)
        return;
    auto const again = store::encode(*value);
    auto const same = decode(again);
    expect(same.has_value(), "what was encoded decodes");
    expect(store::encode(*same) == again, "and encodes to the same bytes");
}

inline void check_index_codec(std::string_view bytes) {
    check_round_trip(bytes, store::decode_object);
    check_round_trip(bytes, store::decode_link);
    check_round_trip(bytes, store::decode_tag);
    check_round_trip(bytes, store::decode_children);
    check_round_trip(bytes, store::decode_totals);
    check_round_trip(bytes, store::decode_epoch);
    check_round_trip(bytes, store::decode_use);
    check_round_trip(bytes, store::decode_upload);
    check_round_trip(bytes, store::decode_referrer);
    check_round_trip(bytes, store::decode_scrub_record);
    if (auto const sums = store::decode_sums(bytes))
        expect(store::encode_sums(*sums) == bytes, "sums have one spelling");
    if (auto const n = store::decode_count(bytes))
        expect(store::decode_count(store::encode_count(*n)) == n, "a count stays a count");
    if (auto const d = store::decode_digest_key(bytes))
        expect(store::digest_key(*d).view() == bytes, "a digest's key has one spelling");
    if (auto const key = store::split_repository(bytes))
        expect(key->repo.size() + 1 + key->rest.size() == bytes.size(), "a key's parts are all of it");
}

} // namespace fuzz
