#include "proxy/pull/prefetcher.h"

#include "proxy/fill/unattended.h"
#include "proxy/runtime/spawn.h"

#include <spdlog/spdlog.h>

#include <algorithm>

namespace proxy {

namespace {

// Of which upstream too: the same program may inspect one registry and run from another. Programs that do not say who
// they are have no name: they have nothing in common.
std::string client_name(repository_target const& t, std::string_view user_agent) {
    auto const family = client_family(user_agent);
    return family.empty() ? family : t.from->config().name + " " + family;
}

store::object_kind kind_of(oci::descriptor const& d) noexcept {
    return d.role == oci::child_role::config ? store::object_kind::config : store::object_kind::layer;
}

} // namespace

void prefetcher::manifest_asked(worker& w, repository_target const& t, std::shared_ptr<served_manifest const> m,
                                std::string_view user_agent) {
    if (!t.from || t.from->config().prefetch == prefetch_mode::off)
        return;
    if (oci::classify_manifest(m->media_type) != oci::manifest_kind::image)
        return;
    look one(looks_);
    if (!one.is_granted())
        return;
    spawn(w.executor(), "prefetch",
          [this, &w, t, m = std::move(m), client = client_name(t, user_agent), one = std::move(one)] {
              return consider(w, t, m, client);
          });
}

void prefetcher::blob_asked(repository_target const& t, oci::digest const& d, std::string_view user_agent) {
    if (t.from && history_.blob_asked(client_name(t, user_agent), d, prefetch_history::clock::now()))
        counts_.prefetch_used.fetch_add(1, std::memory_order_relaxed);
}

void prefetcher::stop() {
    std::lock_guard lock(mutex_);
    stopping_ = true;
    for (auto& [from, l] : lanes_)
        l.waiting.clear();
}

// Parses the manifest once more than the way from upstream did: only here is it known whether that is worth it.
task<void> prefetcher::consider(worker& w, repository_target t, std::shared_ptr<served_manifest const> m,
                                std::string client) {
    auto look = [&] { return missing_of(*m); };
    auto const missing = co_await on_disk(disk_.for_document(m->size()), look);
    if (!missing)
        co_return;
    std::vector<oci::digest> layers;
    for (auto const& d : *missing)
        if (d.role == oci::child_role::layer)
            layers.push_back(d.digest);
    if (layers.empty()) // and whoever looks at an image asks for its config, too
        co_return;
    bool expected = false;
    if (!client.empty())
        expected = history_.manifest_asked(client, layers, prefetch_history::clock::now());
    if (!expected && t.from->config().prefetch != prefetch_mode::on)
        co_return;
    for (auto const& d : *missing)
        begin({&w, d.digest, d.size, {t.from, t.repo, t.name, d.size, kind_of(d), d.media_type, t.by()}});
}

// In the manifest's order, each once. What is kept elsewhere than in the registry is not for us to fetch.
result<std::vector<oci::descriptor>> prefetcher::missing_of(served_manifest const& m) const {
    auto const bytes = m.read();
    if (!bytes)
        return from_store(bytes.error());
    auto const parsed = oci::parse_manifest(*bytes, m.media_type);
    if (!parsed)
        return from_oci(parsed.error());
    if (parsed->children.size() > max_waiting) // no image: nothing is noted of it, nor fetched
        return std::vector<oci::descriptor>();
    std::vector<oci::descriptor> missing;
    for (auto const& d : parsed->children) {
        bool const seen = std::ranges::find(missing, d.digest, &oci::descriptor::digest) != missing.end();
        if (d.role == oci::child_role::manifest || d.foreign || seen)
            continue;
        auto const stored = content_.find(d.digest);
        if (stored && !*stored)
            missing.push_back(d);
    }
    return missing;
}

void prefetcher::begin(job j) {
    {
        std::lock_guard lock(mutex_);
        auto& l = lanes_[j.source.from];
        if (stopping_)
            return;
        if (l.running >= max_running) {
            if (l.waiting.size() < max_waiting)
                l.waiting.push_back(std::move(j));
            return;
        }
        ++l.running;
    }
    run(std::move(j));
}

void prefetcher::run(job j) {
    auto const home = j.on->executor();
    spawn(home, "prefetch", [this, j = std::move(j)] { return fetch(j); });
}

task<void> prefetcher::fetch(job j) {
    auto ask = [&] { return has_room(j.size); };
    if (!co_await on_disk(disk_, ask)) {
        end(*j.source.from, 0);
        co_return;
    }
    auto const joined = fills_.join(*j.on, j.digest, j.source);
    if (joined.started) {
        counts_.prefetched.fetch_add(1, std::memory_order_relaxed);
        history_.fetched_ahead(j.digest);
        co_await end_unattended(joined.fill);
    }
    end(*j.source.from, j.size);
}

bool prefetcher::has_room(std::uint64_t bytes) {
    std::lock_guard one_at_a_time(room_mutex_);
    std::uint64_t wanted = bytes;
    {
        std::lock_guard lock(mutex_);
        if (stopping_)
            return false;
        wanted += promised_;
    }
    if (!content_.has_room(wanted))
        return false;
    std::lock_guard lock(mutex_);
    promised_ += bytes;
    return true;
}

void prefetcher::end(upstream const& from, std::uint64_t promised) {
    std::optional<job> next;
    {
        std::lock_guard lock(mutex_);
        promised_ -= promised;
        auto& l = lanes_[&from];
        if (l.waiting.empty()) {
            --l.running;
        } else {
            next = std::move(l.waiting.front());
            l.waiting.pop_front();
        }
    }
    if (next)
        run(std::move(*next));
}

} // namespace proxy
