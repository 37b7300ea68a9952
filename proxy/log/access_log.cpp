#include "proxy/log/access_log.h"

#include "proxy/log/escape.h"
#include "proxy/log/line_formatter.h"

#include <spdlog/logger.h>
#include <spdlog/spdlog.h>

namespace proxy {
namespace {

constexpr std::size_t max_target = 512;
constexpr std::size_t max_user_agent = 128;
constexpr std::size_t max_word = 64;  // addresses, methods, names of upstreams
constexpr std::size_t max_user = 128; // an issuer's job has a long name

void append(fmt::memory_buffer& to, std::string_view text) {
    to.append(text.data(), text.data() + text.size());
}

void append_number(fmt::memory_buffer& to, std::uint64_t n) {
    fmt::format_int const digits(n);
    to.append(digits.data(), digits.data() + digits.size());
}

// Milliseconds with three places.
void append_milliseconds(fmt::memory_buffer& to, std::chrono::steady_clock::duration d) {
    auto const us = std::chrono::duration_cast<std::chrono::microseconds>(d).count();
    auto const positive = static_cast<std::uint64_t>(us < 0 ? 0 : us);
    append_number(to, positive / 1000);
    auto const rest = static_cast<int>(positive % 1000);
    char const places[] = {'.', static_cast<char>('0' + rest / 100), static_cast<char>('0' + rest / 10 % 10),
                           static_cast<char>('0' + rest % 10)};
    to.append(places, places + sizeof places);
}

// A field without quotes: one word, "-" if there is none. Blanks would make two fields of it.
void append_word(fmt::memory_buffer& to, std::string_view word, std::size_t most = max_word) {
    if (word.empty())
        return to.push_back('-');
    if (word.find(' ') == word.npos)
        return append_escaped(to, word, escape_style::text, most);
    for (char c : word.substr(0, most))
        if (c == ' ')
            append(to, "\\x20");
        else
            append_escaped(to, {&c, 1}, escape_style::text, 1);
}

} // namespace

access_log::access_log(log_config const& c) : format_(c.format) {
    if (!c.access)
        return;
    logger_ = spdlog::get(access_logger);
    if (!logger_)
        logger_ = spdlog::default_logger();
    if (logger_)
        lines_.reserve(block_size + 4096);
}

access_log::~access_log() {
    flush();
}

void access_log::write(access_record const& r) {
    if (!logger_)
        return;
    if (format_ == log_format::json)
        write_json(r);
    else
        write_text(r);
    if (lines_.size() >= block_size)
        flush();
}

void access_log::write_text(access_record const& r) {
    auto& to = lines_;
    append_time(to, r.time);
    to.push_back(' ');
    append_word(to, r.client);
    to.push_back(' ');
    append_word(to, r.method);
    append(to, " \"");
    append_escaped(to, r.target, escape_style::text, max_target);
    append(to, "\" ");
    append_number(to, r.status);
    to.push_back(' ');
    append_number(to, r.body_bytes);
    to.push_back(' ');
    append_milliseconds(to, r.duration);
    to.push_back(' ');
    append(to, to_string(r.result));
    to.push_back(' ');
    append_word(to, r.upstream);
    append(to, " \"");
    append_escaped(to, r.user_agent, escape_style::text, max_user_agent);
    append(to, "\" ");
    append_word(to, r.user, max_user);
    to.push_back('\n');
}

void access_log::write_json(access_record const& r) {
    auto& to = lines_;
    auto const text = [&to](std::string_view name, std::string_view value, std::size_t most) {
        append(to, name);
        append_escaped(to, value, escape_style::json, most);
    };
    append(to, R"({"time":")");
    append_time(to, r.time);
    text(R"(","client":")", r.client, max_word);
    text(R"(","method":")", r.method, max_word);
    text(R"(","target":")", r.target, max_target);
    append(to, R"(","status":)");
    append_number(to, r.status);
    append(to, R"(,"bytes":)");
    append_number(to, r.body_bytes);
    append(to, R"(,"ms":)");
    append_milliseconds(to, r.duration);
    text(R"(,"outcome":")", to_string(r.result), max_word);
    text(R"(","upstream":")", r.upstream, max_word);
    text(R"(","user_agent":")", r.user_agent, max_user_agent);
    text(R"(","user":")", r.user, max_user);
    append(to, "\"}\n");
}

void access_log::flush() {
    if (!logger_ || lines_.size() == 0)
        return;
    logger_->log(spdlog::level::info, spdlog::string_view_t(lines_.data(), lines_.size()));
    lines_.clear();
}

} // namespace proxy
