#include "proxy/fill/blob_request.h"

#include <fmt/format.h>

namespace proxy {

task<result<upstream_response>> get_blob(worker& w, upstream& from, oci::repository repo, oci::digest const& d,
                                         std::optional<std::uint64_t> first) {
    upstream_request request{http_method::get, std::move(repo), "blobs/" + d.to_string(), {}, first};
    auto response = co_await from.open(w, std::move(request), deadline::after(from.config().first_byte_timeout));
    if (!response)
        co_return response.error();
    auto const status = response->status();
    if (status == 200 || (status == 206 && first))
        co_return response;
    if (status == 404)
        co_return from_oci({oci::errc::blob_unknown, "upstream does not have this blob"});
    co_return upstream_error(502, fmt::format("upstream answered {} to a blob request", status));
}

result<std::optional<std::uint64_t>> agreed_size(upstream_response const& response,
                                                 std::optional<std::uint64_t> expected) {
    auto told = response.content_length();
    if (told && expected && *told != *expected)
        return upstream_error(502, "upstream's length of the blob is not the one its manifest names");
    return told ? told : expected;
}

} // namespace proxy
