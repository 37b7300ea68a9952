#include "proxy/pull/absence_cache.h"

namespace proxy {

namespace {

// No name holds a zero byte.
std::string key_of(std::string_view asker, std::string_view path) {
    return std::string(asker).append(1, '\0').append(path);
}

} // namespace

bool absence_cache::holds(std::string_view asker, std::string_view path, std::int64_t now) {
    if (path.size() > max_path)
        return false;
    std::lock_guard lock(mutex_);
    if (entries_.empty())
        return false;
    auto const it = entries_.find(key_of(asker, path));
    if (it == entries_.end())
        return false;
    if (now >= it->second.from && now < it->second.until)
        return true;
    erase(it);
    return false;
}

void absence_cache::put(std::string_view asker, std::string_view path, std::int64_t now, std::chrono::seconds ttl) {
    if (ttl.count() <= 0 || path.size() > max_path)
        return;
    std::lock_guard lock(mutex_);
    auto const [it, fresh] = entries_.try_emplace(key_of(asker, path));
    if (!fresh)
        by_age_.erase(it->second.place);
    it->second = {now, now + ttl.count(), by_age_.insert(by_age_.end(), it)};
    if (entries_.size() > max_entries)
        erase(by_age_.front());
}

void absence_cache::forget(std::string_view asker, std::string_view path) {
    std::lock_guard lock(mutex_);
    if (entries_.empty())
        return;
    if (auto const it = entries_.find(key_of(asker, path)); it != entries_.end())
        erase(it);
}

std::size_t absence_cache::size() const {
    std::lock_guard lock(mutex_);
    return entries_.size();
}

void absence_cache::erase(entry_map::iterator it) {
    by_age_.erase(it->second.place);
    entries_.erase(it);
}

} // namespace proxy
