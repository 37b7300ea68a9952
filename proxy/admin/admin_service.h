// The admin listener's side of HTTP: requests to `admin` and its answers back, on the disk pool, for they may block.
//
// What changes something comes with a method other than GET, and not from a browser: a page of somebody else could
// send it there, for the listener is on the loopback and asks for no password.
#pragma once

#include "proxy/admin/admin.h"
#include "proxy/http/session.h"

namespace proxy {

class admin_service : public service {
public:
    admin_service(admin const& a, disk_pool& disk) : admin_(a), disk_(disk) {}

    task<void> serve(exchange& x, std::string_view client) override;

    static constexpr std::size_t max_body = 64 * 1024; // of a command

private:
    task<result<void>> take_command(exchange& x, admin_request& to);
    task<void> reply(exchange& x, admin_response const& answer);

    admin const& admin_;
    disk_pool& disk_;
};

} // namespace proxy
