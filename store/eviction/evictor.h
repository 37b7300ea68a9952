// Decides which objects go and lets them go: the mechanism between the policies, which only propose, and the rows and
// files, which others remove.
//
// It keeps every object of the store in memory (resident_table). Hits reach it through a log without a lock and are
// taken in later, so "last used" is right to a second or so. What has to go is asked of the pools; what they propose
// goes unless it is pinned or open, or its image is in use:
//
//   - the use of a manifest is a use of everything that it names: such an object is spared once;
//   - manifests and configs leave after the layers that they belong to;
//   - once a part of an unused image had to go, the rest of it goes before anything of another one.
//
// All members may be called from any thread and, unless they say otherwise, block. Lock order: a digest's write lock
// before the mutex in here; nothing is read from the index under that mutex.
#pragma once

#include "store/error.h"
#include "store/eviction/gc_report.h"
#include "store/eviction/gc_rule.h"
#include "store/eviction/ghosts.h"
#include "store/eviction/pools.h"
#include "store/eviction/resident_table.h"
#include "store/eviction/touch_log.h"
#include "store/object.h"

#include <atomic>
#include <chrono>
#include <deque>
#include <functional>
#include <mutex>
#include <optional>
#include <stop_token>
#include <unordered_set>
#include <utility>
#include <vector>

namespace store {

struct core;
struct gc_request;

class evictor {
public:
    explicit evictor(core& c);

    // Takes every object in from the index; until then what was stored before the start is unknown here and stays.
    // The first call does it, later ones return at once. Where a part of the index cannot be read, what was taken in by
    // then may go, the rest is tried again once a minute, and the warning is given here: go on in spite of the error.
    result<void> load();

    // What publication and withdrawal tell, under the digest's write lock: new content, other words about content that
    // is here already, content that is gone.
    void stored(oci::digest const& d, object const& info);
    void described(oci::digest const& d, object const& info);
    void erased(oci::digest const& d, bool evicted);
    // What rules are asked about has changed: another repository holds it, say.
    void facts_changed(oci::digest const& d);

    // It was asked for. Does not block, takes no lock.
    void touch(oci::digest const& d) noexcept { touches_.add(table_.fingerprint(d)); }
    // Takes in what touch() recorded.
    void take_in_touches();
    // Writes down the uses since the last call, for the next start; at most `limit` of them.
    result<void> save_uses(std::size_t limit);

    void set_capacity(std::uint64_t bytes); // what the content may take; the pools' shares follow
    void set_rules(std::vector<gc_rule> rules);
    void set_pinned(std::unordered_set<oci::digest> pinned);
    // How long after a push began to show content the rest of what is pushed may take.
    void set_push_time(std::chrono::seconds time) noexcept { push_time_ = time.count(); }

    // Removes proposed objects until `bytes` are free or nothing may go. One caller at a time does the work.
    gc_sum evict(std::uint64_t bytes, gc_reason why);
    // What could be freed at most, give or take what is open now. Does not block for long.
    std::uint64_t evictable_bytes() const;

    // Room below the ceilings of the rules that select an object, held until destroyed: until stored() counted it.
    class ceiling_claim;
    // Makes room for a new object by removing others that the same rules select. no_space if that is not enough.
    result<ceiling_claim> make_room_below_ceilings(oci::digest const& d, object const& info);

    // What the rules say must go now, the longest unused first, each rule's after those of the rules before it; then
    // what else must go for `excess` bytes to be freed in all.
    std::vector<gc_item> plan(std::uint64_t free_on_disk, std::uint64_t excess, gc_reason why_excess);
    // Removes these, unless they have come into use since. Calls progress(done, of) now and then.
    gc_report apply(std::vector<gc_item> const& planned,
                    std::function<void(std::size_t, std::size_t)> const& progress = {},
                    std::stop_token const& stop = {});

    // Removes these, whatever the rules say, but for those that are open or pinned.
    gc_report purge(std::vector<oci::digest> const& digests);

    // Removes pushed content that no repository shows; unless one does by now, or somebody relies on it.
    gc_report remove_garbage(std::vector<oci::digest> const& digests, gc_request const& request);
    // Everything that was pushed.
    std::vector<oci::digest> pushed() const;
    // Unix seconds, to a second or so; 0 if it is not here.
    std::int64_t last_used(oci::digest const& d) const;

