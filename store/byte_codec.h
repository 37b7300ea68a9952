// Numbers and strings as bytes, and back from bytes that may be anything.
//
// Numbers are LEB128 varints (sizes and times are mostly small), signed ones zigzag first; strings carry their
// length. The reader never looks past its end: after the first thing that does not fit it stays failed and
// gives zeros, so that a decoder checks once, at its end.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

namespace store {

class byte_writer {
public:
    void byte(std::uint8_t v) { bytes_.push_back(static_cast<char>(v)); }

    void number(std::uint64_t v) {
        for (; v >= 0x80; v >>= 7)
            byte(static_cast<std::uint8_t>(v | 0x80));
        byte(static_cast<std::uint8_t>(v));
    }

    void signed_number(std::int64_t v) {
        number((static_cast<std::uint64_t>(v) << 1) ^ static_cast<std::uint64_t>(v >> 63));
    }

    // Always eight bytes, little endian: for values without small numbers.
    void fixed64(std::uint64_t v) {
        for (int i = 0; i < 8; ++i)
            byte(static_cast<std::uint8_t>(v >> (8 * i)));
    }

    void raw(std::string_view v) { bytes_.append(v); }

    void text(std::string_view v) {
        number(v.size());
        raw(v);
    }

    std::string take() { return std::move(bytes_); }

private:
    std::string bytes_;
};

class byte_reader {
public:
    explicit byte_reader(std::string_view bytes) noexcept : rest_(bytes) {}

    bool ok() const noexcept { return ok_; }
    bool at_end() const noexcept { return rest_.empty(); }
    std::string_view rest() const noexcept { return rest_; }
    bool finished() const noexcept { return ok_ && rest_.empty(); }

    std::string_view raw(std::uint64_t size) noexcept {
        if (!ok_ || size > rest_.size()) {
            fail();
            return {};
        }
        auto const v = rest_.substr(0, size);
        rest_.remove_prefix(size);
        return v;
    }

    std::uint8_t byte() noexcept {
        auto const v = raw(1);
        return v.empty() ? 0 : static_cast<std::uint8_t>(v[0]);
    }

    std::uint64_t number() noexcept {
        std::uint64_t v = 0;
        for (unsigned shift = 0; shift < 64; shift += 7) {
            std::uint64_t const b = byte();
            if (shift == 63 && b > 1)
                break; // more than 64 bits
            v |= (b & 0x7f) << shift;
            if (b < 0x80)
                return ok_ ? v : 0;
        }
        fail();
        return 0;
    }

    std::int64_t signed_number() noexcept {
        auto const v = number();
        return static_cast<std::int64_t>((v >> 1) ^ (~(v & 1) + 1));
    }

    std::uint64_t fixed64() noexcept {
        std::uint64_t v = 0;
        auto const bytes = raw(8);
        for (std::size_t i = 0; i < bytes.size(); ++i)
            v |= static_cast<std::uint64_t>(static_cast<std::uint8_t>(bytes[i])) << (8 * i);
        return v;
    }

    std::string_view text() noexcept { return raw(number()); }

    // For what is well-formed and still impossible.
    void fail() noexcept {
        ok_ = false;
        rest_ = {};
    }

private:
    std::string_view rest_;
    bool ok_ = true;
};

} // namespace store
