// Bytes by digest: each piece of content once, however many repositories name it.
//
// Up to inline_max bytes live as rows of RocksDB, larger ones as one file a digest below blobs/. A row of the
// index exists only for a durable object: a crash can leave an orphaned file, never a row without its bytes.
//
// All members may be called from any thread. Those that can block say so; with `access::memory` a lookup
// answers from RocksDB's memory or says would_block, so that an event loop can try it first.
#pragma once

#include "store/blob_file.h"
#include "store/blob_writer.h"
#include "store/error.h"
#include "store/eviction/gc_report.h"
#include "store/eviction/gc_rule.h"
#include "store/eviction/pools.h"
#include "store/metadata_index.h"
#include "store/object.h"
#include "store/series_table.h"
#include "store/space.h"

#include <array>
#include <chrono>
#include <filesystem>
#include <functional>
#include <memory>
#include <optional>
#include <stop_token>
#include <vector>

namespace store {

class file_system;
class hosted_repositories;

// Pulled content can be fetched again, so by default it skips the syncs: a crash may lose it, but never shows
// wrong bytes (a file whose size or content is not as recorded is dropped). Pushed content always syncs.
enum class durability : std::uint8_t { cache, full };

struct options {
    std::filesystem::path path;
    std::uint64_t inline_max = 64 * 1024;
    store::durability durability = store::durability::cache;
    space_limits limits;                          // none: the disk alone bounds
    std::function<std::int64_t()> now;            // Unix seconds; the system's clock if empty
    std::function<void(std::string const&)> warn; // told of content that had to be dropped; from any thread
    std::shared_ptr<file_system> files;           // the operating system's if empty
};

// Everything that the store holds, in bytes unless said otherwise.
struct usage {
    std::uint64_t objects = 0;        // count
    std::uint64_t content_bytes = 0;  // sum of object sizes
    std::uint64_t disk_bytes = 0;     // files (st_blocks) and folders, temp files, RocksDB with its WAL
    std::uint64_t reserved_bytes = 0; // promised to writers and not yet written
    // Sum of object sizes over all (repository, digest) links whose content is held: what the repositories would
    // take here without deduplication. Links to content that was never fetched, or is gone, count nothing.
    std::uint64_t logical_bytes = 0;
    std::uint64_t limit_bytes = 0;               // keep_storage; 0: none
    std::array<gc_sum, pool_count> pools;        // pinned objects are in none
    contents_by_kind contents{};                 // pinned objects too; both grow for a while after the start
    std::array<gc_sum, gc_reason_count> evicted; // since the store was opened
    // Since then, what was stored again although it had gone for want of space, while no more had gone after it than
    // is here: what twice the space would have kept, about.
    gc_sum returned{};
};

// What is hosted here, as opposed to mirrored.
struct hosted_rules {
    std::vector<std::string> upstreams; // first components of the mirrored repositories' names: their content can
                                        // be fetched again
    std::vector<std::string> prefixes;  // first components of its repositories' names
    std::chrono::seconds grace{3600};   // what nothing leads to any more stays so long after its last use
    std::uint64_t max_used_space = 0;   // what the repositories below each prefix may show; 0: no bound

    // What belongs to a prefix that is no longer configured is neither hosted nor mirrored.
    bool is_mirrored(repository_name const& repo) const;

    friend bool operator==(hosted_rules const&, hosted_rules const&) = default;
};

// What runs of garbage collection are asked for.
struct gc_request {
    bool dry_run = false;
    bool hosted = true; // also look for what no tag leads to, which reads all links of hosted repositories
    std::function<void(std::size_t done, std::size_t of)> progress; // on the calling thread; may be empty
    std::stop_token stop;                                           // ends it early, with what was done by then
};

class content_store {
public:
    // Creates or opens the store; blocks. Clears what a crash left in the temp folder.
    //   locked, newer_schema, io
    static result<std::unique_ptr<content_store>> open(options o);
    ~content_store();

    // Repositories, tags, manifests' children, named values.
    metadata_index& index() noexcept;

    // What clients push.
    hosted_repositories& hosted() noexcept;

    // Statistics over time.
    series_table& series() noexcept;

    result<std::optional<object>> find(oci::digest const& d, access a = access::any) const;

    // The content, ready to be read, with what is known of it. An object whose file is missing or has another
    // size is dropped from the index and answered as absent. Large objects open a file: with access::memory that
    // happens only if it needs no disk read (openat2 with RESOLVE_CACHED), else would_block.
    struct opened {
        object info;
        std::shared_ptr<blob_file const> file;
    };
    result<std::optional<opened>> open_blob(oci::digest const& d, access a = access::any) const;

    // Starts a piece of content of `size` bytes, or of unknown size; blocks. Reserves the space first, and evicts what
    // is in the way of that.
    //   no_space  the limits leave no room, however much is evicted
    result<blob_writer> begin(oci::algorithm a, std::optional<std::uint64_t> size);

    // Whether so many bytes more fit without anything having to go for them; blocks. No promise.
    bool has_room(std::uint64_t bytes) const;

    // Stores small content in one go; blocks. digest_mismatch, no_space.
    result<object> put(oci::digest const& d, std::string_view bytes, object_traits traits);

    // Forgets the content: first its rows, then the file; blocks. Absent content is fine. Links stay.
    result<void> remove(oci::digest const& d);

    // It was asked for and answered without the store: a hot manifest, say. Takes no lock; opening counts by itself.
    void touch(oci::digest const& d) noexcept;

    // The limits and the operator's rules; at most gc_rules_max of them. Any time; what is now too much goes at once,
    // so this blocks for as long as removing it takes.
    void set_limits(space_limits const& limits);
    void set_rules(std::vector<gc_rule> rules);

    // Removes what the rules say must go, and what the limits want gone; or only says what that would be. Blocks;
    // serving goes on meanwhile.
    gc_report collect(gc_request const& request);
    // Removes these objects, whatever rules and limits say, but for those that are open or pinned.
    gc_report purge(std::vector<oci::digest> const& digests);

    // Takes an image away from a repository: the tag, if it is one, and, unless another tag or another image of the
    // repository needs the same, the content that no other repository and no other image here has. Parts of it that
    // have a tag or a pin of their own stay, with all that they name. What was pushed leaves with every tag that means
    // it. Nothing if it is not known.
    result<gc_report> purge_image(repository_name const& repo, oci::reference const& r);

    // What has to be done now and then, to be called about once a second by one thread; blocks. The first call takes in
    // what the store holds, which at a million objects takes seconds; until then nothing of that can be evicted.
    void maintain();

    // The sums are kept, not counted; only RocksDB's own files are looked at (tens of microseconds).
    usage used() const;

    // Writes out what is buffered in memory and syncs the file system; blocks. Called at a clean stop: the next
    // open then reads no log, and trusts every file also after a restart of the machine.
    result<void> flush();

    // For the other parts of the store that work on all of it: store/integrity/.
    std::shared_ptr<core> const& internals() const noexcept;

private:
    struct state;
    explicit content_store(std::unique_ptr<state> s);
    std::unique_ptr<state> state_;
};

} // namespace store
