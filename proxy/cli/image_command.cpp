#include "proxy/cli/image_command.h"

#include "proxy/cli/http_fetch.h"
#include "proxy/cli/text_table.h"
#include "proxy/json_fields.h"
#include "proxy/runtime/spawn.h"
#include "proxy/stats/units.h"

#include <boost/json/serialize.hpp>
#include <fmt/format.h>

#include <ostream>

namespace proxy {
namespace {

namespace json = boost::json;

constexpr seconds answer_timeout{60};
constexpr std::size_t name_max = 400;

// "docker.io/library/alpine:3.20 is still sha256:…", "… has moved from sha256:… to sha256:…"
std::string line_of_refresh(json::object const& answer) {
    auto const name = printable(text_at(answer, {"refreshed"}), name_max);
    auto const now = printable(text_at(answer, {"digest"})), before = printable(text_at(answer, {"before"}));
    if (before.empty())
        return fmt::format("{} is {}; it was not known here", name, now);
    return before == now ? fmt::format("{} is still {}", name, now)
                         : fmt::format("{} has moved from {} to {}", name, before, now);
}

// "pinned docker.io/library/alpine:3.20", "purged …: 5 objects, 12.0 MiB"
result<std::string> line_of(std::string const& verb, std::string const& body) {
    auto const answer = parse_object(body);
    auto const past = verb == "purge" ? "purged" : verb == "refresh" ? "refreshed" : verb + "ned";
    auto const name = answer ? text_at(*answer, {past}) : std::string_view();
    if (name.empty())
        return internal_error("the answer does not say what was done: is this the admin API of layerd?");
    if (verb == "refresh")
        return line_of_refresh(*answer);
    auto line = fmt::format("{} {}", past, printable(name, name_max));
    if (auto const* stored = find_field(*answer, {"stored"}); stored && *stored == false)
        line += ", which is not stored yet: it stays once it was pulled";
    if (verb != "purge")
        return line;
    auto const objects = count_at(*answer, "objects"), kept = count_at(*answer, "kept_in_use");
    if (objects == 0 && kept == 0)
        return line + ": all of its content belongs to other images too, and stays";
    line += fmt::format(": {} object{}, {}", objects, objects == 1 ? "" : "s", human_bytes(count_at(*answer, "bytes")));
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
