// What the store can fail with. Absence is not an error: lookups answer with an empty optional.
#pragma once

#include <boost/system/result.hpp>

#include <cstdint>
#include <string>
#include <string_view>

namespace store {

enum class errc : std::uint8_t {
    would_block,        // asked for memory only, and the answer is not there: ask again from a thread that may block
    no_space,           // the disk or the limit has no room for this
    over_quota,         // what one part of the store may take is taken
    too_much_unsettled, // uploads and deletions below a prefix have as much as they may
    too_many_tags,      // a repository has as many as it may
    too_many,           // as many as may be under way at once are
    no_descriptors,     // as many files and sockets are open as may be
    digest_mismatch,    // the bytes are not those that were promised
    size_mismatch,      // fewer or more bytes than were promised
    corrupt,            // a row or a file contradicts itself
    locked,             // another process has the store open
    newer_schema,       // written by a newer layerd
    io,                 // the operating system or RocksDB said no; the message says what
};

std::string_view to_string(errc code) noexcept;

struct error {
    errc code = errc::io;
    std::string message;
};

template <class T>
using result = boost::system::result<T, error>;

[[noreturn]] void throw_exception_from_error(error const& e, boost::source_location const& where);

} // namespace store
