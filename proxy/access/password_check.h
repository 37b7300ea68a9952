// Passwords of users, checked without holding anybody up: bcrypt is slow on purpose, so it runs on threads of its own,
// a few at a time, and what it said is remembered for a short while. A client that shows the same login with every
// request costs one check every five minutes; those who try passwords wait in a queue that has an end.
#pragma once

#include "proxy/access/htpasswd.h"
#include "proxy/runtime/clock.h"
#include "proxy/runtime/file_stamp.h"
#include "proxy/runtime/on_disk.h"
#include "proxy/runtime/single_flight.h"
#include "proxy/runtime/worker.h"
#include "proxy/secret.h"

#include <atomic>
#include <cstdint>
#include <filesystem>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>

namespace proxy {

// Not a bool: result<bool> is convertible to bool, which says whether there is a value, and a refusal must not be read
// as "there is an answer".
enum class password_verdict : std::uint8_t { right, wrong };

class password_check {
public:
    static constexpr std::chrono::seconds right_life{300}; // a change of the file ends it
    static constexpr std::chrono::seconds wrong_life{5};
    static constexpr std::size_t max_waiting = 64;
    static constexpr std::size_t max_waiting_per_client = 8;
    static constexpr std::size_t max_verdicts = 16384;

    // Reads the file; blocks. Empty: there are no users. `now` is any thread's.
    static result<std::unique_ptr<password_check>> open(std::filesystem::path const& file, unsigned threads,
                                                        clock_source now);
    ~password_check(); // no check is under way

    bool has_users() const noexcept { return !file_.empty(); }
    std::uint64_t hashed() const noexcept { return hashed_; } // so many were not remembered. Any thread

    // Any thread; `w` is the caller's worker, `client` its address. 503 with Retry-After if too many wait.
    task<result<password_verdict>> check(worker& w, std::string user, secret password, std::string client);

    // Reads the file again if it has changed, and forgets what it said then; blocks. To be called every few seconds by
    // one thread. One that cannot be used leaves the users as they are.
    void look();

private:
    password_check(std::filesystem::path file, unsigned threads, clock_source now)
        : file_(std::move(file)), now_(std::move(now)), threads_(threads) {}
    result<void> read();

    class turn;
    struct verdict {
        password_verdict is;
        steady_clock::time_point until;
    };
    std::optional<password_verdict> remembered(std::string const& key) const;
    void remember(std::string const& key, password_verdict is, std::uint64_t generation);
    task<result<password_verdict>> try_it(std::string key, std::string user, secret password, std::string client);

    std::filesystem::path const file_;
    clock_source const now_;
    std::atomic<std::uint64_t> hashed_{0};
    file_stamp seen_;
    job_pool threads_;
    single_flight<password_verdict> flights_;
    mutable std::mutex mutex_; // guards what is below
    std::shared_ptr<htpasswd const> users_ = std::make_shared<htpasswd>();
    std::uint64_t generation_ = 0; // of the file
    std::unordered_map<std::string, verdict> verdicts_;
    std::map<std::string, std::size_t> waiting_by_; // client
};

} // namespace proxy
