#include "proxy/admin/admin_service.h"

#include "proxy/admin/admin_paths.h"
#include "proxy/admin/dashboard_files.h"
#include "proxy/admin/event_stream.h"
#include "proxy/http/exchange.h"

#include <boost/beast/http/field.hpp>
#include <boost/url/authority_view.hpp>
#include <boost/url/parse.hpp>
#include <boost/url/url_view.hpp>
#include <spdlog/spdlog.h>

namespace proxy {

namespace {

// The page needs no more than its own files; nothing may frame it, and nothing in it may call elsewhere.
constexpr std::string_view content_security_policy =
    "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; img-src data:; base-uri 'none'; "
    "form-action 'none'; frame-ancestors 'none'";

// Nobody can make these mean something else, as the owner of a name can.
bool is_nobodys_name(boost::urls::authority_view const& at) {
    return at.host_type() == boost::urls::host_type::ipv4 || at.host_type() == boost::urls::host_type::ipv6 ||
           at.host() == "localhost";
}

} // namespace

std::optional<admin_request> parse_admin_request(std::string method, std::string_view target) {
    auto const url = boost::urls::parse_origin_form(target);
    if (!url)
        return std::nullopt;
    admin_request out{std::move(method), url->path(), {}, {}};
    for (auto const& p : url->params())
        out.query.items.emplace_back(p.key, p.value);
    return out;
}

bool is_own_page(std::string_view origin, std::string_view host) {
    auto const page = boost::urls::parse_uri(origin);
    if (!page || page->encoded_authority() != host || (page->scheme() != "http" && page->scheme() != "https"))
        return false;
    return is_nobodys_name(page->authority());
}

bool is_own_name(std::string_view host) {
    auto const named = boost::urls::parse_authority(host);
    return named && is_nobodys_name(*named);
}

// A page of somebody else's in a browser on this machine has no login to show, and needs none. What it reads it asks
// for by its own name, which leads here by now.
bool admin_service::is_tricked_browser(exchange const& x) {
    auto const host = x.req().header(http_field::host);
    return x.may.user().empty() && x.from().address.is_loopback() && !host.empty() && !is_own_name(host);
}

task<void> admin_service::serve(exchange& x) {
    auto asked = parse_admin_request(std::string(x.req().method_name()), x.req().target());
    if (!asked) {
        auto const unknown = from_oci({oci::errc::name_unknown, "not a path of the admin API"});
        co_await x.reply_error(unknown);
        co_return;
    }
    // Whether it lives a stranger may know, and the machine that looks has no login.
    bool const is_probe = asked->path == "/healthz" || asked->path == "/readyz";
    auto admitted = result<void>();
    if (!is_probe)
        admitted = co_await guard_.admit_operator(x);
    if (admitted && !is_probe && is_tricked_browser(x))
        admitted =
            from_oci({oci::errc::denied, "without a login this is shown by the name localhost, or by an address"});
    if (!admitted) {
        x.local().counters.refuse(admitted.error().over);
        co_await x.reply_error(admitted.error());
        co_return;
    }
    if (!x.req().is_get() && !x.req().is_head()) {
        auto taken = co_await take_command(x, *asked);
        if (!taken) {
            x.local().counters.refuse(taken.error().over);
            auto const refused = admin_problem(taken.error().status, taken.error().message);
            co_await reply(x, refused);
            co_return;
        }
        auto const user = x.may.user();
        spdlog::info("{} {}: asked for by {}, {}", x.req().method_name(), asked->path,
                     user.empty() ? "nobody who logged in" : user, x.from().name);
    }
    if (!is_admin_path(asked->path) && find_dashboard_file(asked->path) == nullptr) {
        auto const nothing = admin_problem(404, "no such page");
        co_await reply(x, nothing);
        co_return;
    }
    if (x.req().is_get() && x.req().takes_chunks() && asked->path == "/api/v1/events") {
        co_await stream_events(x);
        co_return;
    }
    x.await_work();
    if (pulls_.knows(*asked)) {
        auto const answer = co_await pulls_.handle(x.local().home, *asked);
        co_await reply(x, answer);
        co_return;
    }
    auto work = [&] { return admin_.handle(*asked); };
    auto const answer = co_await on_disk(disk_, work);
    co_await reply(x, answer);
}

task<result<void>> admin_service::take_command(exchange& x, admin_request& to) {
    auto const origin = x.req().header(http_field::origin);
    if (!origin.empty() && !is_own_page(origin, x.req().header(http_field::host)))
        co_return error{oci::errc::denied, error_source::client, retry_class::never, 403,
                        "commands are not taken from other web pages, nor from this one by any name but an IP address "
                        "or localhost"};
    auto body = co_await x.body().read(max_body);
    if (!body)
        co_return body.error();
    to.body = std::move(*body);
    co_return result<void>();
}

// Of a request that has no end: all that was looked at when it came. A certificate the session looks at before each.
task<bool> admin_service::may_go_on(exchange& x) {
    auto const& shown = x.from().certificate;
    if (shown && shown->until <= now_())
        co_return false;
    auto const still = co_await guard_.admit_operator(x);
    co_return still.has_value();
}

// Each watcher is a connection and a look at everything every other second.
task<void> admin_service::stream_events(exchange& x) {
    if (watchers_.fetch_add(1, std::memory_order_relaxed) < max_watchers) {
        auto head = x.begin(200);
        head.field("Content-Type", "text/event-stream").field("Cache-Control", "no-store");
        event_stream events(admin_, disk_, x.local(), [this, &x] { return may_go_on(x); });
        co_await x.reply_stream(head, {}, events);
        x.close_after();
    } else {
        x.local().counters.refuse(limit::watchers);
        auto const refused = admin_problem(503, "too many pages watch already");
        co_await reply(x, refused);
    }
    watchers_.fetch_sub(1, std::memory_order_relaxed);
}

task<void> admin_service::reply(exchange& x, admin_response const& answer) {
    auto head = x.begin(answer.status);
    head.field("Content-Type", answer.content_type)
        .field("Cache-Control", "no-store")
        .field("X-Content-Type-Options", "nosniff")
        .field("Content-Security-Policy", content_security_policy);
    if (answer.status == 405)
        head.field("Allow", answer.allow);
    co_await x.reply(head, answer.body);
}

} // namespace proxy
