// How the bytes of a blob come in: over one connection or several, over as many as it takes when they break.
//
// One of them is the fill's own: it starts at the front, and what it brings is hashed and shown to the followers at
// once. Where it turns out slow (range_rule.h), others bring windows further on (side_fetches.h). When the fill gets to
// the first of these it gives its own connection up, which costs what is under way on that, a round trip's worth, and
// from then on takes in what the others bring, in order. Whatever they do not bring it fetches itself.
//
// In whatever order bytes arrive, they are hashed in the blob's: the digest decides about all of them at the end.
#pragma once

#include "proxy/fill/body_sources.h"
#include "proxy/fill/fill.h"
#include "proxy/fill/going_on.h"
#include "proxy/fill/range_rule.h"
#include "proxy/fill/side_fetches.h"
#include "proxy/runtime/disk_pipe.h"
#include "store/blob_writer.h"

#include <array>
#include <cstdint>
#include <memory>
#include <optional>
#include <vector>

namespace proxy {

class reception {
public:
    // All must outlive it. `size`: none if upstream does not say it; then there is but one connection, since nobody
    // could tell what is missing. `sides`: none if there shall be no others.
    reception(worker& w, disk_pool& disk, fill& f, body_sources& sources, store::blob_writer& writer,
              std::optional<std::uint64_t> size, std::shared_ptr<side_fetches> sides);

    // To the end of the blob, from where the writer stands. That is where the body of `first` begins, or `ahead` bytes
    // further on in it. `speed` watches that body, and is none if there are no sides or they are not to help.
    task<result<void>> run(upstream_response first, std::uint64_t ahead, std::optional<pace> speed);

private:
    store::result<void> append(std::span<std::byte const> block);
    void show();
    task<result<void>> step();
    task<result<void>> fetch(std::uint64_t bytes);
    task<result<void>> copy(std::uint64_t bytes);
    task<result<void>> take_in(std::uint64_t bytes);
    task<result<void>> open();
    task<result<void>> check_end();
    void give_up_own();
    void get_help();

    worker& worker_;
    fill& fill_;
    body_sources& sources_;
    store::blob_writer& writer_;
    std::optional<std::uint64_t> const size_;
    std::shared_ptr<side_fetches> const sides_;
    std::shared_ptr<store::blob_file const> const file_;
    disk_pool& disk_;
    disk_pipe out_;
    std::array<std::vector<std::byte>, 2> buffers_;
    std::optional<upstream_response> own_;
    std::uint64_t own_end_ = 0;   // the first byte that it does not bring
    std::uint64_t own_ahead_ = 0; // what it brings before the byte that is wanted
    std::optional<pace> speed_;
};

} // namespace proxy
