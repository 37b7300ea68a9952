// The whole of a closed store looked at, and put in order if asked to.
//
// Every object is hashed against its digest, files are held against rows and rows against files, every row is
// decoded, link counts and sums are counted anew. A repair drops what is wrong (rows first, then the file: it can be
// downloaded again), removes what nothing refers to, and moves what is not layerd's into lost+found/ in the store. A
// second run after a repair finds nothing.
#pragma once

#include "store/error.h"
#include "store/file_system.h"

#include <cstdint>
#include <filesystem>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

namespace store {

enum class fault : std::uint8_t {
    wrong_bytes,      // not those of the digest
    wrong_size,       // the file is shorter or longer than recorded
    missing,          // no file, or something else in its place; of a small object: no content
    unreadable,       // the disk gives an error
    wrong_sums,       // the bytes are right, their block sums are not
    undecodable_row,  // a key or value that cannot be read
    stray_row,        // content or sums of no object
    orphan,           // a file without a row
    foreign,          // in blobs/ or temp/, and not layerd's by name and place
    wrong_reference,  // of a pair of rows that say the same both ways round, one is missing
    wrong_link_count, // differs from the links
    wrong_totals,     // the running sums differ from the rows
    leftover,         // what a crash left on its way in or out; the next start removes it too
};
std::string_view to_string(fault f) noexcept; // as the enumerator is spelt

// What a store in good order may have as well; no problem.
bool is_harmless(fault f) noexcept;

struct fsck_finding {
    fault kind = fault::wrong_bytes;
    std::string subject; // the digest, the path relative to the store, or the key
    std::string message; // a clause, about the subject
    bool repaired = false;
};

struct fsck_options {
    std::filesystem::path path;
    bool repair = false;
    unsigned threads = 1;                                                  // that hash: 1 or 2
    std::function<void(std::uint64_t done, std::uint64_t total)> progress; // bytes; from one thread at a time
    std::function<void(std::string const&)> warn;                          // of RocksDB's own troubles; from any thread
    std::shared_ptr<file_system> files;                                    // the operating system's if empty
};

struct fsck_report {
    std::uint64_t objects = 0;          // checked
    std::uint64_t bytes = 0;            // of content read
    std::vector<fsck_finding> findings; // by kind, then subject

    std::size_t problems() const noexcept;  // that are not harmless
    std::size_t leftovers() const noexcept; // harmless ones
    bool in_order() const noexcept;         // no problem, or all were repaired
};

// Blocks until all is read. Without `repair` nothing but RocksDB's own files is written.
//   io            there is no store, or what keeps the check from going on (no permission, say)
//   locked        a server runs
//   newer_schema, corrupt (the index cannot be opened or read), no_space
result<fsck_report> fsck(fsck_options o);

} // namespace store
