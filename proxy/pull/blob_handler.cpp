#include "proxy/pull/blob_handler.h"

#include "proxy/pull/access_check.h"
#include "proxy/pull/blob_answer.h"
#include "proxy/pull/conditional.h"
#include "proxy/pull/lookup.h"
#include "proxy/pull/multipart.h"
#include "store/hosted/hosted_repositories.h"

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
    if (parts_.ahead.may_matter(d) && x.req().is_get())
        parts_.ahead.blob_asked(t, d, x.req().header(http_field::user_agent));
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
            bool shown = is_shown(parts_, t, *known);
            if (!shown && *known && !t.is_guarded()) // what he may see elsewhere needs no question to upstream
                shown = co_await access_.is_lent(x.may, d);
            if (!shown) {
                auto proven = co_await access_.prove_stored(x.local().home, t, d, *known, **stored);
                if (!proven)
                    co_return proven.error();
                if (!*proven)
                    co_return co_await reply_past_store(x, t, d);
            }
            x.outcome = outcome::hit;
            co_return co_await reply_stored(x, d, *(*stored)->file,
                                            shown ? "layerd; hit" : "layerd; hit; detail=access-checked");
        }
        if (!t.from)
            co_return from_oci({oci::errc::blob_unknown, "no blob " + d.to_string() + " in " + t.name});
        if (matches_etag(x.req().header(http_field::if_none_match), d.to_string()))
            co_return co_await reply_unchanged(x, t, d, is_shown(parts_, t, *known));
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

task<result<void>> blob_handler::reply_stored(exchange& x, oci::digest const& d, store::blob_file const& file,
                                              std::string_view cache_status) {
    auto const name = d.to_string();
    auto const size = file.size();
    if (matches_etag(x.req().header(http_field::if_none_match), name))
        co_return co_await x.reply_empty(blob_head(x, 304, name, cache_status));
    auto part = wanted(x.req(), name, size);
    if (!part)
        co_return co_await x.reply_unsatisfiable(part.error(), size);
    if (!part->several.empty()) {
        auto send = [&](sender& to, oci::byte_range r) { return to.send_file(file, r.first, r.length()); };
        multipart_body body(std::move(part->several), size, send);
        auto const type = body.content_type();
        auto const head = blob_head(x, 206, name, cache_status, type);
        co_return co_await x.reply_stream(head, body.length(), body);
    }
    auto head = blob_head(x, part->status, name, cache_status);
    if (x.req().is_head())
        co_return co_await x.reply_length_only(head, size);
    if (size == 0)
        co_return co_await x.reply(head, {});
    if (part->status == 206)
        head.field("Content-Range", oci::content_range(part->part, size));
    co_return co_await x.reply_file(head, file, part->part);
}

// Who shows the digest has the content: nothing is downloaded to tell them that it is the same.
task<result<void>> blob_handler::reply_unchanged(exchange& x, repository_target const& t, oci::digest const& d,
                                                 bool shown) {
    if (!shown) {
        auto size = co_await access_.ask(x.local().home, t, d);
        if (!size)
            co_return size.error();
    }
    x.outcome = shown ? outcome::hit : outcome::miss;
    co_return co_await x.reply_empty(blob_head(x, 304, d.to_string(), shown ? "layerd; hit" : "layerd; fwd=miss"));
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

task<result<void>> blob_handler::reply_past_store(exchange& x, repository_target const& t, oci::digest const& d) {
    if (x.req().is_head())
        co_return co_await reply_head_of_missing(x, t, d);
    auto const size = co_await access_.ask(x.local().home, t, d);
    if (!size)
        co_return size.error();
    auto relayed = co_await relay_.reply(x, t, d, size->value_or(0), {});
    if (!relayed)
        co_return without_denial(relayed.error(), t, d);
    co_return result<void>();
}

task<result<bool>> blob_handler::reply_from_fill(exchange& x, repository_target const& t, oci::digest const& d,
                                                 link known) {
    fill_source source{t.from, t.repo, t.name, {}, store::object_kind::unknown, {}, t.by()};
    if (known) {
        if (known->size > 0)
            source.expected_size = known->size;
        source.kind = known->kind;
        source.media_type = known->media_type;
    }
    auto size_here = source.expected_size;
    auto joined = parts_.fills.join(x.local().home, d, std::move(source));
    // What is being fetched for another repository need not be in this one.
    bool const of_others = !joined.started && joined.fill->source().repository_name != t.name;
    bool const has_to_prove = of_others && !is_shown(parts_, t, known);
    if (has_to_prove && !co_await access_.is_word_enough(t, d)) { // there are no pieces to compare yet
        auto passed = co_await reply_past_store(x, t, d);
        if (!passed)
            co_return passed.error();
        co_return true;
    }
    if (has_to_prove) {
        auto const named = co_await access_.ask(x.local().home, t, d);
        if (!named)
            co_return named.error();
        if (!*named)
            co_return upstream_error(502, "upstream does not say how long the blob is");
        size_here = **named;
    }
    follower counted(*joined.fill);
    auto state = co_await head_of(x.local().home, joined.fill, t.until);
    if (!state) {
        // Somebody else's repository or login may be the one that upstream refused; ours has not been tried.
        auto const& tried = joined.fill->source();
        bool const not_ours =
            !joined.started && !t.until.passed() && (tried.repository_name != t.name || !is_same(tried.by.as, t.as));
        if (not_ours)
            co_return false;
        co_return without_denial(state.error(), t, d);
    }
    if (state->stage == fill_stage::superseded)
        co_return false;
    if (state->stage == fill_stage::unstored) {
        std::optional<upstream_response> opened;
        if (joined.started)
            opened.swap(joined.fill->opened);
        auto relayed = co_await relay_.reply(x, t, d, state->size, std::move(opened));
        if (!relayed)
            co_return without_denial(relayed.error(), t, d);
        co_return true;
    }
    // One of the two is a lie, and which one is not known before the digest.
    bool const is_claim = has_to_prove || state->stage == fill_stage::streaming;
    if (is_claim && size_here && *size_here != state->size)
        co_return upstream_error(502, "upstream names another size of this blob than it is sending");
    if (has_to_prove)
        co_await access_.note_proof(t, d, known, state->size);
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
    if (!part->several.empty()) {
        auto send = [&](sender& to, oci::byte_range r) { return to.send_fill(f, r.first, r.length()); };
        multipart_body body(std::move(part->several), state.size, send);
        auto const type = body.content_type();
        auto const head = blob_head(x, 206, name, status_line, type);
        co_return co_await x.reply_stream(head, body.length(), body);
    }
    auto head = blob_head(x, part->status, name, status_line);
    if (state.size == 0)
        co_return co_await x.reply(head, {});
    if (part->status == 206)
        head.field("Content-Range", oci::content_range(part->part, state.size));
    co_return co_await x.reply_fill(head, f, part->part);
}

error blob_handler::without_denial(error e, repository_target const& t, oci::digest const& d) const {
    if (!is_denial_of(parts_, t, e))
        return e;
    return blob_unknown(d);
}

} // namespace proxy
