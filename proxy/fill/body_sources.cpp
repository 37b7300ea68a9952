#include "proxy/fill/body_sources.h"

#include <utility>

namespace proxy {

std::optional<endpoint_set> blob_doubts::of(upstream const& from, oci::digest const& d) const {
    std::lock_guard lock(mutex_);
    auto const found = all_.find({&from, d});
    if (found == all_.end())
        return {};
    return found->second;
}

void blob_doubts::put(upstream const& from, oci::digest const& d, endpoint_set last) {
    std::lock_guard lock(mutex_);
    if (all_.size() >= max_size)
        all_.clear();
    all_.insert_or_assign({&from, d}, last);
}

void blob_doubts::drop(upstream const& from, oci::digest const& d) {
    std::lock_guard lock(mutex_);
    all_.erase({&from, d});
}

body_sources::body_sources(std::size_t endpoints, std::optional<endpoint_set> doubt)
    : count_(endpoints), alone_(doubt.has_value()), broken_(doubt.value_or(endpoint_set())) {}

endpoint_set body_sources::avoided() const {
    auto all = broken_;
    all.add(liars_);
    return all;
}

endpoint_choice body_sources::choice() const {
    if (alone_ && !taken_.empty())
        return {{}, taken_.begin()->first};
    return {avoided(), {}};
}

void body_sources::took(upstream_response const& from) {
    taken_[from.account()->endpoint()] = from.account();
}

// Once all have broken off, all but the last one deserve another try.
void body_sources::broke(upstream_response const& from) {
    from.account()->failed();
    broken_.add(from.account()->endpoint());
    if (avoided().has_all_of(count_)) {
        broken_ = {};
        broken_.add(from.account()->endpoint());
    }
}

error body_sources::lied(upstream_response const& from, std::string message) {
    from.account()->failed();
    note_lie(from.account()->endpoint());
    return upstream_error(502, std::move(message), retry_class::never);
}

void body_sources::note_lie(std::size_t endpoint) noexcept {
    liars_.add(endpoint);
    lie_ = true;
}

bool body_sources::turn_to_another() noexcept {
    bool const told = std::exchange(lie_, false);
    if (alone_ && !taken_.empty())
        return false; // nobody else may add to it
    return told && !liars_.has_all_of(count_);
}

void body_sources::were_right() {
    undecided_ = false;
    for (auto const& [endpoint, account] : taken_)
        account->right(); // of one that broke off this is said too late, which it deserves
}

void body_sources::were_wrong() {
    bool const one = count_ == 1 || (taken_.size() == 1 && !unknown_);
    for (auto const& [endpoint, account] : taken_)
        if (one) {
            account->failed();
            note_lie(endpoint);
        }
    undecided_ = !one;
    lie_ = lie_ || undecided_;
}

std::optional<endpoint_set> body_sources::doubt() const {
    if (!undecided_ && !alone_)
        return {};
    return avoided();
}

bool body_sources::start_anew() {
    bool const told = std::exchange(lie_, false);
    if (!told || liars_.has_all_of(count_))
        return false;
    alone_ = alone_ || undecided_;
    undecided_ = unknown_ = false;
    taken_.clear();
    return true;
}

} // namespace proxy
