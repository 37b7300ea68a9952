// What can be wrong with a request, in the registry protocol's own words.
//
// Parsing in this layer is total: every input gives a value or one `oci::error`. The codes are those of
// the distribution spec ("Error Codes") plus the few that every registry uses beside them
// (RANGE_INVALID, URI_TOO_LONG, UNAVAILABLE, UNKNOWN, PAGINATION_NUMBER_INVALID).
#pragma once

#include <boost/system/result.hpp>

#include <string>
#include <string_view>

namespace oci {

enum class errc {
    blob_unknown,
    blob_upload_invalid,
    blob_upload_unknown,
    digest_invalid,
    manifest_blob_unknown,
    manifest_invalid,
    manifest_unknown,
    name_invalid,
    name_unknown,
    pagination_number_invalid,
    size_invalid,
    tag_invalid,
    range_invalid,
    uri_too_long,
    unauthorized,
    denied,
    unsupported,
    too_many_requests,
    unavailable,
    unknown,
};

// The code as it stands in an error body, e.g. "BLOB_UNKNOWN".
std::string_view to_string(errc code) noexcept;

// The status that a registry answers this code with when nothing more particular is known.
unsigned http_status(errc code) noexcept;

struct error {
    errc code = errc::unknown;
    std::string message;
    bool too_complex = false; // JSON, right perhaps, but nested deeper or of more values than is taken

    friend bool operator==(error const&, error const&) = default; // makes results comparable
};

template <class T>
using result = boost::system::result<T, error>;

// Found by argument-dependent lookup when someone calls value() on a failed result: a bug of the caller.
[[noreturn]] void throw_exception_from_error(error const& e, boost::source_location const& where);

// The body of an error answer: {"errors":[{"code":…,"message":…}]}. The message is escaped, and bytes that
// are not UTF-8 are replaced, so that a hostile name cannot break the document.
std::string to_json(error const& e);

} // namespace oci
