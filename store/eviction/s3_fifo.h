// S3-FIFO (Yang and others, SOSP 2023), by bytes: new objects are on probation, in a queue of their own, and those that
// nobody asks for again leave from there. What was asked for moves on to the main queue, where each use gives it
// another round. So a scan passes through a part of the space and leaves the rest alone. Who comes back soon after
// leaving from probation had too short a time there, and goes to the main queue at once.
//
// A use is one increment of a counter: the order is found when something has to go.
#pragma once

#include "store/eviction/entry_list.h"
#include "store/eviction/ghosts.h"
#include "store/eviction/policy.h"

#include <array>

namespace store {

struct s3_fifo_options {
    double probation = 0.25;      // its share of the bytes held; beyond that, it gives way before the main queue
    std::uint8_t promoted_by = 1; // so many uses
};

class s3_fifo final : public eviction_policy {
public:
    explicit s3_fifo(eviction_entries& entries, s3_fifo_options options = {});

    void admit(entry_id id, std::uint64_t fingerprint) override;
    void restore(entry_id id, bool used_again) override;
    void touch(entry_id id) override;
    void remove(entry_id id, std::uint64_t fingerprint, bool evicted) override;
    std::optional<entry_id> victim() override;
    void spare(entry_id id) override;

    std::size_t ghost_memory() const noexcept { return ghosts_.memory(); } // bytes

private:
    enum queue : std::uint8_t { probation, main, spared };

    void push(entry_id id, queue q);
    void move(entry_id id, queue to);
    void rejoin();
    std::uint64_t bytes() const noexcept;

    eviction_entries& entries_;
    s3_fifo_options options_;
    // Who was spared waits apart until something else has gone or nothing else is left, and goes on in the main queue.
    std::array<entry_list, 3> queues_;
    ghosts ghosts_;
};

} // namespace store
