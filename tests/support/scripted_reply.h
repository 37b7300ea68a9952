// One answer of the scripted origin: an honest one, or one that goes wrong in a chosen way.
#pragma once

#include "tests/support/gate.h"

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace tests {

using header_list = std::vector<std::pair<std::string, std::string>>;

// Setters return *this, to be chained: reply(200).header("ETag", "x").body("…").cut_at(3).
struct scripted_reply {
    explicit scripted_reply(unsigned status = 200) : status(status) {}

    scripted_reply& header(std::string name, std::string value);
    scripted_reply& body(std::string text);
    scripted_reply& body(std::shared_ptr<std::string const> text); // shared by many answers

    // Framing. Without any of these: Content-Length as it is.
    scripted_reply& chunked(std::size_t piece = 1000);
    scripted_reply& until_close();                        // no length: ends with the connection
    scripted_reply& claimed_length(std::uint64_t length); // a Content-Length that need not be true

    // Time, in the test's hands.
    scripted_reply& hold_head(std::shared_ptr<gate> g);
    scripted_reply& hold_body(std::shared_ptr<gate> g); // as many bytes as the gate allows

    // Faults.
    scripted_reply& drop_before_head();                   // the request is read, and the connection closed
    scripted_reply& cut_at(std::size_t body_bytes);       // closed after so many bytes of the body; 0: after the head
    scripted_reply& raw(std::string bytes);               // these bytes and nothing else, then closed
    scripted_reply& close_silently();                     // an honest answer, then closed without "Connection: close"
    scripted_reply& reset();                              // where it closes, with a TCP reset
    scripted_reply& cut_head_at(std::size_t bytes);       // closed in the middle of the head
    scripted_reply& trickle_head();                       // a byte of the head now and then
    scripted_reply& trickle_from(std::size_t body_bytes); // the same of the body, after so much of it
    scripted_reply& hang_in_head();                       // a piece of the head, then nothing until the client leaves
    scripted_reply& hang_at(std::size_t body_bytes);      // the same after the head and so much of the body

    // The head as sent.
    std::string head() const;

    enum class framing { length, chunked, until_close };

    unsigned status;
    header_list headers;
    std::shared_ptr<std::string const> content = std::make_shared<std::string const>();
    framing frame = framing::length;
    std::size_t piece = 1000;
    std::optional<std::uint64_t> claim;
    std::shared_ptr<gate> head_gate;
    std::shared_ptr<gate> body_gate;
    bool dropped = false;
    std::optional<std::size_t> cut;
    std::optional<std::string> raw_bytes;
    bool closes = false;
    bool resets = false;
    bool trickles = false;
    std::optional<std::size_t> body_trickle;
    std::optional<std::size_t> head_cut;
    bool hangs = false; // where it is cut
};

inline scripted_reply reply(unsigned status = 200) {
    return scripted_reply(status);
}

} // namespace tests
