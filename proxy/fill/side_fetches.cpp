#include "proxy/fill/side_fetches.h"

#include "oci/byte_range.h"
#include "proxy/fill/blob_request.h"
#include "proxy/fill/going_on.h"
#include "proxy/runtime/spawn.h"

#include <spdlog/spdlog.h>

#include <algorithm>
#include <span>
#include <vector>

namespace proxy {

namespace {

constexpr std::size_t block_size = 256 * 1024; // read at once

// Whether the answer is about these bytes of a blob of this size, and nothing else.
bool is_part(upstream_response const& answer, oci::byte_range const& part, std::uint64_t size) {
    if (answer.status() != 206)
        return false;
    auto const told = oci::parse_content_range(answer.header("Content-Range"));
    bool const same_blob = told && (told->total == 0 || told->total == size);
    return same_blob && told->range == part && answer.content_length().value_or(part.length()) == part.length();
}

} // namespace

side_fetches::side_fetches(subject s, std::shared_ptr<body_sources> sources, std::shared_ptr<store::side_writer> to,
                           std::uint64_t window, std::atomic<unsigned>& running)
    : of_(std::move(s)), sources_(std::move(sources)), to_(std::move(to)), parts_(of_.size, window), running_(running) {
}

bool side_fetches::enter() noexcept {
    auto const most = of_.from.config().parallel_ranges - (own_ ? 1 : 0);
    if (here_.fetch_add(1) < most) {
        if (running_.fetch_add(1) < all_max)
            return true;
        running_.fetch_sub(1);
    }
    here_.fetch_sub(1);
    return false;
}

void side_fetches::leave() noexcept {
    here_.fetch_sub(1);
    running_.fetch_sub(1);
}

void side_fetches::start() {
    while (parts_.anything_to_claim() && enter())
        spawn(of_.on.executor(), "part of a fill", [self = shared_from_this()] { return self->run(); });
}

task<void> side_fetches::run() {
    bool well = true;
    while (well) {
        auto const mine = parts_.claim();
        if (!mine)
            break;
        try {
            well = co_await bring(*mine);
        } catch (std::exception const& e) { // the fill must not wait for it for ever
            spdlog::error("part of a fill: {}", e.what());
            well = false;
        }
        if (!well)
            parts_.give_up(mine->index);
    }
    leave();
    if (!well)
        parts_.stop();
    start(); // what was asked for while this was on its way out
}

// False: it did not come, and neither would another.
task<bool> side_fetches::bring(windows::window w) {
    retry_budget budget;
    auto at = w.first;
    for (;;) {
        auto got = co_await copy(w, at);
        if (got)
            co_return true;
        auto const& e = got.error();
        spdlog::info("{} from {}: bytes {} to {}: {}", of_.digest.to_string(), of_.from.config().name, at, w.end,
                     e.message);
        if (!may_go_on(e) && !sources_->turn_to_another())
            co_return false;
        bool const again = co_await wait_to_go_on(of_.on, budget, at - w.first);
        if (!again)
            co_return false;
    }
}

// From `at` on, which moves with what has come. False: nobody wants it any more.
task<result<bool>> side_fetches::copy(windows::window w, std::uint64_t& at) {
    auto const until = deadline::after(of_.from.config().first_byte_timeout);
    auto response = co_await get_blob(of_.on, of_.from, of_.repo, of_.digest, of_.by, *sources_, until, at, w.end - 1);
    if (!response)
        co_return response.error();
    if (!is_part(*response, {at, w.end - 1}, of_.size))
        co_return upstream_error(502, "upstream does not give parts of it", retry_class::never);
    std::vector<std::byte> buffer(std::min<std::uint64_t>(block_size, w.end - at));
    while (at < w.end) {
        auto const room = std::span(buffer).first(std::min<std::uint64_t>(buffer.size(), w.end - at));
        auto n = co_await response->read_some(room, deadline::after(of_.from.config().idle_timeout));
        if (!n) {
            sources_->broke(*response);
            co_return n.error();
        }
        if (*n == 0)
            co_return sources_->lied(*response, "upstream's part is shorter than announced");
        if (!parts_.begin_write(w.index))
            co_return false;
        sources_->took(*response);
        auto const piece = room.first(*n);
        auto write = [&] { return to_->write(at, piece); };
        auto written = co_await on_disk(of_.disk, write);
        if (!written)
            co_return from_store(written.error());
        if (!*written)
            co_return false;
        parts_.end_write(w.index, *n);
        at += *n;
    }
    co_return true;
}

} // namespace proxy
