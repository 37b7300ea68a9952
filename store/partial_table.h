// The writers of downloads that broke off, by what they were to become and who sent it: see partials.h.
//
// A writer that goes from here is destroyed outside the lock: that unlinks a file.
#pragma once

#include "oci/digest.h"
#include "store/blob_writer.h"

#include <cstddef>
#include <cstdint>
#include <map>
#include <mutex>
#include <optional>
#include <string>
#include <utility>

namespace store {

class partial_table {
public:
    // Takes the place of one of the same digest and sender. `now` in Unix seconds.
    void add(oci::digest const& d, std::string const& from, blob_writer w, std::int64_t now);
    // What was to become another size stays: which of the two is right is not for whoever asks to say.
    std::optional<blob_writer> take(oci::digest const& d, std::string const& from, std::optional<std::uint64_t> size);

    void drop(oci::digest const& d); // whoever sent it

    bool drop_oldest(); // false: there is none
    void drop_older_than(std::int64_t time);
    void clear();

    std::size_t count() const;
    std::uint64_t bytes() const; // that would be free without them, at most

private:
    struct kept {
        blob_writer writer;
        std::int64_t since;
    };
    using table = std::map<std::pair<oci::digest, std::string>, kept>;
    table::iterator oldest();

    mutable std::mutex mutex_; // guards the next
    table table_;
};

} // namespace store
