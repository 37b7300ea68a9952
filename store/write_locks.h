// Keeps two writers from changing what the index says of one digest at the same time.
//
// A change reads rows, decides, and writes a batch; between the two nobody else may change those rows, or sums
// and link counts would drift. Readers take no lock. Many mutexes instead of one let batches of different
// digests be synced together. Order: none of these is held while another set is taken.
//
// Who needs very many of them keeps out everybody with a single lock: 256 mutexes are slow to take, and more than
// TSan follows (64 a thread).
#pragma once

#include "oci/digest.h"

#include <array>
#include <bitset>
#include <cstddef>
#include <functional>
#include <mutex>
#include <shared_mutex>
#include <span>
#include <string>
#include <string_view>

namespace store {

class write_locks {
    static constexpr std::size_t count = 256;

public:
    static constexpr std::size_t separately_max = 48; // a set of more locks is taken as all of them

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
            alone_ ? locks_.everybody_.unlock() : locks_.everybody_.unlock_shared();
        }

    private:
        friend class write_locks;
        held(write_locks& locks, std::bitset<count> const& wanted)
            : locks_(locks), alone_(wanted.count() > separately_max) {
            enter();
            if (!alone_)
                taken_ = wanted;
            for (std::size_t i = 0; i < count; ++i) { // in order, so that two sets cannot wait for each other
                if (taken_[i])
                    locks_.mutexes_[i].lock();
            }
        }

        // Whoever comes after one that waits to be alone waits behind him: a shared mutex alone may let others pass him
        // for ever (glibc's does).
        void enter() {
            std::lock_guard const in_turn(locks_.turn_);
            alone_ ? locks_.everybody_.lock() : locks_.everybody_.lock_shared();
        }

        write_locks& locks_;
        bool alone_;
        std::bitset<count> taken_; // none, if alone
    };

    [[nodiscard]] held hold(oci::digest const& d) { return hold_hash(std::hash<oci::digest>{}(d)); }

    [[nodiscard]] held hold(std::span<oci::digest const> digests) { return hold(digests, {}); }

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

    std::mutex turn_; // held while `everybody_` is waited for, not longer
    std::shared_mutex everybody_;
    std::array<std::mutex, count> mutexes_;
};

} // namespace store
