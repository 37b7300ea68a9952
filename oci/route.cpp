// Routing runs for every request, so the usual target (no escapes, no query) is scanned once by table and cut
// by string_view; the only allocation is the repository's name.
#include "oci/route.h"

#include "oci/charset.h"

#include <algorithm>

namespace oci {

namespace {

using charset::quoted;

error malformed(std::string_view what, std::string_view path) {
    return {errc::name_invalid, std::string(what) + ": " + quoted(path)};
}

// The byte that the escape at `at` stands for, or -1.
int escaped_byte(std::string_view text, std::size_t at) noexcept {
    if (at + 2 >= text.size())
        return -1;
    unsigned const high = charset::hex_value[static_cast<unsigned char>(text[at + 1])];
    unsigned const low = charset::hex_value[static_cast<unsigned char>(text[at + 2])];
    return (high | low) > 15 ? -1 : static_cast<int>(high << 4 | low);
}

// Decodes once; a '%' that starts no escape stays.
std::string decode(std::string_view text) {
    std::string out;
    out.reserve(text.size());
    for (std::size_t i = 0; i < text.size(); ++i) {
        int const byte = text[i] == '%' ? escaped_byte(text, i) : -1;
        if (byte < 0) {
            out += text[i];
        } else {
            out += static_cast<char>(byte);
            i += 2;
        }
    }
    return out;
}

bool has_broken_escape(std::string_view text) noexcept {
    for (std::size_t i = text.find('%'); i != std::string_view::npos; i = text.find('%', i + 1))
        if (escaped_byte(text, i) < 0)
            return true;
    return false;
}

// Control bytes, empty components ("//") and the components "." and "..". A slash at the end is no fault.
bool is_clean_path(std::string_view path) noexcept {
    if (charset::has_any(path, charset::control))
        return false;
    for (std::size_t slash = path.find('/'); slash != std::string_view::npos; slash = path.find('/', slash + 1)) {
        std::string_view const next = path.substr(slash + 1, 3);
        if (next.starts_with('/') || next == "." || next == ".." || next.starts_with("./") || next == "../")
            return false;
    }
    return true;
}

result<query> parse_query(std::string_view text) {
    query q;
    while (!text.empty()) {
        std::size_t const end = std::min(text.find('&'), text.size());
        std::string_view const item = text.substr(0, end);
        text.remove_prefix(std::min(end + 1, text.size()));
        if (item.empty())
            continue;
        if (q.items.size() == max_query_items)
            return error{errc::uri_too_long, "too many query parameters"};
        std::size_t const equals = std::min(item.find('='), item.size());
        auto key = decode(item.substr(0, equals));
        auto value = decode(item.substr(std::min(equals + 1, item.size())));
        if (charset::has_any(key, charset::control) || charset::has_any(value, charset::control))
            return error{errc::name_invalid, "control byte in the query: " + quoted(item)};
        q.items.emplace_back(std::move(key), std::move(value));
    }
    return q;
}

// A path cut at "/v2/": "/ghcr.io/v2/a/b/tags/list" → "ghcr.io", "a/b/tags/list".
struct api_path {
    std::string_view prefix;
    std::string_view rest; // "" for "/v2" and "/v2/"
};

// The first "/v2/" decides, at the start or behind exactly one component.
result<api_path> split_prefix(std::string_view path) {
    std::string_view prefix;
    std::string_view rest = path;
    if (!(path == "/v2" || path.starts_with("/v2/"))) {
        std::size_t const slash = path.starts_with('/') ? path.find('/', 1) : std::string_view::npos;
        if (slash == std::string_view::npos)
            return error{errc::name_unknown, "not a path of the registry API: " + quoted(path)};
        prefix = path.substr(1, slash - 1);
        rest = path.substr(slash);
        if (!(rest == "/v2" || rest.starts_with("/v2/")))
            return error{errc::name_unknown, "not a path of the registry API: " + quoted(path)};
        if (prefix.size() > repository::max_size || !charset::all(prefix, charset::host_char))
            return malformed("not an upstream's name", prefix);
    }
    return api_path{prefix, rest.substr(std::min(rest.size(), std::string_view("/v2/").size()))};
}

// `path` without its last component, which is returned; both without the slash between them.
std::string_view pop_component(std::string_view& path) noexcept {
    std::size_t const slash = path.rfind('/');
    std::string_view const last = slash == std::string_view::npos ? path : path.substr(slash + 1);
    path = slash == std::string_view::npos ? std::string_view() : path.substr(0, slash);
    return last;
}

// A repository and what is asked of it, not yet parsed.
struct ending {
    enum class kind : std::uint8_t { none, manifest, blob, tags, referrers, upload_start, upload };
    kind what = kind::none;
    std::string_view repo;
    std::string_view argument; // reference, digest or session
};

// Matches from the right: the last component but one says what the path is, except below "blobs/uploads".
ending match_ending(std::string_view rest) noexcept {
    using enum ending::kind;
    std::string_view repo = rest;
    std::string_view const last = pop_component(repo);
    std::string_view const verb = pop_component(repo);
    if (verb == "uploads") {
        std::string_view parent = repo;
        if (pop_component(parent) != "blobs")
            return {};
        return last.empty() ? ending{upload_start, parent, {}} : ending{upload, parent, last};
    }
    if (verb == "blobs" && last == "uploads") // the slash at its end forgotten; no digest reads so
        return {upload_start, repo, {}};
    if (last.empty())
        return {};
    if (verb == "manifests")
        return {manifest, repo, last};
    if (verb == "blobs")
        return {blob, repo, last};
    if (verb == "tags" && last == "list")
        return {tags, repo, {}};
    if (verb == "referrers")
        return {referrers, repo, last};
    return {};
}

template <class Endpoint>
result<endpoint> digest_endpoint(std::string_view text) {
    auto d = digest::parse(text);
    if (!d)
        return d.error();
    return endpoint(Endpoint{*d});
}

result<endpoint> parse_endpoint(ending const& e) {
    switch (e.what) {
    case ending::kind::manifest: {
        auto ref = parse_reference(e.argument);
        if (!ref)
            return ref.error();
        return endpoint(manifest_endpoint{std::move(*ref)});
    }
    case ending::kind::blob:
        return digest_endpoint<blob_endpoint>(e.argument);
    case ending::kind::referrers:
        return digest_endpoint<referrers_endpoint>(e.argument);
    case ending::kind::tags:
        return endpoint(tags_endpoint{});
    case ending::kind::upload_start:
        return endpoint(upload_start_endpoint{});
    case ending::kind::upload:
        if (e.argument.size() > max_session_size || !charset::all(e.argument, charset::unreserved))
            return error{errc::blob_upload_unknown, "not an upload: " + quoted(e.argument)};
        return endpoint(upload_endpoint{std::string(e.argument)});
    case ending::kind::none:
        break;
    }
    return error{errc::name_unknown, "not an endpoint of the registry API"};
}

// Fills repo and endpoint from what stands behind "/v2/".
result<void> read_endpoint(std::string_view rest, route& r) {
    if (rest.empty())
        return {}; // ping
    if (rest == "_catalog") {
        r.endpoint = catalog_endpoint{};
        return {};
    }
    ending const e = match_ending(rest);
    bool const extension = rest.starts_with('_') || rest.find("/_") != std::string_view::npos;
    if (rest.starts_with('_') || (e.what == ending::kind::none && extension))
        return error{errc::unsupported, "extension not supported: " + quoted(rest)};
    if (e.what == ending::kind::none)
        return error{errc::name_unknown, "not an endpoint of the registry API: " + quoted(rest)};
    auto repo = repository::parse(e.repo);
    if (!repo)
        return repo.error();
    auto parsed = parse_endpoint(e);
    if (!parsed)
        return parsed.error();
    r.repo = std::move(*repo);
    r.endpoint = std::move(*parsed);
    return {};
}

} // namespace

std::optional<std::string_view> query::find(std::string_view key) const noexcept {
    for (auto const& [name, value] : items)
        if (name == key)
            return value;
    return std::nullopt;
}

result<route> parse_route(std::string_view target) {
    if (target.size() > max_target_size)
        return error{errc::uri_too_long, "more than " + std::to_string(max_target_size) + " bytes of path and query"};
    std::size_t const mark = std::min(target.find('?'), target.size());
    std::string_view path = target.substr(0, mark);
    std::string decoded;
    if (path.find('%') != std::string_view::npos) {
        if (has_broken_escape(path))
            return malformed("broken escape in the path", path);
        decoded = decode(path);
        path = decoded;
    }
    if (!is_clean_path(path))
        return malformed("malformed path", path);
    auto const split = split_prefix(path);
    if (!split)
        return split.error();

    route r;
    r.prefix = split->prefix;
    if (auto done = read_endpoint(split->rest, r); !done)
        return done.error();
    if (mark < target.size()) {
        auto q = parse_query(target.substr(mark + 1));
        if (!q)
            return q.error();
        r.query = std::move(*q);
    }
    return r;
}

} // namespace oci
