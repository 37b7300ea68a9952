#include "store/eviction/s3_fifo.h"

namespace store {
namespace {

constexpr std::uint8_t most_hits = 3; // more would keep an object for rounds after its time

} // namespace

s3_fifo::s3_fifo(eviction_entries& entries, s3_fifo_options options) : entries_(entries), options_(options) {}

void s3_fifo::push(entry_id id, queue q) {
    entries_[id].queue = q;
    queues_[q].push(entries_, id);
}

void s3_fifo::move(entry_id id, queue to) {
    queues_[entries_[id].queue].erase(entries_, id);
    push(id, to);
}

std::uint64_t s3_fifo::bytes() const noexcept {
    return queues_[probation].bytes() + queues_[main].bytes() + queues_[spared].bytes();
}

void s3_fifo::admit(entry_id id, std::uint64_t fingerprint) {
    entries_[id].hits = 0;
    push(id, ghosts_.take(fingerprint) ? main : probation);
}

void s3_fifo::restore(entry_id id, bool used_again) {
    entries_[id].hits = 0;
    push(id, used_again ? main : probation);
}

void s3_fifo::touch(entry_id id) {
    if (auto& hits = entries_[id].hits; hits < most_hits)
        ++hits;
}

void s3_fifo::remove(entry_id id, std::uint64_t fingerprint, bool evicted) {
    auto const from = entries_[id].queue;
    queues_[from].erase(entries_, id);
    if (!evicted)
        return;
    if (from == probation)
        ghosts_.insert(fingerprint, queues_[main].count());
    rejoin();
}

void s3_fifo::rejoin() {
    while (!queues_[spared].empty())
        move(queues_[spared].oldest(), main);
}

std::optional<entry_id> s3_fifo::victim() {
    if (queues_[probation].empty() && queues_[main].empty())
        rejoin();
    for (;;) {
        auto const& on_probation = queues_[probation];
        bool const over = static_cast<double>(on_probation.bytes()) > options_.probation * static_cast<double>(bytes());
        auto const from = !on_probation.empty() && (over || queues_[main].empty()) ? probation : main;
        auto const id = queues_[from].oldest();
        if (id == no_entry)
            return std::nullopt;
        auto& hits = entries_[id].hits;
        if (hits < (from == probation ? options_.promoted_by : 1))
            return id;
        hits = from == probation ? 0 : hits - 1; // carrying them over costs 1 % of byte misses (layerd-replay)
        move(id, main);
    }
}

void s3_fifo::spare(entry_id id) {
    entries_[id].hits = 0;
    move(id, spared);
}

} // namespace store
