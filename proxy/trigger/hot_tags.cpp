#include "proxy/trigger/hot_tags.h"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <cmath>

namespace proxy {

namespace {

constexpr double cold = 1.0 / 64; // of one request, after three days

template <class T>
bool read(std::string_view text, T& to) {
    auto const [end, ec] = std::from_chars(text.data(), text.data() + text.size(), to);
    return ec == std::errc{} && end == text.data() + text.size();
}

} // namespace

void hot_tags::add(std::vector<counted_tag> const& counted, std::int64_t now) {
    std::lock_guard lock(mutex_);
    cool(now);
    for (auto const& c : counted)
        heat_[c.name] += static_cast<double>(c.count);
    make_room();
}

// A clock that was set back cools nothing.
void hot_tags::cool(std::int64_t now) {
    auto const passed = now - std::exchange(at_, now);
    if (passed <= 0 || passed == now)
        return;
    auto const left =
        std::exp2(-static_cast<double>(passed) / static_cast<double>(std::chrono::seconds(half_life).count()));
    for (auto& [name, heat] : heat_)
        heat *= left;
    std::erase_if(heat_, [](auto const& tag) { return tag.second < cold; });
}

void hot_tags::make_room() {
    if (heat_.size() <= max_tags)
        return;
    std::vector<double> all;
    for (auto const& [name, heat] : heat_)
        all.push_back(heat);
    auto const limit = all.begin() + static_cast<std::ptrdiff_t>(all.size() - max_tags * 3 / 4);
    std::nth_element(all.begin(), limit, all.end());
    std::erase_if(heat_, [least = *limit](auto const& tag) { return tag.second < least; });
    while (heat_.size() > max_tags) // all alike
        heat_.erase(heat_.begin());
}

std::vector<std::pair<std::string, double>> hot_tags::ranking(std::size_t n) const {
    std::lock_guard lock(mutex_);
    std::vector<std::pair<std::string, double>> all(heat_.begin(), heat_.end());
    auto const middle = all.begin() + static_cast<std::ptrdiff_t>(std::min(n, all.size()));
    std::partial_sort(all.begin(), middle, all.end(), [](auto const& a, auto const& b) {
        return a.second != b.second ? a.second > b.second : a.first < b.first;
    });
    all.erase(middle, all.end());
    return all;
}

std::vector<std::string> hot_tags::hottest(std::size_t n) const {
    std::vector<std::string> names;
    for (auto& [name, heat] : ranking(n))
        names.push_back(std::move(name));
    return names;
}

// The moment, then a line a tag.
std::string hot_tags::save() const {
    auto const hottest = ranking(max_saved);
    std::lock_guard lock(mutex_);
    auto text = fmt::format("{}\n", at_);
    for (auto const& [name, heat] : hottest)
        text += fmt::format("{} {:.3f}\n", name, heat);
    return text;
}

void hot_tags::restore(std::string_view saved) {
    std::lock_guard lock(mutex_);
    bool first = true;
    while (!saved.empty()) {
        auto const end = std::min(saved.find('\n'), saved.size());
        auto const line = saved.substr(0, end);
        saved.remove_prefix(std::min(end + 1, saved.size()));
        if (std::exchange(first, false)) {
            read(line, at_);
            continue;
        }
        auto const blank = line.rfind(' ');
        double heat = 0;
        if (blank != line.npos && read(line.substr(blank + 1), heat) && heat > 0 && heat < 1e18 &&
            heat_.size() < max_tags)
            heat_[std::string(line.substr(0, blank))] += heat;
    }
}

} // namespace proxy
