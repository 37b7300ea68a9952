// A password, a token, or a header's value made of one: wherever it is handed to, nothing of it stays behind there.
#pragma once

#include "proxy/wipe.h"

#include <string>
#include <string_view>
#include <utility>

namespace proxy {

// Like a string, but wiped when it goes, is assigned to, or is moved from.
class secret {
public:
    secret() = default;
    explicit secret(std::string text) : text_(std::move(text)) { wipe(text); }
    secret(secret const&) = default;
    secret(secret&& other) noexcept : text_(std::move(other.text_)) { wipe(other.text_); }
    secret& operator=(secret other) noexcept {
        wipe(text_);
        text_.swap(other.text_);
        return *this;
    }
    ~secret() { wipe(text_); }

    bool empty() const noexcept { return text_.empty(); }
    std::string const& text() const noexcept { return text_; } // to be copied into what is sent, and nowhere else
    friend bool operator==(secret const& a, std::string_view b) noexcept { return a.text_ == b; }

private:
    std::string text_;
};

} // namespace proxy
