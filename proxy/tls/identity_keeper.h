// The server's certificates as they are on disk now: whoever renews them (certbot, cert-manager, a mounted secret)
// writes new files, and the next connection gets them. Those that are open keep what they have.
#pragma once

#include "proxy/tls/server_identity.h"

#include <array>
#include <cstdint>
#include <mutex>
#include <vector>

namespace proxy {

class identity_keeper {
public:
    // Reads all files; blocks.
    static result<std::unique_ptr<identity_keeper>> open(std::vector<certificate_config> certificates);

    server_identity::ptr current() const; // any thread

    // Reads the files again if any of them has changed; blocks. To be called every few seconds by one thread. What
    // cannot be used leaves the certificates as they are, and is said once: of a pair that is being renewed one file
    // comes before the other.
    void look();

private:
    using stamp = std::array<std::int64_t, 5>; // what a file that is replaced or written to has another of
    static std::vector<stamp> stamps_of(std::vector<certificate_config> const& certificates);

    identity_keeper(std::vector<certificate_config> certificates, std::vector<stamp> seen, server_identity::ptr current)
        : certificates_(std::move(certificates)), seen_(std::move(seen)), current_(std::move(current)) {}

    std::vector<certificate_config> const certificates_;
    std::vector<stamp> seen_;
    mutable std::mutex mutex_; // guards what is below
    server_identity::ptr current_;
};

} // namespace proxy
