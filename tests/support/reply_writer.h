// Puts a scripted reply on a stream, with its delays and faults.
#pragma once

#include "tests/support/scripted_reply.h"

#include <boost/asio/buffer.hpp>
#include <boost/asio/write.hpp>
#include <boost/system/error_code.hpp>

#include <poll.h>

#include <algorithm>
#include <charconv>
#include <stop_token>
#include <string>
#include <string_view>

namespace tests {

// Blocking. A gate that is being waited at gives up when `stop` is requested.
template <class Stream>
class reply_writer {
public:
    reply_writer(Stream& s, std::stop_token stop) : stream_(s), stop_(stop) {}

    // False if the connection is to be closed afterwards.
    bool write(scripted_reply const& r, bool bodiless) {
        if (r.head_gate && r.head_gate->wait_past(0, stop_) == 0)
            return false;
        if (r.dropped)
            return false;
        if (r.raw_bytes)
            return send(*r.raw_bytes) && false;
        if (!send_head(r))
            return false;
        if (bodiless)
            return !r.closes;
        if (!send_body(r))
            return false;
        if (r.cut && r.hangs)
            wait_for_the_end();
        return !r.cut && !r.closes;
    }

    // The client did not take all of it.
    bool failed() const noexcept { return failed_; }

private:
    bool send(std::string_view bytes) {
        boost::system::error_code ec;
        boost::asio::write(stream_, boost::asio::buffer(bytes.data(), bytes.size()), ec);
        failed_ = failed_ || ec;
        return !ec;
    }

    bool send_head(scripted_reply const& r) {
        auto const all = r.head();
        auto const upto = std::min(r.head_cut.value_or(all.size()), all.size());
        if (!r.trickles && !send(all.substr(0, upto)))
            return false;
        for (std::size_t i = 0; r.trickles && i < upto; ++i)
            if (gone_within(pause_ms) || !send(std::string_view(&all[i], 1)))
                return false;
        if (r.head_cut && r.hangs)
            wait_for_the_end();
        return !r.head_cut;
    }

    // The client has left, or the origin stops.
    bool gone_within(int ms) {
        pollfd there{stream_.lowest_layer().native_handle(), POLLRDHUP, 0};
        return ::poll(&there, 1, ms) != 0 || stop_.stop_requested();
    }
    void wait_for_the_end() {
        while (!gone_within(pause_ms)) {
        }
    }

    bool send_body(scripted_reply const& r) {
        std::string_view const all = std::string_view(*r.content).substr(0, r.cut.value_or(std::string::npos));
        std::size_t sent = 0;
        while (sent < all.size()) {
            std::uint64_t allowed = all.size();
            if (r.body_gate)
                allowed = r.body_gate->wait_past(sent, stop_);
            if (allowed <= sent)
                return false; // stopping
            auto upto = std::min<std::uint64_t>(allowed, all.size());
            if (r.body_trickle && sent >= *r.body_trickle) {
                if (gone_within(pause_ms))
                    return false;
                upto = sent + 1;
            } else if (r.body_trickle) {
                upto = std::min<std::uint64_t>(upto, *r.body_trickle);
            }
            if (!send_part(r, all.substr(sent, upto - sent)))
                return false;
            sent = upto;
        }
        return r.frame != scripted_reply::framing::chunked || r.cut || send("0\r\n\r\n");
    }

    bool send_part(scripted_reply const& r, std::string_view bytes) {
        if (r.frame != scripted_reply::framing::chunked)
            return send(bytes);
        for (std::size_t at = 0; at < bytes.size(); at += r.piece) {
            auto const piece = bytes.substr(at, r.piece);
            char size[20];
            auto const end = std::to_chars(size, size + sizeof size, piece.size(), 16).ptr;
            if (!send(std::string(size, end) + "\r\n" + std::string(piece) + "\r\n"))
                return false;
        }
        return true;
    }

    static constexpr int pause_ms = 20;

    Stream& stream_;
    std::stop_token stop_;
    bool failed_ = false;
};

} // namespace tests
