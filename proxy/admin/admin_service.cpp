#include "proxy/admin/admin_service.h"

#include "proxy/http/exchange.h"

#include <boost/url/parse.hpp>
#include <boost/url/url_view.hpp>

namespace proxy {

namespace {

std::optional<admin_request> to_admin_request(request const& r) {
    auto const url = boost::urls::parse_origin_form(r.target());
    if (!url)
        return std::nullopt;
    admin_request out;
    out.method = r.method_name();
    out.path = url->path();
    for (auto const& p : url->params())
        out.query.items.emplace_back(p.key, p.value);
    return out;
}

} // namespace

task<void> admin_service::serve(exchange& x, std::string_view) {
    auto const asked = to_admin_request(x.req());
    if (!asked) {
        auto const unknown = from_oci({oci::errc::name_unknown, "not a path of the admin API"});
        co_await x.reply_error(unknown);
        co_return;
    }
    auto work = [&] { return admin_.handle(*asked); };
    auto const answer = co_await on_disk(disk_, work);
    auto head = x.begin(answer.status);
    head.field("Content-Type", answer.content_type)
        .field("Cache-Control", "no-store")
        .field("X-Content-Type-Options", "nosniff");
    if (answer.status == 405)
        head.field("Allow", "GET, HEAD");
    co_await x.reply(head, answer.body);
}

} // namespace proxy
