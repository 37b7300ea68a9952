// Whether who pulls a manifest goes on to pull its layers: container runtimes do at once, tools that look at images,
// sign them or watch for new ones never do.
//
// Told of manifests and of blobs as they are asked for, it remembers for each client, which is a kind of program at an
// upstream, what became of the last manifests of which layers were missing here. A client that went on with nearly all
// of them is expected to do so again. One that was never seen is not, nor one that pulls one platform's layers and
// looks at all platforms' manifests, as containerd does since 2.0: layers fetched for nobody cost upstream's rate
// limit, the line and our space, layers fetched a moment later cost that moment.
#pragma once

#include "oci/digest.h"

#include <array>
#include <atomic>
#include <chrono>
#include <cstdint>
#include <list>
#include <memory>
#include <mutex>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

namespace proxy {

// "containerd" of "containerd/1.7.2 (linux)": what stands before the version, in lower case, at most 40 characters.
std::string client_family(std::string_view user_agent);

// Any thread. Bounded: clients send what they like as their name, and ask for what they like.
class prefetch_history {
public:
    using clock = std::chrono::steady_clock;

    static constexpr std::chrono::seconds patience{60}; // a layer asked for later belongs to another pull
    static constexpr std::chrono::milliseconds soon{
        500};                                  // one of which no layer was asked for yet counts as passed over
    static constexpr unsigned remembered = 16; // manifests of one client
    static constexpr std::size_t max_clients = 256;
    static constexpr std::size_t max_open = 512;   // manifests of which it is not known yet
    static constexpr std::size_t max_ahead = 8192; // blobs that were fetched ahead and not asked for yet

    // `client` asked for a manifest with these layers, none of which is here. True if it is expected to ask for them.
    bool manifest_asked(std::string const& client, std::vector<oci::digest> const& layers, clock::time_point now);

    // This blob is being fetched ahead.
    void fetched_ahead(oci::digest const& d);

    // False: blob_asked() would do nothing. Takes no lock, for it is asked at every blob.
    bool may_matter(oci::digest const& d) const noexcept { return marks_[mark_of(d)].load(relaxed) != 0; }

    // True if the blob had been fetched ahead, and nobody has asked for it since.
    bool blob_asked(std::string const& client, oci::digest const& d, clock::time_point now);

private:
    static constexpr auto relaxed = std::memory_order_relaxed;

    struct outcomes {
        std::uint16_t followed = 0; // the last at bit 0
        unsigned known = 0;         // of its bits
        clock::time_point used;
    };
    struct pull {
        std::string client;
        std::vector<oci::digest> layers;
        clock::time_point at;
        bool followed = false; // kept for its time all the same: it explains who else's layers are asked for
    };
    using open_pulls = std::list<pull>;

    static std::size_t mark_of(oci::digest const& d) noexcept;
    bool is_expected(std::string const& client, clock::time_point now);
    outcomes& of(std::string const& client, clock::time_point now);
    void note(std::string const& client, bool followed, clock::time_point now);
    void close(open_pulls::iterator p);
    void close_old(clock::time_point now);
    void mark(oci::digest const& d) noexcept { marks_[mark_of(d)].fetch_add(1, relaxed); }
    void unmark(oci::digest const& d) noexcept { marks_[mark_of(d)].fetch_sub(1, relaxed); }

    std::array<std::atomic<std::uint32_t>, 4096> marks_{}; // how many entries of the two maps below fall there
    std::mutex mutex_;                                     // guards all below; what is done under it is short
    std::unordered_map<std::string, outcomes> clients_;
    open_pulls open_; // oldest first
    std::unordered_multimap<oci::digest, open_pulls::iterator> layers_;
    std::list<oci::digest> ahead_order_; // oldest first
    std::unordered_map<oci::digest, std::list<oci::digest>::iterator> ahead_;
};

} // namespace proxy
