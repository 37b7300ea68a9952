// What a client sent to the scripted origin.
#pragma once

#include "tests/support/scripted_reply.h"

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

namespace tests {

struct recorded_request {
    std::string method;
    std::string target; // as received
    std::string path;   // the target without its query
    header_list headers;
    std::string body;
    std::size_t connection = 0; // which of the origin's connections carried it, from 1

    bool has_header(std::string_view name) const;
    std::string header(std::string_view name) const;             // the first, "" if absent; any case of name
    std::vector<std::string> query(std::string_view name) const; // all values of that name, decoded
};

} // namespace tests
