#include "proxy/tls/identity_keeper.h"

#include <spdlog/spdlog.h>

#include <utility>

namespace proxy {

identity_keeper::stamps identity_keeper::stamps_of(identity_files const& files) {
    stamps all{file_stamp::of(files.client_ca)};
    for (auto const& c : files.certificates)
        for (auto const* file : {&c.file, &c.key_file})
            all.push_back(file_stamp::of(*file));
    return all;
}

result<std::unique_ptr<identity_keeper>> identity_keeper::open(identity_files files) {
    auto seen = stamps_of(files); // before they are read: what is written meanwhile is read again
    auto identity = server_identity::load(files);
    if (!identity)
        return identity.error();
    return std::unique_ptr<identity_keeper>(
        new identity_keeper(std::move(files), std::move(seen), std::move(*identity)));
}

server_identity::ptr identity_keeper::current() const {
    std::lock_guard const lock(mutex_);
    return current_;
}

void identity_keeper::look() {
    auto now = stamps_of(files_);
    if (now == seen_)
        return;
    seen_ = std::move(now);
    auto identity = server_identity::load(files_);
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
