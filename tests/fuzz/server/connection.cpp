#include "tests/fuzz/server/connection.h"

#include "tests/fuzz/server/violation.h"

#include <boost/beast/http/parser.hpp>
#include <boost/beast/http/string_body.hpp>

#include <arpa/inet.h>
#include <netinet/in.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <memory>

namespace fuzz {

namespace http = boost::beast::http;

namespace {

// What of `events` is so, or an end; 0 when patience has. libFuzzer's clock interrupts, and is no reason to give up.
int wait_for(int fd, short events) {
    pollfd there{fd, events, 0};
    int n = 0;
    do
        n = ::poll(&there, 1, connection::patience_ms);
    while (n < 0 && errno == EINTR);
    return n > 0 ? there.revents : 0;
}

} // namespace

connection::connection(std::uint16_t port) : fd_(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)) {
    sockaddr_in to{};
    to.sin_family = AF_INET;
    to.sin_port = htons(port);
    to.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    must(fd_ >= 0 && ::connect(fd_, reinterpret_cast<sockaddr const*>(&to), sizeof to) == 0,
         "the server takes no connection");
}

connection::~connection() {
    ::close(fd_);
}

bool connection::receive() {
    std::array<char, 65536> piece;
    auto const n = ::recv(fd_, piece.data(), piece.size(), MSG_DONTWAIT);
    if (n > 0)
        received_.append(piece.data(), static_cast<std::size_t>(n));
    else if (n == 0 || (errno != EAGAIN && errno != EINTR))
        ended_ = true;
    return !ended_;
}

void connection::send(std::string_view bytes) {
    while (!bytes.empty() && !ended_) {
        auto const now = wait_for(fd_, POLLIN | POLLOUT);
        must(now != 0, "the server neither reads nor answers");
        if (now & (POLLIN | POLLERR | POLLHUP))
            receive();
        if (!(now & POLLOUT))
            continue;
        auto const n = ::send(fd_, bytes.data(), bytes.size(), MSG_DONTWAIT | MSG_NOSIGNAL);
        if (n > 0)
            bytes.remove_prefix(static_cast<std::size_t>(n));
        else if (errno != EAGAIN && errno != EINTR)
            return; // an answer may have come all the same
    }
}

void connection::end_sending() {
    ::shutdown(fd_, SHUT_WR);
}

std::optional<tests::http_answer> connection::read(std::string const& method) {
    auto parser = std::make_unique<http::response_parser<http::string_body>>();
    auto const begin = [&] {
        parser->body_limit(boost::none);
        parser->header_limit(65536);
        parser->eager(true);
        parser->skip(method == "HEAD");
    };
    begin();
    boost::system::error_code ec;
    for (;;) {
        if (!received_.empty()) {
            auto const used = parser->put(boost::asio::buffer(received_), ec);
            received_.erase(0, used);
            must(!ec || ec == http::error::need_more, "an answer that is no HTTP: " + ec.message());
        }
        if (parser->is_done() && parser->get().result_int() / 100 == 1) {
            parser = std::make_unique<http::response_parser<http::string_body>>();
            begin();
            continue;
        }
        if (parser->is_done() || ended_)
            break;
        must(wait_for(fd_, POLLIN) != 0,
             parser->is_header_done() ? "an answer without an end" : "no answer, and no end");
        receive();
    }
    if (!parser->is_header_done())
        return {};
    tests::http_answer a;
    if (!parser->is_done())
        parser->put_eof(ec);
    a.complete = parser->is_done();
    a.status = parser->get().result_int();
    a.body = std::move(parser->get().body());
    a.fields = parser->get().base();
    if (!parser->keep_alive())
        ended_ = true;
    return a;
}

} // namespace fuzz
