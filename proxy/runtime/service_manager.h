// What the service manager, systemd or another one with its protocol, is told about this process.
//
//   NOTIFY_SOCKET                where datagrams with our state go: sd_notify(3)
//   WATCHDOG_PID, WATCHDOG_USEC  how long it waits for the next WATCHDOG=1: sd_watchdog_enabled(3)
//
// Without these variables nobody is told anything. Not by libsystemd: its sd_notify() opens a socket for each message
// and may block. A server short of descriptors would so be taken for dead, and an event loop must wait for nobody.
// sd_notify(3) promises that the protocol stays and lets programs speak it themselves.
#pragma once

#include "proxy/runtime/environment.h"
#include "store/blob_file.h"

#include <chrono>
#include <optional>
#include <string>
#include <string_view>

namespace proxy {

class service_manager {
public:
    explicit service_manager(environment const& variable = own_environment());

    // Lines of sd_notify(3), "READY=1\nSTATUS=...". Any thread but an event loop's: waits while the manager's queue is
    // full, five seconds at most. What cannot be delivered is lost, which the log says at debug level.
    void tell(std::string_view state) const noexcept;

    // WATCHDOG=1. Any thread; does not block.
    void tell_alive() const noexcept;

    // RELOADING=1, with the time by which Type=notify-reload (systemd 253) tells this reload from others. READY=1 ends
    // it.
    void tell_reloading() const noexcept;

    // How often it wants to be told WATCHDOG=1: half of its patience. Nothing: it does not watch this process.
    std::optional<std::chrono::microseconds> watchdog_interval() const noexcept { return watchdog_interval_; }

private:
    void send(std::string_view state, int flags) const noexcept;

    std::string address_; // the bytes of a sockaddr_un; empty: nobody is told
    store::file_descriptor socket_;
    std::optional<std::chrono::microseconds> watchdog_interval_;
};

} // namespace proxy
