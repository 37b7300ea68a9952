#include "proxy/hosted/upload_handler.h"

#include "oci/upload_range.h"
#include "proxy/hosted/push_error.h"
#include "proxy/pull/blob_access.h"

#include <spdlog/spdlog.h>

#include <algorithm>
#include <array>
#include <memory>

namespace proxy {

namespace {

constexpr std::size_t small_blob = disk_pipe::block_size / 4;

error upload_unknown(std::string_view id) {
    return from_oci({oci::errc::blob_upload_unknown, "no upload " + std::string(id) + " in this repository"});
}

error upload_busy() {
    auto e = from_oci({oci::errc::blob_upload_invalid, "another request is writing to this upload"});
    e.status = 409;
    return e;
}

// The digest that the client names in its query; missing is as wrong as malformed.
result<oci::digest> digest_in(oci::query const& q, std::string_view key) {
    auto const text = q.find(key);
    auto d = oci::digest::parse(text.value_or(std::string_view()));
    if (!d)
        return from_oci(d.error());
    return *d;
}

oci::algorithm hinted_algorithm(oci::query const& q) {
    return q.find("digest-algorithm") == "sha512" ? oci::algorithm::sha512 : oci::algorithm::sha256;
}

// Whether a session outlives a piece that failed so: the connection broke, say, or the file could not be opened now, of
// which nothing was written then.
bool goes_on_after(error const& e) {
    return e.source == error_source::client || e.over == limit::open_files;
}

std::string location_of(store::upload_session const& s) {
    return "/v2/" + s.repository() + "/blobs/uploads/" + s.id();
}

// A chunk must begin where the last one ended, and be as long as it says.
result<void> check_chunk(request const& r, std::optional<std::uint64_t> length, std::uint64_t received) {
    auto const field = r.header(http_field::content_range);
    if (field.empty())
        return {};
    auto const range = oci::parse_upload_range(field);
    if (!range)
        return from_oci(range.error());
    if (range->first != received)
        return from_oci({oci::errc::range_invalid, "the next byte of this upload is " + std::to_string(received)});
    if (length && *length != range->length())
        return from_oci({oci::errc::size_invalid, "the chunk is not as long as its Content-Range says"});
    return {};
}

} // namespace

result<upload_handler::session_ptr> upload_handler::find(repository_target const& t, std::string const& id) const {
    auto session = parts_.content.hosted().sessions().find(t.name, id);
    if (!session)
        return upload_unknown(id);
    return session;
}

result<upload_handler::claimed_session> upload_handler::claim(repository_target const& t, std::string const& id) const {
    auto session = find(t, id);
    if (!session)
        return session.error();
    auto held = (*session)->try_claim();
    if (!held)
        return upload_busy();
    return claimed_session{*std::move(session), std::move(held)};
}

task<result<void>> upload_handler::reply_session(exchange& x, unsigned status, store::upload_session const& s) {
    auto head = x.begin(status);
    head.field("Location", location_of(s));
    head.field("Range", oci::upload_range(s.received())).field("Docker-Upload-UUID", s.id());
    head.field("Cache-Status", "layerd; detail=local");
    if (status == 204)
        co_return co_await x.reply_empty(head);
    co_return co_await x.reply(head, {});
}

// Where to go on stands beside the error; the session is as it was.
task<result<void>> upload_handler::reply_out_of_order(exchange& x, store::upload_session const& s, error const& e) {
    x.outcome = outcome::error;
    auto head = x.begin(e.status);
    head.field("Location", location_of(s)).field("Range", oci::upload_range(s.received()));
    head.field("Content-Type", "application/json").field("Cache-Status", "layerd; detail=error");
    auto const body = oci::to_json({e.code, e.message});
    co_return co_await x.reply(head, body);
}

task<result<void>> upload_handler::reply_created(exchange& x, repository_target const& t, oci::digest const& d) {
    auto const name = d.to_string();
    auto head = x.begin(201);
    head.field("Location", "/v2/" + t.name + "/blobs/" + name).field("Docker-Content-Digest", name);
    head.field("Cache-Status", "layerd; detail=local");
    co_return co_await x.reply(head, {});
}

task<result<void>> upload_handler::start(exchange& x, oci::route const& r, repository_target const& t) {
    if (r.query.find("mount")) {
        auto d = digest_in(r.query, "mount");
        if (!d)
            co_return d.error();
        auto mounted = co_await mount(x, r, t, *d);
        if (!mounted)
            co_return mounted.error();
        if (*mounted)
            co_return co_await reply_created(x, t, *d);
    } else if (r.query.find("digest")) {
        auto d = digest_in(r.query, "digest");
        if (!d)
            co_return d.error();
        auto stored = co_await store_whole(x, t, *d);
        if (!stored)
            co_return stored.error();
        co_return co_await reply_created(x, t, *d);
    }
    co_return co_await open_session(x, r, t);
}

task<result<void>> upload_handler::open_session(exchange& x, oci::route const& r, repository_target const& t) {
    auto const& settings = parts_.settings.hosted;
    auto const user = x.may.user();
    store::uploads::owner const who{std::string(user.empty() ? x.from().client : user),
                                    settings.max_uploads_per_client};
    auto open = [&] { return parts_.content.hosted().sessions().start(t.name, hinted_algorithm(r.query), who); };
    auto session = co_await on_disk(parts_.disk, open);
    if (!session)
        co_return for_pusher(session.error());
    co_return co_await reply_session(x, 202, **session);
}

// `from` is named as clients would pull it: hosted here, or mirrored, whose layers then need not be uploaded. Who has
// the bytes may upload what nobody lends.
task<result<bool>> upload_handler::mount(exchange& x, oci::route const& r, repository_target const& t,
                                         oci::digest const& d) {
    std::optional<store::repository_name> from;
    auto const text = r.query.find("from");
    if (text) {
        auto repo = oci::repository::parse(*text);
        if (!repo)
            co_return false; // a name that nobody has
        auto source = parts_.upstreams.resolve({{}, *std::move(repo), {}, {}});
        if (!source)
            co_return false;
        from = source->name;
    }
    auto link = [&]() -> store::result<bool> {
        auto& content = parts_.content;
        if (from)
            return lends(parts_, x.may, *from, *text, d) ? content.hosted().mount(t.name, d, &*from) : false;
        auto const suits = [&](store::repository_name const& name) { return lends(parts_, x.may, name, name, d); };
        auto const holder = content.index().find_holder(d, suits);
        if (!holder)
            return holder.error();
        return *holder ? content.hosted().mount(t.name, d, &**holder) : false;
    };
    auto mounted = co_await on_disk(parts_.disk, link);
    if (!mounted)
        co_return for_pusher(mounted.error());
    co_return *mounted;
}

result<void> upload_handler::check_size(std::uint64_t size) const {
    auto const most = parts_.settings.hosted.max_blob_size;
    if (most == 0 || size <= most)
        return {};
    error e{oci::errc::size_invalid, error_source::client, retry_class::never, 413,
            "a blob of more than " + std::to_string(most) + " bytes is not taken here ([hosted] max_blob_size)"};
    e.over = limit::body_size;
    return e;
}

// The rest of the request's body, block by block, to `work` on the disk pool.
// `before`: bytes of the blob that are here already.
task<result<void>> upload_handler::receive(exchange& x, std::uint64_t before, disk_pipe::work work) {
    // Not initialized: of a body that comes by the byte they are not memory yet.
    std::array<std::unique_ptr<std::byte[]>, 2> const blocks{
        std::make_unique_for_overwrite<std::byte[]>(disk_pipe::block_size),
        std::make_unique_for_overwrite<std::byte[]>(disk_pipe::block_size)};
    disk_pipe out(parts_.disk, std::move(work));
    std::optional<error> failure;
    if (auto const fits = check_size(before + x.body().left().value_or(0)); !fits)
        failure = fits.error();
    for (std::size_t turn = 0; !failure; turn ^= 1) {
        std::span<std::byte> const room(blocks[turn].get(), disk_pipe::block_size);
        auto n = co_await x.body().read_some(room);
        if (!n) {
            failure = n.error();
            break;
        }
        if (*n == 0)
            break;
        before += *n;
        if (auto const fits = check_size(before); !fits) {
            failure = fits.error();
            break;
        }
        x.count_pushed(*n);
        std::span<std::byte const> const block(blocks[turn].get(), *n);
        auto put = co_await out.put(block);
        if (!put)
            failure = put.error();
    }
    auto last = co_await out.settle(); // before the blocks die, whatever happened
    if (failure)
        co_return for_pusher(*failure);
    if (!last)
        co_return for_pusher(last.error());
    co_return result<void>();
}

task<result<void>> upload_handler::store_small(exchange& x, repository_target const& t, oci::digest const& d,
                                               std::size_t size) {
    auto bytes = co_await x.body().read(size);
    if (!bytes)
        co_return bytes.error();
    x.count_pushed(bytes->size());
    auto put = [&] { return parts_.content.hosted().put_small_blob(t.name, d, *bytes); };
    auto stored = co_await on_disk(parts_.disk, put);
    if (!stored)
        co_return for_pusher(stored.error());
    co_return result<void>();
}

// All of the blob is in this request: its size and algorithm are known before its first byte.
task<result<void>> upload_handler::store_whole(exchange& x, repository_target const& t, oci::digest const& d) {
    auto const size = x.body().left();
    if (auto const fits = check_size(size.value_or(0)); !fits)
        co_return fits.error();
    if (size && *size <= small_blob)
        co_return co_await store_small(x, t, d, static_cast<std::size_t>(*size));
    auto& hosted = parts_.content.hosted();
    auto begin = [&] { return hosted.begin_blob(t.name, d.algo(), size); };
    auto begun = co_await on_disk(parts_.disk, begin);
    if (!begun)
        co_return for_pusher(begun.error());
    std::optional<store::incoming_blob> blob(*std::move(begun));
    auto append = [&](std::span<std::byte const> block) { return blob->append(block); };
    auto received = co_await receive(x, 0, append);
    x.await_work();
    auto end = [&] { // also of what is not kept: removing a large file takes its time
        auto stored = received ? hosted.put_blob(t.name, *blob, d) : store::result<void>();
        blob.reset();
        return stored;
    };
    auto stored = co_await on_disk(parts_.disk, end);
    if (!received)
        co_return received.error();
    if (!stored)
        co_return for_pusher(stored.error());
    co_return result<void>();
}

task<result<void>> upload_handler::status(exchange& x, repository_target const& t, std::string const& id) {
    auto session = find(t, id);
    if (!session)
        co_return session.error();
    co_return co_await reply_session(x, 204, **session);
}

task<result<void>> upload_handler::receive_piece(exchange& x, store::upload_session& s,
                                                 store::upload_session::claim& held) {
    auto checked = check_chunk(x.req(), x.body().left(), s.received());
    if (!checked)
        co_return checked.error();
    auto append = [&](std::span<std::byte const> block) { return held.append(block); };
    co_return co_await receive(x, s.received(), append);
}

task<void> upload_handler::end(store::upload_session& s, store::upload_session::claim held) {
    auto work = [&] { return parts_.content.hosted().sessions().end(s, std::move(held)); };
    auto done = co_await on_disk(parts_.disk, work);
    if (!done)
        spdlog::warn("upload {}: {}", s.id(), done.error().message);
}

task<result<void>> upload_handler::append(exchange& x, repository_target const& t, std::string const& id) {
    auto claimed = claim(t, id);
    if (!claimed)
        co_return claimed.error();
    auto& [session, held] = *claimed;
    auto received = co_await receive_piece(x, *session, *held);
    bool const goes_on = received || goes_on_after(received.error());
    if (!goes_on)
        co_await end(*session, std::move(*held)); // nothing can follow what could not be written
    held.reset();
    if (received)
        co_return co_await reply_session(x, 202, *session);
    if (received.error().status == 416)
        co_return co_await reply_out_of_order(x, *session, received.error());
    co_return received.error();
}

task<result<void>> upload_handler::commit(repository_target const& t, store::upload_session::claim& held,
                                          oci::digest const& d) {
    auto work = [&]() -> store::result<void> {
        auto writer = held.finished(d.algo());
        if (!writer)
            return writer.error();
        return parts_.content.hosted().put_blob(t.name, **writer, d);
    };
    auto stored = co_await on_disk(parts_.disk, work);
    if (!stored)
        co_return for_pusher(stored.error());
    co_return result<void>();
}

task<result<void>> upload_handler::finish(exchange& x, oci::route const& r, repository_target const& t,
                                          std::string const& id) {
    auto claimed = claim(t, id);
    if (!claimed)
        co_return claimed.error();
    auto d = digest_in(r.query, "digest");
    if (!d)
        co_return d.error();
    auto& [session, held] = *claimed;
    auto& s = *session;
    bool const whole = s.received() == 0 && x.req().header(http_field::content_range).empty();
    auto bytes = whole ? store_whole(x, t, *d) : receive_piece(x, s, *held);
    auto done = co_await std::move(bytes);
    bool const goes_on = !done && goes_on_after(done.error());
    if (done && !whole) {
        x.await_work();
        done = co_await commit(t, *held, *d);
    }
    if (!goes_on)
        co_await end(s, std::move(*held));
    held.reset();
    if (!done && done.error().status == 416)
        co_return co_await reply_out_of_order(x, s, done.error());
    if (!done)
        co_return done.error();
    co_return co_await reply_created(x, t, *d);
}

task<result<void>> upload_handler::cancel(exchange& x, repository_target const& t, std::string const& id) {
    auto claimed = claim(t, id);
    if (!claimed)
        co_return claimed.error();
    co_await end(*claimed->session, *std::move(claimed->held));
    auto head = x.begin(204);
    head.field("Cache-Status", "layerd; detail=local");
    co_return co_await x.reply_empty(head);
}

} // namespace proxy
