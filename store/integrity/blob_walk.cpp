#include "store/integrity/blob_walk.h"

#include <algorithm>
#include <cerrno>
#include <dirent.h>
#include <fcntl.h>
#include <memory>

namespace store {
namespace {

constexpr std::size_t leaf_depth = 3;

mode_t type_of(blob_folder const& folder, std::string const& path) {
    struct stat s {};
    return folder.files().stat_path(folder.root(), path.c_str(), s) == 0 ? s.st_mode & S_IFMT : 0;
}

} // namespace

result<std::optional<std::vector<folder_entry>>> list_folder(blob_folder const& folder, std::string const& path) {
    using listing = std::optional<std::vector<folder_entry>>;
    auto const cannot = [&](int number) {
        return error_of_errno(number, "cannot read " + (folder.path() / path).string());
    };
    int const fd = folder.files().open(folder.root(), path.c_str(), O_RDONLY | O_DIRECTORY, 0);
    if (fd == -1)
        return errno == ENOENT ? result<listing>(listing()) : result<listing>(cannot(errno));
    auto const close = [](DIR* d) { ::closedir(d); };
    std::unique_ptr<DIR, decltype(close)> const open(::fdopendir(fd), close);
    if (!open) {
        file_descriptor const closed(fd);
        return cannot(errno);
    }
    std::vector<folder_entry> entries;
    errno = 0;
    while (auto const* e = ::readdir(open.get())) {
        std::string name = e->d_name;
        if (name == "." || name == "..")
            continue;
        auto const type = e->d_type == DT_UNKNOWN ? type_of(folder, path + "/" + name) : DTTOIF(e->d_type);
        entries.push_back({std::move(name), type});
        errno = 0;
    }
    if (errno != 0)
        return cannot(errno);
    std::sort(entries.begin(), entries.end(), [](auto const& a, auto const& b) { return a.name < b.name; });
    return listing(std::move(entries));
}

bool is_shard(folder_entry const& e) noexcept {
    auto const is_digit = [](char c) { return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'f'); };
    return e.type == S_IFDIR && e.name.size() == 2 && is_digit(e.name[0]) && is_digit(e.name[1]);
}

blob_walk::blob_walk(blob_folder const& folder) : folder_(folder), first_(enter("blobs")) {}

std::optional<walk_visit> blob_walk::next() {
    if (first_)
        return std::exchange(first_, std::nullopt);
    while (!levels_.empty()) {
        auto& at = levels_.back();
        if (at.next == at.entries.size())
            levels_.pop_back();
        else if (auto found = visit(folder_entry(at.entries[at.next++])))
            return found;
    }
    return std::nullopt;
}

std::optional<walk_visit> blob_walk::enter(std::string path) {
    auto listed = list_folder(folder_, path);
    if (!listed)
        return walk_visit{
            .kind = walk_visit::what::unreadable, .path = std::move(path), .message = listed.error().message};
    if (*listed)
        levels_.push_back({std::move(path), **std::move(listed), 0});
    return std::nullopt;
}

std::optional<walk_visit> blob_walk::visit(folder_entry const& e) {
    auto path = levels_.back().path + "/" + e.name;
    if (levels_.size() == leaf_depth) {
        auto const d = digest_of(e);
        return walk_visit{
            .kind = d ? walk_visit::what::blob : walk_visit::what::foreign, .path = std::move(path), .digest = d};
    }
    if (!belongs(e))
        return walk_visit{.kind = walk_visit::what::foreign, .path = std::move(path)};
    if (levels_.size() == 1)
        algo_ = e.name == "sha256" ? oci::algorithm::sha256 : oci::algorithm::sha512;
    return enter(std::move(path));
}

bool blob_walk::belongs(folder_entry const& e) const {
    return levels_.size() == 1 ? e.type == S_IFDIR && (e.name == "sha256" || e.name == "sha512") : is_shard(e);
}

std::optional<oci::digest> blob_walk::digest_of(folder_entry const& e) const {
    auto const d = oci::digest::parse(std::string(oci::to_string(algo_)) + ":" + e.name);
    if (e.type != S_IFREG || !d || blob_path(*d).folder() != levels_.back().path)
        return std::nullopt;
    return *d;
}

} // namespace store
