// Catch2, whichever version the distribution has: v2 on Debian 12, v3 on newer.
#pragma once

#if __has_include(<catch2/catch_all.hpp>)
#include <catch2/catch_all.hpp>
#else
#include <catch2/catch.hpp>
#endif

#include <boost/system/result.hpp>

// A result in a failed check shows its error. Without this Catch takes result's own operator<<, which exists
// for every T and does not compile for most.
template <class T, class E>
struct Catch::StringMaker<boost::system::result<T, E>> {
    static std::string convert(boost::system::result<T, E> const& r) {
        if (r.has_value())
            return "{a value}";
        if constexpr (requires { std::string(to_string(r.error().code)) + r.error().message; })
            return "{error " + std::string(to_string(r.error().code)) + ": " + r.error().message + "}";
        else
            return "{an error}";
    }
};
