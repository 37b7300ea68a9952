#include "proxy/pull/blob_access.h"

#include "oci/byte_range.h"

#include <spdlog/fmt/fmt.h>

namespace proxy {

namespace {

error blob_unknown(oci::digest const& d) {
    return from_oci({oci::errc::blob_unknown, "upstream has no blob " + d.to_string() + " or refuses access to it"});
}

bool denied(error const& e) {
    return e.source == error_source::upstream && e.code == oci::errc::denied;
}

} // namespace

task<result<std::optional<std::uint64_t>>> blob_access::ask(worker& w, repository_target const& t,
                                                            oci::digest const& d) {
    auto work = [this, &w, t, d] { return head(w, t, d); };
    auto answer = co_await flights_.run(w, t.name + "@" + d.to_string(), work);
    co_return std::move(answer.value);
}

task<result<blob_access::size_answer>> blob_access::head(worker& w, repository_target t, oci::digest d) {
    auto const until = deadline::after(t.from->config().first_byte_timeout);
    upstream_request request{http_method::head, t.repo, "blobs/" + d.to_string(), {}, {}};
    auto response = co_await t.from->open(w, std::move(request), until);
    if (response && response->status() == 200)
        co_return response->content_length();
    if (response && response->status() == 404)
        co_return blob_unknown(d);
    // A refused HEAD need not mean a refused GET: signed URLs of object stores are made for one method.
    if (!response && !denied(response.error()))
        co_return response.error();
    auto answer = co_await first_byte(w, t, d, until);
    co_return answer;
}

task<result<blob_access::size_answer>> blob_access::first_byte(worker& w, repository_target const& t,
                                                               oci::digest const& d, deadline until) {
    upstream_request request{http_method::get, t.repo, "blobs/" + d.to_string(), {}, 0};
    auto response = co_await t.from->open(w, std::move(request), until);
    if (!response) {
        if (denied(response.error()))
            co_return blob_unknown(d);
        co_return response.error();
    }
    if (response->status() == 206) {
        auto range = oci::parse_content_range(response->header("Content-Range"));
        if (range && range->total > 0)
            co_return size_answer(range->total);
        co_return size_answer();
    }
    if (response->status() == 200)
        co_return response->content_length();
    if (response->status() == 404)
        co_return blob_unknown(d);
    co_return upstream_error(502, fmt::format("upstream answered {} to a blob request", response->status()));
}

} // namespace proxy
