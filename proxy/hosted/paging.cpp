#include "proxy/hosted/paging.h"

#include <boost/url/encode.hpp>
#include <boost/url/rfc/unreserved_chars.hpp>

#include <charconv>

namespace proxy {

result<std::optional<std::size_t>> page_size(oci::query const& q, std::string_view name) {
    auto const text = q.find(name);
    if (!text)
        return std::optional<std::size_t>();
    std::size_t n = 0;
    auto const [end, problem] = std::from_chars(text->data(), text->data() + text->size(), n);
    if (problem != std::errc{} || end != text->data() + text->size())
        return from_oci({oci::errc::pagination_number_invalid, std::string(name) + " is not a number of entries"});
    return std::optional(n);
}

std::string escaped(std::string_view text) {
    return boost::urls::encode(text, boost::urls::unreserved_chars);
}

std::string next_page(std::string_view target, std::size_t n, std::string_view last, std::string_view more) {
    std::string link = "<";
    link.append(target.substr(0, target.find('?'))).append("?n=").append(std::to_string(n));
    link.append("&last=").append(escaped(last)).append(more).append(">; rel=\"next\"");
    return link;
}

} // namespace proxy
