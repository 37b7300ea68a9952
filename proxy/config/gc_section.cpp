// [gc] and [[gc.policy]], in our spelling and in BuildKit's, so that a policy can be pasted from buildkitd.toml.
//
// BuildKit's gckeepstorage and keepBytes are older names of reservedSpace, which wins where both stand. With
// reservedSpace and no maxUsedSpace, BuildKit cleans down to reservedSpace: so it is the limit here as well.
#include "proxy/config/sections.h"

#include "store/eviction/gc_rule.h"

#include <fmt/format.h>

namespace proxy {
namespace {

// Comparable only in the same unit: shares of a disk are known when it is.
bool exceeds(size_setting const& a, size_setting const& b) {
    if (!a.is_set() || !b.is_set() || a.percent.has_value() != b.percent.has_value())
        return false;
    return a.percent ? *a.percent > *b.percent : a.bytes > b.bytes;
}

// reserved_space and its older names.
bool read_reserved(table_reader& in, key_names const& older, size_setting& to) {
    size_setting old;
    bool const by_old_name = in.size_or_percent(older, old);
    bool const by_name = in.size_or_percent({"reserved_space", "reservedSpace"}, to);
    if (!by_name && by_old_name)
        to = old;
    return by_name || by_old_name;
}

gc_policy read_policy(toml::table const& table, problem_list& problems) {
    table_reader in(table, "[[gc.policy]]", problems);
    gc_policy p;
    in.strings("filters", R"(["origin==push"])", [&](std::string const& filter, std::size_t line) {
        if (filter.empty() || filter.size() > 1024)
            in.problem(line, "filters in [[gc.policy]] holds a filter that is empty or longer than 1024 bytes");
        else if (auto const parsed = store::gc_filter::parse(filter); !parsed)
            in.problem(line, fmt::format("filters in [[gc.policy]]: \"{}\" {}", filter, parsed.error()));
        else
            p.filters.push_back(filter);
    });
    in.boolean("all", p.all);
    in.keep_duration({"keep_duration", "keepDuration"}, p.keep_duration);
    read_reserved(in, {"keep_bytes", "keepBytes"}, p.reserved_space);
    in.size_or_percent({"max_used_space", "maxUsedSpace"}, p.max_used_space);
    in.size_or_percent({"min_free_space", "minFreeSpace"}, p.min_free_space);
    in.finish();
    return p;
}

} // namespace

void read_gc(table_reader& in, problem_list& problems, gc_config& to) {
    constexpr std::uint64_t least = 1ull << 20;
    in.boolean({"enabled", "gc"}, to.enabled);
    bool const limited = in.size_or_percent({"keep_storage", "max_used_space", "maxUsedSpace"}, to.keep_storage);
    bool const reserved = read_reserved(in, {"gckeepstorage", "keep_bytes", "keepBytes"}, to.reserved_space);
    if (reserved && !limited && to.reserved_space.is_set())
        to.keep_storage = to.reserved_space;
    in.size_or_percent({"min_free_space", "minFreeSpace"}, to.min_free_space);

    auto const line = in.line_of({"keep_storage", "max_used_space", "maxUsedSpace", "reserved_space", "reservedSpace",
                                  "gckeepstorage", "keep_bytes", "keepBytes"});
    if (!to.keep_storage.percent && to.keep_storage.bytes < least)
        in.problem(line, "keep_storage in [gc] must be at least 1MiB; to keep everything, say enabled = false");
    if (exceeds(to.reserved_space, to.keep_storage))
        in.problem(line, fmt::format("reserved_space in [gc] is {}, more than keep_storage, {}",
                                     to_string(to.reserved_space), to_string(to.keep_storage)));

    constexpr std::size_t most = 64;
    for (auto const* table : in.tables("policy")) {
        if (to.policies.size() == most) {
            in.problem(table->source().begin.line, fmt::format("more than {} sections [[gc.policy]]", most));
            break;
        }
        to.policies.push_back(read_policy(*table, problems));
    }
    in.refuse("gcpolicy", "is BuildKit's place for policies: write each as [[gc.policy]]");
    in.finish();
}

} // namespace proxy
