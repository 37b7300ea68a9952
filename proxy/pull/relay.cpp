#include "proxy/pull/relay.h"

#include "proxy/fill/blob_request.h"
#include "proxy/pull/relayed_source.h"

#include <spdlog/spdlog.h>

#include <array>
#include <span>
#include <vector>

namespace proxy {

namespace {

constexpr std::size_t block_size = 256 * 1024;     // of a body, read at once
constexpr std::uint64_t max_skipped = 1024 * 1024; // read and dropped rather than asked for anew
constexpr std::string_view cache_status = "layerd; fwd=miss";

// Who a body comes from, and what is said of it in the log.
struct relayed_blob {
    repository_target const& at;
    oci::digest const& digest;

    bool broken(std::string_view why) const {
        spdlog::warn("{} from {}: passing it through broke off: {}", digest.to_string(), at.name, why);
        return false;
    }
};

std::string_view as_text(std::span<std::byte const> bytes) {
    return {reinterpret_cast<char const*>(bytes.data()), bytes.size()};
}

// All of a blob, verified on its way.
class whole_body : public streamed_body {
public:
    whole_body(relayed_blob blob, relayed_source& from, std::optional<std::uint64_t> size, disk_pool& disk)
        : blob_(blob), from_(from), size_(size), disk_(disk), hash_(blob.digest.algo()) {}

    task<bool> send_to(sender& to) override {
        std::array<std::vector<std::byte>, 2> buffers{std::vector<std::byte>(block_size),
                                                      std::vector<std::byte>(block_size)};
        std::span<std::byte const> held;
        for (std::size_t turn = 0;; turn ^= 1) {
            to.await_source();
            auto n = co_await from_.read_some(buffers[turn]);
            if (!n)
                co_return blob_.broken(n.error().message);
            if (*n == 0)
                break;
            std::span<std::byte const> const piece(buffers[turn].data(), *n);
            if (!co_await take(piece))
                co_return false;
            if (!co_await send(to, held))
                co_return false;
            held = piece;
        }
        if (!co_await is_right())
            co_return false;
        if (!co_await send(to, held))
            co_return false;
        if (size_)
            co_return true;
        co_return co_await to.end_chunks();
    }

private:
    task<bool> take(std::span<std::byte const> piece) {
        received_ += piece.size();
        if (received_ > size_.value_or(max_unsized_body))
            co_return blob_.broken("upstream sent more than it announced");
        auto update = [&] {
            hash_.update(piece);
            return true;
        };
        co_return co_await on_disk(disk_, update);
    }

    task<bool> is_right() {
        if (size_ && received_ != *size_)
            co_return blob_.broken("upstream's body is shorter than announced");
        auto finish = [&] { return hash_.finish() == blob_.digest; };
        bool const right = co_await on_disk(disk_, finish);
        if (right) {
            from_.sources().were_right();
            co_return true;
        }
        from_.sources().were_wrong();
        spdlog::error("{} from {}: wrong bytes from upstream, broken off", blob_.digest.to_string(), blob_.at.name);
        co_return false;
    }

    task<bool> send(sender& to, std::span<std::byte const> piece) {
        if (size_)
            return to.send(as_text(piece), {});
        return to.send_chunk(as_text(piece));
    }

    relayed_blob const blob_;
    relayed_source& from_;
    std::optional<std::uint64_t> const size_;
    disk_pool& disk_;
    oci::hasher hash_;
    std::uint64_t received_ = 0;
};

// Part of a blob, as upstream sends it.
class part_body : public streamed_body {
public:
    part_body(relayed_blob blob, relayed_source& from, std::uint64_t skipped, std::uint64_t length)
        : blob_(blob), from_(from), skipped_(skipped), left_(length) {}

