#include "proxy/pull/manifest_cache.h"

namespace proxy {

std::string_view manifest_cache::key(std::string_view repository, std::string_view reference) {
    key_.assign(repository).append(1, '\0').append(reference);
    return key_;
}

cached_manifest const* manifest_cache::find(std::string_view repository, std::string_view reference,
                                            std::uint64_t generation, std::int64_t now) {
    auto it = entries_.find(key(repository, reference));
    if (it == entries_.end())
        return nullptr;
    auto const& entry = it->second;
    return entry.generation == generation && now < entry.fresh_until ? &entry : nullptr;
}

// Full means start anew: what is hot is back within a request each, and there is no order to keep on every hit.
void manifest_cache::put(std::string_view repository, std::string_view reference, cached_manifest entry) {
    auto const& m = *entry.manifest;
    if (!m.content->in_memory() || m.held || m.size() > max_bytes / 4)
        return;
    auto const size = m.size();
    if (entries_.size() >= max_entries || bytes_ + size > max_bytes) {
        entries_.clear();
        bytes_ = 0;
    }
    auto [it, fresh] = entries_.try_emplace(std::string(key(repository, reference)));
    if (!fresh)
        bytes_ -= it->second.manifest->size();
    bytes_ += size;
    it->second = std::move(entry);
}

} // namespace proxy
