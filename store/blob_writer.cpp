#include "store/blob_writer.h"

#include "store/publication.h"
#include "store/side_writer.h"
#include "store/writer_state.h"

#include <algorithm>
#include <cerrno>
#include <sys/stat.h>
#include <vector>

namespace store {

// The name goes with the temp file, but the disk holds the bytes until the last reader has closed the file.
blob_writer::state::~state() {
    close_side();
    if (space && temp.is_on_disk() && temp.file().use_count() > 1)
        temp.file()->keep_counted(std::move(space));
}

void blob_writer::state::close_side() {
    if (side)
        side->close();
    side.reset();
}

namespace {

error after_failure() {
    return error{errc::io, "this content could not be written before"};
}

// Content small enough for a row, back from its file.
result<std::string> read_all(blob_file const& file, std::uint64_t size) {
    std::string bytes(size, '\0');
    auto const n = file.read(0, std::as_writable_bytes(std::span(bytes)));
    if (!n)
        return n.error();
    if (*n != size)
        return error{errc::io, "content ends before what was written"};
    return bytes;
}

// How many bytes there were.
template <class F>
result<std::uint64_t> for_each_piece(blob_file const& file, F take) {
    std::vector<std::byte> piece(std::size_t{1} << 20);
    for (std::uint64_t at = 0;;) {
        auto const n = file.read(at, piece);
        if (!n)
            return n.error();
        if (*n == 0)
            return at;
        take(std::span<std::byte const>(piece).first(*n));
        at += *n;
    }
}

} // namespace

// For content of unknown size, some megabytes at a time.
result<void> blob_writer::promise_until(state& s, std::uint64_t end) {
    constexpr std::uint64_t step = 4 * 1024 * 1024;
    if (s.announced || end <= s.promised)
        return {};
    auto const more = std::max(end - s.promised, step);
    if (auto extended = s.shared->room.extend(s.space->bytes, more); !extended)
        return extended.error();
    s.promised += more;
    return {};
}

blob_writer::blob_writer(std::unique_ptr<state> s) : state_(std::move(s)) {}
blob_writer::blob_writer(blob_writer&&) noexcept = default;
blob_writer& blob_writer::operator=(blob_writer&&) noexcept = default;
blob_writer::~blob_writer() = default;

result<void> blob_writer::append(std::span<std::byte const> data) {
    auto& s = *state_;
    if (s.failed || s.digest)
        return after_failure();
    s.failed = true; // until all is well
    if (s.announced && data.size() > *s.announced - s.written)
        return error{errc::size_mismatch, "more than the announced " + std::to_string(*s.announced) + " bytes"};

    auto const end = s.written + data.size();
    if (auto room = promise_until(s, end); !room)
        return room.error();
    auto& files = s.shared->folder->files();
    if (s.temp.is_on_disk())
        s.space->bytes.written(end);
    for (auto rest = data; !rest.empty();) {
        auto const n =
            files.write(s.temp.file()->fd(), rest.data(), rest.size(), static_cast<off_t>(end - rest.size()));
        if (n <= 0)
            return error_of_errno(n == 0 ? EIO : errno, "cannot write content after " +
                                                            std::to_string(end - rest.size()) + " bytes in " +
                                                            s.shared->settings.path.string());
        rest = rest.subspan(static_cast<std::size_t>(n));
    }
    s.hash.update(data);
    s.sums.update(data);
    s.written = end;
    s.failed = false;
    return {};
}

std::uint64_t blob_writer::written() const noexcept {
    return state_->written;
}

std::optional<std::uint64_t> blob_writer::announced() const noexcept {
    return state_->announced;
}

bool blob_writer::pause() {
    state_->close_side();
    return state_->announced && !state_->failed && !state_->digest;
}

void blob_writer::rest() noexcept {
    auto& s = *state_;
    if (s.announced || !s.space || !s.temp.is_on_disk())
        return;
    s.space->bytes.settle();
    s.promised = s.written;
}

std::shared_ptr<side_writer> blob_writer::side() {
    auto& s = *state_;
    if (!s.side && s.announced)
        s.side = std::make_shared<side_writer>(s.shared, s.temp.file(), *s.announced);
    return s.side;
}

result<void> blob_writer::take_in(std::uint64_t bytes) {
    auto& s = *state_;
    if (s.failed || s.digest)
        return after_failure();
    s.failed = true; // until all is well
    if (!s.announced || bytes > *s.announced - s.written)
        return error{errc::size_mismatch, "more than was announced"};
    constexpr std::uint64_t piece_max = 256 * 1024;
    std::vector<std::byte> piece(std::min(bytes, piece_max));
    for (auto const end = s.written + bytes; s.written < end;) {
        auto const room = std::span(piece).first(std::min<std::uint64_t>(piece.size(), end - s.written));
        auto const n = s.temp.file()->read(s.written, room);
        if (!n)
            return n.error();
        if (*n != room.size())
            return error{errc::io, "content ends before what was written"};
        s.hash.update(room);
        s.sums.update(room);
        s.written += *n;
        if (s.temp.is_on_disk())
            s.space->bytes.written(s.written);
    }
    s.failed = false;
    return {};
}

std::shared_ptr<blob_file const> blob_writer::view() const {
    return state_->temp.file();
}

oci::digest blob_writer::finish() {
    state_->close_side();
    if (!state_->digest)
        state_->digest = state_->hash.finish();
    return *state_->digest;
}

result<void> blob_writer::resume(state& s) {
    struct stat found {};
    if (s.shared->folder->files().stat(s.temp.file()->fd(), found) == -1)
        return error_of_errno(errno, "cannot stat an upload");
    s.space->bytes.written(static_cast<std::uint64_t>(found.st_size));
    auto const read = for_each_piece(*s.temp.file(), [&](std::span<std::byte const> piece) {
        s.hash.update(piece);
        s.sums.update(piece);
    });
    if (!read)
        return read.error();
    s.written = *read;
    s.promised = *read;
    return {};
}

result<void> blob_writer::rehash(oci::algorithm a) {
    auto& s = *state_;
    if (s.failed || s.digest)
        return after_failure();
    oci::hasher hash(a);
    auto const read = for_each_piece(*s.temp.file(), [&](std::span<std::byte const> piece) { hash.update(piece); });
    if (!read)
        return read.error();
    if (*read != s.written)
        return error{errc::io, "content ends before what was written"};
    s.hash = std::move(hash);
    return {};
}

result<object> blob_writer::commit(oci::digest const& expected, object_traits traits) {
    auto& s = *state_;
    if (s.failed)
        return after_failure();
    if (s.announced && s.written != *s.announced) {
        s.failed = true;
        return error{errc::size_mismatch, "ended after " + std::to_string(s.written) + " of the announced " +
                                              std::to_string(*s.announced) + " bytes"};
    }
    auto const actual = finish();
    s.failed = true; // whatever comes, this was the one commit
    if (actual != expected)
        return error{errc::digest_mismatch, "expected " + expected.to_string() + ", got " + actual.to_string()};

    if (s.written > s.shared->settings.inline_max) {
        auto stored = publish_file(*s.shared, s.temp, expected, s.written, s.sums.finish(), traits);
        if (stored && s.temp.is_published()) // else another's copy is kept, and this one counts until it is gone
            s.space.reset();
        return stored;
    }
    auto const bytes = read_all(*s.temp.file(), s.written);
    if (!bytes)
        return bytes.error();
    return publish_row(*s.shared, expected, *bytes, traits);
}

} // namespace store
