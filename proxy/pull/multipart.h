// Several ranges of a blob in one answer: clients that pull only what they miss of a layer (zstd:chunked) ask so.
//
// How many there may be is bounded where the field is read (oci/byte_range.h), and overlapping ones are not served as
// ranges at all. Source: RFC 9110 §14.6, §15.3.7.2.
#pragma once

#include "oci/byte_range.h"
#include "proxy/http/exchange.h"

#include <cstdint>
#include <functional>
#include <string>
#include <vector>

namespace proxy {

class multipart_body : public streamed_body {
public:
    // How one of the ranges is sent.
    using send_part = std::function<task<bool>(sender& to, oci::byte_range part)>;

    // Of a body of `size` bytes; the ranges in the order asked for.
    multipart_body(std::vector<oci::byte_range> ranges, std::uint64_t size, send_part send);

    std::string content_type() const;
    std::uint64_t length() const;

    task<bool> send_to(sender& to) override;

private:
    std::string head_of(std::size_t index) const;
    std::string end() const;

    std::vector<oci::byte_range> const ranges_;
    std::uint64_t const size_;
    send_part const send_;
    std::string const boundary_;
};

} // namespace proxy
