// Reads JSON that may lack any field: an answer of another version of layerd, or what an older one has saved. What is
// missing, or of another kind than expected, is nothing; never an error.
#pragma once

#include <boost/json/array.hpp>
#include <boost/json/object.hpp>
#include <boost/json/value.hpp>

#include <cstdint>
#include <initializer_list>
#include <optional>
#include <string_view>

namespace proxy {

using field_path = std::initializer_list<std::string_view>;

// The object that a document is.
std::optional<boost::json::object> parse_object(std::string_view document);

// The value at the end of a path of names, or null.
boost::json::value const* find_field(boost::json::object const& from, field_path names);
boost::json::object const* find_object(boost::json::object const& from, field_path names);

// Empty if there is none.
std::string_view text_at(boost::json::object const& from, field_path names);
boost::json::array const& list_at(boost::json::object const& from, field_path names);

// Exactly, or nothing: no number is rounded, none is cut to what T holds.
template <class T>
std::optional<T> number_at(boost::json::object const& from, field_path names) {
    auto const* value = find_field(from, names);
    if (value == nullptr || !value->is_number())
        return std::nullopt;
    boost::system::error_code ec;
    auto const n = value->to_number<T>(ec);
    return ec ? std::nullopt : std::optional(n);
}

// Zero if there is none.
inline std::int64_t count_at(boost::json::object const& from, std::string_view name) {
    return number_at<std::int64_t>(from, {name}).value_or(0);
}

} // namespace proxy
