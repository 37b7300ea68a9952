// The admin listener's side of HTTP: requests to `admin` and its answers back, on the disk pool, for they may block.
#pragma once

#include "proxy/admin/admin.h"
#include "proxy/http/session.h"

namespace proxy {

class admin_service : public service {
public:
    admin_service(admin const& a, disk_pool& disk) : admin_(a), disk_(disk) {}

    task<void> serve(exchange& x, std::string_view client) override;

private:
    admin const& admin_;
    disk_pool& disk_;
};

} // namespace proxy
