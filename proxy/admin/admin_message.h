// What the admin API is asked and answers, apart from sockets.
#pragma once

#include "oci/route.h"

#include <string>
#include <string_view>

namespace proxy {

struct admin_request {
    std::string method;
    std::string path;
    oci::query query;
    std::string body; // of a command
};

struct admin_response {
    unsigned status = 200;
    std::string content_type = "application/json";
    std::string body;
    std::string allow = "GET, HEAD"; // of 405
};

// {"error": message}
admin_response admin_problem(unsigned status, std::string_view message);

} // namespace proxy
