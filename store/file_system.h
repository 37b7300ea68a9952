// The calls to the operating system that the store's promises hang on, behind one class so that a test can make
// each of them fail, come up short, or be the last thing that the process did.
//
// Conventions are POSIX's: -1 and errno on failure. Paths are relative to a folder's descriptor, so that the
// store does not care where its folder is moved to while it runs. Calls interrupted by signals are repeated
// here. All members may be called from any thread.
#pragma once

#include "store/error.h"

#include <cstdint>
#include <string>
#include <string_view>
#include <sys/stat.h>
#include <sys/types.h>

namespace store {

class file_system {
public:
    virtual ~file_system() = default;

    virtual int open(int folder, char const* path, int flags, mode_t mode) noexcept;

    // Opens for reading only if that needs no disk access; any failure means "ask again from a thread that may
    // block". Needs Linux 5.12 (openat2 with RESOLVE_CACHED) and fails on older ones.
    virtual int open_if_cached(int folder, char const* path) noexcept;

    // A file without a name that lives in memory.
    virtual int open_in_memory() noexcept;

    virtual ssize_t read(int fd, void* to, std::size_t size, off_t offset) noexcept;
    virtual ssize_t write(int fd, void const* data, std::size_t size, off_t offset) noexcept;

    // Allocates blocks without changing the file's size. Success where the file system cannot do that.
    virtual int allocate(int fd, off_t size) noexcept;

    virtual int sync_data(int fd) noexcept;             // fdatasync
    virtual int sync_folder(int fd) noexcept;           // fsync
    virtual int sync_file_system(int fd) noexcept;      // syncfs
    virtual int stat(int fd, struct stat& to) noexcept; // fstat
    virtual std::uint64_t free_bytes(int fd) noexcept;  // for us, on its file system
    virtual int stat_path(int folder, char const* path, struct stat& to) noexcept;
    virtual int rename(int folder, char const* from, char const* to) noexcept;
    virtual int link(int folder, char const* from, char const* to) noexcept; // a second name
    virtual int remove(int folder, char const* path) noexcept;
    virtual int remove_folder(int folder, char const* path) noexcept; // ENOTEMPTY if anything is in it
    virtual int make_folder(int folder, char const* path) noexcept;

    // Changes whenever the machine starts anew; empty if unknown.
    virtual std::string boot_id();
};

// What the disk holds for a file: blocks, not length.
inline std::uint64_t disk_bytes(struct stat const& s) noexcept {
    return static_cast<std::uint64_t>(s.st_blocks) * 512;
}

// Whether that can be the file of so much content: something else in its place may have that size too.
inline bool is_content(struct stat const& s, std::uint64_t size) noexcept {
    return S_ISREG(s.st_mode) && static_cast<std::uint64_t>(s.st_size) == size;
}

// "what: No space left on device", with no_space for a full disk or quota and io for everything else.
error error_of_errno(int number, std::string_view what);

} // namespace store
