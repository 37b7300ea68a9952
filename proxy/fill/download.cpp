#include "proxy/fill/download.h"

#include "proxy/fill/blob_request.h"
#include "proxy/fill/retry_budget.h"
#include "proxy/runtime/disk_pipe.h"

#include <spdlog/spdlog.h>

#include <algorithm>
#include <array>
#include <random>
#include <vector>

namespace proxy {

namespace {

// What the pool does with a block: appends it, and moves the fill's watermark from there, without a detour through the
// event loop. The end of the body is held back until the digest is known to match. A body of unknown length is not
// shown at all before that: no exact Content-Length could be sent.
disk_pipe::work appender(fill& f, store::blob_writer& writer, std::optional<std::uint64_t> size) {
    return [&f, &writer, size, file = writer.view()](std::span<std::byte const> block) -> store::result<void> {
        if (auto appended = writer.append(block); !appended)
            return appended;
        if (size && writer.written() < *size)
            f.state().publish({fill_stage::streaming, *size, writer.written(), file, nullptr});
        return {};
    };
}

// From the byte `received` on.
task<result<void>> copy_body(upstream_response& response, disk_pipe& out, std::uint64_t received,
                             std::optional<std::uint64_t> size, std::chrono::milliseconds idle) {
    std::array<std::vector<std::byte>, 2> buffers{std::vector<std::byte>(disk_pipe::block_size),
                                                  std::vector<std::byte>(disk_pipe::block_size)};
    std::uint64_t const limit = size.value_or(max_unsized_body);
    std::optional<error> failure;
    for (std::size_t turn = 0;; turn ^= 1) {
        auto n = co_await response.read_some(buffers[turn], deadline::after(idle));
        if (!n)
            failure = n.error();
        else if (*n == 0)
            break;
        else if (received += *n; received > limit)
            failure = upstream_error(502, "upstream sent more than it announced", retry_class::never);
        if (failure)
            break;
        std::span<std::byte const> const piece(buffers[turn].data(), *n);
        auto appended = co_await out.put(piece);
        if (!appended)
            failure = appended.error();
        if (failure)
            break;
    }
    auto last = co_await out.settle(); // before the buffers die, whatever happened
    if (failure)
        co_return *failure;
    co_return last;
}

task<result<void>> skip(upstream_response& response, std::uint64_t bytes, std::chrono::milliseconds idle) {
    std::vector<std::byte> buffer(disk_pipe::block_size);
    while (bytes > 0) {
        std::span<std::byte> const room(buffer.data(), std::min<std::uint64_t>(bytes, buffer.size()));
        auto n = co_await response.read_some(room, deadline::after(idle));
        if (!n)
            co_return n.error();
        if (*n == 0)
            co_return upstream_error(502, "upstream's body is shorter than announced");
        bytes -= *n;
    }
    co_return result<void>();
}

// Upstream's answer from the byte `first` on, at whichever endpoint, with a redirect and a token of its own. One that
// sends all of it again is read up to there. That it is the same body is for the digest to tell.
task<result<upstream_response>> reopen(worker& w, fill const& f, std::uint64_t first, std::uint64_t size) {
    auto const& from = f.source();
    auto response = co_await get_blob(w, *from.from, from.repo, f.digest(), first);
    if (!response)
        co_return response.error();
    bool const whole = response->status() == 200;
    auto const length = response->content_length();
    if (length && *length != (whole ? size : size - first))
        co_return upstream_error(502, "upstream has another blob than it began to send", retry_class::never);
    if (whole) {
        auto skipped = co_await skip(*response, first, from.from->config().idle_timeout);
        if (!skipped)
            co_return skipped.error();
    }
    co_return response;
}

bool may_go_on(error const& e) {
    return e.source == error_source::upstream && e.code == oci::errc::unavailable && e.retry != retry_class::never;
}

// A random number from 0 to 1.
double spread() {
    thread_local std::minstd_rand random(std::random_device{}());
    return std::generate_canonical<double, 24>(random);
}

task<void> wait_for(worker& w, std::chrono::milliseconds time) {
    steady_timer timer(w.executor(), time);
    error_code ec;
    co_await timer.async_wait(net::redirect_error(use_task, ec));
}

// The whole body, over as many connections as it takes. Where the length is unknown nobody could tell what is missing,
// and there is but one.
task<result<void>> receive(worker& w, fill const& f, upstream_response first, disk_pipe& out,
                           store::blob_writer const& writer, std::optional<std::uint64_t> size) {
    auto const idle = f.source().from->config().idle_timeout;
    retry_budget budget;
    auto response = result<upstream_response>(std::move(first));
    for (;;) {
        result<void> copied;
        if (!response)
            copied = response.error();
        else
            copied = co_await copy_body(*response, out, writer.written(), size, idle);
        if (copied || !size || !may_go_on(copied.error()))
            co_return copied;
        auto const received = writer.written();
        auto const wait = budget.next(received, spread());
        if (!wait)
            co_return copied;
        spdlog::info("{} from {}: going on at byte {} of {}: {}", f.digest().to_string(), f.source().repository_name,
                     received, *size, copied.error().message);
        if (wait->count() > 0)
            co_await wait_for(w, *wait);
        response = co_await reopen(w, f, received, *size);
    }
}

// The end of a fill whose content has no place: said once, and left to the clients.
fill_state without_room(fill const& f, std::optional<std::uint64_t> size, std::string_view why) {
    spdlog::warn("{} from {}: passed through without being stored, there is no room for it: {}", f.digest().to_string(),
                 f.source().repository_name, why);
    return {fill_stage::unstored, size.value_or(0), 0, nullptr, nullptr};
}

// Compares the digest and makes the content visible in the store; blocks.
store::result<store::object> finish(store::blob_writer& writer, fill const& f) {
    if (writer.finish() != f.digest())
        return store::error{store::errc::digest_mismatch, "upstream's bytes have another digest"};
    return writer.commit(f.digest(), {f.source().kind, store::object_origin::pull, {}});
}

} // namespace

task<result<fill_state>> download(worker& w, std::shared_ptr<fill> f, store::content_store& content, disk_pool& disk) {
    auto const& source = f->source();
    auto response = co_await get_blob(w, *source.from, source.repo, f->digest(), {});
    if (!response)
        co_return response.error();
    auto size = agreed_size(*response, source.expected_size);
    if (!size)
        co_return size.error();

    auto begin = [&] { return content.begin(f->digest().algo(), *size); };
    auto writer = co_await on_disk(disk, begin);
    if (!writer && writer.error().code == store::errc::no_space) {
        f->opened.emplace(std::move(*response));
        co_return without_room(*f, *size, writer.error().message);
    }
    if (!writer)
        co_return from_store(writer.error());
    if (*size && **size > 0) // an empty answer would be complete before anything is verified
        f->state().publish({fill_stage::streaming, **size, 0, writer->view(), nullptr});

    disk_pipe out(disk, appender(*f, *writer, *size));
    auto copied = co_await receive(w, *f, std::move(*response), out, *writer, *size);
    if (!copied && !*size && is_no_room(copied.error())) // nobody has seen any of it
        co_return without_room(*f, *size, copied.error().detail);
    if (!copied)
        co_return copied.error();

    auto const total = writer->written();
    auto const file = writer->view();
    if (*size && total != **size)
        co_return upstream_error(502, "upstream's body is shorter than announced");
    auto end = [&] { return finish(*writer, *f); };
    auto stored = co_await on_disk(disk, end);
    if (!stored && stored.error().code == store::errc::digest_mismatch) {
        spdlog::error("{} from {}: wrong bytes from upstream, discarded", f->digest().to_string(),
                      source.repository_name);
        co_return upstream_error(502, stored.error().message);
    }
    if (!stored)
        spdlog::warn("{}: not kept: {}", f->digest().to_string(), stored.error().message);
    co_return fill_state{fill_stage::done, total, total, file, nullptr};
}

} // namespace proxy
