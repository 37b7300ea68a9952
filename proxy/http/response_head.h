// Builds the head of an answer into a buffer that the connection keeps: no allocation once it has grown.
#pragma once

#include <charconv>
#include <cstdint>
#include <string>
#include <string_view>

namespace proxy {

std::string_view reason_phrase(unsigned status) noexcept;

class response_head {
public:
    // Starts anew in `buffer`, which must outlive this. `date` is the value of the Date field.
    response_head(std::string& buffer, unsigned status, std::string_view date);

    // `value` must hold no CR or LF; what comes from outside has been through a parser that refuses them.
    response_head& field(std::string_view name, std::string_view value) {
        buffer_.append(name).append(": ").append(value).append("\r\n");
        return *this;
    }
    response_head& field(std::string_view name, std::uint64_t value) {
        char digits[20];
        auto end = std::to_chars(digits, digits + sizeof digits, value).ptr;
        return field(name, std::string_view(digits, end));
    }

    // Fields that were built before, each line with its CRLF.
    response_head& lines(std::string_view lines) {
        buffer_.append(lines);
        return *this;
    }

    // Ends the head. `length` is of the body as it is or would be (HEAD); absent for 304 and 1xx.
    void finish(bool keep_alive) { buffer_.append(keep_alive ? "\r\n" : "Connection: close\r\n\r\n"); }

    unsigned status() const noexcept { return status_; }

private:
    std::string& buffer_;
    unsigned status_;
};

// Now, as the Date field wants it: "Sun, 06 Nov 1994 08:49:37 GMT" (RFC 9110 §5.6.7).
std::string http_date(std::int64_t unix_seconds);

} // namespace proxy
