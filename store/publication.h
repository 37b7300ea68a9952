// How content becomes visible and how it goes, each under the digest's write lock.
//
// In: the file first, then the rows that point at it. Out: the rows first, then the file. Whatever moment a
// crash picks, no row is without its bytes; what it can leave is a file without a row, which nobody sees and a
// later publication of the same digest replaces.
#pragma once

#include "store/core.h"
#include "store/object_table.h"

#include <cstdint>
#include <functional>
#include <span>
#include <string_view>

namespace store {

// Makes verified content visible, or adopts the same content if it already is.
result<object> publish_row(core& c, oci::digest const& d, std::string_view bytes, object_traits const& traits);
result<object> publish_file(core& c, temp_file& file, oci::digest const& d, std::uint64_t size,
                            std::span<std::uint64_t const> sums, object_traits const& traits);

result<void> withdraw(core& c, oci::digest const& d);

// The same for many at once, but for those that are being read, or that `stays` names: it is asked under the locks, and
// told the row as it is then. What cannot be read in the index stays too.
result<void> evict_all(core& c, std::span<oci::digest const> digests,
                       std::function<bool(oci::digest const&, object const&)> const& stays = {});

// Closes and removes the files whose readers have left meanwhile; what cannot be removed stays for the next time.
void empty_trash(core& c);

// For a row whose bytes could not be found as recorded: looks again under the lock, and drops the row if it is
// so. True if the object is intact after all (someone replaced it meanwhile).
result<bool> drop_unless_intact(core& c, oci::digest const& d);

// Reads a suspect file against its sums; believes it from then on, or drops it. True if the object remains.
result<bool> settle_suspect(core& c, oci::digest const& d, object_row const& row);

} // namespace store
