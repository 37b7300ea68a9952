#include "store/integrity/recount.h"

#include "store/object_table.h"

#include <algorithm>
#include <cstring>

namespace store {
namespace {

std::string_view key_of(rocksdb::Iterator const& at) {
    return at.key().ToStringView();
}

result<void> status_of(rocksdb::Iterator const& at) {
    if (at.status().ok())
        return {};
    return error_of_status(at.status(), "cannot recount the index");
}

} // namespace

recount::recount(std::shared_ptr<core> c) : core_(std::move(c)), at_(core_->db->snapshot()) {
    if (auto const sums = core_->db->read_totals(at_.get()))
        recorded_ = *sums;
    else
        sums_readable_ = false;
}

recount::~recount() = default;

result<bool> recount::step(std::size_t rows) {
    if (!links_) { // not before: the constructor is quick
        links_ = core_->db->scan(family::links, at_.get());
        links_->SeekToFirst();
    }
    for (; rows > 0; --rows) {
        switch (phase_) {
        case phase::links:
            if (links_->Valid()) {
                auto const key = split_repository(key_of(*links_));
                if (key && decode_digest_key(key->rest))
                    linked_.push_back(shorten(key->rest));
                links_->Next();
            } else if (auto begun = begin_counts(); !begun) {
                return begun.error();
            }
            break;
        case phase::counts:
            if (objects_->Valid() || counts_->Valid()) {
                count_one();
                break;
            }
            for (auto const* at : {objects_.get(), counts_.get()})
                if (auto ok = status_of(*at); !ok)
                    return ok.error();
            skip_links_before({});
            phase_ = uncounted_.empty() ? phase::done : phase::uncounted;
            links_->SeekToFirst();
            break;
        case phase::uncounted:
            if (links_->Valid())
                find_uncounted();
            else if (auto ok = status_of(*links_); !ok)
                return ok.error();
            else
                phase_ = phase::done;
            break;
        case phase::done:
            return true;
        }
    }
    return phase_ == phase::done;
}

result<void> recount::begin_counts() {
    if (auto ok = status_of(*links_); !ok)
        return ok.error();
    std::sort(linked_.begin(), linked_.end());
    objects_ = core_->db->scan(family::objects, at_.get());
    counts_ = core_->db->scan(family::link_counts, at_.get());
    objects_->SeekToFirst();
    counts_->SeekToFirst();
    phase_ = phase::counts;
    return {};
}

// The next digest that has an object, a count, or both.
void recount::count_one() {
    bool const by_object = objects_->Valid() && (!counts_->Valid() || key_of(*objects_) <= key_of(*counts_));
    std::string const key(key_of(by_object ? *objects_ : *counts_));
    judge(key, decode_digest_key(key) ? take_links(key) : 0);
    for (auto* at : {objects_.get(), counts_.get()})
        if (at->Valid() && key_of(*at) == key)
            at->Next();
}

void recount::judge(std::string_view key, std::uint64_t links) {
    auto const d = decode_digest_key(key);
    if (!d)
        return;
    std::uint64_t size = 0;
    if (objects_->Valid() && key_of(*objects_) == key) {
        if (auto const row = decode_object(objects_->value().ToStringView())) {
            size = row->info.size;
            counted_ += sums_of(*row, links);
        }
    }
    std::optional<std::uint64_t> said = 0;
    if (counts_->Valid() && key_of(*counts_) == key)
        said = decode_count(counts_->value().ToStringView());
    if (said != links)
        wrong_.push_back({*d, links, static_cast<std::int64_t>(links - said.value_or(0)), size});
}

void recount::find_uncounted() {
    auto const key = split_repository(key_of(*links_));
    auto const d = key ? decode_digest_key(key->rest) : std::nullopt;
    auto const shortened = shorten(key ? key->rest : std::string_view());
    links_->Next();
    if (!d)
        return;
    auto const at = std::lower_bound(uncounted_.begin(), uncounted_.end(), shortened,
                                     [](uncounted const& u, short_key const& k) { return u.key < k; });
    if (at == uncounted_.end() || at->key != shortened || at->links == 0)
        return;
    auto const links = std::exchange(at->links, 0);
    wrong_.push_back({*d, links, static_cast<std::int64_t>(links), 0});
}

std::uint64_t recount::take_links(std::string_view key) {
    skip_links_before(key);
    auto const k = shorten(key);
    auto const first = next_link_;
    while (next_link_ < linked_.size() && linked_[next_link_] == k)
        ++next_link_;
    return next_link_ - first;
}

// Those passed have neither an object nor a count. An empty key is past all.
void recount::skip_links_before(std::string_view key) {
    auto const end = key.empty() ? short_key{} : shorten(key);
    while (next_link_ < linked_.size() && (key.empty() || linked_[next_link_] < end)) {
        auto const& k = linked_[next_link_++];
        if (uncounted_.empty() || uncounted_.back().key != k)
            uncounted_.push_back({k, 0});
        ++uncounted_.back().links;
    }
}

recount::short_key recount::shorten(std::string_view key) noexcept {
    short_key k{};
    std::memcpy(k.data(), key.data(), std::min(key.size(), k.size()));
    return k;
}

totals recount::drift() const noexcept {
    return {.objects = counted_.objects - recorded_.objects,
            .content_bytes = counted_.content_bytes - recorded_.content_bytes,
            .file_bytes = counted_.file_bytes - recorded_.file_bytes,
            .logical_bytes = counted_.logical_bytes - recorded_.logical_bytes,
            .files = counted_.files - recorded_.files};
}

result<void> correct_count(core& c, wrong_count const& w) {
    auto const lock = c.locks.hold(w.digest);
    auto const key = digest_key(w.digest);
    auto const object = find_object(c, w.digest, access::any);
    if (!object)
        return object.error();
    auto const said = count_links(c, w.digest);
    if (!said && said.error().code != errc::corrupt)
        return said.error();
    // One that cannot be read has kept everybody from changing it.
    auto const now = said ? static_cast<std::int64_t>(*said) + w.missing : static_cast<std::int64_t>(w.links);

    database::batch b(*c.db);
    if (now > 0)
        b.put(family::link_counts, key, encode_count(static_cast<std::uint64_t>(now)));
    else
        b.erase(family::link_counts, key);
    // The drift has the object as it was; what came or went since was added or taken with the wrong count.
    auto const size_now = *object ? (*object)->info.size : 0;
    if (said)
        b.add({.logical_bytes = w.missing * (static_cast<std::int64_t>(size_now) - static_cast<std::int64_t>(w.size))});
    return c.write(b, write_sync::no);
}

} // namespace store
