// The operator's user name and password for an upstream. The password lives in a file and is read again when the
// file changes, so that it can be rotated without a restart.
#pragma once

#include <cstdint>
#include <filesystem>
#include <mutex>
#include <optional>
#include <string>

namespace proxy {

// Any thread.
class credentials {
public:
    static constexpr std::size_t max_password_size = 64 * 1024; // tokens of cloud registries are long

    credentials(std::string username, std::filesystem::path password_file);

    // The value of an Authorization field, "Basic …"; nothing if none are configured. A file that cannot be read
    // leaves the password that was read last; if there never was one, the answer is nothing and the log says why.
    std::optional<std::string> basic();

private:
    struct version {
        std::int64_t changed_ns = 0;
        std::uint64_t size = 0, inode = 0;
        friend bool operator==(version const&, version const&) = default;
    };

    void read_if_changed();

    std::string const username_;
    std::filesystem::path const password_file_;
    std::mutex mutex_; // guards all below; held while a small local file is read
    std::optional<version> seen_;
    std::optional<std::string> password_;
};

} // namespace proxy
