// Large manifests that are being sent: one copy for all who are sent the same.
//
// What does not fit the workers' caches (manifest_cache.h) is read from its file for each request, and stays in memory
// until its client has taken it, however slowly. A thousand connections of one client must not make a thousand copies.
#pragma once

#include "proxy/pull/manifest_cache.h"

#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <utility>

namespace proxy {

// Any thread.
class sent_manifests {
public:
    using manifest_ptr = std::shared_ptr<served_manifest const>;

    // Null if nobody is sent it.
    manifest_ptr find(oci::digest const& d, std::string const& media_type);

    // The copy that others are sent, or this one, which they will share.
    manifest_ptr share(manifest_ptr read);

private:
    static constexpr std::size_t clean_beyond = 64;

    std::mutex mutex_;
    std::map<std::pair<std::string, std::string>, std::weak_ptr<served_manifest const>> sent_; // by digest and type
    std::size_t clean_at_ = clean_beyond;
};

} // namespace proxy
