// The operator's user name and password for an upstream. The password lives in a file and is read again when the
// file changes, so that it can be rotated without a restart.
#pragma once

#include "proxy/error.h"
#include "proxy/runtime/environment.h"
#include "proxy/runtime/file_stamp.h"
#include "proxy/secret.h"

#include <filesystem>
#include <mutex>
#include <optional>
#include <string>

namespace proxy {

// Where a password_file is. One that is not an absolute path is a credential of the service, if it has any: systemd
// puts those of LoadCredential= into a folder of its own, $CREDENTIALS_DIRECTORY (systemd.exec(5)).
std::filesystem::path password_path(std::filesystem::path const& file, environment const& variable = own_environment());

// Any thread.
class credentials {
public:
    static constexpr std::size_t max_password_size = 64 * 1024; // tokens of cloud registries are long

    // The password in a file, without the line's end; blocks. An error names the file.
    static result<secret> read(std::filesystem::path const& file);

    credentials(std::string username, std::filesystem::path password_file);

    // The value of an Authorization field, "Basic …"; nothing if none are configured. A file that cannot be read
    // leaves the password that was read last; if there never was one, the answer is nothing and the log says why.
    std::optional<secret> basic();

private:
    void read_if_changed();

    std::string const username_;
    std::filesystem::path const password_file_;
    std::mutex mutex_;                        // guards all below; held while a small local file is read
    std::optional<file_stamp> seen_;          // that was read
    std::optional<file_stamp> complained_of_; // that could not be
    std::optional<secret> password_;
};

} // namespace proxy
