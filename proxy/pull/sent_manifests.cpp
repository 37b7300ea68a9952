#include "proxy/pull/sent_manifests.h"

#include <algorithm>

namespace proxy {

sent_manifests::manifest_ptr sent_manifests::find(oci::digest const& d, std::string const& media_type) {
    std::lock_guard const lock(mutex_);
    auto const found = sent_.find({d.to_string(), media_type});
    return found == sent_.end() ? nullptr : found->second.lock();
}

sent_manifests::manifest_ptr sent_manifests::share(manifest_ptr read) {
    std::lock_guard const lock(mutex_);
    if (sent_.size() >= clean_at_) {
        std::erase_if(sent_, [](auto const& entry) { return entry.second.expired(); });
        clean_at_ = std::max(clean_beyond, 2 * sent_.size());
    }
    auto& sent = sent_[{read->digest.to_string(), read->media_type}];
    if (auto others = sent.lock())
        return others;
    sent = read;
    return read;
}

} // namespace proxy
