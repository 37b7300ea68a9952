#include "proxy/json_fields.h"

#include <boost/json/parse.hpp>

#include <utility>

namespace proxy {

namespace json = boost::json;

std::optional<json::object> parse_object(std::string_view document) {
    boost::system::error_code ec;
    auto parsed = json::parse(document, ec);
    if (ec || !parsed.is_object())
        return std::nullopt;
    return std::move(parsed.get_object());
}

json::value const* find_field(json::object const& from, field_path names) {
    json::object const* at = &from;
    json::value const* value = nullptr;
    for (auto name : names) {
        value = at != nullptr ? at->if_contains(name) : nullptr;
        at = value != nullptr ? value->if_object() : nullptr;
    }
    return value;
}

json::object const* find_object(json::object const& from, field_path names) {
    auto const* value = find_field(from, names);
    return value != nullptr ? value->if_object() : nullptr;
}

std::string_view text_at(json::object const& from, field_path names) {
    auto const* value = find_field(from, names);
    return value != nullptr && value->is_string() ? std::string_view(value->get_string()) : std::string_view();
}

json::array const& list_at(json::object const& from, field_path names) {
    static json::array const none;
    auto const* value = find_field(from, names);
    return value != nullptr && value->is_array() ? value->get_array() : none;
}

} // namespace proxy
