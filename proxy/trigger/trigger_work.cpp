#include "proxy/trigger/trigger_work.h"

#include "proxy/pull/tag_lifetime.h"
#include "proxy/runtime/some_at_once.h"
#include "proxy/stats/units.h"
#include "proxy/trigger/trigger_clock.h"

#include <fmt/format.h>

#include <algorithm>

namespace proxy {

namespace {

constexpr std::size_t questions_at_once = 4;

std::string counted(std::size_t n, char const* what) {
    return fmt::format("{} {}{}", n, what, n == 1 ? "" : "s");
}

void say(trigger_outcome& to, std::string const& text) {
    to.text += (to.text.empty() ? "" : "; ") + text;
}

void complain(trigger_outcome& to, std::string const& text) {
    to.ok = false;
    say(to, text);
}

} // namespace

task<trigger_outcome> trigger_work::run(worker& w, trigger_config what, seen_tags seen) const {
    trigger_outcome out;
    if (what.keep_fresh > 0)
        co_await keep_fresh(w, what, out);
    if (!what.on_move.empty())
        co_await warm_moved(w, what, seen, out);
    if (!what.warm.empty())
        co_await warm(what, what.warm, out);
    if (what.gc && !stopping_)
        co_await collect(out);
    co_return out;
}

result<named_image> trigger_work::find(std::string const& text) const {
    auto image = find_image(parts_.upstreams, text);
    if (!image)
        return image.error();
    auto possible = warmer::may_ask_for(*image);
    if (!possible)
        return possible.error();
    image->target.client = "triggers";
    return image;
}

// A tag that is not known any more needs no question: the next client asks it.
bool trigger_work::expires_before(named_image const& image, std::int64_t moment) const {
    auto const* name = std::get_if<oci::tag>(&image.reference);
    auto const& t = image.target;
    auto const known = name ? parts_.content.index().find_tag(t.name, *name)
                            : store::result<std::optional<store::tag_record>>(std::optional<store::tag_record>());
    if (!known || !*known)
        return false;
    tag_lifetime const life(t.from->config(), name->name(), ttl_stretch(t.from->budget()));
    return life.fresh_until((*known)->checked_at) <= moment;
}

task<void> trigger_work::keep_fresh(worker& w, trigger_config const& what, trigger_outcome& to) const {
    auto const hottest = hot_.hottest(what.keep_fresh);
    auto const until =
        parts_.now() + what.every.count() + std::min(trigger_clock::most_late, what.every.count() / 10) + 5;
    image_list due;
    auto look = [&] {
        for (auto const& name : hottest)
            if (auto image = find(name); image && expires_before(*image, until))
                due.push_back(*std::move(image));
        return true;
    };
    co_await on_disk(parts_.disk, look);
    std::size_t moved = 0, failures = 0;
    std::string why;
    auto one = [&](std::size_t i) -> task<void> {
        if (stopping_)
            co_return;
        auto const seen = co_await refresh(parts_, manifests_, w, due[i]);
        if (seen && seen->has_moved())
            ++moved;
        if (seen)
            co_return;
        why = fmt::format("{}: {}", due[i].name(), seen.error().message);
        ++failures;
    };
    co_await some_at_once(w, due.size(), questions_at_once, one);
    say(to,
        fmt::format("asked about {} of the {}, {} moved", due.size(), counted(hottest.size(), "hottest tag"), moved));
    if (failures > 0)
        complain(to, fmt::format("{} could not be asked about, such as {}", counted(failures, "tag"), why));
}

// What could not be warmed counts as not seen: it is tried again the next time.
task<void> trigger_work::warm_moved(worker& w, trigger_config const& what, seen_tags const& before,
                                    trigger_outcome& to) const {
    std::map<std::string, std::string> now;
    std::vector<std::string> moved;
    auto one = [&](std::size_t i) -> task<void> {
        auto const image = find(what.on_move[i]);
        auto const name = image ? image->name() : what.on_move[i];
        auto const known = before.find(name);
        if (known != before.end())
            to.seen[name] = known->second;
        if (stopping_)
            co_return;
        if (!image) {
            complain(to, fmt::format("{}: {}", name, image.error().message));
            co_return;
        }
        auto const seen = co_await refresh(parts_, manifests_, w, *image);
        if (!seen) {
            complain(to, fmt::format("{}: {}", name, seen.error().message));
            co_return;
        }
        auto const digest = seen->digest.to_string();
        bool const has_moved = known != before.end() ? known->second != digest : seen->has_moved();
        if (has_moved) {
            moved.push_back(name);
            now[name] = digest;
        } else {
            to.seen[name] = digest;
        }
    };
    co_await some_at_once(w, what.on_move.size(), questions_at_once, one);
    say(to, fmt::format("{} of {} moved", moved.size(), counted(what.on_move.size(), "tag")));
    if (moved.empty())
        co_return;
    std::vector<std::string> failed;
    co_await warm(what, moved, to, &failed);
    for (auto const& name : moved)
        if (std::find(failed.begin(), failed.end(), name) == failed.end())
            to.seen[name] = now[name];
}

task<void> trigger_work::warm(trigger_config const& what, std::vector<std::string> const& images, trigger_outcome& to,
                              std::vector<std::string>* failed) const {
    std::vector<std::pair<std::string, std::shared_ptr<warm_job>>> jobs;
    auto const give_up = [&](std::string const& image, std::string const& why) {
        complain(to, fmt::format("{}: {}", image, why));
        if (failed)
            failed->push_back(image);
    };
    for (auto const& text : images) {
        auto image = find(text);
        if (!image) {
            give_up(text, image.error().message);
            continue;
        }
        warm_request r{*std::move(image), {}, what.all_platforms};
        for (auto const& p : what.platforms)
            if (auto parsed = oci::parse_platform(p)) // else the configuration was refused
                r.platforms.push_back(*std::move(parsed));
        auto job = warmer_.begin(std::move(r));
        if (job)
            jobs.emplace_back(text, *std::move(job));
        else
            give_up(text, job.error().message);
    }
    warm_sum fetched;
    std::size_t done = 0;
    for (auto const& [text, job] : jobs) {
        co_await job->ended();
        auto const s = job->status();
        fetched.objects += s.fetched.objects;
        fetched.bytes += s.fetched.bytes;
        if (s.stage == warm_stage::done)
            ++done;
        else
            give_up(text, s.error);
    }
    say(to, fmt::format("warmed {}: {}, {} downloaded", counted(done, "image"), counted(fetched.objects, "object"),
                        human_bytes(static_cast<std::int64_t>(fetched.bytes))));
}

task<void> trigger_work::collect(trigger_outcome& to) const {
    auto work = [&] { return gc_.run(false); };
    auto const report = co_await on_disk(parts_.disk, work);
    if (!report)
        say(to, "a collection was under way already");
    else if (!report->error.empty())
        complain(to, "gc: " + report->error);
    else
        say(to, "gc: " + summary(*report));
}

} // namespace proxy
