// The environment as an argument, so that tests need not change that of their own process, and what a service manager
// writes into it: numbers, and for which process they are.
#pragma once

#include <unistd.h>

#include <charconv>
#include <cstdlib>
#include <cstring>
#include <functional>
#include <optional>

namespace proxy {

// One variable; null: not set.
using environment = std::function<char const*(char const*)>;

inline environment own_environment() {
    return [](char const* name) { return std::getenv(name); };
}

// Digits alone; nothing for anything else, and for what is not set.
template <class T>
std::optional<T> number_in(char const* text) {
    if (text == nullptr)
        return std::nullopt;
    T value{};
    auto const* end = text + std::strlen(text);
    auto const [stopped, ec] = std::from_chars(text, end, value);
    if (ec != std::errc() || stopped != end)
        return std::nullopt;
    return value;
}

inline bool is_our_pid(char const* text) {
    return number_in<pid_t>(text) == ::getpid();
}

} // namespace proxy
