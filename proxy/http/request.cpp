#include "proxy/http/request.h"

#include "oci/charset.h"
namespace proxy {

// RFC 9112 §3.2.2: a server takes the absolute form too, "GET http://mirror:5000/v2/ HTTP/1.1", as clients send it that
// take us for a forward proxy. We are whatever host it names.
std::string_view request::target() const noexcept {
    auto const whole = view(head_.target());
    if (whole.starts_with('/'))
        return whole;
    for (std::string_view const scheme : {"http://", "https://"}) {
        if (!oci::charset::equal_ignoring_case(whole.substr(0, scheme.size()), scheme))
            continue;
        auto const path = whole.find_first_of("/?#", scheme.size()); // RFC 3986 §3.2
        if (path == whole.npos)
            return "/";
        return whole[path] == '/' ? whole.substr(path) : whole; // of no path: nothing that we serve
    }
    return whole;
}

} // namespace proxy
