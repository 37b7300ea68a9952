#include "proxy/tls/identity_keeper.h"

#include <spdlog/spdlog.h>

#include <sys/stat.h>

#include <utility>

namespace proxy {

std::vector<identity_keeper::stamp> identity_keeper::stamps_of(std::vector<certificate_config> const& certificates) {
    std::vector<stamp> all;
    for (auto const& c : certificates)
        for (auto const* file : {&c.file, &c.key_file}) {
            struct stat s {};
            bool const there = ::stat(file->c_str(), &s) == 0;
            all.push_back(there ? stamp{static_cast<std::int64_t>(s.st_dev), static_cast<std::int64_t>(s.st_ino),
                                        s.st_size, s.st_mtim.tv_sec, s.st_mtim.tv_nsec}
                                : stamp{});
        }
    return all;
}

result<std::unique_ptr<identity_keeper>> identity_keeper::open(std::vector<certificate_config> certificates) {
    auto seen = stamps_of(certificates); // before they are read: what is written meanwhile is read again
    auto identity = server_identity::load(certificates);
    if (!identity)
        return identity.error();
    return std::unique_ptr<identity_keeper>(
        new identity_keeper(std::move(certificates), std::move(seen), std::move(*identity)));
}

server_identity::ptr identity_keeper::current() const {
    std::lock_guard const lock(mutex_);
    return current_;
}

void identity_keeper::look() {
    auto now = stamps_of(certificates_);
    if (now == seen_)
        return;
    seen_ = std::move(now);
    auto identity = server_identity::load(certificates_);
    if (!identity) {
        spdlog::warn("certificates stay as they are: {}", identity.error().message);
        return;
    }
    {
        std::lock_guard const lock(mutex_);
        current_ = std::move(*identity);
    }
    spdlog::info("certificates were read again");
}

} // namespace proxy
