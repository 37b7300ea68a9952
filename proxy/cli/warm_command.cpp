#include "proxy/cli/warm_command.h"

#include "proxy/cli/http_fetch.h"
#include "proxy/cli/text_table.h"
#include "proxy/json_fields.h"
#include "proxy/runtime/jitter.h"
#include "proxy/runtime/spawn.h"
#include "proxy/stats/units.h"

#include <boost/json/array.hpp>
#include <boost/json/serialize.hpp>
#include <fmt/format.h>

#include <algorithm>
#include <optional>
#include <ostream>

namespace proxy {
namespace {

namespace json = boost::json;

constexpr seconds answer_timeout{60};
constexpr milliseconds look_interval{200};
constexpr std::size_t name_max = 400;

// "1 object, 12.0 MiB"
std::string amount(std::int64_t objects, std::int64_t bytes) {
    return fmt::format("{} object{}, {}", objects, objects == 1 ? "" : "s", human_bytes(bytes));
}

// "warmed docker.io/library/alpine:3.20: 3 objects, 3.5 MiB; 2 objects, 3.4 MiB of it were downloaded"
std::string line_of(json::object const& job) {
    auto line = fmt::format("warmed {}: {}", printable(text_at(job, {"image"}), name_max),
                            amount(count_at(job, "objects"), count_at(job, "bytes")));
    auto const fetched = count_at(job, "fetched_objects");
    if (fetched == 0)
        return line + "; all of it was here";
    return line + fmt::format("; {} of it were downloaded", amount(fetched, count_at(job, "fetched_bytes")));
}

// Why there is no list of jobs in what came.
std::string reason(result<std::string> const& body) {
    return body ? "the answer is no list of jobs: is this the admin API of layerd?" : body.error().message;
}

struct asked_image {
    std::string name; // as given
    std::int64_t id = 0;
    bool over = false;
};

class warm_run {
public:
    warm_run(warm_options const& o, endpoint_config at, command_environment const& env)
        : options_(o), at_(std::move(at)), env_(env) {}

    int run() {
        spawn(context_.get_executor(), "warm", [this] { return all(); });
        context_.run();
        return code_;
    }

private:
    task<void> all() {
        for (auto const& image : options_.images)
            co_await ask_for(image);
        while (std::any_of(images_.begin(), images_.end(), [](auto const& i) { return !i.over; })) {
            co_await wait_for(look_interval);
            std::string path = "/api/v1/warm";
            auto const body = co_await http_fetch(at_, std::move(path), deadline::after(answer_timeout));
            auto const document = body ? parse_object(*body) : std::nullopt;
            auto const* jobs = document ? find_field(*document, {"jobs"}) : nullptr;
            if (!jobs || !jobs->is_array()) {
                wipe_bar();
                env_.err << "layerd warm: " << reason(body) << '\n';
                code_ = 1;
                co_return;
            }
            look_at(jobs->get_array());
        }
    }

    task<void> ask_for(std::string image) {
        json::array platforms;
        for (auto const& p : options_.platforms)
            platforms.emplace_back(p);
        json::object question{{"image", image}, {"platforms", std::move(platforms)}};
        if (options_.all_platforms)
            question["all_platforms"] = true;
        auto text = json::serialize(question);
        std::string path = "/api/v1/warm";
        auto const body = co_await http_post(at_, std::move(path), std::move(text), deadline::after(answer_timeout));
        auto const id = body ? id_of(*body) : std::nullopt;
        if (id)
            images_.push_back({image, *id, false});
        else
            fail(image, reason(body));
    }

    static std::optional<std::int64_t> id_of(std::string const& body) {
        auto const document = parse_object(body);
        auto const* jobs = document ? find_field(*document, {"jobs"}) : nullptr;
        if (!jobs || !jobs->is_array() || jobs->get_array().size() != 1 || !jobs->get_array()[0].is_object())
            return std::nullopt;
        return number_at<std::int64_t>(jobs->get_array()[0].get_object(), {"id"});
    }

    void look_at(json::array const& jobs) {
        json::object const* shown = nullptr; // the first that is not over
        for (auto& image : images_) {
            if (image.over)
                continue;
            auto const* job = find(jobs, image.id);
            if (!job) {
                image.over = true;
                fail(image.name, "the server knows nothing of it any more: was it restarted?");
            } else if (auto const state = text_at(*job, {"state"}); state == "done" || state == "failed") {
                image.over = true;
                tell(image, *job, state == "done");
            } else if (!shown) {
                shown = job;
            }
        }
        if (shown && env_.terminal)
            draw_bar(*shown);
    }

    static json::object const* find(json::array const& jobs, std::int64_t id) {
        for (auto const& job : jobs)
            if (job.is_object() && count_at(job.get_object(), "id") == id)
                return &job.get_object();
        return nullptr;
    }

    void tell(asked_image const& image, json::object const& job, bool done) {
        if (!done) {
            fail(image.name, printable(text_at(job, {"error"}), name_max));
            return;
        }
        wipe_bar();
        env_.out << line_of(job) << '\n';
        env_.out.flush();
    }

    void fail(std::string const& image, std::string const& why) {
        wipe_bar();
        env_.err << fmt::format("layerd warm: {}: {}\n", image, why);
        code_ = 1;
    }

    void draw_bar(json::object const& job) {
        constexpr std::int64_t width = 30;
        auto const done = count_at(job, "bytes_done"), of = count_at(job, "bytes");
        auto const filled =
            of > 0
                ? static_cast<std::int64_t>(static_cast<double>(width) *
                                            std::clamp(static_cast<double>(done) / static_cast<double>(of), 0.0, 1.0))
                : 0;
        auto const left = std::count_if(images_.begin(), images_.end(), [](auto const& i) { return !i.over; });
        env_.out << fmt::format("\r\x1b[K[{:#<{}}{:.<{}}] {}/{} objects, {} of {}  {}", "", filled, "", width - filled,
                                count_at(job, "objects_done"), count_at(job, "objects"), human_bytes(done),
                                human_bytes(of), printable(text_at(job, {"image"}), 60));
        if (left > 1)
            env_.out << fmt::format(", and {} more", left - 1);
        env_.out.flush();
        drawn_ = true;
    }

    void wipe_bar() {
        if (std::exchange(drawn_, false))
            env_.out << "\r\x1b[K" << std::flush;
    }

    warm_options const& options_;
    endpoint_config const at_;
    command_environment const& env_;
    net::io_context context_{1};
    std::vector<asked_image> images_;
    bool drawn_ = false;
    int code_ = 0;
};

} // namespace

int run_warm(warm_options const& o, command_environment const& env) {
    constexpr int wrong_usage = 2;
    auto at = parse_admin_url(o.admin);
    if (!at) {
        env.err << fmt::format("layerd warm: --admin {}\n", at.error());
        return wrong_usage;
    }
    return warm_run(o, *std::move(at), env).run();
}

} // namespace proxy