    std::array<gc_sum, pool_count> pools() const;
    contents_by_kind contents() const; // pinned objects too
    gc_sum returned() const;           // usage::returned
    gc_counters const& counters() const noexcept { return counters_; }

private:
    // What was proposed, as it was when it was.
    struct candidate {
        oci::digest digest;
        std::uint64_t bytes = 0;
        object_kind kind = object_kind::unknown;
        object_origin origin = object_origin::pull;
        std::uint32_t last_used = 0;
        bool condemned = false;
    };
    struct condemned {
        oci::digest digest;
        std::uint32_t unused_since = 0; // goes unless it was used after this
    };

    std::optional<candidate> next_candidate();
    std::optional<candidate> next_condemned(); // under the mutex
    candidate candidate_of(entry_id id) const;
    void spare(candidate const& k);
    bool may_go(candidate const& k, gc_reason why);
    bool condemn_image_of(candidate const& k);
    void condemn_siblings(candidate const& k);
    bool condemn_children(oci::digest const& manifest, std::vector<oci::digest> const& children, std::uint32_t since);
    bool images_are_in_use(candidate const& k);
    bool take(candidate const& k, gc_reason why);
    struct removal {
        gc_sum sum;
        bool possible = true; // false: the index takes no change now, also none about something else
    };
    removal remove(std::vector<candidate> const& chosen, gc_reason why);
    bool may_remove();
    bool is_relied_on(candidate const& k, gc_reason why) const;
    bool is_taken_over(candidate const& k) const;
    bool give_up_images_of(candidate const& k, gc_reason why);

    result<void> take_in_rows(std::vector<entry_id>& taken_in);
    std::uint64_t rules_for(oci::digest const& d, object const& info) const;
    std::uint64_t rules_of_facts(gc_facts const& facts) const;
    void add_entry(oci::digest const& d, object const& info, std::uint64_t rules);
    void exchange_pinned(std::unordered_set<oci::digest> pinned, std::vector<oci::digest>& changed);
    void remove_entry(entry_id id, bool evicted);
    void propose(entry_id id, bool was_proposed);
    void count_rules(entry_id id, int sign);
    void count_kind(entry_id id, int sign);
    void note_use_of_images(std::vector<oci::digest> manifests, std::uint32_t now);
    bool companions_stay(oci::digest const& d, object_kind kind, std::unordered_set<oci::digest> const& leaving) const;
    void plan_rule(std::size_t i, std::uint64_t free_on_disk, std::unordered_set<oci::digest>& leaving,
                   std::vector<gc_item>& to);
    void evict_selected(std::size_t rule, std::uint64_t bytes);
    bool claim(std::uint64_t rules, std::uint64_t bytes, std::size_t& full, std::uint64_t& missing);
    void unclaim(std::uint64_t rules, std::uint64_t bytes);
    gc_item item_of(entry_id id, gc_reason why) const;
    std::vector<entry_id> by_last_use(std::function<bool(resident const&)> const& wanted) const;

    core& core_;
    touch_log touches_;
    std::mutex loading_;
    std::mutex evicting_;                             // one chooses at a time; taken before mutex_
    std::atomic<std::int64_t> push_time_ = 3600;      // seconds
    std::atomic<std::int64_t> full_disk_told_at_ = 0; // Unix seconds
    std::mutex draining_;

    mutable std::mutex mutex_; // guards all below
    bool loaded_ = false;
    std::optional<error> load_failed_;
    std::int64_t load_failed_at_ = 0; // Unix seconds
    resident_table table_;
    eviction_pools pools_;
    std::deque<condemned> condemned_;
    std::unordered_set<oci::digest> condemned_images_; // whose parts are in there
    std::unordered_set<oci::digest> pinned_;
    std::vector<gc_rule> rules_;
    std::array<std::uint64_t, gc_rules_max> rule_bytes_{};
    std::array<std::uint64_t, gc_rules_max> rule_claims_{}; // by ceiling_claims
    bool rules_ask_for_repositories_ = false;
    contents_by_kind contents_{};
    ghosts departed_; // for want of space; as many as there are objects here, so about what twice the space would hold
    gc_sum returned_;
    gc_counters counters_;
};

class evictor::ceiling_claim {
public:
    ceiling_claim(ceiling_claim&& other) noexcept
        : of_(std::exchange(other.of_, nullptr)), rules_(other.rules_), bytes_(other.bytes_) {}
    ceiling_claim& operator=(ceiling_claim&&) = delete;
    ~ceiling_claim() {
        if (of_)
            of_->unclaim(rules_, bytes_);
    }

private:
    friend class evictor;
    ceiling_claim(evictor* of, std::uint64_t rules, std::uint64_t bytes) : of_(of), rules_(rules), bytes_(bytes) {}

    evictor* of_; // null: nothing was claimed
    std::uint64_t rules_;
    std::uint64_t bytes_;
};

} // namespace store
