// What a blob_writer is made of; apart so that content_store can make one.
#pragma once

#include "store/blob_writer.h"
#include "store/block_sums.h"
#include "store/core.h"
#include "store/side_writer.h"

#include <cstdint>
#include <memory>
#include <optional>

namespace store {

struct blob_writer::state {
    state(std::shared_ptr<core> c, oci::algorithm a, std::optional<std::uint64_t> size, temp_file file,
          reservation promised)
        : shared(std::move(c)), announced(size),
          space(std::make_unique<held_space>(held_space{shared, std::move(promised)})), temp(std::move(file)), hash(a) {
    }
    ~state();
    void close_side();

    std::shared_ptr<core> shared; // outlives all below
    std::optional<std::uint64_t> announced;
    std::unique_ptr<held_space> space; // given back after the temp file is gone
    temp_file temp;
    oci::hasher hash;
    block_summer sums;
    std::uint64_t written = 0;
    std::uint64_t promised = 0;        // of content of unknown size
    std::optional<oci::digest> digest; // once finished
    bool failed = false;
    std::shared_ptr<side_writer> side; // once asked for
};

} // namespace store
