// What the disk holds below one prefix besides what is shown: uploads that are under way, and deleted content that
// waits for a collection. Each of the two may be as much as may be shown (quota.h).
//
// So whoever begins uploads without end, or pushes and deletes in turn, takes no more of the disk than three times the
// quota; and whoever makes room by deleting may use it at once. Each upload counts in full, even of content that is
// here: that is known at its end. A restart forgets what was deleted.
#pragma once

#include "store/core.h"

#include <cstddef>
#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <unordered_map>
#include <utility>

namespace store {

class unsettled {
    struct amount;

public:
    static constexpr std::size_t deletions_max = 100'000; // of one prefix that are told apart

    explicit unsettled(core& c) : core_(c) {}

    // What one upload takes until it is over: counts until destroyed or given back. Of one thread at a time; may
    // outlive what it came from.
    class share {
    public:
        share(share&& other) noexcept : of_(std::move(other.of_)), bytes_(std::exchange(other.bytes_, 0)) {}
        share& operator=(share&&) = delete;
        ~share() { give_back(); }

        void give_back() noexcept;

    private:
        friend class unsettled;
        explicit share(std::shared_ptr<amount> of) : of_(std::move(of)) {}

        std::shared_ptr<amount> of_;
        std::uint64_t bytes_ = 0;
    };

    // For each prefix; 0: no bound. All members may be called from any thread.
    void set_limit(std::uint64_t bytes);

    // Of an upload that has so many bytes already, whatever the bound says.
    share begin(repository_name const& repo, std::uint64_t bytes);

    // So many bytes more are about to be written. Does not block.
    //   over_quota          it is larger than all that may be shown
    //   too_much_unsettled  there is no such room; nothing is counted
    result<void> extend(share& s, std::uint64_t bytes);

    // Before something is pushed that is no upload: too_much_unsettled if too much waits for a collection.
    result<void> check(repository_name const& repo);

    // A repository no longer shows content of so many bytes. Counts unless others show it. Blocks.
    void note_deleted(repository_name const& repo, oci::digest const& d, std::uint64_t bytes);
    // The repository shows it again.
    void note_shown(repository_name const& repo, oci::digest const& d);
    // After a collection: what is gone counts no longer. Blocks.
    void note_collected();

private:
    struct amount {
        std::mutex mutex; // guards the rest
        std::uint64_t uploads = 0;
        std::uint64_t deleted = 0;                                // of the next two
        std::unordered_map<oci::digest, std::uint64_t> deletions; // bytes
        std::uint64_t others = 0;                                 // of deletions beyond deletions_max
    };
    static error too_much(amount const& all, std::uint64_t bytes, std::uint64_t most);
    std::uint64_t limit();
    std::shared_ptr<amount> of(repository_name const& repo);
    bool waits_for_collection(oci::digest const& d) const;

    core& core_;
    std::mutex mutex_; // guards the next two
    std::map<std::string, std::shared_ptr<amount>, std::less<>> by_prefix_;
    std::uint64_t limit_ = 0;
};

} // namespace store
