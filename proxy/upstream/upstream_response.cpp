#include "proxy/runtime/jitter.h"
#include "proxy/upstream/response_state.h"

#include <algorithm>

namespace proxy {

namespace {

// A trial that goes silent for so long has failed: somebody waits for it who could have been sent elsewhere, and until
// it ends the endpoint has no other.
constexpr std::chrono::seconds silence_in_trial{2};

// Whether an endpoint that sends nothing for so long is to blame, and not the asker who has no time.
bool is_fair(deadline d, milliseconds idle_timeout) {
    return d.left() >= std::min<steady_clock::duration>(std::chrono::seconds(1), idle_timeout);
}

} // namespace

// Manifests count, but wait for no blob: their time is short.
task<void> upstream_response::state::keep_pace(std::size_t bytes) {
    if (!pace)
        co_return;
    auto const wait = pace->take(bytes, steady_clock::now());
    if (waits_its_turn)
        co_await wait_for(wait);
}

void upstream_response::state::note_broken(bool fair) const {
    counters->errors.fetch_add(1, std::memory_order_relaxed);
    if (fair)
        account->failed();
}

upstream_response::upstream_response(std::unique_ptr<state> s) : state_(std::move(s)) {}
upstream_response::upstream_response(upstream_response&&) noexcept = default;
upstream_response& upstream_response::operator=(upstream_response&&) noexcept = default;
upstream_response::~upstream_response() = default;

unsigned upstream_response::status() const noexcept {
    return state_->last->status();
}
std::string_view upstream_response::endpoint() const noexcept {
    return state_->endpoint;
}

body_account_ptr const& upstream_response::account() const noexcept {
    return state_->account;
}

std::optional<std::uint64_t> upstream_response::content_length() const noexcept {
    return state_->last->content_length();
}

std::string_view upstream_response::header(std::string_view name) const noexcept {
    return state_->last->field(name);
}

task<result<std::size_t>> upstream_response::read_some(std::span<std::byte> to, deadline d) {
    auto& s = *state_;
    if (s.pace && s.waits_its_turn)
        to = to.first(std::min<std::size_t>(to.size(), s.pace->piece()));
    if (s.has_fallback && s.account->entered_as() == circuit_breaker::entry::probe)
        d = d.within(silence_in_trial);
    bool const fair = is_fair(d, s.idle_timeout);
    auto const asked = steady_clock::now();
    auto n = co_await s.last->read_some(to, d);
    if (n && *n > 0 && !s.rate.keeps_up(*n, steady_clock::now() - asked))
        n = upstream_error(504, "the body of " + s.endpoint + " comes too slowly");
    if (!n)
        s.note_broken(fair || n.error().status != 504);
    if (n)
        co_await s.keep_pace(*n);
    co_return n;
}

task<result<std::string>> upstream_response::read_all(std::size_t limit, deadline d) {
    auto& s = *state_;
    bool const fair = is_fair(d, s.idle_timeout);
    auto body = co_await s.last->read_all(limit, d);
    if (!body)
        s.note_broken(fair || body.error().status != 504);
    if (body)
        co_await s.keep_pace(body->size());
    co_return body;
}

} // namespace proxy
