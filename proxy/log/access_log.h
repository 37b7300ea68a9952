// One line for every request.
//
//   2026-11-23T12:26:42.123Z 127.0.0.1:53412 GET "/v2/library/alpine/manifests/3.19" 200 528 0.412 hit docker.io
//   "containerd/1.7" alice (the same line)
//   {"time":"…","client":"127.0.0.1:53412","method":"GET","target":"/v2/library/alpine/manifests/3.19","status":200,
//    "bytes":528,"ms":0.412,"outcome":"hit","upstream":"docker.io","user_agent":"containerd/1.7","user":"alice"}
//
// A worker answers tens of thousands of requests a second, so each has a log of its own: a line is built in its
// buffer without a lock, and the buffer goes to the sink as one block when it is full or a second old.
#pragma once

#include "proxy/config/config.h"
#include "proxy/stats/stats.h"

#include <fmt/format.h>

#include <chrono>
#include <cstdint>
#include <memory>
#include <string_view>

namespace spdlog {
class logger;
}

namespace proxy {

struct access_record {
    std::string_view client; // address and port
    std::string_view method;
    std::string_view target; // escaped, and cut at 512 bytes
    unsigned status = 0;
    std::uint64_t body_bytes = 0;
    std::chrono::steady_clock::duration duration{};
    outcome result = outcome::pass;
    std::string_view upstream;                                                     // empty: none
    std::string_view user_agent;                                                   // escaped, and cut at 128 bytes
    std::string_view user;                                                         // who logged in; empty: nobody
    std::chrono::system_clock::time_point time = std::chrono::system_clock::now(); // of the answer's end
};

// For one thread. Make it after start_logging(); without that, blocks go to spdlog's default logger.
class access_log {
public:
    static constexpr std::size_t block_size = 32 * 1024;

    explicit access_log(log_config const& c);
    access_log(access_log&&) noexcept = default;
    access_log& operator=(access_log&&) = delete;
    ~access_log(); // flushes

    // Never blocks: a sink that does not keep up loses blocks (lost_access_blocks()).
    void write(access_record const& r);

    // Hands over what is there; to be called once a second, and when the thread ends.
    void flush();

private:
    void write_text(access_record const& r);
    void write_json(access_record const& r);

    std::shared_ptr<spdlog::logger> logger_; // null: switched off
    log_format format_;
    fmt::memory_buffer lines_;
};

} // namespace proxy
