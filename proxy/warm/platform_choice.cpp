#include "proxy/warm/platform_choice.h"

#include <fmt/format.h>

#include <sys/utsname.h>

#include <algorithm>
#include <array>
#include <utility>

namespace proxy {

namespace {

constexpr std::size_t indexes_looked_at = 200;
constexpr std::size_t repositories_looked_at = 500;
constexpr std::size_t tags_looked_at = 8; // of one repository

void add(oci::platform const& p, std::vector<oci::platform>& to) {
    if (std::find(to.begin(), to.end(), p) == to.end())
        to.push_back(p);
}

std::string names(std::vector<oci::platform> const& all) {
    std::string text;
    for (auto const& p : all)
        text += (text.empty() ? "" : ", ") + oci::to_string(p);
    return text;
}

error no_such_platform(std::vector<oci::platform> const& missing, std::vector<oci::platform> const& offered) {
    return from_oci({oci::errc::manifest_unknown,
                     fmt::format("there is no image for {}: only for {}", names(missing), names(offered))});
}

bool is_stored(store::content_store& content, oci::digest const& d) {
    auto const found = content.find(d);
    return found && *found;
}

bool is_whole(store::content_store& content, oci::digest const& manifest) {
    auto const children = content.index().children(manifest);
    if (!children || children->empty() || !is_stored(content, manifest))
        return false;
    return std::all_of(children->begin(), children->end(),
                       [&](oci::descriptor const& c) { return c.foreign || is_stored(content, c.digest); });
}

std::optional<std::string> manifest_bytes(store::content_store& content, oci::digest const& d) {
    auto const opened = content.open_blob(d);
    if (!opened || !*opened || (*opened)->file->size() > oci::max_manifest_size)
        return std::nullopt;
    auto const& file = *(*opened)->file;
    if (file.in_memory())
        return std::string(file.bytes());
    std::string bytes(file.size(), '\0');
    auto const n = file.read(0, std::as_writable_bytes(std::span(bytes)));
    return n && *n == bytes.size() ? std::optional(std::move(bytes)) : std::nullopt;
}

// True: there was an index to look at.
bool look_at(store::content_store& content, oci::digest const& d, std::vector<oci::platform>& to) {
    auto const children = content.index().children(d);
    bool const may_be = children && std::any_of(children->begin(), children->end(),
                                                [](auto const& c) { return c.role == oci::child_role::manifest; });
    auto const bytes = may_be ? manifest_bytes(content, d) : std::nullopt;
    auto const entries = bytes ? oci::parse_index(*bytes, oci::media_type::oci_index)
                               : oci::result<std::vector<oci::index_entry>>(oci::error{});
    if (!entries)
        return false;
    for (auto const& e : *entries)
        if (e.platform && !e.is_attestation && is_whole(content, e.content.digest))
            add(*e.platform, to);
    return true;
}

} // namespace

result<std::vector<oci::index_entry>> entries_for(std::vector<oci::index_entry> const& all,
                                                  std::vector<oci::platform> const& wanted) {
    std::vector<oci::platform> offered;
    for (auto const& e : all)
        if (e.platform && !e.is_attestation)
            add(*e.platform, offered);
    std::vector<oci::platform> missing;
    for (auto const& w : wanted)
        if (std::none_of(offered.begin(), offered.end(), [&](auto const& o) { return oci::fits(w, o); }))
            missing.push_back(w);
    if (!missing.empty() && !offered.empty())
        return no_such_platform(missing, offered);
    std::vector<oci::index_entry> chosen;
    for (auto const& e : all) {
        bool const fits = e.platform && std::any_of(wanted.begin(), wanted.end(),
                                                    [&](auto const& w) { return oci::fits(w, *e.platform); });
        bool const is_image = e.content.role == oci::child_role::manifest;
        if (!is_image || (!e.is_attestation && (fits || offered.empty())))
            chosen.push_back(e);
    }
    return chosen;
}

std::vector<oci::platform> whole_platforms(store::content_store& content, oci::digest const& index) {
    std::vector<oci::platform> found;
    look_at(content, index, found);
    return found;
}

std::vector<oci::platform> whole_platforms(store::content_store& content) {
    std::vector<oci::platform> found;
    auto const repositories = content.index().repositories("", repositories_looked_at);
    std::size_t looked_at = 0;
    for (auto const& repo : repositories ? *repositories : std::vector<store::repository_name>()) {
        auto const tags = content.index().tags(repo, "", tags_looked_at);
        for (auto const& name : tags ? *tags : std::vector<std::string>()) {
            auto const tag = oci::tag::parse(name);
            auto const known =
                tag ? content.index().find_tag(repo, *tag)
                    : store::result<std::optional<store::tag_record>>(std::optional<store::tag_record>());
            if (known && *known && look_at(content, (*known)->digest, found) && ++looked_at == indexes_looked_at)
                return found;
        }
    }
    return found;
}

oci::platform this_machine() {
    constexpr std::array<std::pair<std::string_view, std::string_view>, 8> known{{{"x86_64", "linux/amd64"},
                                                                                  {"aarch64", "linux/arm64"},
                                                                                  {"armv7l", "linux/arm/v7"},
                                                                                  {"armv6l", "linux/arm/v6"},
                                                                                  {"i686", "linux/386"},
                                                                                  {"ppc64le", "linux/ppc64le"},
                                                                                  {"s390x", "linux/s390x"},
                                                                                  {"riscv64", "linux/riscv64"}}};
    utsname here{};
    ::uname(&here);
    for (auto const& [machine, platform] : known)
        if (machine == here.machine)
            return *oci::parse_platform(platform);
    return {"linux", here.machine, {}};
}

} // namespace proxy
