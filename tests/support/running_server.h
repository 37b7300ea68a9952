// A whole layerd inside the test's process: real store in a folder of its own, real sockets on ports of the system's
// choice.
#pragma once

#include "proxy/server.h"

#include <cstdint>
#include <filesystem>
#include <memory>
#include <string>

namespace tests {

// A folder that goes with the object.
class temp_folder {
public:
    temp_folder();
    ~temp_folder();
    temp_folder(temp_folder const&) = delete;
    std::filesystem::path const& path() const noexcept { return path_; }

private:
    std::filesystem::path path_;
};

// Two threads, loopback, one upstream "docker.io" (the default) and one "ghcr.io", both at `origin_port` over plain
// HTTP, timeouts that a busy machine does not meet, no memory of 404s, no access log. Change what you need before
// starting.
proxy::config test_config(std::filesystem::path const& store, std::uint16_t origin_port);

class running_server {
public:
    explicit running_server(proxy::config c, proxy::server_seams seams = {});
    ~running_server();

    std::uint16_t port() const;
    std::uint16_t admin_port() const;
    proxy::server& get() noexcept { return *server_; }
    void stop(); // also done by the destructor

private:
    std::unique_ptr<proxy::server> server_;
};

} // namespace tests
