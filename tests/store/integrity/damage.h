// What happens to a store behind its back.
#pragma once

#include "store/core.h"
#include "tests/store/fixture.h"

#include <filesystem>
#include <fstream>
#include <string>
#include <string_view>

namespace store_tests {

struct quick_store : test_store {
    quick_store() : test_store(start::open, fast_folder()) {}
};

inline void flip_byte(std::filesystem::path const& file, std::uint64_t offset) {
    std::fstream f(file, std::ios::in | std::ios::out | std::ios::binary);
    f.seekg(static_cast<std::streamoff>(offset));
    auto const b = static_cast<char>(f.get() ^ 1);
    f.seekp(static_cast<std::streamoff>(offset));
    f.put(b);
}

inline void write_file(std::filesystem::path const& file, std::string_view bytes) {
    std::filesystem::create_directories(file.parent_path());
    std::ofstream(file, std::ios::binary) << bytes;
}

// One more file without a row.
inline oci::digest add_orphan(test_store& s, std::string_view bytes = "nobody's") {
    auto const d = oci::digest::of(bytes);
    write_file(s.blob_path(d), bytes);
    return d;
}

inline void swap_files(std::filesystem::path const& a, std::filesystem::path const& b) {
    auto const aside = a.string() + ".aside";
    std::filesystem::rename(a, aside);
    std::filesystem::rename(b, a);
    std::filesystem::rename(aside, b);
}

// Writes below the open store's feet, without its sums.
inline void put_row(store::database& db, store::family f, std::string_view key, std::string_view value) {
    store::database::batch b(db);
    b.put(f, key, value);
    (void)db.write(b, store::write_sync::no).value();
}
inline void erase_row(store::database& db, store::family f, std::string_view key) {
    store::database::batch b(db);
    b.erase(f, key);
    (void)db.write(b, store::write_sync::no).value();
}
inline store::core& inside(test_store& s) {
    return *s.store->internals();
}
inline store::database& rows_of(test_store& s) {
    return *inside(s).db;
}

// The running sums say more than there is.
inline void add_to_sums(test_store& s, store::totals const& t) {
    store::database::batch b(rows_of(s));
    b.add(t);
    (void)inside(s).write(b, store::write_sync::no).value();
}

inline std::filesystem::path quarantined(test_store const& s, oci::digest const& d) {
    return s.dir.path() / "store/quarantine" / d.hex();
}

} // namespace store_tests
