// The key that tokens are signed with, as it is on disk now: who replaces it wants the tokens of the old one to end,
// and they do at the next look.
//
// A file that cannot be used any more is not the old key's life insurance: it was replaced, and perhaps because the old
// one is in wrong hands. Until it can be used no token is made or believed; passwords and certificates are.
#pragma once

#include "proxy/access/access_token.h"
#include "proxy/config/config.h"
#include "proxy/runtime/file_stamp.h"

#include <atomic>
#include <cstdint>
#include <filesystem>
#include <memory>
#include <mutex>
#include <optional>
#include <string>

namespace proxy {

class token_keeper {
public:
    using signer_ptr = std::shared_ptr<token_signer const>;

    explicit token_keeper(config const& c);

    // Reads the key, or makes the one in the store, the first time that this succeeds; later nothing. Blocks.
    result<void> open();

    // Any thread. 503 where there is no key that can be used.
    result<signer_ptr> signer() const;

    // Another one as soon as signer() gives another: what was proved before must be proved anew. Any thread.
    std::uint64_t generation() const noexcept { return generation_.load(std::memory_order_acquire); }

    // Reads the key again if its file has changed, or could not be used; one that was taken out of the store is made
    // anew. Blocks. To be called every few seconds by one thread.
    void look();

private:
    void set(std::optional<jws_key> key);

    config const settings_; // where the key is
    std::filesystem::path const file_;
    std::mutex reading_;         // guards what is below, while files are read
    bool is_open_ = false;       // from then on it is looked at
    std::optional<jws_key> key_; // last used
    file_stamp seen_;
    std::string complaint_;    // said last; "": the key can be used
    mutable std::mutex mutex_; // guards what is below
    signer_ptr signer_;
    std::atomic<std::uint64_t> generation_{0};
};

} // namespace proxy
