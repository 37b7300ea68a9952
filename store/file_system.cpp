#include "store/file_system.h"

#include <cerrno>
#include <fcntl.h>
#include <fstream>
#include <linux/openat2.h>
#include <sys/mman.h>
#include <sys/statvfs.h>
#include <sys/syscall.h>
#include <system_error>
#include <unistd.h>

namespace store {
namespace {

template <class F>
auto uninterrupted(F call) noexcept {
    auto r = call();
    while (r == -1 && errno == EINTR)
        r = call();
    return r;
}

} // namespace

int file_system::open(int folder, char const* path, int flags, mode_t mode) noexcept {
    return uninterrupted([&] { return ::openat(folder, path, flags | O_CLOEXEC, mode); });
}

int file_system::open_if_cached(int folder, char const* path) noexcept {
    open_how how{};
    how.flags = O_RDONLY | O_CLOEXEC;
    how.resolve = RESOLVE_CACHED;
    return static_cast<int>(::syscall(SYS_openat2, folder, path, &how, sizeof how));
}

int file_system::open_in_memory() noexcept {
    return ::memfd_create("layerd", MFD_CLOEXEC);
}

ssize_t file_system::read(int fd, void* to, std::size_t size, off_t offset) noexcept {
    return uninterrupted([&] { return ::pread(fd, to, size, offset); });
}

ssize_t file_system::write(int fd, void const* data, std::size_t size, off_t offset) noexcept {
    return uninterrupted([&] { return ::pwrite(fd, data, size, offset); });
}

int file_system::allocate(int fd, off_t size) noexcept {
    int const r = uninterrupted([&] { return ::fallocate(fd, FALLOC_FL_KEEP_SIZE, 0, size); });
    return r == -1 && (errno == EOPNOTSUPP || errno == ENOSYS) ? 0 : r;
}

int file_system::sync_data(int fd) noexcept {
    return uninterrupted([&] { return ::fdatasync(fd); });
}

int file_system::sync_folder(int fd) noexcept {
    return uninterrupted([&] { return ::fsync(fd); });
}

int file_system::sync_file_system(int fd) noexcept {
    return uninterrupted([&] { return ::syncfs(fd); });
}

int file_system::stat(int fd, struct stat& to) noexcept {
    return ::fstat(fd, &to);
}

std::uint64_t file_system::free_bytes(int fd) noexcept {
    struct statvfs s {};
    return ::fstatvfs(fd, &s) == 0 ? static_cast<std::uint64_t>(s.f_bavail) * s.f_frsize : UINT64_MAX;
}

int file_system::stat_path(int folder, char const* path, struct stat& to) noexcept {
    return ::fstatat(folder, path, &to, AT_SYMLINK_NOFOLLOW);
}

int file_system::rename(int folder, char const* from, char const* to) noexcept {
    return ::renameat(folder, from, folder, to);
}

int file_system::link(int folder, char const* from, char const* to) noexcept {
    return ::linkat(folder, from, folder, to, 0);
}

int file_system::remove_folder(int folder, char const* path) noexcept {
    return ::unlinkat(folder, path, AT_REMOVEDIR);
}

int file_system::remove(int folder, char const* path) noexcept {
    return ::unlinkat(folder, path, 0);
}

int file_system::make_folder(int folder, char const* path) noexcept {
    return ::mkdirat(folder, path, 0700);
}

std::string file_system::boot_id() {
    std::string id;
    std::ifstream("/proc/sys/kernel/random/boot_id") >> id;
    return id;
}

namespace {

errc code_of_errno(int number) noexcept {
    switch (number) {
    case ENOSPC:
    case EDQUOT:
        return errc::no_space;
    case EMFILE:
    case ENFILE:
        return errc::no_descriptors;
    default:
        return errc::io;
    }
}

} // namespace

error error_of_errno(int number, std::string_view what) {
    return error{code_of_errno(number), std::string(what) + ": " + std::generic_category().message(number)};
}

} // namespace store
