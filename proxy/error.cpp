// Names of the error classes, and the one place where the lower layers' errors become ours.
#include "proxy/error.h"

#include <boost/throw_exception.hpp>

#include <stdexcept>
#include <utility>

namespace proxy {

std::string_view to_string(error_source s) noexcept {
    switch (s) {
    case error_source::client:
        return "client";
    case error_source::upstream:
        return "upstream";
    case error_source::store:
        return "store";
    case error_source::internal:
        return "internal";
    }
    return "?";
}

std::string_view to_string(retry_class r) noexcept {
    switch (r) {
    case retry_class::never:
        return "never";
    case retry_class::next_endpoint:
        return "next_endpoint";
    case retry_class::fresh_connection:
        return "fresh_connection";
    }
    return "?";
}

std::string for_log(error const& e) {
    return e.detail.empty() ? e.message : e.message + ": " + e.detail;
}

void throw_exception_from_error(error const& e, boost::source_location const& where) {
    boost::throw_exception(std::logic_error("value() of a failed result: " + for_log(e)), where);
}

error from_oci(oci::error e) {
    auto const status = oci::http_status(e.code);
    error as{e.code, error_source::client, retry_class::never, status, std::move(e.message)};
    if (e.too_complex)
        as.over = limit::json_depth;
    return as;
}

error from_store(store::error const& e) {
    auto as = [&](oci::errc code, unsigned status, std::string_view message, limit over = limit::none) {
        error out{code,   error_source::store,  retry_class::never,
                  status, std::string(message), std::string(to_string(e.code)) + ": " + e.message};
        out.over = over;
        return out;
    };
    constexpr std::string_view broken = "the cache cannot use its store";
    switch (e.code) {
    case store::errc::digest_mismatch:
        return as(oci::errc::digest_invalid, 400, "the content has another digest");
    case store::errc::size_mismatch:
        return as(oci::errc::size_invalid, 400, "the content has another size");
    case store::errc::no_space:
        return as(oci::errc::unavailable, 503, "the cache has no room for this"); // a client's next mirror is asked
    case store::errc::no_descriptors: {
        auto busy =
            as(oci::errc::unavailable, 503, "too many files and connections are open; try again", limit::open_files);
        busy.retry_after = std::chrono::seconds(1);
        return busy;
    }
    case store::errc::over_quota:
        return as(oci::errc::denied, 403,
                  "the quota of these repositories is used up: delete what is not needed, or raise max_used_space in "
                  "[hosted]",
                  limit::quota);
    case store::errc::too_much_unsettled: {
        auto busy = as(oci::errc::too_many_requests, 429,
                       "as much as the quota of these repositories is being uploaded to them, or was deleted and waits "
                       "for a collection: try again later, or raise max_used_space in [hosted]",
                       limit::quota);
        busy.retry_after = std::chrono::minutes(1);
        return busy;
    }
    case store::errc::too_many_tags:
        return as(oci::errc::denied, 403, "this repository has as many tags as it may have: delete some", limit::tags);
    case store::errc::too_many:
        return as(oci::errc::too_many_requests, 429,
                  "too many uploads are under way: finish or cancel some, or lower upload_ttl in [hosted]",
                  limit::upload_sessions);
    case store::errc::would_block:
    case store::errc::corrupt:
    case store::errc::locked:
    case store::errc::newer_schema:
    case store::errc::io:
        return as(oci::errc::unknown, 500, broken);
    }
    return as(oci::errc::unknown, 500, broken);
}

bool is_no_room(error const& e) noexcept {
    return e.source == error_source::store && e.code == oci::errc::unavailable && e.over == limit::none;
}

error upstream_error(unsigned status, std::string message, retry_class retry) {
    return {oci::errc::unavailable, error_source::upstream, retry, status, std::move(message)};
}

error overloaded(std::string message, limit over) {
    error e{oci::errc::unavailable, error_source::internal, retry_class::never, 503, std::move(message)};
    e.retry_after = std::chrono::seconds(1);
    e.over = over;
    return e;
}

bool is_overload(error const& e) noexcept {
    return (e.source == error_source::internal && e.code == oci::errc::unavailable) || e.over == limit::open_files;
}

error internal_error(std::string message) {
    return {oci::errc::unknown, error_source::internal, retry_class::never, 500, std::move(message)};
}

} // namespace proxy
