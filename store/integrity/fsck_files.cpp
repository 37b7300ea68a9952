// fsck's look at the folders: whether there is a row for every file, and nothing that is not ours.
#include "store/integrity/blob_walk.h"
#include "store/integrity/fsck_run.h"
#include "store/object_table.h"

#include <cerrno>

namespace store {
namespace {

constexpr char const* lost_and_found = "lost+found";

result<void> remove_file(core const& c, std::string const& path) {
    if (c.folder->files().remove(c.folder->root(), path.c_str()) == -1 && errno != ENOENT)
        return error_of_errno(errno, "cannot remove " + (c.folder->path() / path).string());
    return {};
}

// Under its own name, or with a number behind it.
result<void> move_away(core const& c, std::string const& path) {
    auto& files = c.folder->files();
    int const root = c.folder->root();
    if (files.make_folder(root, lost_and_found) == -1 && errno != EEXIST)
        return error_of_errno(errno, "cannot create " + (c.folder->path() / lost_and_found).string());
    auto const name = std::string(lost_and_found) + "/" + path.substr(path.rfind('/') + 1);
    auto to = name;
    struct stat s {};
    for (int i = 1; files.stat_path(root, to.c_str(), s) == 0; ++i)
        to = name + "." + std::to_string(i);
    if (files.rename(root, path.c_str(), to.c_str()) == -1)
        return error_of_errno(errno, "cannot move " + (c.folder->path() / path).string() + " to " + lost_and_found);
    return {};
}

result<void> check_temp(fsck_run& run) {
    auto const entries = list_folder(*run.c->folder, "temp");
    if (!entries)
        return entries.error();
    for (auto const& e : entries->value_or(std::vector<folder_entry>())) {
        auto const path = "temp/" + e.name;
        bool const ours = e.type == S_IFREG;
        if (auto const d = digest_of_marker(e.name); d && ours)
            run.publishing.insert(*d);
        run.find(ours ? fault::leftover : fault::foreign, path,
                 ours ? "it was on its way in when the server ended" : "it is not layerd's");
        if (!run.options.repair)
            continue;
        if (auto done = ours ? remove_file(*run.c, path) : move_away(*run.c, path); !done)
            return done;
    }
    return {};
}

// What was on its way in or out when the server ended, and is written down as such.
result<bool> is_known_leftover(fsck_run const& run, oci::digest const& d) {
    if (run.publishing.contains(d))
        return true;
    rocksdb::PinnableSlice value;
    return run.c->db->get(family::trash, digest_key(d), access::any, value);
}

result<void> check_blob(fsck_run& run, walk_visit const& v) {
    auto const row = find_object(*run.c, *v.digest, access::any);
    if (!row && row.error().code != errc::corrupt)
        return row.error();
    if (!row || (*row && (*row)->info.place == object_place::file))
        return {};
    auto const known = is_known_leftover(run, *v.digest);
    if (!known)
        return known.error();
    if (*known)
        run.find(fault::leftover, v.path, "the next start removes it");
    else
        run.find(fault::orphan, v.path, row && *row ? "its content is a row" : "no row refers to it");
    if (!run.options.repair)
        return {};
    database::batch b(*run.c->db);
    b.erase(family::trash, digest_key(*v.digest));
    if (auto written = run.write(b); !written)
        return written;
    return remove_file(*run.c, v.path);
}

result<void> check_foreign(fsck_run& run, walk_visit const& v) {
    run.find(fault::foreign, v.path, "it is not layerd's");
    if (!run.options.repair)
        return {};
    return move_away(*run.c, v.path);
}

result<void> check(fsck_run& run, walk_visit const& v) {
    switch (v.kind) {
    case walk_visit::what::blob:
        return check_blob(run, v);
    case walk_visit::what::foreign:
        return check_foreign(run, v);
    case walk_visit::what::unreadable:
        run.find_unrepaired(fault::unreadable, v.path, v.message);
        return {};
    }
    return {};
}

} // namespace

result<void> check_files(fsck_run& run) {
    if (auto checked = check_temp(run); !checked)
        return checked;
    blob_walk walk(*run.c->folder);
    while (auto const v = walk.next()) {
        if (auto checked = check(run, *v); !checked)
            return checked;
    }
    return {};
}

} // namespace store
