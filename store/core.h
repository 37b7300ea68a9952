// What the faces of the store (content, writers, index) share, in the order in which it is built.
//
// Writers hold it too, so that one that outlives the store does no harm beyond keeping the folder locked.
#pragma once

#include "store/accounting.h"
#include "store/blob_folder.h"
#include "store/content_store.h"
#include "store/database.h"
#include "store/disk_margin.h"
#include "store/epoch.h"
#include "store/eviction/evictor.h"
#include "store/hosted/reliance.h"
#include "store/nameless_files.h"
#include "store/open_handles.h"
#include "store/partial_table.h"
#include "store/space.h"
#include "store/trash.h"
#include "store/write_locks.h"

#include <atomic>
#include <cstdint>
#include <ctime>
#include <memory>
#include <mutex>
#include <string>

namespace store {

struct core {
    options settings;
    std::unique_ptr<blob_folder> folder;
    std::unique_ptr<database> db;
    accounting sums;
    std::atomic<std::uint64_t> quarantined = 0; // bytes on disk of what was found rotten
    trash waiting{sums};
    nameless_files nameless;
    write_locks locks;
    std::shared_ptr<open_handles> handles = std::make_shared<open_handles>();
    std::unique_ptr<evictor> residents = std::make_unique<evictor>(*this);
    reliance relied; // what clients count on in hosted repositories
    space room{*this};
    partial_table kept; // emptied by who fills it: what is in it holds this

    epoch_record opened_as; // the suspects; its `current` is only where this run began
    std::atomic<std::uint32_t> epoch = 0;
    std::mutex pinning;  // so that an older set of pins never replaces a newer one
    std::mutex flushing; // one flush at a time, so that epochs reach the index in order

    std::atomic<std::uint64_t> generation = 0;

    // Applies the batch to the index, then to the sums in memory.
    result<void> write(database::batch& b, write_sync sync, std::uint64_t margin = index_margin_bytes) {
        if (auto room = folder->check_room(0, margin); !room)
            return room.error();
        if (auto written = db->write(b, sync); !written)
            return written.error();
        sums.apply(b.change());
        return {};
    }

    std::int64_t now() const { return settings.now ? settings.now() : static_cast<std::int64_t>(std::time(nullptr)); }

    bool must_sync(object_origin o) const noexcept {
        return settings.durability == durability::full || o == object_origin::push;
    }

    // After the change is visible, never before: a lookup between the two would be remembered as new.
    void outdate_lookups() noexcept { generation.fetch_add(1, std::memory_order_acq_rel); }

    void warn(std::string const& message) const {
        if (settings.warn)
            settings.warn(message);
    }
};

} // namespace store
