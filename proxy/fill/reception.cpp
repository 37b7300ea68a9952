#include "proxy/fill/reception.h"

#include "proxy/fill/blob_request.h"

#include <spdlog/spdlog.h>

#include <algorithm>
#include <span>
#include <utility>

namespace proxy {

namespace {

constexpr std::uint64_t taken_in_at_once = 1024 * 1024; // a thread of the pool is busy with it for a millisecond

error abandoned() {
    return internal_error("nobody waits for it any more");
}

} // namespace

reception::reception(worker& w, disk_pool& disk, fill& f, body_sources& sources, store::blob_writer& writer,
                     std::optional<std::uint64_t> size, std::shared_ptr<side_fetches> sides)
    : worker_(w), fill_(f), sources_(sources), writer_(writer), size_(size), sides_(std::move(sides)),
      file_(writer.view()), disk_(disk),
      out_(disk, [this](std::span<std::byte const> block) { return append(block); }) {
    for (auto& b : buffers_)
        b.resize(disk_pipe::block_size);
}

// What the pool does with a block: appends it, and moves the fill's watermark from there, without a detour through the
// event loop.
store::result<void> reception::append(std::span<std::byte const> block) {
    auto appended = writer_.append(block);
    if (appended)
        show();
    return appended;
}

// The end of the body is held back until the digest is known to match. A body of unknown length is not shown at all
// before that: no exact Content-Length could be sent.
void reception::show() {
    if (size_ && *size_ > shown_when_right && writer_.written() < *size_)
        fill_.state().publish({fill_stage::streaming, *size_, writer_.written(), file_, nullptr});
}

task<result<void>> reception::run(upstream_response first, std::uint64_t ahead, std::optional<pace> speed) {
    own_.emplace(std::move(first));
    own_ahead_ = ahead;
    own_end_ = size_.value_or(max_unsized_body);
    speed_ = speed;
    if (!size_)
        co_return co_await copy(max_unsized_body);
    retry_budget budget;
    while (writer_.written() < *size_) {
        auto done = co_await step();
        if (fill_.is_abandoned() && writer_.written() < *size_)
            co_return abandoned();
        if (done)
            continue;
        own_.reset();
        if (!may_go_on(done.error()) && !sources_.turn_to_another())
            co_return done;
        auto const received = writer_.written();
        bool const again = co_await wait_to_go_on(worker_, budget, received);
        if (!again)
            co_return done;
        spdlog::info("{} from {}: going on at byte {} of {}: {}", fill_.digest().to_string(),
                     fill_.source().repository_name, received, *size_, done.error().message);
    }
    co_return co_await check_end();
}

task<result<void>> reception::step() {
    auto const at = writer_.written();
    if (!sides_)
        co_return co_await fetch(*size_ - at);
    auto& parts = sides_->parts();
    auto const seen = parts.progress().get();
    auto const next = parts.next(at, own_.has_value());
    switch (next.what) {
    case windows::next_step::fetch:
        co_return co_await fetch(next.bytes);
    case windows::next_step::take_in:
        give_up_own();
        co_return co_await take_in(std::min(next.bytes, taken_in_at_once));
    case windows::next_step::wait:
        break;
    }
    give_up_own();
    co_await parts.progress().changed(seen.version);
    co_return result<void>();
}

// Another connection may come in its place.
void reception::give_up_own() {
    if (!own_)
        return;
    own_.reset();
    sides_->note_own(false);
    sides_->start();
}

task<result<void>> reception::take_in(std::uint64_t bytes) {
    auto work = [&]() -> store::result<void> {
        auto taken = writer_.take_in(bytes);
        if (taken)
            show();
        return taken;
    };
    auto taken = co_await on_disk(disk_, work);
    if (!taken)
        co_return from_store(taken.error());
    co_return result<void>();
}

task<result<void>> reception::fetch(std::uint64_t bytes) {
    if (!own_) {
        auto opened = co_await open();
        if (!opened)
            co_return opened;
    }
    if (auto const ahead = std::exchange(own_ahead_, 0); ahead > 0) {
        auto skipped = co_await skip(*own_, sources_, ahead, fill_.source().from->config().idle_timeout);
        if (!skipped)
            co_return skipped;
    }
    auto copied = co_await copy(bytes);
    if (writer_.written() == own_end_ && own_end_ != size_)
        own_.reset();
    co_return copied;
}

// From where the writer stands, up to what somebody else brings.
task<result<void>> reception::open() {
    auto const first = writer_.written();
    if (sides_)
        sides_->note_own(true);
    own_end_ = sides_ ? sides_->parts().free_until(first) : *size_;
    auto const& source = fill_.source();
    auto const until = deadline::after(source.from->config().first_byte_timeout);
    auto part = co_await open_part(worker_, *source.from, source.repo, fill_.digest(), source.by, sources_, until,
                                   first, own_end_, *size_);
    if (!part)
        co_return part.error();
    own_.emplace(std::move(part->body));
    own_ahead_ = part->ahead;
    if (!part->to_the_end)
        co_return result<void>();
    own_end_ = *size_;
    if (sides_)
        sides_->stop();
    co_return result<void>();
}

// So many bytes of the own connection, or all that come if nobody has said how many there are.
task<result<void>> reception::copy(std::uint64_t bytes) {
    auto const idle = fill_.source().from->config().idle_timeout;
    auto const from_here = size_.value_or(0) - writer_.written();
    auto left = bytes;
    std::optional<error> failure;
    for (std::size_t turn = 0; left > 0 && !failure; turn ^= 1) {
        auto const room = std::span(buffers_[turn]).first(std::min<std::uint64_t>(left, buffers_[turn].size()));
        auto n = co_await own_->read_some(room, deadline::after(idle));
        if (!n) {
            sources_.broke(*own_);
            failure = n.error();
        } else if (fill_.is_abandoned()) {
            failure = abandoned();
        } else if (*n == 0) {
            if (size_)
                failure = sources_.lied(*own_, "upstream's body is shorter than announced");
            break;
        } else {
            sources_.took(*own_);
            left -= *n;
            if (speed_ && speed_->is_slow(*n, room.size(), from_here - (bytes - left), range_rule::clock::now()))
                get_help();
            auto appended = co_await out_.put(room.first(*n));
            if (!appended)
                failure = appended.error();
        }
    }
    auto last = co_await out_.settle(); // whatever happened: the buffers are filled anew
    if (failure)
        co_return *failure;
    if (!size_ && left == 0)
        co_return sources_.lied(*own_, "upstream's body has no end");
    co_return last;
}

void reception::get_help() {
    speed_.reset();
    sides_->parts().spread();
    sides_->start();
}

// A body that is longer than was announced is another blob's.
task<result<void>> reception::check_end() {
    if (!own_ || own_end_ != *size_)
        co_return result<void>();
    auto const idle = fill_.source().from->config().idle_timeout;
    auto n = co_await own_->read_some(std::span(buffers_[0]), deadline::after(idle));
    if (n && *n > 0)
        co_return sources_.lied(*own_, "upstream sent more than it announced");
    co_return result<void>();
}

} // namespace proxy