    task<bool> send_to(sender& to) override {
        std::vector<std::byte> buffer(block_size);
        while (left_ > 0) {
            to.await_source();
            auto n = co_await from_.read_some(buffer);
            if (!n)
                co_return blob_.broken(n.error().message);
            if (*n == 0)
                co_return blob_.broken("upstream's body is shorter than announced");
            auto const before = std::min<std::uint64_t>(*n, skipped_);
            auto const length = std::min<std::uint64_t>(*n - before, left_);
            skipped_ -= before;
            left_ -= length;
            std::span<std::byte const> const piece(buffer.data() + before, length);
            if (!co_await to.send(as_text(piece), {}))
                co_return false;
        }
        co_return true;
    }

private:
    relayed_blob const blob_;
    relayed_source& from_;
    std::uint64_t skipped_;
    std::uint64_t left_;
};

// Where in the blob the answer's body begins, if the answer is about a blob of this size at all.
result<std::uint64_t> start_of(upstream_response const& answer, body_sources& sources, std::uint64_t size) {
    if (answer.status() == 200) {
        auto agreed = agreed_size(answer, sources, size);
        if (!agreed)
            return agreed.error();
        return std::uint64_t{0};
    }
    auto const range = oci::parse_content_range(answer.header("Content-Range"));
    if (!range || (range->total != 0 && range->total != size))
        return sources.lied(answer, "upstream's length of the blob is not the one its manifest names");
    return range->range.first;
}

} // namespace

task<result<void>> relay::reply(exchange& x, repository_target const& t, oci::digest const& d, std::uint64_t size,
                                std::optional<upstream_response> opened) {
    auto const place = co_await running_->enter(x.local().home, t.client, deadline::after({}));
    if (!place)
        co_return overloaded("too much is served past the store, which has no room", limit::relays);
    co_return co_await admitted(x, t, d, size, std::move(opened));
}

task<result<void>> relay::admitted(exchange& x, repository_target const& t, oci::digest const& d, std::uint64_t size,
                                   std::optional<upstream_response> opened) {
    x.outcome = outcome::miss;
    if (size == 0) // a range of it cannot be told
        co_return co_await reply_whole(x, t, d, {}, std::move(opened));
    auto asked = wanted(x.req(), d.to_string(), size);
    if (!asked)
        co_return co_await x.reply_unsatisfiable(asked.error(), size);
    if (!asked->several.empty()) // the whole will do (RFC 9110 §15.3.7)
        asked->status = 200;
    if (asked->part.length() == size)
        co_return co_await reply_whole(x, t, d, *asked, std::move(opened));
    co_return co_await reply_part(x, t, d, size, asked->part, std::move(opened));
}

task<result<void>> relay::reply_whole(exchange& x, repository_target const& t, oci::digest const& d,
                                      std::optional<wanted_part> all, opened_answer opened) {
    auto const by = t.by();
    body_sources sources(t.from->config().endpoints.size());
    std::optional<std::uint64_t> expected;
    if (all)
        expected = all->part.length();
    result<std::optional<std::uint64_t>> length = expected;
    do {
        if (!opened) {
            auto got = co_await get_blob(x.local().home, *t.from, t.repo, d, by, sources, t.until, {});
            if (!got)
                co_return got.error();
            opened.emplace(std::move(*got));
        }
        length = agreed_size(*opened, sources, expected);
        if (!length)
            opened.reset();
    } while (!length && sources.turn_to_another());
    if (!length)
        co_return length.error();
    if (*length && **length == 0) // would be complete before anything is verified
        length->reset();
    if (!*length && !x.req().takes_chunks())
        co_return from_store({store::errc::no_space, "of unknown length, for a client that takes no chunks"});
    x.unstored = true;
    relayed_source source(x.local().home, t, d, sources, *length, std::move(*opened), 0);
    whole_body body(relayed_blob{t, d}, source, *length, disk_);
    auto head = blob_head(x, all ? all->status : 200, d.to_string(), cache_status);
    if (head.status() == 206)
        head.field("Content-Range", oci::content_range(all->part, all->part.length()));
    co_return co_await x.reply_stream(head, *length, body);
}

task<result<void>> relay::reply_part(exchange& x, repository_target const& t, oci::digest const& d, std::uint64_t size,
                                     oci::byte_range part, opened_answer opened) {
    if (opened && part.first > max_skipped)
        opened.reset();
    auto const by = t.by();
    body_sources sources(t.from->config().endpoints.size());
    result<std::uint64_t> start = std::uint64_t{0};
    do {
        if (!opened) {
            auto got = co_await get_blob(x.local().home, *t.from, t.repo, d, by, sources, t.until, part.first);
            if (!got)
                co_return got.error();
            opened.emplace(std::move(*got));
        }
        start = start_of(*opened, sources, size);
        if (!start)
            opened.reset();
    } while (!start && sources.turn_to_another());
    if (!start)
        co_return start.error();
    x.unstored = true;
    relayed_source source(x.local().home, t, d, sources, size, std::move(*opened), *start);
    part_body body(relayed_blob{t, d}, source, part.first - *start, part.length());
    auto head = blob_head(x, 206, d.to_string(), cache_status);
    head.field("Content-Range", oci::content_range(part, size));
    co_return co_await x.reply_stream(head, part.length(), body);
}

} // namespace proxy
