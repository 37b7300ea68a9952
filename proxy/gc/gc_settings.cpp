#include "proxy/gc/gc_settings.h"

#include <fmt/format.h>

#include <algorithm>

namespace proxy {

namespace {

// Longer than du needs for a store of some thousand files.
constexpr std::chrono::milliseconds freed_space_rests{100};

} // namespace

store::space_limits limits_of(gc_config const& c, std::uint64_t disk_bytes) {
    if (!c.enabled)
        return {};
    return {.keep_storage = c.keep_storage.of_disk(disk_bytes),
            .min_free_space = c.min_free_space.of_disk(disk_bytes),
            .reserved_space = c.reserved_space.of_disk(disk_bytes),
            .rest = freed_space_rests};
}

std::vector<store::gc_rule> rules_of(gc_config const& c, std::uint64_t disk_bytes) {
    std::vector<store::gc_rule> rules;
    if (!c.enabled)
        return rules;
    for (auto const& p : c.policies) {
        store::gc_rule rule;
        for (auto const& filter : p.filters)
            if (auto parsed = store::gc_filter::parse(filter)) // else the configuration was refused
                rule.filters.push_back(*std::move(parsed));
        rule.all = p.all;
        rule.keep_duration = p.keep_duration;
        rule.reserved_space = std::max(p.reserved_space.of_disk(disk_bytes), c.reserved_space.of_disk(disk_bytes));
        rule.max_used_space = p.max_used_space.of_disk(disk_bytes);
        rule.min_free_space = p.min_free_space.of_disk(disk_bytes);
        rule.name = fmt::format("policy {}", rules.size() + 1);
        rules.push_back(std::move(rule));
    }
    return rules;
}

store::hosted_rules hosted_rules_of(config const& c, std::uint64_t disk_bytes) {
    store::hosted_rules rules;
    for (auto const& u : c.upstreams)
        rules.upstreams.push_back(u.name);
    if (c.hosted.enabled)
        rules.prefixes = c.hosted.prefixes;
    rules.grace = c.hosted.grace;
    rules.max_used_space = c.hosted.max_used_space.of_disk(disk_bytes);
    return rules;
}

std::uint64_t disk_bytes_of(std::filesystem::path const& folder) {
    std::error_code ec;
    auto at = std::filesystem::absolute(folder, ec);
    while (!ec && !std::filesystem::exists(at, ec) && at.has_relative_path())
        at = at.parent_path(); // it will be made there
    auto const disk = std::filesystem::space(at, ec);
    return ec ? 0 : disk.capacity;
}

} // namespace proxy
