// Least recently used first: a queue in which every use goes to the end.
//
// For objects whose last use says more than how often they were used, as build-cache blobs: written by one build, read
// by the next or never.
#pragma once

#include "store/eviction/entry_list.h"
#include "store/eviction/policy.h"

namespace store {

class lru final : public eviction_policy {
public:
    explicit lru(eviction_entries& entries) : entries_(entries) {}

    void admit(entry_id id, std::uint64_t fingerprint) override;
    void restore(entry_id id, bool used_again) override;
    void touch(entry_id id) override;
    void remove(entry_id id, std::uint64_t fingerprint, bool evicted) override;
    std::optional<entry_id> victim() override;
    void spare(entry_id id) override; // as if it had been used

private:
    eviction_entries& entries_;
    entry_list queue_;
};

} // namespace store
