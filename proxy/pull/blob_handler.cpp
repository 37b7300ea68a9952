#include "proxy/pull/blob_handler.h"

#include "proxy/pull/blob_answer.h"
#include "proxy/pull/conditional.h"
#include "proxy/pull/lookup.h"
#include "store/hosted/hosted_repositories.h"

#include <spdlog/spdlog.h>

#include <ctime>

namespace proxy {

namespace {

class follower {
public:
    explicit follower(fill& f) : fill_(f) { fill_.followers.fetch_add(1, std::memory_order_relaxed); }
    ~follower() { fill_.followers.fetch_sub(1, std::memory_order_relaxed); }
    follower(follower const&) = delete;

private:
    fill& fill_;
};

} // namespace

task<result<blob_handler::opened>> blob_handler::open(oci::digest const& d) {
    auto find = [&](store::access a) { return parts_.content.open_blob(d, a); };
    auto found = co_await look_up(parts_.disk, find);
    if (!found)
        co_return from_store(found.error());
    co_return std::move(*found);
}

task<result<blob_handler::link>> blob_handler::find_link(repository_target const& t, oci::digest const& d) {
    auto find = [&](store::access a) { return parts_.content.index().find_link(t.name, d, a); };
    auto found = co_await look_up(parts_.disk, find);
    if (!found)
        co_return from_store(found.error());
    co_return std::move(*found);
}

task<result<void>> blob_handler::handle(exchange& x, repository_target const& t, oci::digest const& d) {
    x.content = content_class::blob;
    // Each turn after the first means that a fill of somebody else has just put the content into the store.
    for (int turn = 0; turn < 3; ++turn) {
        auto known = co_await find_link(t, d);
        if (!known)
            co_return known.error();
        if (!t.from && *known &&
            x.req().is_head()) { // a push will count on it: noted before what it is told is looked up
            parts_.content.hosted().rely_on(d);
            known = co_await find_link(t, d);
            if (!known)
                co_return known.error();
        }
        auto stored = co_await open(d);
        if (!stored)
            co_return stored.error();
        if (*stored) {
            if (!*known) {
                auto proven = co_await prove(x, t, d, (*stored)->info.size);
                if (!proven)
                    co_return proven.error();
            }
            x.outcome = outcome::hit;
            co_return co_await reply_stored(x, d, *(*stored)->file,
                                            *known ? "layerd; hit" : "layerd; hit; detail=access-checked");
        }
        if (!t.from)
            co_return from_oci({oci::errc::blob_unknown, "no blob " + d.to_string() + " in " + t.name});
        if (x.req().is_head())
            co_return co_await reply_head_of_missing(x, t, d);
        auto answered = co_await reply_from_fill(x, t, d, std::move(*known));
        if (!answered)
            co_return answered.error();
        if (*answered)
            co_return result<void>();
    }
    co_return upstream_error(503, "the blob comes and goes; try again");
}

// One upstream request shows that this repository has the blob too; from then on the link does.
task<result<void>> blob_handler::prove(exchange& x, repository_target const& t, oci::digest const& d,
                                       std::optional<std::uint64_t> known_size) {
    if (!t.from)
        co_return from_oci({oci::errc::blob_unknown, "no blob " + d.to_string() + " in " + t.name});
    auto size = co_await access_.ask(x.local().home, t, d);
    if (!size)
        co_return size.error();
    store::link const link{known_size.value_or(size->value_or(0)), {}, store::object_kind::unknown, std::time(nullptr)};
    auto put = [&] { return parts_.content.index().put_link(t.name, d, link); };
    auto linked = co_await on_disk(parts_.disk, put);
    if (!linked) // upstream has said so: what cannot be noted down is asked again next time
        spdlog::warn("{}: not linked to {}: {}", d.to_string(), t.name, linked.error().message);
    co_return result<void>();
}

task<result<void>> blob_handler::reply_stored(exchange& x, oci::digest const& d, store::blob_file const& file,
                                              std::string_view cache_status) {
    auto const name = d.to_string();
    auto const size = file.size();
    if (matches_etag(x.req().header(http_field::if_none_match), name))
        co_return co_await x.reply_empty(blob_head(x, 304, name, cache_status));
    auto part = wanted(x.req(), name, size);
    if (!part)
        co_return co_await x.reply_unsatisfiable(part.error(), size);
    auto head = blob_head(x, part->status, name, cache_status);
    if (x.req().is_head())
        co_return co_await x.reply_length_only(head, size);
    if (size == 0)
        co_return co_await x.reply(head, {});
    if (part->status == 206)
        head.field("Content-Range", oci::content_range(part->part, size));
    co_return co_await x.reply_file(head, file, part->part);
}

// A HEAD must not fetch gigabytes: upstream is asked the same.
task<result<void>> blob_handler::reply_head_of_missing(exchange& x, repository_target const& t, oci::digest const& d) {
    auto size = co_await access_.ask(x.local().home, t, d);
    if (!size)
        co_return size.error();
    x.outcome = outcome::miss;
    if (!*size)
        co_return upstream_error(502, "upstream does not say how long the blob is");
    co_return co_await x.reply_length_only(blob_head(x, 200, d.to_string(), "layerd; fwd=miss"), **size);
}

task<result<bool>> blob_handler::reply_from_fill(exchange& x, repository_target const& t, oci::digest const& d,
                                                 link known) {
    auto running = parts_.fills.find(d);
    bool const same_source = running && running->source().repository_name == t.name;
    if (running && !known && !same_source) {
        auto proven = co_await prove(x, t, d, {});
        if (!proven)
            co_return proven.error();
    }
    fill_source source{t.from, t.repo, t.name, {}, store::object_kind::unknown, {}};
    if (known) {
        if (known->size > 0)
            source.expected_size = known->size;
        source.kind = known->kind;
        source.media_type = known->media_type;
    }
    auto joined = parts_.fills.join(x.local().home, d, std::move(source));
    follower counted(*joined.fill);
    auto state = co_await joined.fill->head();
    if (!state) {
        // Somebody else's repository may be the one that upstream refused; ours has not been tried.
        bool const not_ours = !joined.started && joined.fill->source().repository_name != t.name;
        if (not_ours)
            co_return false;
        co_return without_denial(state.error(), d);
    }
    if (state->stage == fill_stage::superseded)
        co_return false;
    if (state->stage == fill_stage::unstored) {
        std::optional<upstream_response> opened;
        if (joined.started)
            opened.swap(joined.fill->opened);
        auto relayed = co_await relay_.reply(x, t, d, state->size, std::move(opened));
        if (!relayed)
            co_return without_denial(relayed.error(), d);
        co_return true;
    }
    x.outcome = joined.started ? outcome::miss : outcome::collapsed;
    auto sent = co_await follow(x, *joined.fill, std::move(*state), d);
    if (!sent)
        co_return sent.error();
    co_return true;
}

task<result<void>> blob_handler::follow(exchange& x, fill& f, fill_state state, oci::digest const& d) {
    auto const name = d.to_string();
    auto const status_line = x.outcome == outcome::miss ? "layerd; fwd=miss; stored" : "layerd; fwd=miss; collapsed";
    auto part = wanted(x.req(), name, state.size);
    if (!part)
        co_return co_await x.reply_unsatisfiable(part.error(), state.size);
    auto head = blob_head(x, part->status, name, status_line);
    if (state.size == 0)
        co_return co_await x.reply(head, {});
    if (part->status == 206)
        head.field("Content-Range", oci::content_range(part->part, state.size));
    co_return co_await x.reply_fill(head, f, part->part);
}

error blob_handler::without_denial(error e, oci::digest const& d) {
    if (e.source != error_source::upstream || e.code != oci::errc::denied)
        return e;
    return from_oci({oci::errc::blob_unknown, "upstream has no blob " + d.to_string() + " or refuses access to it"});
}

} // namespace proxy
