// The table of error codes, and their JSON body.
#include "oci/error.h"

#include <boost/json/serialize.hpp>
#include <boost/json/value.hpp>
#include <boost/locale/utf.hpp>
#include <boost/throw_exception.hpp>

#include <stdexcept>

namespace oci {

namespace {

struct description {
    std::string_view name;
    unsigned status;
};

// Statuses as distribution, the reference registry, maps its codes.
constexpr description describe(errc code) noexcept {
    switch (code) {
    case errc::blob_unknown:
        return {"BLOB_UNKNOWN", 404};
    case errc::blob_upload_invalid:
        return {"BLOB_UPLOAD_INVALID", 404};
    case errc::blob_upload_unknown:
        return {"BLOB_UPLOAD_UNKNOWN", 404};
    case errc::digest_invalid:
        return {"DIGEST_INVALID", 400};
    case errc::manifest_blob_unknown:
        return {"MANIFEST_BLOB_UNKNOWN", 400};
    case errc::manifest_invalid:
        return {"MANIFEST_INVALID", 400};
    case errc::manifest_unknown:
        return {"MANIFEST_UNKNOWN", 404};
    case errc::name_invalid:
        return {"NAME_INVALID", 400};
    case errc::name_unknown:
        return {"NAME_UNKNOWN", 404};
    case errc::pagination_number_invalid:
        return {"PAGINATION_NUMBER_INVALID", 400};
    case errc::size_invalid:
        return {"SIZE_INVALID", 400};
    case errc::tag_invalid:
        return {"TAG_INVALID", 400};
    case errc::range_invalid:
        return {"RANGE_INVALID", 416};
    case errc::uri_too_long:
        return {"URI_TOO_LONG", 414};
    case errc::unauthorized:
        return {"UNAUTHORIZED", 401};
    case errc::denied:
        return {"DENIED", 403};
    case errc::unsupported:
        return {"UNSUPPORTED", 405};
    case errc::too_many_requests:
        return {"TOOMANYREQUESTS", 429};
    case errc::unavailable:
        return {"UNAVAILABLE", 503};
    case errc::unknown:
        return {"UNKNOWN", 500};
    }
    return {"UNKNOWN", 500}; // a number that is no code
}

// `text` with everything that is not UTF-8 replaced by U+FFFD.
std::string to_utf8(std::string_view text) {
    using traits = boost::locale::utf::utf_traits<char>;
    std::string out;
    out.reserve(text.size());
    for (auto it = text.begin(); it != text.end();) {
        auto const start = it;
        auto const point = traits::decode(it, text.end());
        if (boost::locale::utf::is_valid_codepoint(point)) {
            out.append(start, it);
        } else {
            out += "\xef\xbf\xbd";
            it = start + 1; // the broken sequence may have swallowed a good byte: look again at the next
        }
    }
    return out;
}

} // namespace

std::string_view to_string(errc code) noexcept {
    return describe(code).name;
}

unsigned http_status(errc code) noexcept {
    return describe(code).status;
}

void throw_exception_from_error(error const& e, boost::source_location const& where) {
    boost::throw_exception(
        std::logic_error("value() of a failed result: " + std::string(to_string(e.code)) + ": " + e.message), where);
}

std::string to_json(error const& e) {
    boost::json::object item;
    item["code"] = to_string(e.code);
    item["message"] = to_utf8(e.message);
    boost::json::object body;
    body["errors"] = boost::json::array{std::move(item)};
    return boost::json::serialize(body);
}

} // namespace oci
