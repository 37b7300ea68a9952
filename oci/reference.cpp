// The grammar of names, by hand: one pass, no regular expression, one allocation for the result.
#include "oci/reference.h"

#include "oci/charset.h"

namespace oci {

namespace {

using charset::quoted;

// At the end of the component that starts at `at`, or npos if none starts there.
// component = [a-z0-9]+ ( ( '.' | '_' | '__' | '-'+ ) [a-z0-9]+ )*
std::size_t component_end(std::string_view text, std::size_t at) noexcept {
    auto alnum = [text](std::size_t i) { return i < text.size() && charset::is(text[i], charset::lower_alnum); };
    if (!alnum(at))
        return std::string_view::npos;
    for (;;) {
        while (alnum(at))
            ++at;
        if (at == text.size() || text[at] == '/')
            return at;
        if (text[at] == '.') {
            ++at;
        } else if (text[at] == '_') {
            at += text.substr(at).starts_with("__") ? 2 : 1;
        } else if (text[at] == '-') {
            while (at < text.size() && text[at] == '-')
                ++at;
        }
        if (!alnum(at))
            return std::string_view::npos;
    }
}

bool is_repository(std::string_view text) noexcept {
    for (std::size_t at = 0;; ++at) {
        at = component_end(text, at);
        if (at == std::string_view::npos)
            return false;
        if (at == text.size())
            return true;
    }
}

bool is_tag(std::string_view text) noexcept {
    return !text.empty() && text.size() <= tag::max_size && text.front() != '.' && text.front() != '-' &&
           charset::all(text, charset::tag_char);
}

bool is_port(std::string_view text) noexcept {
    if (text.empty() || text.size() > 5 || !charset::all(text, charset::digit))
        return false;
    unsigned port = 0;
    for (char c : text)
        port = port * 10 + static_cast<unsigned>(c - '0');
    return port != 0 && port <= 65535;
}

// "host", "host:port", "[v6]" or "[v6]:port". What the host then means is the resolver's business.
bool is_registry(std::string_view text) noexcept {
    if (text.size() > repository::max_size)
        return false;
    std::size_t const close = text.starts_with('[') ? text.find(']') : std::string_view::npos;
    std::size_t const colon = text.find(':', close == std::string_view::npos ? 0 : close);
    if (colon != std::string_view::npos && !is_port(text.substr(colon + 1)))
        return false;
    std::string_view const host = text.substr(0, colon);
    if (text.starts_with('[')) {
        if (close == std::string_view::npos || close + 1 != host.size() || close < 3)
            return false;
        for (char c : host.substr(1, close - 1))
            if (c != ':' && c != '.' && charset::hex_value[static_cast<unsigned char>(c)] > 15)
                return false;
        return true;
    }
    if (host.empty() || host.front() == '.' || host.front() == '-' || host.find("..") != std::string_view::npos)
        return false;
    return host.find_first_of("[]") == std::string_view::npos && charset::all(host, charset::host_char);
}

} // namespace

result<repository> repository::parse(std::string_view text) {
    if (text.size() > max_size)
        return error{errc::name_invalid, "repository name longer than 255 bytes: " + quoted(text)};
    if (!is_repository(text))
        return error{errc::name_invalid, "not a repository name: " + quoted(text)};
    return repository(std::string(text));
}

result<tag> tag::parse(std::string_view text) {
    if (!is_tag(text))
        return error{errc::tag_invalid, "not a tag: " + quoted(text)};
    return tag(std::string(text));
}

result<reference> parse_reference(std::string_view text) {
    if (text.find(':') != std::string_view::npos) {
        auto d = digest::parse(text);
        if (!d)
            return d.error();
        return reference(*d);
    }
    auto t = tag::parse(text);
    if (!t)
        return error{errc::manifest_unknown, t.error().message};
    return reference(std::move(*t));
}

std::string to_string(reference const& r) {
    if (auto const* t = std::get_if<tag>(&r))
        return t->name();
    return std::get<digest>(r).to_string();
}

result<image_name> parse_image_name(std::string_view text) {
    std::string_view registry;
    std::string_view rest = text;
    std::size_t const slash = text.find('/');
    if (slash != std::string_view::npos) {
        std::string_view const first = text.substr(0, slash);
        if (first == "localhost" || first.find_first_of(".:") != std::string_view::npos) {
            if (!is_registry(first))
                return error{errc::name_invalid, "not a registry's host: " + quoted(first)};
            registry = first;
            rest = text.substr(slash + 1);
        }
    }

    std::string_view digest_text;
    std::size_t const at = rest.find('@');
    if (at != std::string_view::npos) {
        digest_text = rest.substr(at + 1);
        rest = rest.substr(0, at);
    }
    std::string_view tag_text = "latest";
    std::size_t const colon = rest.find(':'); // no ':' can stand in a repository
    if (colon != std::string_view::npos) {
        tag_text = rest.substr(colon + 1);
        rest = rest.substr(0, colon);
    }

    auto repo = repository::parse(rest);
    if (!repo)
        return repo.error();
    auto t = tag::parse(tag_text); // checked even if the digest counts: nobody writes a broken tag on purpose
    if (!t)
        return t.error();
    if (at == std::string_view::npos)
        return image_name{std::string(registry), std::move(*repo), std::move(*t)};
    auto d = digest::parse(digest_text);
    if (!d)
        return d.error();
    return image_name{std::string(registry), std::move(*repo), *d};
}

} // namespace oci
