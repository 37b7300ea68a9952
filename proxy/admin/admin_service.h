// The admin listener's side of HTTP: requests to `admin` and its answers back, on the disk pool, for they may block;
// what waits for upstreams is done here.
//
// What changes something comes with a method other than GET, and from no page but ours: one of somebody else could send
// it there, for the listener is on the loopback and asks for no password. Whether a page is ours its origin says, but
// only where our own name is one that nobody else can take: a name of theirs may lead to our address ("DNS rebinding").
// For the same reason what needs no login is shown to this machine by no other name.
#pragma once

#include "proxy/access/access_guard.h"
#include "proxy/admin/admin.h"
#include "proxy/admin/pull_commands.h"
#include "proxy/http/session.h"

#include <atomic>
#include <cstdint>
#include <functional>
#include <string_view>

namespace proxy {

class admin_service : public service {
public:
    // `now` in Unix seconds. All others must outlive it.
    admin_service(admin const& a, pull_commands const& pulls, access_guard guard, disk_pool& disk,
                  std::function<std::int64_t()> now)
        : admin_(a), pulls_(pulls), guard_(guard), disk_(disk), now_(std::move(now)) {}

    task<void> serve(exchange& x) override;

    static constexpr std::size_t max_body = 64 * 1024; // of a command

    static constexpr int max_watchers = 32; // pages that are told what happens

private:
    static bool is_tricked_browser(exchange const& x);
    task<bool> may_go_on(exchange& x);
    task<void> stream_events(exchange& x);
    task<result<void>> take_command(exchange& x, admin_request& to);
    task<void> reply(exchange& x, admin_response const& answer);

    admin const& admin_;
    pull_commands const& pulls_;
    access_guard guard_;
    disk_pool& disk_;
    std::function<std::int64_t()> now_;
    std::atomic<int> watchers_{0};
};

// What a request's target asks for, if it is one.
std::optional<admin_request> parse_admin_request(std::string method, std::string_view target);

// Whether a command with this Origin field may be what it says: sent by a page that this listener served, under this
// Host field. An address or "localhost" cannot be made to mean somebody else.
bool is_own_page(std::string_view origin, std::string_view host);
// Whether this Host field is such a name.
bool is_own_name(std::string_view host);

} // namespace proxy
