#include "store/eviction/lru.h"

namespace store {

void lru::admit(entry_id id, std::uint64_t) {
    queue_.push(entries_, id);
}

void lru::restore(entry_id id, bool) {
    queue_.push(entries_, id);
}

void lru::touch(entry_id id) {
    queue_.erase(entries_, id);
    queue_.push(entries_, id);
}

void lru::remove(entry_id id, std::uint64_t, bool) {
    queue_.erase(entries_, id);
}

std::optional<entry_id> lru::victim() {
    if (queue_.empty())
        return std::nullopt;
    return queue_.oldest();
}

void lru::spare(entry_id id) {
    touch(id);
}

} // namespace store
