// The files of the store: blobs/<algorithm>/ab/cd/<hex> for finished content, temp/<n> for content on its way in.
//
// One file system holds both, so that a rename publishes. Two levels of folders keep each small at millions of
// files. This class knows nothing of rows: who may rename or remove what, and when, its callers decide.
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
#include <memory>
#include <optional>
#include <string>

namespace store {

// Where a digest's file is, relative to the store; built without allocation, for the path of every hit.
class blob_path {
public:
    explicit blob_path(oci::digest const& d) noexcept;

    char const* file() const noexcept { return text_.data(); }
    // The folder `up` levels above the file: 1 is the folder that holds it.
    std::string folder(int up) const;

private:
    std::array<char, 192> text_{};
};

// A file without a digest yet, removed on destruction unless published. In memory if it was asked to be.
class temp_file {
public:
    temp_file(file_system& files, int root, std::string path, std::shared_ptr<blob_file const> file) noexcept;
    temp_file(temp_file&& other) noexcept;
    temp_file& operator=(temp_file&&) = delete;
    ~temp_file();

    std::shared_ptr<blob_file const> const& file() const noexcept { return file_; }
    bool in_memory() const noexcept { return path_.empty(); }

private:
    friend class blob_folder;
    file_system* files_;
    int root_;
    std::string path_; // relative to the store; empty: nothing to remove
    std::shared_ptr<blob_file const> file_;
};

class blob_folder {
public:
    // Creates what is missing; blocks, as everything here does unless it says otherwise.
    static result<std::unique_ptr<blob_folder>> open(std::filesystem::path const& path,
                                                     std::shared_ptr<file_system> files);

    // Removes what a crash left in temp/. Only while no temp_file lives.
    result<void> clear_temp();

    // A new temp file with the blocks of `size` allocated; `size` is also what its blob_file says.
    result<temp_file> create(std::optional<std::uint64_t> size);
    result<temp_file> create_in_memory(std::uint64_t size);

    // Renames to the digest's name, over what may be there; `durable` syncs the folders. Says how much the disk
    // holds for folders that had to be made.
    result<std::uint64_t> publish(temp_file& file, oci::digest const& d, bool durable);

    // The file, or nothing if it does not exist. With access::memory: would_block, or a file that cost no disk read.
    result<std::optional<file_descriptor>> open_blob(oci::digest const& d, access a) const;

    // Length and blocks of the file, or nothing if it does not exist.
    result<std::optional<struct stat>> stat_blob(oci::digest const& d) const;

    result<void> remove(oci::digest const& d); // absent is fine
    result<void> sync_everything();

    // no_space if the disk has not `margin` bytes free beside `size` more.
    result<void> check_room(std::uint64_t size, std::uint64_t margin) const;

    file_system& files() const noexcept { return *files_; }
    int root() const noexcept { return root_.get(); } // the store's folder, to which all paths here are relative
    std::filesystem::path const& path() const noexcept { return path_; }
    std::uint64_t base_bytes() const noexcept { return base_bytes_; } // on disk, of the folders that always exist
    // On disk, of the folders that publications had to make since opening, for digests that begin with this byte.
    std::uint64_t made_bytes(oci::algorithm a, std::byte first) const noexcept { return made_[made_index(a, first)]; }
    std::string path_of(oci::digest const& d) const { return (path_ / blob_path(d).file()).string(); }

private:
    blob_folder(std::filesystem::path path, std::shared_ptr<file_system> files);
    static std::size_t made_index(oci::algorithm a, std::byte first) noexcept {
        return (a == oci::algorithm::sha256 ? 0 : 256) + std::to_integer<std::size_t>(first);
    }
    result<void> make_base();
    result<std::uint64_t> make_folder(std::string const& path); // its bytes on disk if it is new, else 0
    result<void> sync_folder(std::string const& path);

    std::filesystem::path path_;
    std::shared_ptr<file_system> files_;
    file_descriptor root_;
    std::atomic<std::uint64_t> last_temp_ = 0;
    std::uint64_t base_bytes_ = 0;
    std::array<std::atomic<std::uint64_t>, 512> made_{};
};

} // namespace store
