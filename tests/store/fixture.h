// What the store's tests share: a folder of their own, an operating system that fails on command, and content.
#pragma once

#include "store/content_store.h"
#include "store/file_system.h"

#include <atomic>
#include <cerrno>
#include <cstdlib>
#include <filesystem>
#include <functional>
#include <memory>
#include <random>
#include <set>
#include <string>
#include <string_view>
#include <thread>
#include <unistd.h>

namespace store_tests {

// A file system in memory where there is one: for tests that open a hundred stores and mind the syncs.
inline std::filesystem::path fast_folder() {
    return ::access("/dev/shm", W_OK) == 0 ? "/dev/shm" : std::filesystem::temp_directory_path();
}

class temp_dir {
public:
    explicit temp_dir(std::filesystem::path const& below = std::filesystem::temp_directory_path()) {
        auto name = (below / "layerd-store-XXXXXX").string();
        path_ = ::mkdtemp(name.data());
    }
    temp_dir(temp_dir const&) = delete;
    temp_dir& operator=(temp_dir const&) = delete;
    ~temp_dir() {
        std::error_code ec;
        std::filesystem::remove_all(path_, ec);
    }
    std::filesystem::path const& path() const { return path_; }

private:
    std::filesystem::path path_;
};

// The real calls, each of which `on_call` may make fail: it gets the call's name and returns an errno, or 0.
class faulty_file_system : public store::file_system {
public:
    std::function<int(std::string_view call)> on_call;
    std::function<void(std::string_view call)> after_call;
    std::size_t write_max = SIZE_MAX;                         // longer writes come up short
    std::atomic<std::uint64_t> free = std::uint64_t{1} << 40; // of the disk
    std::string boot = "first boot";
    std::atomic<int> syncs_of_everything = 0;

    // Makes the next calls of that name fail.
    void fail(std::string name, int number) {
        on_call = [name = std::move(name), number](std::string_view call) { return call == name ? number : 0; };
    }

