#include "proxy/pull/tag_counter.h"

#include <iterator>
#include <utility>

namespace proxy {

void tag_counter::add(std::string_view repository, std::string_view tag) {
    name_.assign(repository).append(1, ':').append(tag);
    auto const known = counts_.find(name_);
    if (known != counts_.end()) {
        ++known->second;
        return;
    }
    if (counts_.size() < max_tags)
        counts_.emplace(name_, 1);
    else
        make_room();
}

void tag_counter::make_room() {
    for (auto at = counts_.begin(); at != counts_.end();)
        at = --at->second == 0 ? counts_.erase(at) : std::next(at);
}

std::vector<counted_tag> tag_counter::take() {
    std::vector<counted_tag> all;
    all.reserve(counts_.size());
    for (auto const& [name, count] : std::exchange(counts_, {}))
        all.push_back({name, count});
    return all;
}

} // namespace proxy
