// Everything that is asked of a hosted repository and not of a mirrored one: the two share GET and HEAD of manifests
// and blobs, which proxy/pull answers.
#pragma once

#include "proxy/hosted/deletion.h"
#include "proxy/hosted/hosted_lists.h"
#include "proxy/hosted/manifest_push.h"
#include "proxy/hosted/referrer_list.h"
#include "proxy/hosted/upload_handler.h"

namespace proxy {

class hosted_handler {
public:
    explicit hosted_handler(server_parts const& parts)
        : parts_(parts), uploads_(parts), manifests_(parts), deletions_(parts), lists_(parts), referrers_(parts) {}

    // Any method but GET and HEAD. UNSUPPORTED if the repository is a mirrored one, or nothing may be changed.
    task<result<void>> change(exchange& x, oci::route const& r, repository_target const& t);
    // Why nothing can be pushed to a repository that is not hosted.
    error not_hosted(exchange const& x, std::string_view repo) const;
    // GET and HEAD of what is neither manifest nor blob.
    task<result<void>> read(exchange& x, oci::route const& r, repository_target const& t);
    task<result<void>> catalog(exchange& x, oci::route const& r) { return lists_.catalog(x, r); }

private:
    server_parts const& parts_;
    upload_handler uploads_;
    manifest_push manifests_;
    deletion deletions_;
    hosted_lists lists_;
    referrer_list referrers_;
};

} // namespace proxy
