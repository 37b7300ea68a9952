#include "proxy/tls/identity_keeper.h"

#include <spdlog/spdlog.h>

#include <utility>

namespace proxy {
namespace {

constexpr std::int64_t a_day = 24 * 3600;

} // namespace

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

void identity_keeper::look(std::int64_t now) {
    read_if_changed();
    if (now < warn_next_ && warn_next_ - now <= a_day) // a clock that was ahead must not silence it
        return;
    warn_next_ = now + a_day;
    warn_of_expiry(now);
}

void identity_keeper::warn_of_expiry(std::int64_t now) const {
    auto const identity = current();
    for (auto const& c : identity->lives())
        if (auto const why = expiry_warning(c, now); !why.empty())
            spdlog::warn("{}", why);
}

void identity_keeper::read_if_changed() {
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
    warn_next_ = 0;
    spdlog::info("certificates were read again");
}

} // namespace proxy