    int open(int folder, char const* path, int flags, mode_t mode) noexcept override {
        return call("open", [&] { return file_system::open(folder, path, flags, mode); });
    }
    int open_if_cached(int folder, char const* path) noexcept override {
        return call("open_if_cached", [&] { return file_system::open_if_cached(folder, path); });
    }
    int open_in_memory() noexcept override {
        return call("open_in_memory", [&] { return file_system::open_in_memory(); });
    }
    ssize_t read(int fd, void* to, std::size_t size, off_t offset) noexcept override {
        return call("read", [&] { return file_system::read(fd, to, size, offset); });
    }
    ssize_t write(int fd, void const* data, std::size_t size, off_t offset) noexcept override {
        auto const n = std::min(size, write_max);
        return call("write", [&] { return file_system::write(fd, data, n, offset); });
    }
    int allocate(int fd, off_t size) noexcept override {
        return call("allocate", [&] { return file_system::allocate(fd, size); });
    }
    int sync_data(int fd) noexcept override {
        return call("sync_data", [&] { return file_system::sync_data(fd); });
    }
    int sync_folder(int fd) noexcept override {
        return call("sync_folder", [&] { return file_system::sync_folder(fd); });
    }
    int sync_file_system(int) noexcept override { // the real one would wait for everybody else's writes
        return call("sync_file_system", [&] { return syncs_of_everything.fetch_add(1) * 0; });
    }
    int stat(int fd, struct stat& to) noexcept override {
        return call("stat", [&] { return file_system::stat(fd, to); });
    }
    int stat_path(int folder, char const* path, struct stat& to) noexcept override {
        return call("stat_path", [&] { return file_system::stat_path(folder, path, to); });
    }
    int rename(int folder, char const* from, char const* to) noexcept override {
        return call("rename", [&] { return file_system::rename(folder, from, to); });
    }
    int remove(int folder, char const* path) noexcept override {
        return call("remove", [&] { return file_system::remove(folder, path); });
    }
    int link(int folder, char const* from, char const* to) noexcept override {
        return call("link", [&] { return file_system::link(folder, from, to); });
    }
    int remove_folder(int folder, char const* path) noexcept override {
        return call("remove_folder", [&] { return file_system::remove_folder(folder, path); });
    }
    int make_folder(int folder, char const* path) noexcept override {
        return call("make_folder", [&] { return file_system::make_folder(folder, path); });
    }
    std::uint64_t free_bytes(int) noexcept override { return free; }
    std::string boot_id() override { return boot; }

private:
    template <class F>
    auto call(std::string_view name, F real) -> decltype(real()) {
        if (int const number = on_call ? on_call(name) : 0) {
            errno = number;
            return -1;
        }
        auto const r = real();
        if (after_call) {
            int const number = errno;
            after_call(name);
            errno = number;
        }
        return r;
    }
};

// Each change of the index asks first how much of the disk is free. What another thread does in that moment is done in
// one: whoever changes the index holds locks (store/write_locks.h), and nobody takes more of them meanwhile.
struct watched_file_system : faulty_file_system {
    std::function<void()> on_write;
    std::uint64_t free_bytes(int fd) noexcept override {
        if (on_write)
            std::thread(on_write).join();
        return faulty_file_system::free_bytes(fd);
    }
};

// Bytes that do not repeat, the same for the same seed.
inline std::string content(std::size_t size, unsigned seed = 1) {
    std::mt19937_64 random(seed);
    std::string bytes(size, '\0');
    for (auto& b : bytes)
        b = static_cast<char>(random());
    return bytes;
}

inline std::span<std::byte const> as_bytes(std::string_view s) {
    return std::as_bytes(std::span(s));
}

inline std::string read_all(store::blob_file const& file, std::uint64_t size) {
    std::string bytes(size + 1, '\0'); // one more, to see the end
    auto const n = file.read(0, std::as_writable_bytes(std::span(bytes)));
    bytes.resize(n ? *n : 0);
    return bytes;
}
inline std::string read_all(store::blob_file const& file) {
    return read_all(file, file.size());
}

// What du would say; like du it counts a file with two names once.
inline std::uint64_t disk_usage(std::filesystem::path const& folder) {
    std::uint64_t sum = 0;
    std::set<ino_t> seen;
    std::error_code ec; // files come and go meanwhile
    struct stat s {};
    if (::lstat(folder.c_str(), &s) == 0)
        sum += store::disk_bytes(s);
    for (std::filesystem::recursive_directory_iterator at(folder, ec), end; !ec && at != end; at.increment(ec)) {
        if (::lstat(at->path().c_str(), &s) == 0 && seen.insert(s.st_ino).second)
            sum += store::disk_bytes(s);
    }
    return sum;
}

inline std::size_t files_below(std::filesystem::path const& folder) {
    std::size_t count = 0;
    for (auto const& entry : std::filesystem::recursive_directory_iterator(folder))
        count += entry.is_regular_file();
    return count;
}

// A store in a folder of its own, that can be closed and opened again. Content above 1 KiB goes to files.
struct test_store {
    enum class start { open, closed };
    explicit test_store(start how = start::open,
                        std::filesystem::path const& below = std::filesystem::temp_directory_path())
        : dir(below) {
        if (how == start::open)
            open();
    }

    store::options options() {
        return {.path = dir.path() / "store",
                .inline_max = 1024,
                .durability = durability,
                .limits = limits,
                .now =
                    [this] {
                        if (on_clock)
                            on_clock();
                        return now.load();
                    },
                .warn = [this](std::string const&) { ++warnings; },
                .files = files};
    }
    void open() {
        auto opened = store::content_store::open(options());
        if (!opened)
            throw std::runtime_error(opened.error().message);
        store = *std::move(opened);
    }
    void reopen() {
        store.reset();
        open();
    }

    oci::digest put(std::string_view bytes, store::object_traits traits = {}) {
        auto const d = oci::digest::of(bytes);
        auto const stored = store->put(d, bytes, std::move(traits));
        if (!stored)
            throw std::runtime_error(stored.error().message);
        return d;
    }
    // The content, or nothing if it is absent.
    std::optional<std::string> get(oci::digest const& d) {
        auto const found = store->open_blob(d);
        if (!found)
            throw std::runtime_error(found.error().message);
        return *found ? std::optional(read_all(*(*found)->file)) : std::nullopt;
    }
    std::filesystem::path blob_path(oci::digest const& d) const {
        auto const hex = d.hex();
        return dir.path() / "store/blobs/sha256" / hex.substr(0, 2) / hex;
    }
    std::filesystem::path blobs() const { return dir.path() / "store/blobs"; }
    std::filesystem::path temp() const { return dir.path() / "store/temp"; }

    temp_dir dir;
    std::shared_ptr<faulty_file_system> files = std::make_shared<faulty_file_system>();
    store::durability durability = store::durability::cache;
    store::space_limits limits;
    std::atomic<std::int64_t> now = 1'700'000'000;
    std::function<void()> on_clock; // called by whoever looks at it
    std::atomic<int> warnings = 0;
    std::unique_ptr<store::content_store> store;
};

} // namespace store_tests
