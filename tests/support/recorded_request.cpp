#include "tests/support/recorded_request.h"

#include <boost/beast/core/string.hpp>
#include <boost/url/parse.hpp>
#include <boost/url/url_view.hpp>

namespace tests {

bool recorded_request::has_header(std::string_view name) const {
    for (auto const& h : headers)
        if (boost::beast::iequals(h.first, name))
            return true;
    return false;
}

std::string recorded_request::header(std::string_view name) const {
    for (auto const& h : headers)
        if (boost::beast::iequals(h.first, name))
            return h.second;
    return {};
}

std::vector<std::string> recorded_request::query(std::string_view name) const {
    std::vector<std::string> out;
    auto const url = boost::urls::parse_origin_form(target);
    if (!url)
        return out;
    for (auto const& p : url->params())
        if (std::string_view(p.key) == name)
            out.emplace_back(p.value);
    return out;
}

} // namespace tests
