// Keeps two writers from changing what the index says of one digest at the same time.
//
// A change reads rows, decides, and writes a batch; between the two nobody else may change those rows, or sums
// and link counts would drift. Readers take no lock. Many mutexes instead of one let batches of different
// digests be synced together. Order: none of these is held while another set is taken.
#pragma once

#include "oci/digest.h"

#include <array>
#include <bitset>
#include <cstddef>
#include <functional>
#include <mutex>
#include <span>
#include <string>
#include <string_view>

namespace store {

class write_locks {
    static constexpr std::size_t count = 256;

public:
    // Holds the locks of some names until destroyed.
    class held {
    public:
        held(held const&) = delete;
        held& operator=(held const&) = delete;
        ~held() {
            for (std::size_t i = 0; i < count; ++i) {
                if (taken_[i])
                    locks_.mutexes_[i].unlock();
            }
        }

    private:
        friend class write_locks;
        held(write_locks& locks, std::bitset<count> const& wanted) : locks_(locks), taken_(wanted) {
            for (std::size_t i = 0; i < count; ++i) { // in order, so that two sets cannot wait for each other
                if (taken_[i])
                    locks_.mutexes_[i].lock();
            }
        }

        write_locks& locks_;
        std::bitset<count> taken_;
    };

    [[nodiscard]] held hold(oci::digest const& d) { return hold_hash(std::hash<oci::digest>{}(d)); }

    [[nodiscard]] held hold(std::span<oci::digest const> digests) {
        std::bitset<count> wanted;
        for (auto const& d : digests)
            wanted.set(std::hash<oci::digest>{}(d) % count);
        return held(*this, wanted);
    }

    [[nodiscard]] held hold(std::span<oci::digest const> digests, std::span<std::string const> keys) {
        std::bitset<count> wanted;
        for (auto const& d : digests)
            wanted.set(std::hash<oci::digest>{}(d) % count);
        for (auto const& key : keys)
            wanted.set(std::hash<std::string_view>{}(key) % count);
        return held(*this, wanted);
    }

    // For what cannot name beforehand what it is about: everybody else waits.
    [[nodiscard]] held hold_all() { return held(*this, std::bitset<count>().set()); }

    [[nodiscard]] held hold_key(std::string_view key) { return hold_hash(std::hash<std::string_view>{}(key)); }

private:
    held hold_hash(std::size_t hash) {
        std::bitset<count> wanted;
        wanted.set(hash % count);
        return held(*this, wanted);
    }

    std::array<std::mutex, count> mutexes_;
};

} // namespace store
