#include "proxy/log/line_formatter.h"

#include "proxy/log/escape.h"

#include <fmt/chrono.h>

namespace proxy {
namespace {

// Longer messages are cut: nobody reads them, and somebody may have made them long.
constexpr std::size_t max_message = 8192;

} // namespace

std::string_view level_name(spdlog::level::level_enum level) noexcept {
    switch (level) {
    case spdlog::level::trace:
        return "trace";
    case spdlog::level::debug:
        return "debug";
    case spdlog::level::info:
        return "info";
    case spdlog::level::warn:
        return "warn";
    case spdlog::level::err:
        return "error";
    case spdlog::level::critical:
        return "fatal";
    case spdlog::level::off:
    case spdlog::level::n_levels:
        break;
    }
    return "info";
}

void append_plain(fmt::memory_buffer& to, std::string_view text) {
    std::size_t start = 0;
    for (std::size_t i = 0; i < text.size(); ++i) {
        if (text[i] != '"' && text[i] != '\\')
            continue;
        append_escaped(to, text.substr(start, i - start), escape_style::text, max_message);
        to.push_back(text[i]);
        start = i + 1;
    }
    append_escaped(to, text.substr(start), escape_style::text, max_message);
}

void append_time(fmt::memory_buffer& to, std::chrono::system_clock::time_point t) {
    // Breaking a time into its parts costs more than the rest of a line, and changes once a second.
    struct second {
        std::int64_t at = -1;
        std::array<char, 20> text{};
    };
    thread_local second last;
    auto const ms = std::chrono::floor<std::chrono::milliseconds>(t.time_since_epoch()).count();
    auto const seconds = ms / 1000;
    if (seconds != last.at) {
        fmt::format_to_n(last.text.data(), last.text.size(), "{:%Y-%m-%dT%H:%M:%S}.",
                         fmt::gmtime(static_cast<std::time_t>(seconds)));
        last.at = seconds;
    }
    auto const rest = static_cast<int>(ms % 1000);
    to.append(last.text.data(), last.text.data() + last.text.size());
    char const digits[] = {static_cast<char>('0' + rest / 100), static_cast<char>('0' + rest / 10 % 10),
                           static_cast<char>('0' + rest % 10), 'Z'};
    to.append(digits, digits + sizeof digits);
}

void line_formatter::format(spdlog::details::log_msg const& message, spdlog::memory_buf_t& to) {
    std::string_view const payload(message.payload.data(), message.payload.size());
    std::string_view const name(message.logger_name.data(), message.logger_name.size());
    if (name == access_logger) {
        to.append(payload.data(), payload.data() + payload.size());
        return;
    }
    fmt::memory_buffer line;
    auto const out = fmt::appender(line);
    auto const cut = payload.substr(0, max_message);
    if (format_ == log_format::json) {
        fmt::format_to(out, R"({{"time":")");
        append_time(line, message.time);
        fmt::format_to(out, R"(","level":"{}","message":")", level_name(message.level));
        append_escaped(line, cut, escape_style::json, max_message);
        fmt::format_to(out, "\"}}\n");
    } else {
        append_time(line, message.time);
        fmt::format_to(out, " {:<5} ", level_name(message.level));
        append_plain(line, cut);
        line.push_back('\n');
    }
    to.append(line.data(), line.data() + line.size());
}

std::unique_ptr<spdlog::formatter> line_formatter::clone() const {
    return std::make_unique<line_formatter>(format_);
}

} // namespace proxy
