#include "proxy/pull/possession.h"

#include "proxy/pull/access_check.h"
#include "proxy/pull/blob_access.h"

#include <spdlog/spdlog.h>

#include <random>

namespace proxy {

namespace {

constexpr std::uint64_t pieces = 4, piece_size = 64;

store::result<std::string> read_part(store::blob_file const& file, oci::byte_range part) {
    std::string bytes(part.length(), '\0');
    auto const n = file.read(part.first, std::as_writable_bytes(std::span(bytes)));
    if (!n)
        return n.error();
    bytes.resize(*n);
    return bytes;
}

} // namespace

std::vector<oci::byte_range> unforeseeable_pieces(std::uint64_t size) {
    if (size == 0)
        return {};
    if (size <= pieces * piece_size)
        return {{0, size - 1}};
    std::random_device random; // getrandom(2): an upstream must not be able to compute the next from the last
    std::vector<oci::byte_range> places;
    auto const each = size / pieces;
    for (std::uint64_t i = 0; i < pieces; ++i) {
        auto const first = i * each + std::uniform_int_distribution<std::uint64_t>(0, each - piece_size)(random);
        places.push_back({first, first + piece_size - 1});
    }
    return places;
}

task<result<bool>> possession::show(worker& w, repository_target const& t, oci::digest const& d, blob_ptr stored) {
    auto work = [this, &w, t, d, stored] { return compare(w, t, d, stored); };
    auto answer = co_await flights_.run_by(w, t.flight_key() + "@" + d.to_string(), work, t.until);
    co_return std::move(answer.value);
}

task<result<bool>> possession::compare(worker& w, repository_target t, oci::digest d, blob_ptr stored) {
    auto const& upstream = t.from->config().name;
    if (has_lied(upstream))
        co_return false;
    for (auto const part : unforeseeable_pieces(stored->size())) {
        auto const theirs = co_await piece(w, t, d, part, stored->size());
        if (!theirs)
            co_return theirs.error();
        if (!*theirs)
            co_return false;
        auto read = [&] { return read_part(*stored, part); };
        auto const ours = co_await on_disk(parts_.disk, read);
        if (!ours)
            co_return from_store(ours.error());
        if (*ours == **theirs)
            continue;
        note_lie(upstream, d);
        co_return false;
    }
    co_return true;
}

task<result<std::optional<std::string>>> possession::piece(worker& w, repository_target const& t, oci::digest const& d,
                                                           oci::byte_range part, std::uint64_t size) {
    auto const until = t.answer_by();
    upstream_request request{http_method::get, t.repo, "blobs/" + d.to_string(), {}, part.first, part.last};
    request.as = t.as;
    request.client = t.client;
    auto response = co_await t.from->open(w, std::move(request), until);
    if (!response && is_denial_of(parts_, t, response.error()))
        co_return blob_unknown(d);
    if (!response)
        co_return response.error();
    if (response->status() == 404)
        co_return blob_unknown(d);
    if (response->status() != 206)
        co_return std::optional<std::string>();
    auto const sent = oci::parse_content_range(response->header("Content-Range"));
    if (!sent || sent->range != part || sent->total != size)
        co_return std::optional<std::string>();
    auto bytes = co_await response->read_all(part.length(), until);
    if (!bytes)
        co_return bytes.error();
    co_return std::optional<std::string>(std::move(*bytes));
}

bool possession::has_lied(std::string const& upstream) {
    std::lock_guard const lock(mutex_);
    return liars_.contains(upstream);
}

void possession::note_lie(std::string const& upstream, oci::digest const& d) {
    spdlog::error(
        "{} says that it has {}, and sends other bytes: until the next start nothing that came from elsewhere "
        "is shown on its word, all of it comes from there again",
        upstream, d.to_string());
    std::lock_guard const lock(mutex_);
    liars_.insert(upstream);
}

} // namespace proxy
