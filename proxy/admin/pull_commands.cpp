#include "proxy/admin/pull_commands.h"

#include "proxy/admin/command.h"
#include "proxy/json_fields.h"
#include "proxy/warm/refresh.h"

#include <boost/json/array.hpp>
#include <spdlog/spdlog.h>

namespace proxy {

namespace {

namespace json = boost::json;

constexpr std::string_view warm_path = "/api/v1/warm", refresh_path = "/api/v1/refresh",
                           triggers_path = "/api/v1/triggers";

error in_words(std::string const& image, error e) {
    e.message = image + ": " + e.message;
    return e;
}

// A list of strings of the body; empty if it is not there.
result<std::vector<std::string>> strings_of(json::object const& body, std::string_view key) {
    std::vector<std::string> found;
    auto const* value = body.if_contains(key);
    if (!value)
        return found;
    auto const wrong = bad_request(std::string(key) + " must be a list of strings");
    if (!value->is_array())
        return wrong;
    for (auto const& one : value->get_array()) {
        if (!one.is_string())
            return wrong;
        found.emplace_back(one.get_string());
    }
    return found;
}

// "images" of the body, and "image" as other commands have it.
result<std::vector<std::string>> image_texts(admin_request const& r, json::object const& body) {
    auto images = strings_of(body, "images");
    if (!images)
        return images.error();
    if (images->empty() || body.contains("image") || r.query.find("image")) {
        auto one = image_text(r);
        if (!one)
            return one.error();
        images->push_back(*std::move(one));
    }
    if (images->size() > pull_commands::max_images)
        return bad_request("too many images at once");
    return images;
}

result<std::vector<oci::platform>> platforms_of(json::object const& body) {
    auto const texts = strings_of(body, "platforms");
    if (!texts)
        return texts.error();
    std::vector<oci::platform> platforms;
    for (auto const& text : *texts) {
        auto p = oci::parse_platform(text);
        if (!p)
            return bad_request(p.error().message);
        platforms.push_back(*std::move(p));
    }
    return platforms;
}

// All of it, or nothing of it is done.
result<std::vector<warm_request>> requests_of(admin_request const& r, upstream_set const& upstreams) {
    auto const body = body_of(r);
    if (!body)
        return body.error();
    auto const texts = image_texts(r, *body);
    if (!texts)
        return texts.error();
    auto const platforms = platforms_of(*body);
    if (!platforms)
        return platforms.error();
    auto const* all = body->if_contains("all_platforms");
    if (all && !all->is_bool())
        return bad_request("all_platforms must be true or false");
    std::vector<warm_request> requests;
    for (auto const& text : *texts) {
        auto image = find_image(upstreams, text);
        if (!image)
            return in_words(text, image.error());
        auto possible = warmer::may_ask_for(*image);
        if (!possible)
            return possible.error();
        requests.push_back({*std::move(image), *platforms, all && all->get_bool()});
    }
    return requests;
}

} // namespace

json::object to_json(warm_status const& s) {
    json::array platforms;
    for (auto const& p : s.platforms)
        platforms.emplace_back(p);
    json::object o{{"id", s.id},
                   {"image", s.image},
                   {"state", to_string(s.stage)},
                   {"platforms", std::move(platforms)},
                   {"objects", s.of.objects},
                   {"objects_done", s.done.objects},
                   {"bytes", s.of.bytes},
                   {"bytes_done", s.done.bytes},
                   {"fetched_objects", s.fetched.objects},
                   {"fetched_bytes", s.fetched.bytes},
                   {"asked_at", s.asked_at}};
    if (!s.digest.empty())
        o["digest"] = s.digest;
    if (!s.error.empty())
        o["error"] = s.error;
    if (s.ended_at != 0)
        o["ended_at"] = s.ended_at;
    return o;
}

bool pull_commands::knows(admin_request const& r) const noexcept {
    return r.path == warm_path || r.path == refresh_path || r.path == triggers_path;
}

task<admin_response> pull_commands::handle(worker& w, admin_request const& r) const {
    bool const get = r.method == "GET" || r.method == "HEAD";
    if (r.path == warm_path && get)
        co_return warm_jobs();
    if (r.path == triggers_path)
        co_return get ? trigger_list() : admin_problem(405, "triggers are changed in the configuration");
    if (r.method != "POST")
        co_return wrong_method(r.path == warm_path ? "GET, HEAD, POST" : "POST");
    if (r.path == warm_path)
        co_return warm(r);
    co_return co_await refresh_image(w, r);
}

admin_response pull_commands::warm(admin_request const& r) const {
    auto requests = requests_of(r, parts_.upstreams);
    if (!requests)
        return failed(requests.error());
    json::array jobs;
    for (auto& one : *requests) {
        auto const job = warmer_.begin(std::move(one));
        if (!job)
            return failed(job.error());
        jobs.push_back(to_json((*job)->status()));
    }
    return document({{"jobs", std::move(jobs)}});
}

admin_response pull_commands::warm_jobs() const {
    json::array jobs;
    for (auto const& s : warmer_.list())
        jobs.push_back(to_json(s));
    return document({{"jobs", std::move(jobs)}});
}

admin_response pull_commands::trigger_list() const {
    json::array list;
    for (auto const& s : triggers_.list())
        list.push_back(to_json(s));
    return document({{"triggers", std::move(list)}});
}

task<admin_response> pull_commands::refresh_image(worker& w, admin_request const& r) const {
    auto const text = image_text(r);
    if (!text)
        co_return failed(text.error());
    auto image = find_image(parts_.upstreams, *text);
    if (!image)
        co_return failed(image.error());
    auto possible = warmer::may_ask_for(*image);
    if (!possible)
        co_return failed(possible.error());
    auto const name = image->name();
    auto const seen = co_await refresh(parts_, manifests_, w, *std::move(image));
    if (!seen)
        co_return failed(seen.error());
    json::object answer{{"refreshed", name}, {"moved", seen->has_moved()}, {"digest", seen->digest.to_string()}};
    if (seen->before)
        answer["before"] = seen->before->to_string();
    else
        answer["before"] = nullptr;
    if (seen->has_moved())
        spdlog::info("{} has moved from {} to {}", name, seen->before->to_string(), seen->digest.to_string());
    co_return document(answer);
}

} // namespace proxy
