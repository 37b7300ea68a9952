// The server's certificates as they are on disk now: whoever renews them (certbot, cert-manager, a mounted secret)
// writes new files, and the next connection gets them. Those that are open keep what they have. Where nobody does, that
// is said in time.
#pragma once

#include "proxy/runtime/file_stamp.h"
#include "proxy/tls/server_identity.h"

#include <cstdint>
#include <mutex>
#include <vector>

namespace proxy {

class identity_keeper {
public:
    // Reads all files; blocks.
    static result<std::unique_ptr<identity_keeper>> open(identity_files files);

    server_identity::ptr current() const; // any thread

    // Reads the files again if any of them has changed; blocks. To be called every few seconds by one thread, `now` in
    // Unix seconds. What cannot be used leaves the certificates as they are, and is said once: of a pair that is being
    // renewed one file comes before the other. Once a day says which certificates expire soon.
    void look(std::int64_t now);

private:
    using stamps = std::vector<file_stamp>;
    static stamps stamps_of(identity_files const& files);

    identity_keeper(identity_files files, stamps seen, server_identity::ptr current)
        : files_(std::move(files)), seen_(std::move(seen)), current_(std::move(current)) {}

    void read_if_changed();
    void warn_of_expiry(std::int64_t now) const;

    identity_files const files_;
    stamps seen_;
    std::int64_t warn_next_ = 0; // Unix seconds
    mutable std::mutex mutex_;   // guards what is below
    server_identity::ptr current_;
};

} // namespace proxy
