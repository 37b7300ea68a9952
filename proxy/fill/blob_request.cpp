#include "proxy/fill/blob_request.h"

#include "oci/byte_range.h"

#include <fmt/format.h>

#include <algorithm>
#include <span>
#include <vector>

namespace proxy {

task<result<upstream_response>> get_blob(worker& w, upstream& from, oci::repository repo, oci::digest const& d,
                                         asker by, body_sources& sources, deadline until,
                                         std::optional<std::uint64_t> first, std::optional<std::uint64_t> last) {
    upstream_request request{http_method::get, std::move(repo), "blobs/" + d.to_string(), {}, first, last};
    request.as = std::move(by.as);
    request.client = std::move(by.client);
    request.where = sources.choice();
    auto response = co_await from.open(w, std::move(request), until);
    if (!response)
        co_return response.error();
    auto const status = response->status();
    if (status == 200 || (status == 206 && first))
        co_return response;
    if (status == 404)
        co_return from_oci({oci::errc::blob_unknown, "upstream does not have this blob"});
    co_return sources.lied(*response, fmt::format("upstream answered {} to a blob request", status));
}

task<result<void>> skip(upstream_response& response, body_sources& sources, std::uint64_t bytes, milliseconds idle) {
    std::vector<std::byte> buffer(std::min<std::uint64_t>(bytes, 256 * 1024));
    while (bytes > 0) {
        auto const room = std::span(buffer).first(std::min<std::uint64_t>(bytes, buffer.size()));
        auto n = co_await response.read_some(room, deadline::after(idle));
        if (!n || *n == 0)
            sources.broke(response);
        if (!n)
            co_return n.error();
        if (*n == 0)
            co_return upstream_error(502, "upstream's body is shorter than announced");
        bytes -= *n;
    }
    co_return result<void>();
}

namespace {

// The total that a 206 names may be missing.
bool is_of_size(upstream_response const& answer, std::uint64_t size) {
    auto const told = oci::parse_content_range(answer.header("Content-Range"));
    return told && (told->total == 0 || told->total == size);
}

} // namespace

task<result<blob_part>> open_part(worker& w, upstream& from, oci::repository repo, oci::digest const& d, asker by,
                                  body_sources& sources, deadline until, std::uint64_t first, std::uint64_t end,
                                  std::uint64_t size) {
    std::optional<std::uint64_t> last;
    if (end < size)
        last = end - 1;
    auto response = co_await get_blob(w, from, std::move(repo), d, std::move(by), sources, until, first, last);
    if (!response)
        co_return response.error();
    bool const whole = response->status() == 200;
    auto const length = response->content_length();
    if ((length && *length != (whole ? size : end - first)) || (!whole && !is_of_size(*response, size)))
        co_return sources.lied(*response, "upstream has another blob than it began to send");
    blob_part part{std::move(*response), whole, whole ? first : 0};
    co_return part;
}

task<result<blob_part>> get_part(worker& w, upstream& from, oci::repository repo, oci::digest const& d, asker by,
                                 body_sources& sources, deadline until, std::uint64_t first, std::uint64_t end,
                                 std::uint64_t size) {
    auto part = co_await open_part(w, from, std::move(repo), d, std::move(by), sources, until, first, end, size);
    if (!part)
        co_return part;
    auto skipped = co_await skip(part->body, sources, part->ahead, from.config().idle_timeout);
    if (!skipped)
        co_return skipped.error();
    co_return part;
}

result<std::optional<std::uint64_t>> agreed_size(upstream_response const& response, body_sources& sources,
                                                 std::optional<std::uint64_t> expected) {
    auto told = response.content_length();
    if (told && expected && *told != *expected)
        return sources.lied(response, "upstream's length of the blob is not the one its manifest names");
    return told ? told : expected;
}

} // namespace proxy
