// One line per request.
//
// A busy mirror answers tens of thousands of requests a second, so a line costs no lock: each worker formats into a
// buffer of its own, which goes to the log in blocks, when it is full or when the worker's tick says so.
#pragma once

#include "proxy/config/config.h"
#include "proxy/stats/stats.h"

#include <chrono>
#include <cstdint>
#include <string>
#include <string_view>

namespace proxy {

struct access_record {
    std::string_view client; // "address:port"
    std::string_view method;
    std::string_view target;
    unsigned status = 0;
    std::uint64_t body_bytes = 0;
    std::chrono::steady_clock::duration duration{};
    outcome result = outcome::pass;
    std::string_view upstream; // "" if none was meant
    std::string_view user_agent;
};

// Belongs to one worker's thread.
class access_log {
public:
    static constexpr std::size_t block_size = 32 * 1024;
    static constexpr std::size_t longest_target = 512;
    static constexpr std::size_t longest_user_agent = 256;

    explicit access_log(log_config const& c) : enabled_(c.access), format_(c.format) {}

    // `time` is the line's, as it should read: "2026-01-31T10:00:00Z".
    void write(access_record const& r, std::string_view time);

    // Hands what has gathered to the log; may block for as long as a write to a file does.
    void flush();

private:
    void write_text(access_record const& r, std::string_view time);
    void write_json(access_record const& r, std::string_view time);

    bool enabled_;
    log_format format_;
    std::string block_;
};

} // namespace proxy
