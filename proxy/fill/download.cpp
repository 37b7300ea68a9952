#include "proxy/fill/download.h"

#include "proxy/fill/blob_request.h"

#include <spdlog/spdlog.h>

#include <array>
#include <vector>

namespace proxy {

namespace {

constexpr std::size_t chunk_size = 256 * 1024;
constexpr std::uint64_t max_unsized_body = 64ull << 30; // of an answer that does not say its length

// Appends chunks on the disk pool while the next is being read from the network: at most one append is under way, and
// the fill's watermark moves from the pool thread, without a detour through the event loop.
class appender {
public:
    appender(fill& f, store::blob_writer& writer, disk_pool& disk, std::optional<std::uint64_t> size)
        : fill_(f), writer_(writer), disk_(disk), size_(size), file_(writer.view()) {}

    // Waits for the append before, then starts this one. `data` must stay untouched until the next call returned.
    task<result<void>> append(std::span<std::byte const> data) {
        auto before = co_await settle();
        if (!before)
            co_return before.error();
        pending_ = true;
        net::post(disk_, [this, data] { run(data); });
        co_return result<void>();
    }

    // Waits until nothing is under way. Must be called before the appender, the writer or a buffer dies.
    task<result<void>> settle() {
        if (!pending_)
            co_return result<void>();
        auto seen = finished_.get();
        while (seen.value.count == settled_)
            seen = co_await finished_.changed(seen.version);
        settled_ = seen.value.count;
        pending_ = false;
        if (seen.value.failure)
            co_return *seen.value.failure;
        co_return result<void>();
    }

private:
    struct outcome_of_append {
        std::uint64_t count = 0;
        std::shared_ptr<error const> failure;
    };

    void run(std::span<std::byte const> data) {
        auto written = writer_.append(data);
        if (!written) {
            finished_.publish({++count_, std::make_shared<error const>(from_store(written.error()))});
            return;
        }
        announce(writer_.written());
        finished_.publish({++count_, nullptr});
    }

    // The end of the body is held back until the digest is known to match. A body of unknown length is not shown
    // at all before that: no exact Content-Length could be sent.
    void announce(std::uint64_t written) {
        if (!size_ || written >= *size_)
            return;
        fill_.state().publish({fill_stage::streaming, *size_, written, file_, nullptr});
    }

    fill& fill_;
    store::blob_writer& writer_;
    disk_pool& disk_;
    std::optional<std::uint64_t> size_;
    std::shared_ptr<store::blob_file const> file_;
    watch<outcome_of_append> finished_{outcome_of_append{}};
    std::uint64_t count_ = 0;   // pool side; one append at a time orders it
    std::uint64_t settled_ = 0; // loop side
    bool pending_ = false;
};

task<result<void>> copy_body(upstream_response& response, appender& out, std::optional<std::uint64_t> size,
                             std::chrono::milliseconds idle) {
    std::array<std::vector<std::byte>, 2> buffers{std::vector<std::byte>(chunk_size),
                                                  std::vector<std::byte>(chunk_size)};
    std::uint64_t const limit = size.value_or(max_unsized_body);
    std::uint64_t received = 0;
    std::optional<error> failure;
    for (std::size_t turn = 0;; turn ^= 1) {
        auto n = co_await response.read_some(buffers[turn], deadline::after(idle));
        if (!n)
            failure = n.error();
        else if (*n == 0)
            break;
        else if (received += *n; received > limit)
            failure = upstream_error(502, "upstream sent more than it announced");
        if (failure)
            break;
        std::span<std::byte const> const piece(buffers[turn].data(), *n);
        auto appended = co_await out.append(piece);
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

    appender out(*f, *writer, disk, *size);
    auto copied = co_await copy_body(*response, out, *size, source.from->config().idle_timeout);
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
