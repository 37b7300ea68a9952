#include "proxy/log/access_log.h"

#include "proxy/log/logging.h"

#include <spdlog/spdlog.h>

#include <charconv>

namespace proxy {

namespace {

void append_number(std::string& to, std::uint64_t n) {
    char digits[20];
    to.append(digits, std::to_chars(digits, digits + sizeof digits, n).ptr);
}

// Milliseconds with three decimals.
void append_milliseconds(std::string& to, std::chrono::steady_clock::duration d) {
    auto const us = static_cast<std::uint64_t>(std::max<std::int64_t>(0, std::chrono::duration_cast<std::chrono::microseconds>(d).count()));
    append_number(to, us / 1000);
    char const rest[4] = {'.', char('0' + us / 100 % 10), char('0' + us / 10 % 10), char('0' + us % 10)};
    to.append(rest, 4);
}

std::string_view or_dash(std::string_view text) { return text.empty() ? "-" : text; }

} // namespace

void access_log::write(access_record const& r, std::string_view time) {
    if (!enabled_) return;
    switch (format_) {
    case log_format::text: write_text(r, time); break;
    case log_format::json: write_json(r, time); break;
    }
    if (block_.size() >= block_size) flush();
}

void access_log::write_text(access_record const& r, std::string_view time) {
    block_.append(time).append(" access ").append(r.client).append(" \"").append(r.method).append(" ");
    append_escaped(block_, r.target, longest_target);
    block_.append("\" ");
    append_number(block_, r.status);
    block_.append(" ");
    append_number(block_, r.body_bytes);
    block_.append(" ");
    append_milliseconds(block_, r.duration);
    block_.append("ms ").append(to_string(r.result)).append(" ").append(or_dash(r.upstream)).append(" \"");
    append_escaped(block_, r.user_agent, longest_user_agent);
    block_.append("\"\n");
}

void access_log::write_json(access_record const& r, std::string_view time) {
    block_.append(R"({"time":")").append(time).append(R"(","level":"access","client":")").append(r.client);
    block_.append(R"(","method":")");
    append_escaped(block_, r.method, longest_target);
    block_.append(R"(","target":")");
    append_escaped(block_, r.target, longest_target);
    block_.append(R"(","status":)");
    append_number(block_, r.status);
    block_.append(R"(,"bytes":)");
    append_number(block_, r.body_bytes);
    block_.append(R"(,"ms":)");
    append_milliseconds(block_, r.duration);
    block_.append(R"(,"result":")").append(to_string(r.result)).append(R"(","upstream":")").append(r.upstream);
    block_.append(R"(","user_agent":")");
    append_escaped(block_, r.user_agent, longest_user_agent);
    block_.append("\"}\n");
}

void access_log::flush() {
    if (block_.empty()) return;
    if (auto const log = access_logger()) {
        block_.pop_back(); // the logger ends the last line itself
        log->log(spdlog::level::info, spdlog::string_view_t(block_.data(), block_.size()));
    }
    block_.clear();
}

} // namespace proxy
