#include "tests/support/token_desk.h"

#include <boost/beast/core/detail/base64.hpp>

#include <algorithm>

namespace tests {

std::string basic_authorization(std::string const& username, std::string const& password) {
    namespace codec = boost::beast::detail::base64;
    auto const text = username + ":" + password;
    std::string out(codec::encoded_size(text.size()), '\0');
    out.resize(codec::encode(out.data(), text.data(), text.size()));
    return "Basic " + out;
}

bool token_desk::knows(recorded_request const& request) const {
    if (rules_.username.empty())
        return true;
    return request.header("Authorization") == basic_authorization(rules_.username, rules_.password);
}

scripted_reply token_desk::answer(recorded_request const& request) {
    auto const service = request.query("service");
    if (rules_.status != 200)
        return reply(rules_.status).body("no");
    if (!knows(request))
        return reply(401).body(R"({"errors":[]})");
    if (service != std::vector{rules_.service})
        return reply(400).body("wrong service");

    std::lock_guard lock(mutex_);
    auto const value = "token-" + std::to_string(all_.size() + 1);
    all_.push_back(value);
    valid_[value] = request.query("scope");
    auto json = R"({")" + rules_.member + R"(":")" + value + '"';
    if (rules_.expires_in)
        json += R"(,"expires_in":)" + std::to_string(*rules_.expires_in);
    auto out = reply(200).header("Content-Type", "application/json").body(json + "}");
    if (rules_.hold)
        out.hold_head(rules_.hold);
    return out;
}

bool token_desk::accepts(std::string const& authorization, std::string const& repository) const {
    std::lock_guard lock(mutex_);
    if (!authorization.starts_with("Bearer "))
        return false;
    auto const found = valid_.find(authorization.substr(7));
    if (found == valid_.end())
        return false;
    auto const needed = "repository:" + repository + ":pull";
    return std::ranges::find(found->second, needed) != found->second.end();
}

void token_desk::revoke_all() {
    std::lock_guard lock(mutex_);
    valid_.clear();
}

std::string token_desk::challenge(std::string const& realm, std::string const& repository) const {
    return R"(Bearer realm=")" + realm + R"(",service=")" + rules_.service + R"(",scope="repository:)" + repository +
           R"(:pull")";
}

std::size_t token_desk::issued() const {
    std::lock_guard lock(mutex_);
    return all_.size();
}

std::vector<std::string> token_desk::tokens() const {
    std::lock_guard lock(mutex_);
    return all_;
}

} // namespace tests
