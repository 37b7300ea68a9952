// What tells secrets apart without keeping them: a hash under a key that this process made up at its start, so that
// what is remembered for minutes cannot be tried against a list of passwords.
#pragma once

#include <string>
#include <string_view>

namespace proxy {

// The first half of HMAC-SHA256 (RFC 2104), in hexadecimal. Throws if the system gives no random numbers. Any thread.
std::string keyed_hash(std::string_view text);

} // namespace proxy
