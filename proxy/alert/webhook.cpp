#include "proxy/alert/webhook.h"

#include "proxy/runtime/jitter.h"
#include "proxy/runtime/spawn.h"
#include "proxy/upstream/connection.h"
#include "proxy/upstream/resolver.h"
#include "proxy/upstream/tls_context.h"
#include "proxy/upstream/transport_error.h"

#include <boost/asio/post.hpp>
#include <boost/beast/http/empty_body.hpp>
#include <boost/beast/http/parser.hpp>
#include <boost/json/object.hpp>
#include <boost/json/serialize.hpp>
#include <fmt/format.h>
#include <spdlog/spdlog.h>

#include <atomic>
#include <fstream>

namespace proxy {

struct webhook::state {
    state(worker& w, location to, webhook_format f, timing t)
        : home(w), to(std::move(to)), format(f), times(t), tls(make_tls_context({})),
          names(w.executor(), &steady_clock::now) {}

    worker& home;
    location const to;
    webhook_format const format;
    timing const times;
    net::ssl::context tls;
    resolver names;
    std::deque<alert_message> waiting; // of the worker's thread, as is the next
    bool sending = false;
    std::atomic<bool> stopped{false};

    task<result<void>> post(std::string const& body);
    task<bool> deliver(alert_message const& m);
    static task<void> send_all(std::shared_ptr<state> s);
};

std::string webhook_body(alert_message const& m, webhook_format format) {
    boost::json::object o{{"text", m.text}};
    if (format == webhook_format::json) {
        o["status"] = m.resolved ? "resolved" : "firing";
        o["alert"] = m.name;
        o["at"] = m.at;
        o["value"] = m.value;
    }
    return boost::json::serialize(o);
}

result<std::string> webhook::url_of(webhook_config const& c) {
    if (c.url_file.empty())
        return c.url;
    std::ifstream in(c.url_file);
    std::string url;
    if (!std::getline(in, url))
        return internal_error(fmt::format("[webhook] url_file {} cannot be read", c.url_file.string()));
    if (!parse_location(url))
        return internal_error(fmt::format("[webhook] url_file {} holds no URL", c.url_file.string()));
    return url;
}

webhook::webhook(worker& w, std::string const& url, webhook_format format, timing t)
    : state_(std::make_shared<state>(w, *parse_location(url), format, t)) {}

webhook::~webhook() = default;

void webhook::stop() {
    state_->stopped = true;
}

void webhook::send(alert_message const& m) {
    net::post(state_->home.executor(), [s = state_, m] {
        if (s->stopped)
            return;
        if (s->waiting.size() >= most_waiting) {
            // The latest say how things are now.
            spdlog::warn("webhook: {} alerts wait already, the oldest is not sent: {}", most_waiting,
                         s->waiting.front().text);
            s->waiting.pop_front();
        }
        s->waiting.push_back(m);
        if (std::exchange(s->sending, true))
            return;
        spawn(s->home.executor(), "webhook", [s] { return state::send_all(s); });
    });
}

task<void> webhook::state::send_all(std::shared_ptr<state> s) {
    while (!s->waiting.empty() && !s->stopped) {
        auto const next = std::move(s->waiting.front());
        s->waiting.pop_front();
        bool const delivered = co_await s->deliver(next);
        if (!delivered)
            spdlog::warn("webhook: not delivered: {}", next.text);
    }
    s->sending = false;
}

task<bool> webhook::state::deliver(alert_message const& m) {
    constexpr int tries = 3;
    auto const body = webhook_body(m, format);
    auto pause = times.pause;
    for (int n = 1; !stopped; ++n) {
        auto const done = co_await post(body);
        if (done)
            co_return true;
        spdlog::info("webhook: {}", done.error().message); // its URL may be a secret: only the host is named
        if (n == tries)
            co_return false;
        co_await wait_for(pause);
        pause *= 2;
    }
    co_return false;
}

task<result<void>> webhook::state::post(std::string const& body) {
    auto const d = deadline::after(times.patience);
    auto addresses = co_await names.find(to.at.host, to.at.port, d);
    if (!addresses)
        co_return addresses.error();
    connection line(home.executor(), to.at);
    auto ec = co_await line.open(std::move(*addresses), tls, d);
    if (ec)
        co_return transport_error(ec, "cannot connect to", to.at);
    auto const request = fmt::format("POST {} HTTP/1.1\r\nHost: {}\r\nUser-Agent: layerd/" LAYERD_VERSION
                                     "\r\nContent-Type: application/json\r\nContent-Length: {}\r\nConnection: close\r\n"
                                     "\r\n{}",
                                     to.target, to.at.host_field(), body.size(), body);
    ec = co_await line.write(request, d);
    if (ec)
        co_return transport_error(ec, "cannot send to", to.at);
    beast::http::response_parser<beast::http::empty_body> answer;
    ec = co_await line.read_header(answer, d);
    if (ec)
        co_return transport_error(ec, "no answer from", to.at);
    auto const status = answer.get().result_int();
    if (status / 100 != 2)
        co_return upstream_error(502, fmt::format("{} answered {}", to.at.to_string(), status));
    co_return result<void>();
}

} // namespace proxy
