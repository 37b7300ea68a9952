// Small documents over HTTP, there and back: how the commands talk to a running server's admin API.
#pragma once

#include "proxy/config/config.h"
#include "proxy/error.h"
#include "proxy/runtime/deadline.h"
#include "proxy/runtime/net.h"

#include <string>
#include <string_view>

namespace proxy {

inline constexpr std::size_t max_document_size = 16 * 1024 * 1024;

// "http://127.0.0.1:5001", or with https. What is wrong, in words that follow "--admin" in a message, else.
boost::system::result<endpoint_config, std::string> parse_admin_url(std::string_view text);

// A file with a token that the admin API is shown (`layerd token issue --scope admin`), for one that asks for a login.
inline constexpr char const* token_file_variable = "LAYERD_TOKEN_FILE";

// The body of a 200; else a message for people, that names the URL or is the server's own {"error": message}. `at`
// must outlive the task.
task<result<std::string>> http_fetch(endpoint_config const& at, std::string path, deadline d);                  // GET
task<result<std::string>> http_post(endpoint_config const& at, std::string path, std::string json, deadline d); // POST

} // namespace proxy
