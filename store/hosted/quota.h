// What the repositories below one prefix may show, each digest once.
//
// Counted when a bound is first asked about, and again before anything is refused: in between only what is pushed is
// added. Deletions and collections need not tell, and a restart forgets nothing. One thread counts for a prefix at a
// time, and keeps no other: a tenant at its bound, who has many links, must not have all threads of the disk wait.
#pragma once

#include "store/content_store.h"
#include "store/core.h"

#include <atomic>
#include <condition_variable>
#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <string_view>

namespace store {

class quota {
public:
    explicit quota(core& c) : core_(c) {}

    // What each prefix may show; 0: no bound.
    void set_limit(std::uint64_t bytes);

    // Takes room for content that the repository is about to show; if another below its prefix shows it already, for
    // the link alone. Of links there may be 100,000, and one more for each 64 KiB of the bound: each is rows of the
    // index. May take as long as reading all links below the prefix: nobody else waits for that, but for the first of
    // the process below the same prefix. From any thread.
    //   over_quota          there is no such room
    //   too_much_unsettled  there was none, and somebody is taking his time to count again
    result<void> take(repository_name const& repo, oci::digest const& d, std::uint64_t bytes);

private:
    struct sum {
        std::uint64_t bytes = 0;
        std::uint64_t links = 0;

        void add(sum const& more) noexcept {
            bytes += more.bytes;
            links += more.links;
        }
    };
    struct use {
        std::mutex mutex; // guards the rest
        std::condition_variable has_counted;
        sum shown;             // as last counted, and what was granted since
        sum granted_meanwhile; // since a count began
        std::int64_t counted_at = 0;
        bool is_known = false;
        bool is_counting = false; // somebody is

        bool is_old(std::int64_t now) const noexcept;
    };
    std::shared_ptr<use> used_below(std::string_view prefix); // null: there is no bound any more
    result<void> recount(std::string_view below, use& u, std::unique_lock<std::mutex>& lock);
    result<sum> count(std::string_view below, rocksdb::Iterator& rows) const;

    core& core_;
    std::mutex mutex_;                                              // guards the rest
    std::atomic<std::uint64_t> limit_ = 0;                          // which is read without it too
    std::map<std::string, std::shared_ptr<use>, std::less<>> used_; // by "prefix/"
};

} // namespace store
