// Overwrites a secret before its memory is given back, in a way that no optimizer takes out. What the libraries below
// us copy (sockets, TLS records, parsers) is out of reach: this shortens how long a password lies about, and no more.
#pragma once

#include <openssl/crypto.h>

#include <string>

namespace proxy {

// All that the string has allocated, so also what was longer once; it is empty then.
inline void wipe(std::string& text) noexcept {
    text.resize(text.capacity());
    OPENSSL_cleanse(text.data(), text.size());
    text.clear();
}

// Wipes a string of somebody else's when it goes out of scope.
class wiped_at_end {
public:
    explicit wiped_at_end(std::string& text) : text_(text) {}
    ~wiped_at_end() { wipe(text_); }
    wiped_at_end(wiped_at_end const&) = delete;

private:
    std::string& text_;
};

} // namespace proxy
