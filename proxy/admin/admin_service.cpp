#include "proxy/admin/admin_service.h"

#include "proxy/http/exchange.h"

#include <boost/beast/http/field.hpp>
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
    auto asked = to_admin_request(x.req());
    if (!asked) {
        auto const unknown = from_oci({oci::errc::name_unknown, "not a path of the admin API"});
        co_await x.reply_error(unknown);
        co_return;
    }
    if (!x.req().is_get() && !x.req().is_head()) {
        auto taken = co_await take_command(x, *asked);
        if (!taken) {
            auto const refused = admin_problem(taken.error().status, taken.error().message);
            co_await reply(x, refused);
            co_return;
        }
    }
    x.await_work();
    auto work = [&] { return admin_.handle(*asked); };
    auto const answer = co_await on_disk(disk_, work);
    co_await reply(x, answer);
}

task<result<void>> admin_service::take_command(exchange& x, admin_request& to) {
    if (!x.req().header(boost::beast::http::field::origin).empty())
        co_return error{oci::errc::denied, error_source::client, retry_class::never, 403,
                        "commands are not taken from web pages"};
    auto body = co_await x.body().read(max_body);
    if (!body)
        co_return body.error();
    to.body = std::move(*body);
    co_return result<void>();
}

task<void> admin_service::reply(exchange& x, admin_response const& answer) {
    auto head = x.begin(answer.status);
    head.field("Content-Type", answer.content_type)
        .field("Cache-Control", "no-store")
        .field("X-Content-Type-Options", "nosniff");
    if (answer.status == 405)
        head.field("Allow", answer.allow);
    co_await x.reply(head, answer.body);
}

} // namespace proxy
