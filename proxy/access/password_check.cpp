#include "proxy/access/password_check.h"

#include "proxy/keyed_hash.h"

#include <spdlog/spdlog.h>

namespace proxy {

result<std::unique_ptr<password_check>> password_check::open(std::filesystem::path const& file, unsigned threads,
                                                             clock_source now) {
    std::unique_ptr<password_check> made(new password_check(file, threads, std::move(now)));
    if (auto done = file.empty() ? result<void>() : made->read(); !done)
        return done.error();
    return made;
}

password_check::~password_check() {
    threads_.join();
}

result<void> password_check::read() {
    auto const now = file_stamp::of(file_);
    auto users = htpasswd::read(file_);
    if (!users)
        return internal_error("htpasswd_file in [access]: " + users.error().message);
    for (auto const& text : users->warnings())
        spdlog::warn("htpasswd_file in [access]: {}: {}", file_.string(), text);
    seen_ = now;
    std::lock_guard const lock(mutex_);
    users_ = std::make_shared<htpasswd const>(*std::move(users));
    ++generation_;
    verdicts_.clear();
    return {};
}

void password_check::look() {
    if (file_.empty())
        return;
    auto const now = file_stamp::of(file_);
    if (now == seen_)
        return;
    auto done = read();
    seen_ = now; // said once
    if (done)
        spdlog::info("users were read again: {}", file_.string());
    else
        spdlog::warn("users stay as they are: {}", done.error().message);
}

std::optional<password_verdict> password_check::remembered(std::string const& key) const {
    std::lock_guard const lock(mutex_);
    auto const at = verdicts_.find(key);
    if (at == verdicts_.end() || at->second.until <= now_())
        return std::nullopt;
    return at->second.is;
}

void password_check::remember(std::string const& key, password_verdict is, std::uint64_t generation) {
    auto const now = now_();
    std::lock_guard const lock(mutex_);
    if (generation != generation_)
        return; // said of users who have changed meanwhile
    if (verdicts_.size() >= max_verdicts)
        std::erase_if(verdicts_,
                      [&](auto const& v) { return v.second.until <= now || v.second.is == password_verdict::wrong; });
    if (verdicts_.size() >= max_verdicts)
        verdicts_.clear();
    verdicts_.insert_or_assign(key, verdict{is, now + (is == password_verdict::right ? right_life : wrong_life)});
}

// Counts a client's checks that wait: of one client's wrong passwords the others shall not feel much.
class password_check::turn {
public:
    turn(password_check& in, std::string_view client) : in_(in) {
        std::lock_guard const lock(in_.mutex_);
        at_ = in_.waiting_by_.try_emplace(std::string(client), 0).first;
        mine_ = ++at_->second;
    }
    ~turn() {
        std::lock_guard const lock(in_.mutex_);
        if (--at_->second == 0)
            in_.waiting_by_.erase(at_);
    }
    turn(turn const&) = delete;

    bool is_granted() const noexcept { return mine_ <= max_waiting_per_client && in_.threads_.waiting() < max_waiting; }

private:
    password_check& in_;
    std::map<std::string, std::size_t>::iterator at_;
    std::size_t mine_;
};

task<result<password_verdict>> password_check::try_it(std::string key, std::string user, secret password,
                                                      std::string client) {
    turn const mine(*this, client);
    if (!mine.is_granted())
        co_return overloaded("too many logins are being checked", limit::logins);
    std::shared_ptr<htpasswd const> users;
    std::uint64_t generation = 0;
    {
        std::lock_guard const lock(mutex_);
        users = users_;
        generation = generation_;
    }
    ++hashed_;
    auto work = [&] { return users->accepts(user, password.text()); };
    bool const yes = co_await on_disk(threads_, work);
    auto const is = yes ? password_verdict::right : password_verdict::wrong;
    remember(key, is, generation);
    co_return is;
}

task<result<password_verdict>> password_check::check(worker& w, std::string user, secret password, std::string client) {
    if (file_.empty())
        co_return password_verdict::wrong;
    secret const both(std::to_string(user.size()) + " " + user +
                      password.text()); // one user's name is no other's password
    auto const key = keyed_hash(both.text());
    if (auto const known = remembered(key))
        co_return *known;
    auto work = [this, key, user, password, client] { return try_it(key, user, password, client); };
    auto answer = co_await flights_.run(w, key, work);
    co_return answer.value;
}

} // namespace proxy
