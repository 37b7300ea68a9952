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

// "pinned docker.io/library/alpine:3.20", "purged …: 5 objects, 12MiB"
std::string line_of(std::string const& verb, std::string const& body) {
    boost::system::error_code ec;
    auto const answer = json::parse(body, ec);
    auto const past = verb == "purge" ? "purged" : verb + "ned";
    if (ec || !answer.is_object() || !answer.get_object().contains(past))
        return past;
    auto const& o = answer.get_object();
    auto const name = std::string(o.at(past).as_string());
    if (verb != "purge")
        return fmt::format("{} {}", past, name);
    auto line = fmt::format("{} {}: {} objects, {}", past, name, o.at("objects").to_number<std::int64_t>(),
                            human_bytes(o.at("bytes").to_number<std::int64_t>()));
    if (auto const kept = o.at("kept_in_use").to_number<std::int64_t>(); kept > 0)
        line += fmt::format("; {} pinned or in use stayed", kept);
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
            if (answer) {
                env_.out << line_of(options_.verb, *answer) << '\n';
                continue;
            }
            env_.err << fmt::format("layerd {}: {}: {}\n", options_.verb, image, answer.error().message);
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
    auto at = parse_endpoint(o.admin);
    if (!at) {
        env.err << fmt::format("layerd {}: --admin {} {}\n", o.verb, o.admin, at.error());
        return wrong_usage;
    }
    return image_run(o, *std::move(at), env).run();
}

} // namespace proxy
