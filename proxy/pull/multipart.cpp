#include "proxy/pull/multipart.h"

#include "proxy/pull/blob_answer.h"

#include <fmt/format.h>

#include <random>

namespace proxy {

namespace {

// Nothing that a blob could have been made to contain.
std::string random_boundary() {
    thread_local std::random_device random;
    return fmt::format("{:08x}{:08x}{:08x}{:08x}", random(), random(), random(), random());
}

} // namespace

multipart_body::multipart_body(std::vector<oci::byte_range> ranges, std::uint64_t size, send_part send)
    : ranges_(std::move(ranges)), size_(size), send_(std::move(send)), boundary_(random_boundary()) {}

std::string multipart_body::content_type() const {
    return "multipart/byteranges; boundary=" + boundary_;
}

std::string multipart_body::head_of(std::size_t index) const {
    return fmt::format("{}--{}\r\nContent-Type: {}\r\nContent-Range: {}\r\n\r\n", index == 0 ? "" : "\r\n", boundary_,
                       blob_type, oci::content_range(ranges_[index], size_));
}

std::string multipart_body::end() const {
    return "\r\n--" + boundary_ + "--\r\n";
}

std::uint64_t multipart_body::length() const {
    std::uint64_t sum = end().size();
    for (std::size_t i = 0; i < ranges_.size(); ++i)
        sum += head_of(i).size() + ranges_[i].length();
    return sum;
}

task<bool> multipart_body::send_to(sender& to) {
    for (std::size_t i = 0; i < ranges_.size(); ++i) {
        auto const head = head_of(i);
        bool sent = co_await to.send(head, {}, more::follows);
        if (sent)
            sent = co_await send_(to, ranges_[i]);
        if (!sent)
            co_return false;
    }
    auto const last = end();
    co_return co_await to.send(last, {});
}

} // namespace proxy
