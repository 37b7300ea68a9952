// The files of the store: blobs/<algorithm>/ab/<hex> for finished content, temp/<n> for content on its way in,
// uploads/<id> for what clients push piece by piece, which outlives the process.
//
// One file system holds both, so that a rename publishes. The 256 folders of an algorithm come as they are needed and
// stay: a second level would cost a mkdir for nearly every file, and its removal (0.5 to 1.5 ms on ext4 with discard,
// where an unlink takes 0.02) would be most of what eviction takes. Today's file systems find a name among the 4,000
// that a million files put into each as fast as among four. This class knows nothing of rows: who may rename or remove
// what, and when, its callers decide.
#pragma once

#include "oci/digest.h"
#include "store/blob_file.h"
#include "store/error.h"
#include "store/file_system.h"
#include "store/metadata_index.h"

#include <array>
#include <atomic>
#include <cstdint>
#include <filesystem>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <vector>

namespace store {

// Where a digest's file is, relative to the store; built without allocation, for the path of every hit.
class blob_path {
public:
    explicit blob_path(oci::digest const& d) noexcept;

    char const* file() const noexcept { return text_.data(); }
    std::string folder() const; // that holds it

private:
    std::array<char, 192> text_{}; // zeros behind the path
};

class blob_folder;

// A file without a digest yet, removed on destruction unless published. In memory if it was asked to be. One of
// uploads/ stays until it is discarded.
class temp_file {
public:
    temp_file(blob_folder& folder, std::string path, std::shared_ptr<blob_file const> file) noexcept;
    temp_file(temp_file&& other) noexcept;
    temp_file& operator=(temp_file&&) = delete;
    ~temp_file();

    std::shared_ptr<blob_file const> const& file() const noexcept { return file_; }
    bool is_on_disk() const noexcept { return on_disk_; }
    bool is_published() const noexcept { return on_disk_ && path_.empty(); }
    void discard() noexcept { kept_ = false; } // destruction removes it, whatever it is

private:
    friend class blob_folder;
    blob_folder* folder_;
    std::string path_; // relative to the store; empty: nothing to remove
    bool on_disk_;
    bool kept_ = false;
    std::shared_ptr<blob_file const> file_;
};

// Of the second name that a file has in temp/ while it is published; nothing for any other name.
std::optional<oci::digest> digest_of_marker(std::string name);

class blob_folder {
public:
    // Creates what is missing; blocks, as everything here does unless it says otherwise.
    static result<std::unique_ptr<blob_folder>> open(std::filesystem::path const& path,
                                                     std::shared_ptr<file_system> files);

    // Removes what a crash left in temp/, and gives back the digests that were being published then. Only while no
    // temp_file lives.
    result<std::vector<oci::digest>> clear_temp();

    // A new temp file with the blocks of `size` allocated; `size` is also what its blob_file says.
    result<temp_file> create(std::optional<std::uint64_t> size);
    result<temp_file> create_in_memory(std::uint64_t size);
    // Of an upload session, new or with what came before. `id` is one component of a path.
    result<temp_file> open_upload(std::string const& id);
    struct upload_file {
        std::string id;
        std::uint64_t size = 0;
    };
    result<std::vector<upload_file>> upload_files() const;
    result<void> remove_upload(std::string const& id); // absent is fine

    std::uint64_t allocated_bytes(temp_file const& file) const noexcept; // that the disk already holds for it

    // Renames to the digest's name, over what may be there; `durable` syncs the folders. Leaves a second name in
    // temp/ by which a start knows that this may be a file without a row; end_publication takes it away. Where the
    // file system has no second names, reconciliation finds such a file later.
    result<void> publish(temp_file& file, oci::digest const& d, bool durable);
    void end_publication(oci::digest const& d);

    // Names in temp/ that could not be removed when their time came; folder_bytes() counts their files. remove_temp
    // tries again; of a marker, under its digest's lock.
    std::vector<std::string> left_behind() const;
    result<void> remove_temp(std::string const& path);

    // The file, or nothing if it does not exist. With access::memory: would_block, or a file that cost no disk read.
    result<std::optional<file_descriptor>> open_blob(oci::digest const& d, access a) const;

    // Length and blocks of the file, or nothing if it does not exist.
    result<std::optional<struct stat>> stat_blob(oci::digest const& d) const;

    result<void> remove(oci::digest const& d);    // absent is fine; a folder in its place is not ours and stays
    result<void> sync_name(oci::digest const& d); // so that the file is found under it after a crash
    result<void> sync_everything();

    // no_space if the disk has not `margin` bytes free beside `size` more.
    result<void> check_room(std::uint64_t size, std::uint64_t margin) const;

    std::uint64_t free_bytes() const noexcept { return files_->free_bytes(root_.get()); } // of the disk, for us

    file_system& files() const noexcept { return *files_; }
    int root() const noexcept { return root_.get(); } // the store's folder, to which all paths here are relative
    std::filesystem::path const& path() const noexcept { return path_; }

    // What the folders take on disk, as of the last measure_folders() and what was made since. They grow with their
    // files, by a block for every fifty or so. With what is left behind in temp/.
    std::uint64_t folder_bytes() const noexcept {
        return folder_bytes_.load(std::memory_order_relaxed) + left_behind_bytes_.load(std::memory_order_relaxed);
    }
    void measure_folders(); // some hundred stats

    std::string path_of(oci::digest const& d) const { return (path_ / blob_path(d).file()).string(); }

private:
    blob_folder(std::filesystem::path path, std::shared_ptr<file_system> files);
    result<void> make_base();
    result<bool> make_folder(std::string const& path); // true: it is new
    result<void> rename_into_place(temp_file const& file, blob_path const& to);
    result<void> sync_folder(std::string const& path);

    std::filesystem::path path_;
    std::shared_ptr<file_system> files_;
    file_descriptor root_;
    std::atomic<std::uint64_t> last_temp_ = 0;
    std::atomic<std::uint64_t> folder_bytes_ = 0;
    std::atomic<std::uint64_t> left_behind_bytes_ = 0;
    mutable std::mutex mutex_;                         // guards all below
    std::map<std::string, std::uint64_t> left_behind_; // bytes on disk
};

} // namespace store
