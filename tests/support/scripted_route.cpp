// Ready-made answers of a scripted origin's routes.
#include "tests/support/scripted_origin.h"

#include <algorithm>
#include <charconv>

namespace tests {

scripted_reply whole_or_part(std::shared_ptr<std::string const> const& body, recorded_request const& request) {
    auto const range = request.header("Range");
    auto const whole = reply(200).header("Accept-Ranges", "bytes").body(body);
    if (!range.starts_with("bytes="))
        return whole;
    std::size_t first = 0, last = body->size() - 1;
    auto const* const end = range.data() + range.size();
    auto const [at, ec] = std::from_chars(range.data() + 6, end, first);
    if (ec != std::errc() || at == end || *at != '-')
        return whole;
    if (first >= body->size())
        return reply(416).header("Content-Range", "bytes */" + std::to_string(body->size()));
    if (at + 1 != end)
        std::from_chars(at + 1, end, last);
    last = std::min(last, body->size() - 1);
    return reply(206)
        .header("Content-Range",
                "bytes " + std::to_string(first) + "-" + std::to_string(last) + "/" + std::to_string(body->size()))
        .body(body->substr(first, last - first + 1));
}

scripted_route& scripted_route::call(handler h) {
    append_(std::move(h));
    return *this;
}

scripted_route& scripted_route::reply(scripted_reply r) {
    return call([r = std::move(r)](recorded_request const&) { return r; });
}

scripted_route& scripted_route::reply(unsigned status, header_list headers, std::string body) {
    scripted_reply r(status);
    r.headers = std::move(headers);
    r.body(std::move(body));
    return reply(std::move(r));
}

scripted_route& scripted_route::redirect(std::string location, unsigned status) {
    return reply(status, {{"Location", std::move(location)}}, "moved");
}

scripted_route& scripted_route::serve(std::string body) {
    auto shared = std::make_shared<std::string const>(std::move(body));
    return call([shared](recorded_request const& r) { return whole_or_part(shared, r); });
}

} // namespace tests
