#include "proxy/admin/command.h"

#include "proxy/json_fields.h"

#include <boost/json/serialize.hpp>

namespace proxy {

admin_response document(boost::json::object const& o) {
    return {200, "application/json", boost::json::serialize(o) + "\n"};
}

admin_response failed(error const& e) {
    return admin_problem(e.status, e.message);
}

admin_response wrong_method(std::string allow) {
    auto answer = admin_problem(405, "this is done with POST");
    answer.allow = std::move(allow);
    return answer;
}

error bad_request(std::string message) {
    return error{oci::errc::name_invalid, error_source::client, retry_class::never, 400, std::move(message)};
}

result<boost::json::object> body_of(admin_request const& r) {
    if (r.body.empty())
        return boost::json::object();
    auto body = parse_object(r.body);
    if (!body)
        return bad_request(R"(the body is no JSON object, such as {"image": "docker.io/library/alpine:3.20"})");
    return *std::move(body);
}

result<std::string> image_text(admin_request const& r) {
    auto const body = body_of(r);
    if (!body)
        return body.error();
    std::string text;
    if (auto const given = r.query.find("image"))
        text = *given;
    else
        text = text_at(*body, {"image"});
    if (text.empty())
        return bad_request(R"(which image? {"image": "docker.io/library/alpine:3.20"})");
    return text;
}

} // namespace proxy
