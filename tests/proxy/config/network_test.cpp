#include "proxy/config/network.h"

#include "tests/catch.h"

using proxy::network;

namespace {

bool holds(char const* range, char const* address) {
    auto const n = network::parse(range);
    REQUIRE(n);
    return n->contains(boost::asio::ip::make_address(address));
}

} // namespace

TEST_CASE("a network holds the addresses of its prefix and no other") {
    CHECK(holds("10.0.0.0/8", "10.255.1.2"));
    CHECK_FALSE(holds("10.0.0.0/8", "11.0.0.0"));
    CHECK(holds("192.168.4.0/22", "192.168.7.255"));
    CHECK_FALSE(holds("192.168.4.0/22", "192.168.8.0"));
    CHECK(holds("127.0.0.1", "127.0.0.1"));
    CHECK_FALSE(holds("127.0.0.1", "127.0.0.2"));
    CHECK(holds("2001:db8::/33", "2001:db8:7fff::1"));
    CHECK_FALSE(holds("2001:db8::/33", "2001:db8:8000::1"));
    CHECK(holds("0.0.0.0/0", "1.2.3.4"));
    CHECK_FALSE(holds("0.0.0.0/0", "2001:db8::1"));
    CHECK(holds("::/0", "2001:db8::1"));
}

TEST_CASE("an IPv4 address that came through an IPv6 socket is in its network") {
    CHECK(holds("10.0.0.0/8", "::ffff:10.1.2.3"));
    CHECK_FALSE(holds("10.0.0.0/8", "::ffff:11.1.2.3"));
}

TEST_CASE("what is no network is told from one") {
    for (auto const* text : {"", "/8", "10.0.0.0/", "10.0.0.0/33", "10.0.0.0/-1", "10.0.0.0/8x", "10.0.0.1/8",
                             "2001:db8::/129", "fe80::1%1/64", "lan", "10.0.0/8"}) {
        INFO(text);
        CHECK_FALSE(network::parse(text));
    }
}

TEST_CASE("a network is written as it is read") {
    for (auto const* text : {"10.0.0.0/8", "127.0.0.1/32", "2001:db8::/32", "::/0"})
        CHECK(network::parse(text)->to_string() == text);
}
