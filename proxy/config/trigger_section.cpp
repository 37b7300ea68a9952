// [[trigger]]: a time, and what is done then. An image that nobody could ever ask for is a mistake of the file, to be
// said when that is read and not at night.
#include "oci/platform.h"
#include "oci/reference.h"
#include "proxy/config/sections.h"

#include <fmt/format.h>

#include <algorithm>
#include <map>

namespace proxy {
namespace {

using std::chrono::hours;
using std::chrono::seconds;

class triggers_reader {
public:
    triggers_reader(std::vector<upstream_config> const& upstreams, hosted_config const& hosted, problem_list& problems)
        : upstreams_(upstreams), hosted_(hosted), problems_(problems) {}

    void read(toml::table const& table) {
        table_reader in(table, "[[trigger]]", problems_);
        trigger_config t;
        read_name(in, t);
        read_time(in, t);
        bool const warms = read_images(in, "warm", false, t.warm);
        bool const has_images = read_images(in, "on_move", true, t.on_move) || warms;
        read_platforms(in, t);
        in.integer("keep_fresh", t.keep_fresh, 0, 4096);
        in.boolean("gc", t.gc);
        if (!has_images && t.keep_fresh == 0 && !t.gc)
            in.problem(in.line_of("name"), "[[trigger]] does nothing: it needs warm, on_move, keep_fresh or gc = true");
        for (auto const* key : {"on_move", "keep_fresh"})
            if (in.has(key) && in.has("at"))
                in.problem(in.line_of(key), fmt::format("{} in [[trigger]] needs every instead of at", key));
        in.refuse("poll", "is written every = \"10m\"");
        in.finish();
        triggers_.push_back(std::move(t));
    }

    std::vector<trigger_config> take() { return std::move(triggers_); }

private:
    void read_name(table_reader& in, trigger_config& t) {
        constexpr std::size_t longest = 64;
        auto const line = in.line_of("name");
        if (!in.text("name", t.name, longest))
            t.name = fmt::format("trigger {}", triggers_.size() + 1);
        if (t.name.empty())
            in.problem(line, "name in [[trigger]] must not be empty");
        auto const [at, fresh] = names_.emplace(t.name, line);
        if (!fresh)
            in.problem(line, fmt::format("\"{}\" already names a trigger in line {}", t.name, at->second));
    }

    static void read_time(table_reader& in, trigger_config& t) {
        std::string text;
        if (in.text("at", text)) {
            t.at = parse_time_of_day(text);
            if (!t.at)
                in.problem(in.line_of("at"),
                           "at in [[trigger]] must be a time of day from \"00:00\" to \"23:59\", such "
                           "as \"03:30\"");
        }
        in.duration("every", t.every, seconds(10), hours(24 * 365));
        if (in.has("at") && in.has("every"))
            in.problem(in.line_of("every"), "[[trigger]] has both at and every: one of them must go");
        if (!in.has("at") && !in.has("every"))
            in.problem(in.line_of("at"), "[[trigger]] needs a time: at = \"03:30\" or every = \"6h\"");
    }

    // True if there are some, right or wrong.
    bool read_images(table_reader& in, char const* key, bool tags_only, std::vector<std::string>& to) const {
        bool any = false;
        in.strings(key, R"(["docker.io/library/alpine:3.20"])", [&](std::string const& text, std::size_t line) {
            any = true;
            auto const why = refusal(text, tags_only);
            if (!why.empty())
                in.problem(line, fmt::format("{} in [[trigger]] holds \"{}\", {}", key, shown(text), why));
            else if (std::find(to.begin(), to.end(), text) != to.end())
                in.problem(line, fmt::format("{} in [[trigger]] holds \"{}\" twice", key, text));
            else
                to.push_back(text);
        });
        return any;
    }

    static std::string shown(std::string const& text) {
        std::string out;
        for (unsigned char c : text.substr(0, 100))
            out += c < 0x20 || c == 0x7f ? '?' : static_cast<char>(c);
        return out;
    }

    // Why nobody could ask for this image, in words that follow it; empty if one can.
    std::string refusal(std::string const& text, bool tags_only) const {
        auto const image = oci::parse_image_name(text);
        if (!image)
            return "which is no image's name, such as \"ghcr.io/a/b:v1\": " + image.error().message;
        if (tags_only && std::holds_alternative<oci::digest>(image->ref))
            return "which is named by its digest and never moves";
        auto const& path = image->repo.name();
        auto const slash = path.find('/');
        auto const first = slash == path.npos ? std::string() : path.substr(0, slash);
        auto const* from = find(image->registry.empty() ? first : image->registry);
        if (!from && !image->registry.empty())
            return fmt::format("but no [[upstream]] is called \"{}\"", image->registry);
        if (!from && hosts(first))
            return "which is hosted here: there is no upstream to ask for it";
        if (!from)
            from = default_upstream();
        if (!from)
            return "which names no upstream, and none is the default";
        if (from->access == upstream_access::per_client && from->username.empty())
            return fmt::format("but {} is asked in its clients' names, and layerd has no username of its own for it",
                               from->name);
        return {};
    }

    upstream_config const* find(std::string const& name) const {
        for (auto const& u : upstreams_)
            if (!name.empty() &&
                (u.name == name || std::find(u.aliases.begin(), u.aliases.end(), name) != u.aliases.end()))
                return &u;
        return nullptr;
    }
    bool hosts(std::string const& first) const {
        return hosted_.enabled && !first.empty() &&
               std::find(hosted_.prefixes.begin(), hosted_.prefixes.end(), first) != hosted_.prefixes.end();
    }
    upstream_config const* default_upstream() const {
        auto const at = std::find_if(upstreams_.begin(), upstreams_.end(), [](auto const& u) { return u.is_default; });
        return at == upstreams_.end() ? nullptr : &*at;
    }

    static void read_platforms(table_reader& in, trigger_config& t) {
        in.strings("platforms", R"(["linux/amd64"])", [&](std::string const& text, std::size_t line) {
            if (oci::parse_platform(text))
                t.platforms.push_back(text);
            else
                in.problem(line,
                           fmt::format("platforms in [[trigger]] holds \"{}\"; a platform is like \"linux/amd64\" "
                                       "or \"linux/arm/v7\"",
                                       shown(text)));
        });
        in.boolean("all_platforms", t.all_platforms);
        if (t.all_platforms && !t.platforms.empty())
            in.problem(in.line_of("all_platforms"), "[[trigger]] has both platforms and all_platforms = true");
        for (auto const* key : {"platforms", "all_platforms"})
            if (in.has(key) && !in.has("warm") && !in.has("on_move"))
                in.problem(in.line_of(key), fmt::format("{} in [[trigger]] needs warm or on_move beside it", key));
    }

    std::vector<upstream_config> const& upstreams_;
    hosted_config const& hosted_;
    problem_list& problems_;
    std::vector<trigger_config> triggers_;
    std::map<std::string, std::size_t> names_; // with the line of each
};

} // namespace

std::vector<trigger_config> read_triggers(std::vector<toml::table const*> const& tables,
                                          std::vector<upstream_config> const& upstreams, hosted_config const& hosted,
                                          problem_list& problems) {
    constexpr std::size_t most = 64;
    triggers_reader reader(upstreams, hosted, problems);
    for (std::size_t i = 0; i < tables.size() && i < most; ++i)
        reader.read(*tables[i]);
    if (tables.size() > most)
        problems.add(tables[most]->source().begin.line, fmt::format("more than {} sections [[trigger]]", most));
    return reader.take();
}

} // namespace proxy
