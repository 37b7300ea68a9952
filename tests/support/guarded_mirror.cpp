#include "tests/support/guarded_mirror.h"

#include "proxy/cli/command_line.h"

#include <boost/json/serialize.hpp>

#include <fstream>
#include <sstream>
#include <stdexcept>

namespace tests {

namespace {

// htpasswd -nbB -C 4
constexpr char const* users = "alice:$2y$04$fmQn3wl9GfILLAnIMysm1uREgN0uZBoWQVlbxEaylthmIIOsVq9UW\nbob:$2y$04$f/"
                              "7c1EpAxfkmTTQSIgTvAeoUewFg59KJTr.Ar5m7rDVRGIvvGuaIG\n";

} // namespace

guarded_mirror::guarded_mirror(std::string const& access) {
    auto const file = files.path() / "htpasswd";
    std::ofstream(file) << users;
    auto const text = "[access]\nhtpasswd_file = \"" + file.string() + "\"\n" + access;
    auto parsed = proxy::parse_config(text, "test");
    if (!parsed)
        throw std::runtime_error(parsed.error().front().message);
    settings.access = parsed->access;
}

http_answer guarded_mirror::ask(std::string const& method, std::string const& target, std::string const& authorization,
                                std::string const& body) const {
    http_client::headers h;
    if (!authorization.empty())
        h.emplace_back("Authorization", authorization);
    return http_client(server->port()).request(method, target, h, body);
}

http_answer guarded_mirror::admin_ask(std::string const& method, std::string const& target,
                                      std::string const& authorization) const {
    http_client::headers h;
    if (!authorization.empty())
        h.emplace_back("Authorization", authorization);
    return http_client(server->admin_port()).request(method, target, h);
}

std::string guarded_mirror::token(std::string const& query, std::string const& authorization) const {
    return "Bearer " + member(token_answer(query, authorization).body, "token");
}

std::string guarded_mirror::issue(std::string const& user, std::vector<std::string> const& scopes,
                                  std::string const& life) const {
    std::vector<std::string> args{"token",     "issue", "--user", user,
                                  "--expires", life,    "--key",  (settings.store.path / "token-key.pem").string()};
    for (auto const& s : scopes)
        args.insert(args.end(), {"--scope", s});
    std::ostringstream out, err;
    if (proxy::run_command_line(args, {out, err, {}}) != 0)
        throw std::runtime_error(err.str());
    auto text = out.str();
    text.pop_back();
    return text;
}

std::string const& alice() {
    static std::string const value = basic_authorization("alice", "alice's");
    return value;
}

std::string const& bob() {
    static std::string const value = basic_authorization("bob", "bob's");
    return value;
}

std::string member(std::string const& json_object, std::string const& name) {
    boost::system::error_code ec;
    auto const v = boost::json::parse(json_object, ec);
    auto const* m = !ec && v.is_object() ? v.get_object().if_contains(name) : nullptr;
    if (m == nullptr)
        return {};
    return m->is_string() ? std::string(m->get_string()) : boost::json::serialize(*m);
}

} // namespace tests
