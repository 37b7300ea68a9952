#include "proxy/fill/download.h"

#include "proxy/fill/blob_request.h"
#include "proxy/fill/reception.h"

#include <spdlog/spdlog.h>

namespace proxy {

namespace {

// The end of a fill whose content has no place: said once, and left to the clients.
fill_state without_room(fill const& f, std::optional<std::uint64_t> size, std::string_view why) {
    spdlog::warn("{} from {}: passed through without being stored, there is no room for it: {}", f.digest().to_string(),
                 f.source().repository_name, why);
    return {fill_stage::unstored, size.value_or(0), 0, nullptr, nullptr};
}

// Of a blob of more than one window.
std::shared_ptr<side_fetches> sides_of(worker& w, fill const& f, std::shared_ptr<body_sources> const& sources,
                                       store::blob_writer& writer, std::uint64_t size, fill_means const& means) {
    auto const& source = f.source();
    if (size <= means.ranges.window || source.from->config().parallel_ranges < 2 || sources->is_alone())
        return nullptr;
    side_fetches::subject of{w, means.disk, *source.from, source.repo, f.digest(), source.by, size};
    return std::make_shared<side_fetches>(std::move(of), sources, writer.side(), means.ranges.window,
                                          means.side_connections);
}

// Compares the digest and makes the content visible in the store; blocks.
store::result<store::object> finish(store::blob_writer& writer, fill const& f) {
    if (writer.finish() != f.digest())
        return store::error{store::errc::digest_mismatch, "upstream's bytes have another digest"};
    return writer.commit(f.digest(), {f.source().kind, store::object_origin::pull, {}});
}

// What a fill begins with: where the bytes go, and upstream's answer, whose body begins where the writer stands, or
// `ahead` bytes before that.
struct beginning {
    upstream_response answer;
    std::optional<store::blob_writer> writer; // none: there is no room
    std::optional<std::uint64_t> size;
    store::error no_room{};
    std::uint64_t ahead = 0;
};

class download_of {
public:
    download_of(worker& w, fill& f, fill_means const& means)
        : worker_(w), fill_(f), means_(means),
          sources_(std::make_shared<body_sources>(f.source().from->config().endpoints.size(),
                                                  means.doubts.of(*f.source().from, f.digest()))),
          until_(deadline::after(f.source().from->config().first_byte_timeout)) {}

    task<result<fill_state>> run();

private:
    task<result<fill_state>> once();
    bool may_start_anew();
    void remember_doubt();
    task<result<beginning>> begin();
    task<result<beginning>> begin_anew();
    task<result<std::optional<beginning>>> go_on();
    task<void> keep(store::blob_writer writer);
    task<void> drop(std::optional<store::blob_writer>& writer);
    task<result<fill_state>> end(std::optional<store::blob_writer>& begun);
    std::optional<std::uint64_t> expected_size() const { return promised_ ? promised_ : fill_.source().expected_size; }

