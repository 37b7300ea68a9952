#include "proxy/cli/image_command.h"

#include "proxy/cli/http_fetch.h"
#include "proxy/runtime/spawn.h"
#include "proxy/stats/units.h"

#include <boost/json/parse.hpp>
#include <boost/json/serialize.hpp>
#include <fmt/format.h>

#include <ostream>

namespace proxy {
namespace {

namespace json = boost::json;

constexpr seconds answer_timeout{60};

std::int64_t number(json::object const& o, char const* key) {
    auto const* v = o.if_contains(key);
    boost::system::error_code ec;
    auto const n = v ? v->to_number<std::int64_t>(ec) : 0;
    return ec ? 0 : n;
}

// "pinned docker.io/library/alpine:3.20", "purged …: 5 objects, 12.0 MiB"
result<std::string> line_of(std::string const& verb, std::string const& body) {
    boost::system::error_code ec;
    auto const answer = json::parse(body, ec);
    auto const past = verb == "purge" ? "purged" : verb + "ned";
    auto const* o = ec ? nullptr : answer.if_object();
    auto const* name = o ? o->if_contains(past) : nullptr;
    if (!name || !name->is_string())
        return internal_error("the answer does not say what was done: is this the admin API of layerd?");
    auto line = fmt::format("{} {}", past, std::string_view(name->get_string()));
    if (auto const* stored = o->if_contains("stored"); stored && *stored == false)
        line += ", which is not stored yet: it stays once it was pulled";
    if (verb != "purge")
        return line;
    auto const objects = number(*o, "objects"), kept = number(*o, "kept_in_use");
    if (objects == 0 && kept == 0)
        return line + ": all of its content belongs to other images too, and stays";
    line += fmt::format(": {} object{}, {}", objects, objects == 1 ? "" : "s", human_bytes(number(*o, "bytes")));
    if (kept > 0)
        line += fmt::format("; {} pinned or being read stayed", kept);
    return line;
}

class image_run {
public:
    image_run(image_options const& o, endpoint_config at, command_environment const& env)
        : options_(o), at_(std::move(at)), env_(env) {}

    int run() {
        spawn(context_.get_executor(), "images", [this] { return all(); });
        context_.run();
        return code_;
    }

private:
    task<void> all() {
        for (auto const& image : options_.images) {
            auto body = json::serialize(json::object{{"image", image}});
            std::string path = "/api/v1/" + options_.verb;
            auto const answer =
                co_await http_post(at_, std::move(path), std::move(body), deadline::after(answer_timeout));
            auto const line = answer ? line_of(options_.verb, *answer) : result<std::string>(answer.error());
            if (line) {
                env_.out << *line << '\n';
                continue;
            }
            env_.err << fmt::format("layerd {}: {}: {}\n", options_.verb, image, line.error().message);
            code_ = 1;
        }
    }

    image_options const& options_;
    endpoint_config const at_;
    command_environment const& env_;
    net::io_context context_{1};
    int code_ = 0;
};

} // namespace

int run_image_command(image_options const& o, command_environment const& env) {
    constexpr int wrong_usage = 2;
    auto at = parse_admin_url(o.admin);
    if (!at) {
        env.err << fmt::format("layerd {}: --admin {}\n", o.verb, at.error());
        return wrong_usage;
    }
    return image_run(o, *std::move(at), env).run();
}

} // namespace proxy
