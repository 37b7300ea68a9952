#include "tests/support/scripted_reply.h"

namespace tests {

scripted_reply& scripted_reply::header(std::string name, std::string value) {
    headers.emplace_back(std::move(name), std::move(value));
    return *this;
}

scripted_reply& scripted_reply::body(std::string text) {
    return body(std::make_shared<std::string const>(std::move(text)));
}

scripted_reply& scripted_reply::body(std::shared_ptr<std::string const> text) {
    content = std::move(text);
    return *this;
}

scripted_reply& scripted_reply::chunked(std::size_t bytes) {
    frame = framing::chunked;
    piece = bytes;
    return *this;
}

scripted_reply& scripted_reply::until_close() {
    frame = framing::until_close;
    closes = true;
    return *this;
}

scripted_reply& scripted_reply::claimed_length(std::uint64_t length) {
    claim = length;
    return *this;
}

scripted_reply& scripted_reply::hold_head(std::shared_ptr<gate> g) {
    head_gate = std::move(g);
    return *this;
}

scripted_reply& scripted_reply::hold_body(std::shared_ptr<gate> g) {
    body_gate = std::move(g);
    return *this;
}

scripted_reply& scripted_reply::drop_before_head() {
    dropped = true;
    return *this;
}

scripted_reply& scripted_reply::cut_at(std::size_t body_bytes) {
    cut = body_bytes;
    return *this;
}

scripted_reply& scripted_reply::raw(std::string bytes) {
    raw_bytes = std::move(bytes);
    return *this;
}

scripted_reply& scripted_reply::close_silently() {
    closes = true;
    return *this;
}

scripted_reply& scripted_reply::reset() {
    resets = true;
    return *this;
}

scripted_reply& scripted_reply::cut_head_at(std::size_t bytes) {
    head_cut = bytes;
    return *this;
}

scripted_reply& scripted_reply::trickle_head() {
    trickles = true;
    return *this;
}

scripted_reply& scripted_reply::trickle_from(std::size_t body_bytes) {
    body_trickle = body_bytes;
    return *this;
}

scripted_reply& scripted_reply::hang_in_head() {
    hangs = true;
    return cut_head_at(10);
}

scripted_reply& scripted_reply::hang_at(std::size_t body_bytes) {
    hangs = true;
    return cut_at(body_bytes);
}

std::string scripted_reply::head() const {
    std::string out = "HTTP/1.1 " + std::to_string(status) + " Scripted\r\n";
    for (auto const& [name, value] : headers)
        out += name + ": " + value + "\r\n";
    bool const bodiless = status / 100 == 1 || status == 204 || status == 304;
    if (frame == framing::chunked)
        out += "Transfer-Encoding: chunked\r\n";
    else if (claim || (frame == framing::length && !bodiless))
        out += "Content-Length: " + std::to_string(claim.value_or(content->size())) + "\r\n";
    return out + "\r\n";
}

} // namespace tests
