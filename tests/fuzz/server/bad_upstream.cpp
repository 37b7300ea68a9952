#include "tests/fuzz/server/bad_upstream.h"

#include "tests/fuzz/server/tenants.h"

#include <algorithm>

namespace fuzz {

using tests::recorded_request;
using tests::reply;
using tests::scripted_reply;

enum class bad_upstream::kind : std::uint8_t {
    right,
    not_found,
    unauthorized,
    unauthorized_with_realm,
    forbidden,
    failing,
    limited,
    limited_for_long,
    truncated,
    truncated_without_length,
    wrong_bytes,
    wrong_length,
    wrong_digest,
    reset_before,
    reset_within,
    closed_before,
    redirected,
    redirected_nowhere,
    web_page,
    in_chunks,
    no_digest,
    odd_range,
    silent_head,
    silent_body,
    count_
};

namespace {

// The same on every machine: FNV-1a.
unsigned hash_of(std::string const& text, unsigned n) {
    std::uint32_t h = 2166136261u;
    for (char const c : text)
        h = (h ^ static_cast<unsigned char>(c)) * 16777619u;
    return ((h ^ n) * 16777619u) >> 8;
}

constexpr std::size_t script_size = 12;

} // namespace

bad_upstream::bad_upstream(choices& c) : level_(c.below(4)), script_(c.bytes(script_size)) {
    script_.resize(script_size);
    auto const& all = repositories();
    for (std::size_t r = 0; r < all.size(); ++r) {
        if (all[r].is_hosted())
            continue;
        auto const base = "/v2/" + all[r].path;
        for (std::size_t i = 0; i < items().size(); ++i) {
            auto const there = upstream_has(r, i) ? std::optional(i) : std::nullopt;
            serve(r, base + (items()[i].is_manifest ? "/manifests/" : "/blobs/") + items()[i].digest(), there);
        }
        for (std::size_t t = 0; t < tag_names().size(); ++t)
            serve_tag(r, t);
        serve_lists(r);
    }
}

scripted_reply bad_upstream::reply_with(std::optional<std::size_t> i, recorded_request const& r) const {
    if (!i)
        return reply(404).header("Content-Type", "application/json").body(R"({"errors":[{"code":"UNKNOWN"}]})");
    static auto const shared = [] {
        std::vector<std::shared_ptr<std::string const>> all;
        for (auto const& each : items())
            all.push_back(std::make_shared<std::string const>(each.bytes()));
        return all;
    }();
    auto const& it = items()[*i];
    auto honest = it.bytes().empty() ? reply(200).body("") : tests::whole_or_part(shared[*i], r);
    honest.header("Docker-Content-Digest", it.digest());
    honest.header("Content-Type", it.is_manifest ? it.content.type : "application/octet-stream");
    return honest;
}

void bad_upstream::serve(std::size_t, std::string const& path, std::optional<std::size_t> i) {
    origin_.on("GET", path).call([this, i](recorded_request const& r) { return answer(r, reply_with(i, r)); });
    if (i)
        origin_.on("GET", "/elsewhere" + path).call([this, i](recorded_request const& r) { return reply_with(i, r); });
}

void bad_upstream::serve_tag(std::size_t r, std::size_t t) {
    std::vector<std::size_t> there;
    for (auto const m : manifests())
        if (upstream_has(r, m))
            there.push_back(m);
    if (t < 2)
        tags_[{r, t}] = {{there[t % there.size()], 0}};
    auto const path = "/v2/" + repositories()[r].path + "/manifests/" + tag_names()[t];
    auto const now = [this, r, t] {
        auto const all = meanings(r, t);
        return all.empty() ? std::nullopt : std::optional(all.front().item);
    };
    origin_.on("GET", path).call([this, now](recorded_request const& q) { return answer(q, reply_with(now(), q)); });
    origin_.on("GET", "/elsewhere" + path).call([this, now](recorded_request const& q) {
        return reply_with(now(), q);
    });
}

void bad_upstream::serve_lists(std::size_t r) {
    auto const base = "/v2/" + repositories()[r].path;
    origin_.on("GET", base + "/tags/list").call([this, r](recorded_request const& q) {
        return answer(q, reply(200).header("Content-Type", "application/json").body(tag_list(r)));
    });
    for (auto const m : manifests())
        origin_.on("GET", base + "/referrers/" + items()[m].digest()).call([this](recorded_request const& q) {
            auto const none = R"({"schemaVersion":2,"mediaType":")" + tests::media::index + R"(","manifests":[]})";
            return answer(q, reply(200).header("Content-Type", tests::media::index).body(none));
        });
}

std::string bad_upstream::tag_list(std::size_t r) const {
    std::string names;
    for (std::size_t t = 0; t < tag_names().size(); ++t)
        if (!meanings(r, t).empty())
            names += (names.empty() ? "\"" : ",\"") + tag_names()[t] + '"';
    return R"({"name":")" + repositories()[r].path + R"(","tags":[)" + names + "]}";
}

void bad_upstream::move_tag(std::size_t r, std::size_t t, std::int64_t now) {
    std::lock_guard lock(mutex_);
    auto& all = tags_[{r, t}];
    auto const before = all.empty() ? 0 : all.front().item;
    auto next = std::ranges::find_if(manifests(), [&](auto m) { return m > before && upstream_has(r, m); });
    if (next == manifests().end())
        next = std::ranges::find_if(manifests(), [&](auto m) { return upstream_has(r, m); });
    all.insert(all.begin(), {*next, now});
}

std::vector<bad_upstream::meaning> bad_upstream::meanings(std::size_t r, std::size_t t) const {
    std::lock_guard lock(mutex_);
    auto const at = tags_.find({r, t});
    return at == tags_.end() ? std::vector<meaning>() : at->second;
}

bool bad_upstream::was_always_right() const {
    std::lock_guard lock(mutex_);
    return !was_bad_;
}

bool bad_upstream::has_lied_about(std::string const& path) const {
    std::lock_guard lock(mutex_);
    return lied_about_.contains(path);
}

// What is not there is never said to be: then layerd may not show it either, whoever else has brought it here.
bad_upstream::kind bad_upstream::choose(std::string const& path, bool found) {
    auto const n = asked_[path]++;
    auto const at = hash_of(path, n);
    if (level_ == 0 || (level_ < 3 && at / script_size % 4 >= level_))
        return kind::right;
    auto const k =
        static_cast<kind>(static_cast<unsigned char>(script_[at % script_size]) % static_cast<unsigned>(kind::count_));
    if (!found && k >= kind::truncated && k != kind::reset_before && k != kind::closed_before)
        return kind::not_found;
    return k;
}

scripted_reply bad_upstream::answer(recorded_request const& r, scripted_reply honest) {
    for (auto const& each : repositories()) {
        bool const asks = each.is_guarded() && r.path.starts_with("/v2/" + each.path + "/");
        if (asks && r.header("Authorization") != basic_login(somebody_who_may(deed::pull, each)))
            return reply(401).header("WWW-Authenticate", "Basic realm=\"the play\"");
    }
    auto k = kind::right;
    {
        std::lock_guard lock(mutex_);
        k = choose(r.path, honest.status < 400);
        was_bad_ |= k != kind::right;
        if (k >= kind::truncated_without_length && k <= kind::wrong_digest)
            lied_about_.insert(r.path);
        if (k == kind::web_page || k == kind::odd_range)
            lied_about_.insert(r.path);
    }
    return spoil(k, r, std::move(honest));
}

scripted_reply bad_upstream::spoil(kind k, recorded_request const& r, scripted_reply honest) {
    auto const half = honest.content->size() / 2;
    auto const refusal = [](unsigned status) {
        return reply(status).header("Content-Type", "application/json").body(R"({"errors":[{"code":"UNKNOWN"}]})");
    };
    auto const set = [&](std::string const& name, std::string const& value) {
        std::erase_if(honest.headers, [&](auto const& h) { return h.first == name; });
        if (!value.empty())
            honest.header(name, value);
        return honest;
    };
    switch (k) {
    case kind::right:
        return honest;
    case kind::not_found:
        return refusal(404);
    case kind::unauthorized:
        return refusal(401);
    case kind::unauthorized_with_realm:
        return refusal(401).header("WWW-Authenticate", "Bearer realm=\"" + origin_.url("/no-tokens") + "\"");
    case kind::forbidden:
        return refusal(403);
    case kind::failing:
        return refusal(500);
    case kind::limited:
        return refusal(429);
    case kind::limited_for_long:
        return refusal(429).header("Retry-After", "1");
    case kind::truncated:
        return honest.cut_at(half);
    case kind::truncated_without_length:
        return honest.body(honest.content->substr(0, half)).until_close();
    case kind::wrong_bytes: {
        auto bytes = *honest.content;
        if (!bytes.empty())
            bytes[half] ^= 1;
        return honest.body(std::move(bytes));
    }
    case kind::wrong_length:
        return honest.claimed_length(half + 1).close_silently();
    case kind::wrong_digest:
        return set("Docker-Content-Digest", items()[manifests().front()].digest());
    case kind::reset_before:
        return reply().drop_before_head().reset();
    case kind::reset_within:
        return honest.cut_at(half).reset();
    case kind::closed_before:
        return reply().drop_before_head();
    case kind::redirected:
        return reply(307).header("Location", origin_.url("/elsewhere" + r.target));
    case kind::redirected_nowhere:
        return reply(302).header("Location", origin_.url("/nowhere"));
    case kind::web_page:
        return reply(200).header("Content-Type", "text/html").body("<html>Please log in</html>");
    case kind::in_chunks:
        return honest.chunked(10'000);
    case kind::no_digest:
        return set("Docker-Content-Digest", "");
    case kind::odd_range:
        honest.status = 206;
        return set("Content-Range", "bytes 0-0/1");
    case kind::silent_head:
        return reply().hang_in_head();
    case kind::silent_body:
        return honest.hang_at(half);
    case kind::count_:
        break;
    }
    return honest;
}

} // namespace fuzz
