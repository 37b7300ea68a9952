#include "proxy/access/token_keeper.h"

#include "proxy/access/token_key.h"

#include <spdlog/spdlog.h>

#include <utility>

namespace proxy {

token_keeper::token_keeper(config const& c) : settings_(c), file_(token_key_path(c)) {}

result<void> token_keeper::open() {
    std::lock_guard const one(reading_);
    if (is_open_)
        return {};
    auto const now = file_stamp::of(file_); // before it is read: what is written meanwhile is read again
    auto opened = open_token_key(settings_);
    if (!opened)
        return opened.error();
    seen_ = now;
    is_open_ = true;
    key_ = opened->key;
    set(key_);
    return {};
}

result<token_keeper::signer_ptr> token_keeper::signer() const {
    std::lock_guard const lock(mutex_);
    if (!signer_)
        return overloaded("tokens can be neither checked nor made now: the server's log says why");
    return signer_;
}

// The signer first: who has seen the new generation gets no older signer.
void token_keeper::set(std::optional<jws_key> key) {
    auto made = key ? std::make_shared<token_signer const>(*std::move(key)) : nullptr;
    std::lock_guard const lock(mutex_);
    signer_ = std::move(made);
    generation_.fetch_add(1, std::memory_order_release);
}

void token_keeper::look() {
    std::lock_guard const one(reading_);
    auto const now = file_stamp::of(file_);
    bool const is_known = now == seen_ && now.exists() && complaint_.empty();
    if (!is_open_ || is_known)
        return;
    seen_ = now;
    auto opened = open_token_key(settings_);
    bool const was_usable = complaint_.empty();
    if (!opened) {
        if (was_usable)
            set(std::nullopt);
        auto const said = std::exchange(complaint_, opened.error().message);
        if (said != complaint_)
            spdlog::error("no token is given or taken until its key can be used: {}", complaint_);
        return;
    }
    complaint_.clear();
    bool const is_same = EVP_PKEY_eq(key_->get(), opened->key.get()) == 1;
    if (is_same && was_usable)
        return; // touched, or its owner or mode changed
    key_ = opened->key;
    set(key_);
    if (is_same)
        spdlog::info("the token key can be used again: {}", file_.string());
    else
        spdlog::warn("the token key was replaced, and tokens of the one before are refused: {}", file_.string());
}

} // namespace proxy
