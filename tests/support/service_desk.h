// What a service manager is to a program: a real Unix datagram socket that is told things, and an environment.
#pragma once

#include "proxy/runtime/environment.h"
#include "store/blob_file.h"

#include <sys/socket.h>
#include <sys/un.h>

#include <cstddef>
#include <map>
#include <stdexcept>
#include <string>

namespace tests {

inline proxy::environment environment_of(std::map<std::string, std::string> variables) {
    return [variables = std::move(variables)](char const* name) -> char const* {
        auto const found = variables.find(name);
        return found == variables.end() ? nullptr : found->second.c_str();
    };
}

class service_desk {
public:
    // A path, or "@name" for one in the abstract namespace.
    explicit service_desk(std::string address)
        : address_(std::move(address)), socket_(::socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0)) {
        sockaddr_un at{};
        at.sun_family = AF_UNIX;
        address_.copy(at.sun_path, sizeof(at.sun_path) - 1);
        if (at.sun_path[0] == '@')
            at.sun_path[0] = '\0';
        auto const size = static_cast<socklen_t>(offsetof(sockaddr_un, sun_path) + address_.size());
        if (::bind(socket_.get(), reinterpret_cast<sockaddr const*>(&at), size) != 0)
            throw std::runtime_error("no socket at " + address_);
        timeval const patience{60, 0};
        ::setsockopt(socket_.get(), SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof(patience));
    }

    proxy::environment environment() const { return environment_of({{"NOTIFY_SOCKET", address_}}); }

    // Waits up to a minute; empty: nothing came.
    std::string next_message() const {
        std::string text(4096, '\0');
        auto const n = ::recv(socket_.get(), text.data(), text.size(), 0);
        text.resize(n > 0 ? static_cast<std::size_t>(n) : 0);
        return text;
    }

private:
    std::string address_;
    store::file_descriptor socket_;
};

} // namespace tests
