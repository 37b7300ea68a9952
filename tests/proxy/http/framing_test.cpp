#include "proxy/http/framing.h"

#include "tests/catch.h"

#include <boost/beast/http/empty_body.hpp>
#include <boost/beast/http/parser.hpp>

#include <string>

using proxy::body_framing;
namespace http = boost::beast::http;

namespace {

// The gate's verdict on a head as it comes off the wire; nothing also when the parser itself refuses it.
std::optional<proxy::framing> gate(std::string const& fields, std::string const& version = "1.1") {
    auto const text = "GET /v2/ HTTP/" + version + "\r\nHost: x\r\n" + fields + "\r\n";
    http::request_parser<http::empty_body> parser;
    parser.body_limit(boost::none);
    boost::system::error_code ec;
    parser.put(boost::asio::buffer(text), ec);
    if (!parser.is_header_done())
        return std::nullopt;
    return proxy::check_framing(parser.get());
}

} // namespace

TEST_CASE("a request without framing fields has no body") {
    auto f = gate("");
    REQUIRE(f);
    CHECK(f->kind == body_framing::none);
}

TEST_CASE("one Content-Length is a body of that length") {
    auto f = gate("Content-Length: 17\r\n");
    REQUIRE(f);
    CHECK(f->kind == body_framing::length);
    CHECK(f->length == 17);
}

TEST_CASE("Content-Length zero is no body") {
    CHECK(gate("Content-Length: 0\r\n")->kind == body_framing::none);
}

TEST_CASE("chunked alone is accepted in HTTP/1.1, whatever its case") {
    CHECK(gate("Transfer-Encoding: chunked\r\n")->kind == body_framing::chunked);
    CHECK(gate("Transfer-Encoding: Chunked\r\n")->kind == body_framing::chunked);
}

TEST_CASE("requests that two readers could cut differently are refused") {
    auto const fields = GENERATE(
        as<std::string>{}, "Content-Length: 5\r\nTransfer-Encoding: chunked\r\n",
        "Transfer-Encoding: chunked\r\nContent-Length: 5\r\n", "Transfer-Encoding: identity\r\nContent-Length: 5\r\n",
        "Transfer-Encoding: gzip\r\n", "Transfer-Encoding: gzip, chunked\r\n", "Transfer-Encoding: chunked, gzip\r\n",
        "Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n", "Transfer-Encoding: xchunked\r\n",
        "Content-Length: 5\r\nContent-Length: 5\r\n", "Content-Length: 5\r\nContent-Length: 6\r\n",
        "Content-Length: 5, 5\r\n", "Content-Length: +5\r\n", "Content-Length: -1\r\n", "Content-Length: 0x10\r\n",
        "Content-Length: 5 5\r\n", "Content-Length: 99999999999999999999999\r\n",
        "Content-Length: 9223372036854775808\r\n", "Content-Length: 18446744073709551615\r\n", "Content-Length : 5\r\n",
        "Transfer-Encoding : chunked\r\n");
    INFO(fields);
    CHECK_FALSE(gate(fields));
}

TEST_CASE("chunked in HTTP/1.0 is refused") {
    CHECK_FALSE(gate("Transfer-Encoding: chunked\r\n", "1.0"));
}
