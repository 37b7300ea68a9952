// What happens now, told to a page every other second for as long as it listens.
// Source: HTML Living Standard, "Server-sent events".
#pragma once

#include "proxy/admin/admin.h"
#include "proxy/http/exchange.h"

namespace proxy {

class event_stream : public streamed_body {
public:
    // All must outlive it. It ends when the client has gone, or the worker drains.
    event_stream(admin const& a, disk_pool& disk, worker_local& local) : admin_(a), disk_(disk), local_(local) {}

    task<bool> send_to(sender& s) override;

private:
    task<void> pause();

    admin const& admin_;
    disk_pool& disk_;
    worker_local& local_;
};

} // namespace proxy
