// From what a request shows to who it is from: a password, a token of ours, of an issuer, a certificate, or nothing.
//
// Whatever is shown must be right: a wrong password does not make its sender anonymous.
#pragma once

#include "proxy/access/access_rules.h"
#include "proxy/access/access_token.h"
#include "proxy/access/oidc_issuer.h"
#include "proxy/access/password_check.h"
#include "proxy/access/token_keeper.h"
#include "proxy/basic_login.h"
#include "proxy/http/peer.h"
#include "proxy/http/worker_local.h"

#include <atomic>
#include <functional>
#include <memory>
#include <mutex>
#include <string>
#include <string_view>
#include <vector>

namespace proxy {

using identity_ptr = std::shared_ptr<identity const>;

// Any thread.
class authenticator {
public:
    // Reads what the configuration names; blocks. Fetches an issuer's keys on `home`, or reads them on `disk`, both of
    // which must outlive this; checks passwords on so many threads. `now` in Unix seconds; keys and verdicts grow old
    // by `ticks`.
    static result<std::unique_ptr<authenticator>> open(config const& c, worker& home, disk_pool& disk,
                                                       unsigned password_threads, std::function<std::int64_t()> now,
                                                       clock_source ticks);

    // The rules as they are; what was given stays as long as this. All is open if they do not exist.
    access_rules const& rules() const noexcept { return *rules_.load(std::memory_order_acquire); }
    // Of rules and groups alone; reads or makes the key of tokens where there were no rules before. Blocks.
    result<void> set_rules(config const& c);

    // Who sent a request with this Authorization field. UNAUTHORIZED if what it shows is wrong or over; unavailable if
    // that cannot be told now. On the worker that `local` is of.
    task<result<identity_ptr>> identify(worker_local& local, std::string_view authorization, peer const& from);

    // Of a connection without any such field.
    static identity_ptr of_peer(peer const& from);

    // By a user's name and what stands where a password does, which may be a token. Likewise.
    task<result<identity_ptr>> log_in(worker_local& local, basic_login login, peer const& from);
    // By a token of ours that is for renewal, or was issued.
    result<identity_ptr> renew(std::string_view token) const;

    // 503 while the key of tokens cannot be used.
    result<token_keeper::signer_ptr> signer() const { return key_.signer(); }
    oidc_config const* issuer_config(std::string_view name) const noexcept;
    std::int64_t now() const { return now_(); }

    // Reads users, and the key of tokens, again whose file has changed. Every few seconds, by one thread; blocks.
    void look() {
        passwords_->look();
        key_.look();
    }

private:
    authenticator(config const& c, std::unique_ptr<password_check> passwords, std::function<std::int64_t()> now);

    task<result<identity_ptr>> by_token(worker_local& local, std::string_view token);
    result<access_token> own_token(unverified_token t) const;
    bool knows_enough(identity const& who) const;

    std::vector<oidc_config> const issuer_configs_;
    std::unique_ptr<password_check> const passwords_;
    std::function<std::int64_t()> const now_; // Unix seconds
    std::vector<std::unique_ptr<oidc_issuer>> issuers_;
    token_keeper key_;                                           // opened before there are rules
    std::mutex mutex_;                                           // guards all_rules_
    std::vector<std::unique_ptr<access_rules const>> all_rules_; // old ones may be in use: each reload adds one
    std::atomic<access_rules const*> rules_{nullptr};
};

} // namespace proxy
