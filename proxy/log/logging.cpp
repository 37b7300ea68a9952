#include "proxy/log/logging.h"

#include <spdlog/pattern_formatter.h>
#include <spdlog/sinks/basic_file_sink.h>
#include <spdlog/sinks/stdout_sinks.h>
#include <spdlog/spdlog.h>

#include <array>

namespace proxy {

namespace {

constexpr std::size_t longest_message = 4096;
constexpr char const* access_name = "access";

// %*: the message, escaped. Messages quote what came from outside.
class escaped_message : public spdlog::custom_flag_formatter {
public:
    void format(spdlog::details::log_msg const& m, std::tm const&, spdlog::memory_buf_t& out) override {
        std::string text;
        append_escaped(text, {m.payload.data(), m.payload.size()}, longest_message);
        out.append(text.data(), text.data() + text.size());
    }
    std::unique_ptr<custom_flag_formatter> clone() const override { return std::make_unique<escaped_message>(); }
};

std::unique_ptr<spdlog::formatter> line_formatter(log_format f) {
    auto formatter = std::make_unique<spdlog::pattern_formatter>(spdlog::pattern_time_type::utc);
    formatter->add_flag<escaped_message>('*');
    switch (f) {
    case log_format::text: formatter->set_pattern("%Y-%m-%dT%H:%M:%S.%eZ %l %*"); break;
    case log_format::json: formatter->set_pattern(R"({"time":"%Y-%m-%dT%H:%M:%S.%eZ","level":"%l","message":"%*"})"); break;
    }
    return formatter;
}

spdlog::sink_ptr make_sink(log_config const& c) {
    if (c.file.empty()) return std::make_shared<spdlog::sinks::stderr_sink_mt>();
    return std::make_shared<spdlog::sinks::basic_file_sink_mt>(c.file.string());
}

// The length of the UTF-8 sequence at the start of `text`, or 0 if there is none. Source: RFC 3629 §4.
std::size_t sequence_length(std::string_view text) {
    auto const byte = [&](std::size_t i) { return static_cast<unsigned char>(text[i]); };
    auto const tail = [&](std::size_t i) { return i < text.size() && byte(i) >= 0x80 && byte(i) <= 0xbf; };
    auto const first = byte(0);
    if (first < 0x80) return 1;
    if (first >= 0xc2 && first <= 0xdf) return tail(1) ? 2 : 0;
    if (first >= 0xe0 && first <= 0xef) {
        if (!tail(1) || !tail(2)) return 0;
        bool const overlong = first == 0xe0 && byte(1) < 0xa0;
        bool const surrogate = first == 0xed && byte(1) > 0x9f;
        return overlong || surrogate ? 0 : 3;
    }
    if (first >= 0xf0 && first <= 0xf4) {
        if (!tail(1) || !tail(2) || !tail(3)) return 0;
        bool const overlong = first == 0xf0 && byte(1) < 0x90;
        bool const beyond = first == 0xf4 && byte(1) > 0x8f;
        return overlong || beyond ? 0 : 4;
    }
    return 0;
}

} // namespace

void append_escaped(std::string& to, std::string_view text, std::size_t most) {
    constexpr std::string_view hex = "0123456789abcdef";
    bool const cut = text.size() > most;
    text = text.substr(0, most);
    while (!text.empty()) {
        auto const c = static_cast<unsigned char>(text.front());
        auto const n = sequence_length(text);
        if (n == 0) {
            to += "\\ufffd";
        } else if (c == '"' || c == '\\') {
            to += '\\';
            to += static_cast<char>(c);
        } else if (c < 0x20 || c == 0x7f) {
            to += "\\u00";
            to += hex[c >> 4];
            to += hex[c & 15];
        } else {
            to += text.substr(0, n);
        }
        text.remove_prefix(std::max<std::size_t>(n, 1));
    }
    if (cut) to += "...";
}

void start_logging(log_config const& c) {
    auto const sink = make_sink(c);
    auto lines = std::make_shared<spdlog::logger>("layerd", sink);
    lines->set_level(spdlog::level::from_str(c.level));
    lines->flush_on(spdlog::level::info);
    lines->set_formatter(line_formatter(c.format));
    spdlog::set_default_logger(lines);

    // Shares the destination but not the pattern: its blocks are finished lines. Two sinks of one file would each buffer
    // and cut into each other's lines, so the file is opened for appending and every block is flushed whole.
    auto blocks = std::make_shared<spdlog::logger>(access_name, make_sink(c));
    blocks->set_pattern("%v");
    blocks->set_level(spdlog::level::trace);
    blocks->flush_on(spdlog::level::trace);
    spdlog::drop(access_name);
    spdlog::register_logger(blocks);
}

std::shared_ptr<spdlog::logger> access_logger() { return spdlog::get(access_name); }

} // namespace proxy
