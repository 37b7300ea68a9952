#include "proxy/warm/image_walk.h"

#include "proxy/pull/lookup.h"
#include "proxy/runtime/some_at_once.h"
#include "proxy/warm/platform_choice.h"

#include <algorithm>
#include <variant>

namespace proxy {

namespace {

constexpr std::size_t manifests_at_once = 4;

bool fits_any(oci::platform const& wanted, std::vector<oci::index_entry> const& entries) {
    return std::any_of(entries.begin(), entries.end(), [&](oci::index_entry const& e) {
        return e.platform && !e.is_attestation && oci::fits(wanted, *e.platform);
    });
}

void add_new(std::vector<oci::platform> const& from, std::vector<oci::platform>& to) {
    for (auto const& p : from)
        if (std::find(to.begin(), to.end(), p) == to.end())
            to.push_back(p);
}

// Of an index its entries, with their platforms; of a kind that nobody knows nothing.
using named_content = std::variant<std::vector<oci::descriptor>, std::vector<oci::index_entry>>;

result<named_content> look_into(served_manifest const& m) { // blocks
    auto const bytes = m.read();
    if (!bytes)
        return from_store(bytes.error());
    auto parsed = oci::parse_manifest(*bytes, m.media_type);
    if (!parsed)
        return from_oci(parsed.error());
    if (parsed->kind != oci::manifest_kind::index)
        return named_content(std::move(parsed->children));
    auto entries = oci::parse_index(*bytes, m.media_type);
    if (!entries)
        return from_oci(entries.error());
    return named_content(*std::move(entries));
}

} // namespace

task<result<std::vector<oci::descriptor>>> image_walk::run() {
    auto const d = co_await top();
    if (!d)
        co_return d.error();
    job_.means(*d);
    next_ = {*d};
    seen_.insert(*d);
    for (std::size_t depth = 0; !next_.empty() && depth < max_depth; ++depth) {
        auto const now = std::exchange(next_, {});
        auto done = co_await level(now);
        if (!done)
            co_return done.error();
    }
    if (!next_.empty())
        co_return upstream_error(502, "the image has indexes in indexes without end", retry_class::never);
    for (auto const& b : blobs_)
        job_.expect(b.size);
    co_return std::move(blobs_);
}

// Upstream is asked what a tag is now, whatever is known.
task<result<oci::digest>> image_walk::top() {
    auto const& image = job_.request().image;
    if (auto const* d = std::get_if<oci::digest>(&image.reference))
        co_return *d;
    auto const& name = std::get<oci::tag>(image.reference);
    auto find = [&](store::access a) { return parts_.content.index().find_tag(image.target.name, name, a); };
    auto const known = co_await look_up(parts_.disk, find);
    if (known && *known)
        before_ = (*known)->digest;
    auto resolved = co_await manifests_.ask_now(worker_, image.target, name);
    if (!resolved)
        co_return resolved.error();
    co_return resolved->digest;
}

task<result<void>> image_walk::level(std::vector<oci::digest> const& manifests) {
    std::optional<error> failure;
    visited_ += manifests.size();
    if (visited_ > max_manifests)
        co_return upstream_error(502, "the image has too many manifests", retry_class::never);
    auto one = [&](std::size_t i) -> task<void> {
        if (failure)
            co_return;
        auto done = co_await visit(manifests[i]);
        if (!done)
            failure = done.error();
    };
    co_await some_at_once(worker_, manifests.size(), manifests_at_once, one);
    if (failure)
        co_return *failure;
    co_return result<void>();
}

task<result<void>> image_walk::visit(oci::digest const& d) {
    if (job_.is_abandoned())
        co_return overloaded("layerd is stopping");
    auto const got = co_await manifest(d);
    if (!got)
        co_return got.error();
    auto const& m = **got;
    auto& readers = parts_.disk.for_document(m.size());
    auto look = [&] { return look_into(m); };
    auto found = co_await on_disk(readers, look);
    if (!found)
        co_return found.error();
    if (auto* entries = std::get_if<std::vector<oci::index_entry>>(&*found)) {
        auto chosen = co_await choose(d, std::move(*entries));
        if (!chosen)
            co_return chosen.error();
        for (auto& e : *chosen)
            add(std::move(e.content));
        co_return result<void>();
    }
    for (auto& child : std::get<std::vector<oci::descriptor>>(*found))
        add(std::move(child));
    co_return result<void>();
}

void image_walk::add(oci::descriptor d) {
    if (d.foreign || !seen_.insert(d.digest).second)
        return;
    if (d.role == oci::child_role::manifest)
        next_.push_back(d.digest);
    else
        blobs_.push_back(std::move(d));
}

task<result<manifest_source::manifest_ptr>> image_walk::manifest(oci::digest const& d) {
    auto const& t = job_.request().image.target;
    auto known = co_await manifests_.stored(t, d);
    if (!known)
        co_return known.error();
    bool const is_missing = !*known;
    if (is_missing) {
        auto fetched = co_await manifests_.fetch(worker_, t, d);
        if (!fetched)
            co_return fetched.error();
        known = std::move(fetched->manifest);
        if (auto const why = (*known)->unkept)
            co_return from_store(store::error{*why, "a manifest is not kept"});
    } else {
        parts_.content.touch(d); // as a client's pull would
    }
    job_.expect((*known)->size());
    job_.has((*known)->size(), is_missing);
    co_return known;
}

task<result<std::vector<oci::index_entry>>> image_walk::choose(oci::digest const& d,
                                                               std::vector<oci::index_entry> entries) {
    auto const& asked = job_.request();
    if (asked.all_platforms)
        co_return entries;
    auto wanted = asked.platforms;
    if (wanted.empty()) {
        auto look = [&] { return expected(d, entries); };
        wanted = co_await on_disk(parts_.disk, look);
    }
    auto chosen = entries_for(entries, wanted);
    if (chosen && std::any_of(chosen->begin(), chosen->end(), [](auto const& e) { return e.platform.has_value(); }))
        job_.choose(wanted);
    co_return chosen;
}

// The platforms of this image that are here; else those of others, as far as this one has them; else this machine's.
std::vector<oci::platform> image_walk::expected(oci::digest const& index,
                                                std::vector<oci::index_entry> const& entries) const {
    auto found = whole_platforms(parts_.content, index);
    if (before_ && *before_ != index)
        add_new(whole_platforms(parts_.content, *before_), found);
    auto const others = [&](oci::platform const& p) { return !fits_any(p, entries); };
    std::erase_if(found, others);
    if (found.empty())
        found = whole_platforms(parts_.content);
    std::erase_if(found, others);
    if (found.empty())
        found.push_back(this_machine());
    return found;
}

} // namespace proxy
