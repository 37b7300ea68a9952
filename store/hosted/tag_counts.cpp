#include "store/hosted/tag_counts.h"

#include "store/index_codec.h"

namespace store {
namespace {

constexpr std::int64_t recount_after = 10;    // seconds: a client that tries again and again makes nobody read and read
constexpr std::size_t remembered_max = 1'000; // repositories

} // namespace

result<void> tag_counts::take(repository_name const& repo, std::vector<oci::tag> const& tags) {
    std::size_t made = 0;
    for (auto const& t : tags) {
        rocksdb::PinnableSlice value;
        auto const found = core_.db->get(family::tags, tag_key(repo, t.name()), access::any, value);
        if (!found)
            return found.error();
        made += *found ? 0 : 1;
    }
    if (made == 0)
        return {};
    std::lock_guard const lock(mutex_);
    auto const of = find(repo);
    if (!of)
        return of.error();
    auto& k = **of;
    auto const fits = [&] { return made <= tags_max && k.tags <= tags_max - made; };
    if (!fits() && core_.now() >= k.counted_at + recount_after)
        if (auto counted = count(repo, k); !counted)
            return counted;
    if (!fits())
        return error{errc::too_many_tags, repo + " has " + std::to_string(k.tags) + " tags"};
    k.tags += made;
    return {};
}

result<tag_counts::known*> tag_counts::find(repository_name const& repo) {
    if (auto const found = known_.find(repo); found != known_.end())
        return &found->second;
    known k;
    if (auto counted = count(repo, k); !counted)
        return counted.error();
    if (known_.size() >= remembered_max)
        known_.clear();
    return &known_.emplace(repo, k).first->second;
}

result<void> tag_counts::count(repository_name const& repo, known& k) const {
    k = {0, core_.now()};
    auto const first = tag_key(repo, {});
    auto const rows = core_.db->scan(family::tags);
    for (rows->Seek({first.view().data(), first.view().size()}); rows->Valid(); rows->Next()) {
        if (!rows->key().ToStringView().starts_with(first.view()))
            break;
        if (++k.tags > tags_max) // more is not told apart
            break;
    }
    if (!rows->status().ok())
        return error_of_status(rows->status(), "cannot read the tags");
    return {};
}

} // namespace store
