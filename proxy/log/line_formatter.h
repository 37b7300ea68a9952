// One message, one line: in text, or as a JSON object. Messages may quote clients and upstreams, so they are escaped
// here, where no call site can forget it.
//
//   2026-11-23T12:26:42.123Z warn  docker.io: connection refused
//   {"time":"2026-11-23T12:26:42.123Z","level":"warn","message":"docker.io: connection refused"}
//
// Blocks of the access log (messages of the logger `access_logger`) are whole lines already and pass untouched.
#pragma once

#include "proxy/config/config.h"

#include <spdlog/formatter.h>

#include <chrono>
#include <memory>

namespace proxy {

inline constexpr char const* access_logger = "access";

// "2026-11-23T12:26:42.123Z"
void append_time(fmt::memory_buffer& to, std::chrono::system_clock::time_point t);

std::string_view level_name(spdlog::level::level_enum level) noexcept;

// In text, quotes and backslashes cannot end a line and stay as they are; control bytes do not.
void append_plain(fmt::memory_buffer& to, std::string_view text);

class line_formatter : public spdlog::formatter {
public:
    explicit line_formatter(log_format format) : format_(format) {}

    void format(spdlog::details::log_msg const& message, spdlog::memory_buf_t& to) override;
    std::unique_ptr<spdlog::formatter> clone() const override;

private:
    log_format format_;
};

} // namespace proxy
