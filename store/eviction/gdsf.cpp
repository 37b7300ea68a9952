#include "store/eviction/gdsf.h"

#include <algorithm>
#include <limits>

namespace store {
namespace {

// One use of an object of so many bytes is worth 1; a single byte's a million times that. As doubles, values keep the
// worth of a use apart from an inflation of ten billion evictions.
constexpr double unit_bytes = 1 << 20;

} // namespace

void gdsf::place(entry_id id, std::size_t at) {
    heap_[at] = id;
    entries_[id].previous = static_cast<entry_id>(at);
}

void gdsf::rise(std::size_t at) {
    auto const id = heap_[at];
    while (at > 0) {
        auto const parent = (at - 1) / 2;
        if (entries_[heap_[parent]].priority <= entries_[id].priority)
            break;
        place(heap_[parent], at);
        at = parent;
    }
    place(id, at);
}

void gdsf::sink(std::size_t at) {
    auto const id = heap_[at];
    for (;;) {
        auto child = at * 2 + 1;
        if (child >= heap_.size())
            break;
        if (child + 1 < heap_.size() && entries_[heap_[child + 1]].priority < entries_[heap_[child]].priority)
            ++child;
        if (entries_[id].priority <= entries_[heap_[child]].priority)
            break;
        place(heap_[child], at);
        at = child;
    }
    place(id, at);
}

void gdsf::push(entry_id id) {
    entries_[id].queue = in_heap;
    heap_.push_back(id);
    rise(heap_.size() - 1);
}

void gdsf::erase(entry_id id) {
    auto const at = entries_[id].previous;
    auto const last = heap_.back();
    heap_.pop_back();
    if (last == id)
        return;
    place(last, at);
    rise(at);
    sink(entries_[last].previous);
}

void gdsf::set_value(entry_id id) {
    auto& e = entries_[id];
    e.priority = inflation_ +
                 static_cast<double>(e.hits) * unit_bytes / static_cast<double>(std::max<std::uint64_t>(e.bytes, 1));
}

void gdsf::enter(entry_id id, std::uint8_t hits) {
    entries_[id].hits = hits;
    set_value(id);
    push(id);
}

void gdsf::admit(entry_id id, std::uint64_t) {
    enter(id, 1);
}

void gdsf::restore(entry_id id, bool used_again) {
    enter(id, used_again ? 2 : 1);
}

void gdsf::touch(entry_id id) {
    auto& e = entries_[id];
    if (e.hits < std::numeric_limits<std::uint8_t>::max())
        ++e.hits;
    set_value(id);
    if (e.queue == in_heap)
        sink(e.previous); // a use never lowers the value
}

void gdsf::remove(entry_id id, std::uint64_t, bool evicted) {
    if (entries_[id].queue == spared)
        spared_.erase(entries_, id);
    else
        erase(id);
    if (!evicted)
        return;
    // A caller may evict another than the victim, whose value then says nothing of those that stay.
    auto const least = heap_.empty() ? entries_[id].priority : entries_[heap_.front()].priority;
    inflation_ = std::max(inflation_, std::min(entries_[id].priority, least));
    rejoin();
}

std::optional<entry_id> gdsf::victim() {
    if (heap_.empty())
        rejoin();
    if (heap_.empty())
        return std::nullopt;
    return heap_.front();
}

void gdsf::spare(entry_id id) {
    if (entries_[id].queue == spared)
        return; // it was proposed by other means, as a part of its image
    erase(id);
    entries_[id].queue = spared;
    spared_.push(entries_, id);
}

// As if it had been asked for now: whoever is spared is in use.
void gdsf::rejoin() {
    while (!spared_.empty()) {
        auto const id = spared_.oldest();
        spared_.erase(entries_, id);
        set_value(id);
        push(id);
    }
}

} // namespace store
