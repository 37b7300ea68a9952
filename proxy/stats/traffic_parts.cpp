#include "proxy/stats/traffic_parts.h"

#include <algorithm>
#include <tuple>
#include <vector>

namespace proxy {
namespace {

constexpr std::array<std::string_view, dimension_count> dimension_names{"all", "upstream", "repository", "client"};

} // namespace

std::string_view to_string(dimension d) noexcept {
    return dimension_names[static_cast<std::size_t>(d)];
}

std::optional<dimension> dimension_of(std::string_view name) noexcept {
    auto const at = std::find(dimension_names.begin(), dimension_names.end(), name);
    if (at == dimension_names.end())
        return std::nullopt;
    return static_cast<dimension>(at - dimension_names.begin());
}

traffic& traffic_by_name::operator[](std::string_view name) {
    if (auto const at = names_.find(name); at != names_.end())
        return at->second;
    if (names_.size() >= most_ && name != other)
        return (*this)[other];
    return names_.try_emplace(std::string(name)).first->second;
}

void traffic_by_name::add(traffic_by_name const& more) {
    for (auto const& [name, t] : more)
        (*this)[name] += t;
}

void traffic_by_name::keep_top(std::size_t n) {
    std::vector<std::tuple<std::uint64_t, std::uint64_t, std::string_view>> order;
    for (auto const& [name, t] : names_)
        if (name != other)
            order.emplace_back(t.count(), t.bytes_served, name);
    if (order.size() <= n)
        return;
    std::nth_element(order.begin(), order.begin() + static_cast<std::ptrdiff_t>(n), order.end(), std::greater<>());
    traffic rest;
    for (auto at = order.begin() + static_cast<std::ptrdiff_t>(n); at != order.end(); ++at) {
        auto const found = names_.find(std::get<2>(*at));
        rest += found->second;
        names_.erase(found);
    }
    names_.try_emplace(std::string(other)).first->second += rest;
}

bool traffic_parts::empty() const noexcept {
    return std::all_of(by.begin(), by.end(), [](traffic_by_name const& names) { return names.empty(); });
}

traffic_parts& traffic_parts::operator+=(traffic_parts const& more) {
    for (std::size_t i = 0; i < dimension_count; ++i)
        by[i].add(more.by[i]);
    return *this;
}

} // namespace proxy
