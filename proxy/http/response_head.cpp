#include "proxy/http/response_head.h"

#include <boost/beast/http/status.hpp>

#include <ctime>

namespace proxy {

std::string_view reason_phrase(unsigned status) noexcept {
    auto const text = boost::beast::http::obsolete_reason(boost::beast::http::int_to_status(status));
    return {text.data(), text.size()};
}

response_head::response_head(std::string& buffer, unsigned status, std::string_view date)
    : buffer_(buffer), status_(status) {
    char digits[3] = {char('0' + status / 100), char('0' + status / 10 % 10), char('0' + status % 10)};
    buffer_.assign("HTTP/1.1 ");
    buffer_.append(digits, 3).append(" ").append(reason_phrase(status));
    buffer_.append("\r\nDate: ").append(date);
    buffer_.append("\r\nDocker-Distribution-API-Version: registry/2.0\r\n");
}

std::string http_date(std::int64_t unix_seconds) {
    std::time_t const t = unix_seconds;
    std::tm utc{};
    gmtime_r(&t, &utc);
    char text[64];
    // The C locale's names: the program never calls setlocale.
    auto const n = std::strftime(text, sizeof text, "%a, %d %b %Y %H:%M:%S GMT", &utc);
    return {text, n};
}

} // namespace proxy
