// What happens now, told to a page every other second for as long as it listens.
// Source: HTML Living Standard, "Server-sent events".
#pragma once

#include "proxy/admin/admin.h"
#include "proxy/http/exchange.h"

#include <functional>

namespace proxy {

class event_stream : public streamed_body {
public:
    // `may_go_on` is asked before each event. All must outlive it. It ends when the client has gone or may not go on,
    // or the worker drains.
    event_stream(admin const& a, disk_pool& disk, worker_local& local, std::function<task<bool>()> may_go_on)
        : admin_(a), disk_(disk), local_(local), may_go_on_(std::move(may_go_on)) {}

    task<bool> send_to(sender& s) override;

private:
    task<void> pause();

    admin const& admin_;
    disk_pool& disk_;
    worker_local& local_;
    std::function<task<bool>()> may_go_on_;
};

} // namespace proxy
