#include "store/integrity/quarantine.h"

#include "store/integrity/blob_walk.h"

#include <algorithm>
#include <cerrno>
#include <tuple>

namespace store {

result<std::vector<quarantine::kept>> quarantine::list() const {
    auto const entries = list_folder(folder_, "quarantine");
    if (!entries)
        return entries.error();
    std::vector<kept> files;
    if (!*entries)
        return files;
    for (auto const& e : **entries) {
        auto path = "quarantine/" + e.name;
        struct stat s {};
        if (folder_.files().stat_path(folder_.root(), path.c_str(), s) == 0 && S_ISREG(s.st_mode))
            files.push_back({std::move(path), disk_bytes(s), s.st_ctim.tv_sec * 1'000'000'000 + s.st_ctim.tv_nsec});
    }
    std::sort(files.begin(), files.end(), [](kept const& a, kept const& b) {
        return std::tie(a.since, a.path) < std::tie(b.since, b.path); // a rename sets ctime
    });
    return files;
}

result<std::uint64_t> quarantine::bytes() const {
    auto const files = list();
    if (!files)
        return files.error();
    std::uint64_t sum = 0;
    for (auto const& f : *files)
        sum += f.bytes;
    return sum;
}

result<bool> quarantine::take(oci::digest const& d) {
    auto const file = folder_.stat_blob(d);
    if (!file)
        return file.error();
    if (!*file)
        return false;
    if (disk_bytes(**file) > quarantine_bytes_max) {
        auto removed = folder_.remove(d);
        return removed ? result<bool>(false) : removed.error();
    }
    if (folder_.files().make_folder(folder_.root(), "quarantine") == -1 && errno != EEXIST)
        return error_of_errno(errno, "cannot create " + (folder_.path() / "quarantine").string());
    if (auto made = make_room(disk_bytes(**file)); !made)
        return made.error();
    auto const to = "quarantine/" + d.hex();
    if (folder_.files().rename(folder_.root(), blob_path(d).file(), to.c_str()) == -1)
        return error_of_errno(errno, "cannot move " + folder_.path_of(d) + " into quarantine");
    return true;
}

result<void> quarantine::make_room(std::uint64_t bytes) {
    auto const files = list();
    if (!files)
        return files.error();
    auto sum = bytes;
    for (auto const& f : *files)
        sum += f.bytes;
    auto count = files->size() + 1;
    for (auto f = files->begin(); f != files->end() && (count > quarantine_files_max || sum > quarantine_bytes_max);
         ++f) {
        if (folder_.files().remove(folder_.root(), f->path.c_str()) == -1 && errno != ENOENT)
            return error_of_errno(errno, "cannot remove " + (folder_.path() / f->path).string());
        sum -= f->bytes;
        --count;
    }
    return {};
}

} // namespace store
