// Alerts to where operators read: a POST for each, one after another, over HTTP or verified TLS.
//
// A receiver that hangs or fails costs nothing but its message: each is tried a few times within a bounded time, and
// the queue has an end.
#pragma once

#include "proxy/alert/alert_rule.h"
#include "proxy/error.h"
#include "proxy/runtime/deadline.h"
#include "proxy/runtime/net.h"
#include "proxy/runtime/worker.h"
#include "proxy/upstream/origin.h"

#include <boost/asio/ssl/context.hpp>

#include <cstddef>
#include <deque>
#include <memory>
#include <string>

namespace proxy {

class webhook {
public:
    static constexpr std::size_t most_waiting = 64;

    struct timing {
        milliseconds patience{10'000}; // with the receiver, at each try
        milliseconds pause{2'000};     // before the second try; twice as long before the third
    };

    // The URL, or why there is none that can be used. Nothing configured: an empty one.
    static result<std::string> url_of(webhook_config const& c);

    // Sends from `w`, which must outlive it; `url` is one of url_of().
    webhook(worker& w, std::string const& url, webhook_format format, timing t);
    webhook(worker& w, std::string const& url, webhook_format format) : webhook(w, url, format, timing()) {}
    ~webhook(); // its worker's context has ended

    // Any thread. If too many wait the oldest is dropped, with a line in the log: the latest say how things are.
    void send(alert_message const& m);
    // No further tries; what is under way ends within its patience. Any thread.
    void stop();

private:
    struct state;
    std::shared_ptr<state> state_;
};

// What is sent. json: {"status": "firing", "alert": name, "text": …, "at": Unix seconds, "value": number}; slack:
// {"text": …}.
std::string webhook_body(alert_message const& m, webhook_format format);

} // namespace proxy
