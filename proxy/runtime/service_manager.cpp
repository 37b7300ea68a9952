#include "proxy/runtime/service_manager.h"

#include <fmt/format.h>
#include <spdlog/spdlog.h>

#include <sys/socket.h>
#include <sys/un.h>

#include <algorithm>
#include <cerrno>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <ctime>

namespace proxy {

namespace {

constexpr std::uint64_t longest_us = 24ull * 3600 * 1'000'000; // between two signs of life: no clock overflows

// The bytes of the address, as long as the kernel wants them; nothing if it is none.
std::string socket_address(std::string_view path) {
    sockaddr_un at{};
    if (path.size() < 2 || path.size() >= sizeof(at.sun_path) || (path[0] != '/' && path[0] != '@'))
        return {};
    at.sun_family = AF_UNIX;
    std::memcpy(at.sun_path, path.data(), path.size());
    auto size = offsetof(sockaddr_un, sun_path) + path.size() + 1;
    if (path[0] == '@') { // the abstract namespace, where a zero at the end would be part of the name
        at.sun_path[0] = '\0';
        --size;
    }
    return std::string(reinterpret_cast<char const*>(&at), size);
}

} // namespace

service_manager::service_manager(environment const& variable) {
    auto const* path = variable("NOTIFY_SOCKET");
    if (path == nullptr)
        return;
    address_ = socket_address(path);
    if (address_.empty()) {
        spdlog::warn("the service manager is told nothing: NOTIFY_SOCKET is no address of a Unix socket");
        return;
    }
    socket_ = store::file_descriptor(::socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0));
    timeval const patience_with_it{5, 0};
    ::setsockopt(socket_.get(), SOL_SOCKET, SO_SNDTIMEO, &patience_with_it, sizeof(patience_with_it));
    auto const* watched = variable("WATCHDOG_PID"); // not set: whoever runs in the service
    auto const patience = number_in<std::uint64_t>(variable("WATCHDOG_USEC"));
    if ((watched == nullptr || is_our_pid(watched)) && patience && *patience >= 2)
        watchdog_interval_ = std::chrono::microseconds(std::min(*patience / 2, longest_us));
}

void service_manager::tell(std::string_view state) const noexcept {
    send(state, 0);
}

void service_manager::tell_alive() const noexcept {
    send("WATCHDOG=1", MSG_DONTWAIT);
}

void service_manager::send(std::string_view state, int flags) const noexcept {
    if (address_.empty())
        return;
    auto const* to = reinterpret_cast<sockaddr const*>(address_.data());
    auto const size = static_cast<socklen_t>(address_.size());
    if (::sendto(socket_.get(), state.data(), state.size(), flags | MSG_NOSIGNAL, to, size) == -1)
        spdlog::debug("the service manager was not told {}: {}", state, std::strerror(errno));
}

void service_manager::tell_reloading() const noexcept {
    timespec now{};
    ::clock_gettime(CLOCK_MONOTONIC, &now);
    tell(fmt::format("RELOADING=1\nMONOTONIC_USEC={}", now.tv_sec * 1'000'000 + now.tv_nsec / 1000));
}

} // namespace proxy
