#include "proxy/cli/report_command.h"

#include "proxy/cli/http_fetch.h"
#include "proxy/cli/report_markdown.h"
#include "proxy/json_fields.h"
#include "proxy/runtime/spawn.h"

#include <fmt/format.h>

#include <optional>
#include <ostream>

namespace proxy {
namespace {

constexpr seconds answer_timeout{60}; // five years are read in one go

class report_run {
public:
    report_run(report_options const& o, endpoint_config from, command_environment const& env)
        : options_(o), from_(std::move(from)), env_(env) {}

    int run() {
        spawn(context_.get_executor(), "report", [this] { return show(); });
        context_.run();
        return code_;
    }

private:
    task<void> show() {
        auto body =
            co_await http_fetch(from_, "/api/v1/report?from=-" + options_.since, deadline::after(answer_timeout));
        auto const document = body ? parse_object(*body) : std::nullopt;
        if (!document) {
            auto const why =
                body ? from_.to_string() + " sent no report: is this the admin API of layerd?" : body.error().message;
            env_.err << "layerd report: " << why << '\n';
            co_return;
        }
        env_.out << (options_.json ? *body : report_markdown(*document));
        code_ = 0;
    }

    report_options const& options_;
    endpoint_config const from_;
    command_environment const& env_;
    net::io_context context_{1};
    int code_ = 1;
};

} // namespace

int run_report(report_options const& o, command_environment const& env) {
    constexpr int wrong_usage = 2;
    if (!parse_duration(o.since)) {
        env.err << fmt::format("layerd report: --since {}: must be a duration such as 24h, 7d or 30d\n", o.since);
        return wrong_usage;
    }
    auto from = parse_admin_url(o.admin);
    if (!from) {
        env.err << fmt::format("layerd report: --admin {}\n", from.error());
        return wrong_usage;
    }
    return report_run(o, *std::move(from), env).run();
}

} // namespace proxy
