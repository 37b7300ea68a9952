// What the commands of the admin API have in common: how they are asked, and how they answer.
#pragma once

#include "proxy/admin/admin_message.h"
#include "proxy/error.h"

#include <boost/json/object.hpp>

#include <string>

namespace proxy {

admin_response document(boost::json::object const& o);
admin_response failed(error const& e);          // its status and message
admin_response wrong_method(std::string allow); // 405
error bad_request(std::string message);

// What a command says beside its path, a JSON object; a command need not say anything.
result<boost::json::object> body_of(admin_request const& r);

// "image" of the query, or of the body; an error if there is none.
result<std::string> image_text(admin_request const& r);

} // namespace proxy