    worker& worker_;
    fill& fill_;
    fill_means const& means_;
    std::shared_ptr<body_sources> const sources_;
    std::optional<std::uint64_t> promised_; // the size that followers were told
    deadline until_;                        // for upstream's first answer, wherever the download begins
};

task<result<beginning>> download_of::begin() {
    if (sources_->is_alone()) // nobody knows any more who sent what was kept
        co_return co_await begin_anew();
    auto kept = co_await go_on();
    if (!kept)
        co_return kept.error();
    if (*kept)
        co_return std::move(**kept);
    co_return co_await begin_anew();
}

// With what an earlier fill from this upstream has left, if there is any and it fits what upstream has now.
task<result<std::optional<beginning>>> download_of::go_on() {
    auto const& source = fill_.source();
    auto take = [&] { return means_.kept.take(fill_.digest(), source.from->config().name, source.expected_size); };
    auto kept = co_await on_disk(means_.disk, take);
    if (!kept)
        co_return std::optional<beginning>();
    auto const size = *kept->announced();
    auto const first = kept->written();
    auto part = co_await open_part(worker_, *source.from, source.repo, fill_.digest(), source.by, *sources_, until_,
                                   first, size, size);
    while (!part && sources_->turn_to_another())
        part = co_await open_part(worker_, *source.from, source.repo, fill_.digest(), source.by, *sources_, until_,
                                  first, size, size);
    // That this repository has it not says nothing of the one it was begun for.
    bool const is_elsewhere = !part && part.error().code == oci::errc::blob_unknown;
    if (!part && (is_elsewhere || part.error().retry != retry_class::never)) {
        co_await keep(*std::move(kept));
        co_return part.error();
    }
    if (!part) {
        co_await drop(kept);
        co_return std::optional<beginning>();
    }
    sources_->took_unknown();
    spdlog::info("{} from {}: going on at byte {} of {}, where it broke off before", fill_.digest().to_string(),
                 source.repository_name, first, size);
    std::optional<beginning> out(beginning{std::move(part->body), std::move(kept), size, {}, part->ahead});
    co_return out;
}

task<result<beginning>> download_of::begin_anew() {
    auto const& source = fill_.source();
    auto response =
        co_await get_blob(worker_, *source.from, source.repo, fill_.digest(), source.by, *sources_, until_, {});
    if (!response)
        co_return response.error();
    auto size = agreed_size(*response, *sources_, expected_size());
    if (!size)
        co_return size.error();
    auto make = [&] { return means_.content.begin(fill_.digest().algo(), *size); };
    auto writer = co_await on_disk(means_.disk, make);
    if (!writer && writer.error().code != store::errc::no_space)
        co_return from_store(writer.error());
    beginning out{std::move(*response), {}, *size};
    if (writer)
        out.writer.emplace(std::move(*writer));
    else
        out.no_room = writer.error();
    co_return out;
}

task<result<fill_state>> download_of::run() {
    for (;;) {
        auto got = co_await once();
        if (got)
            co_return got;
        if (!may_start_anew()) {
            remember_doubt();
            co_return got;
        }
        spdlog::info("{} from {}: from another endpoint: {}", fill_.digest().to_string(),
                     fill_.source().repository_name, got.error().message);
        if (promised_) // nobody waits for the head any more
            until_ = deadline::after(fill_.source().from->config().first_byte_timeout);
    }
}

// Another endpoint may have what one has lied about, and nobody has seen a byte of that.
bool download_of::may_start_anew() {
    return fill_.state().get().value.available == 0 && !fill_.sides && sources_->start_anew();
}

void download_of::remember_doubt() {
    if (auto const doubt = sources_->doubt())
        means_.doubts.put(*fill_.source().from, fill_.digest(), *doubt);
}

task<result<fill_state>> download_of::once() {
    auto const asked = range_rule::clock::now();
    auto begun = co_await begin();
    auto const answered = range_rule::clock::now();
    if (!begun)
        co_return begun.error();
    auto const size = begun->size;
    if (!begun->writer && promised_)
        co_return from_store(begun->no_room);
    if (!begun->writer) {
        fill_.opened.emplace(std::move(begun->answer));
        co_return without_room(fill_, size, begun->no_room.message);
    }
    sources_->took(begun->answer); // if it has no byte that is a lie too
    auto& writer = *begun->writer;
    auto const sides = sides_of(worker_, fill_, sources_, writer, size.value_or(0), means_);
    if (sides)
        fill_.sides = sides;
    bool const is_named = fill_.source().expected_size.has_value();
    if (size && *size > (is_named ? 0 : shown_when_right)) { // an empty one would be complete before it is verified
        promised_ = size;
        fill_.state().publish({fill_stage::streaming, *size, writer.written(), writer.view(), nullptr});
    }

    std::optional<pace> speed;
    if (sides && *size >= means_.ranges.least &&
        begun->ahead == 0) // others bring parts, which such an upstream does not
        speed.emplace(means_.ranges, answered - asked, answered);
    reception body(worker_, means_.disk, fill_, *sources_, writer, size, sides);
    auto received = co_await body.run(std::move(begun->answer), begun->ahead, speed);
    if (sides)
        sides->stop();
    if (received)
        co_return co_await end(begun->writer);
    if (may_go_on(received.error()) && !sources_->is_alone())
        co_await keep(std::move(writer));
    else
        co_await drop(begun->writer);
    if (!size && is_no_room(received.error())) // nobody has seen any of it
        co_return without_room(fill_, size, received.error().detail);
    co_return received.error();
}

// For the next fill of the same content from the same upstream. Followers of this one break off: they have waited as
// long as there was hope.
task<void> download_of::keep(store::blob_writer writer) {
    auto work = [&] {
        means_.kept.keep(fill_.digest(), fill_.source().from->config().name, std::move(writer));
        return true;
    };
    co_await on_disk(means_.disk, work);
}

// Removing a large file takes its time.
task<void> download_of::drop(std::optional<store::blob_writer>& writer) {
    auto work = [&] {
        writer.reset();
        return true;
    };
    co_await on_disk(means_.disk, work);
}

task<result<fill_state>> download_of::end(std::optional<store::blob_writer>& begun) {
    auto& writer = *begun;
    auto const total = writer.written();
    auto const file = writer.view();
    auto work = [&] {
        auto stored = finish(writer, fill_);
        if (stored)
            means_.kept.drop(fill_.digest());
        begun.reset();
        return stored;
    };
    auto stored = co_await on_disk(means_.disk, work);
    if (!stored && stored.error().code == store::errc::digest_mismatch) {
        sources_->were_wrong();
        spdlog::error("{} from {}: wrong bytes from upstream, discarded", fill_.digest().to_string(),
                      fill_.source().repository_name);
        co_return upstream_error(502, stored.error().message);
    }
    sources_->were_right();
    means_.doubts.drop(*fill_.source().from, fill_.digest());
    if (!stored)
        spdlog::warn("{}: not kept: {}", fill_.digest().to_string(), stored.error().message);
    co_return fill_state{fill_stage::done, total, total, file, nullptr};
}

} // namespace

task<result<fill_state>> download(worker& w, std::shared_ptr<fill> f, fill_means const& means) {
    download_of work(w, *f, means);
    co_return co_await work.run();
}

} // namespace proxy
