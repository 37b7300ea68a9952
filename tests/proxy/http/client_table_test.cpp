#include "proxy/http/client_table.h"
#include "tests/catch.h"

using proxy::client_table;

namespace {

proxy::net::ip::address at(char const* text) {
    return proxy::net::ip::make_address(text);
}

} // namespace

TEST_CASE("a client has so many connections and no more, others have their own") {
    client_table clients({.connections = 2});
    auto first = clients.admit(at("192.0.2.1"));
    auto second = clients.admit(at("192.0.2.1"));
    CHECK(first);
    CHECK(second);
    CHECK_FALSE(clients.admit(at("192.0.2.1")));
    CHECK(clients.admit(at("192.0.2.2")));
    first.reset();
    CHECK(clients.admit(at("192.0.2.1")));
}

TEST_CASE("a client of IPv6 is a network of 64 bits, one of IPv4 the same however it is written") {
    client_table clients({.connections = 1});
    auto const six = clients.admit(at("2001:db8:0:1::1"));
    CHECK_FALSE(clients.admit(at("2001:db8:0:1:ffff::2")));
    CHECK(clients.admit(at("2001:db8:0:2::1")));
    auto const four = clients.admit(at("192.0.2.1"));
    CHECK_FALSE(clients.admit(at("::ffff:192.0.2.1")));
}

TEST_CASE("a client's name is its address, or its network of IPv6") {
    CHECK(client_table::name_of(at("192.0.2.1")) == "192.0.2.1");
    CHECK(client_table::name_of(at("::ffff:192.0.2.1")) == "192.0.2.1");
    CHECK(client_table::name_of(at("2001:db8:0:1:ffff::2")) == client_table::name_of(at("2001:db8:0:1::1")));
    CHECK(client_table::name_of(at("2001:db8:0:1::1")) != client_table::name_of(at("2001:db8:0:2::1")));
}

TEST_CASE("connections of one client share a pace, and coming back brings no new one") {
    client_table clients({.bandwidth = 1000});
    auto first = clients.admit(at("192.0.2.1"));
    auto const other = clients.admit(at("192.0.2.2"));
    REQUIRE(first);
    REQUIRE(first->pace());
    CHECK(first->pace() == clients.admit(at("192.0.2.1"))->pace());
    CHECK(first->pace() != other->pace());
    auto const now = proxy::steady_clock::now();
    first->pace()->take(1'000'000, now);
    first.reset();
    CHECK(clients.admit(at("192.0.2.1"))->pace()->take(1, now) > std::chrono::seconds(900));
}

TEST_CASE("nobody is remembered who is gone, and nobody at all where nothing is bounded") {
    client_table bounded({.connections = 5, .bandwidth = 1000});
    { auto const gone = bounded.admit(at("192.0.2.1")); }
    CHECK(bounded.size() == 0);
    client_table unbounded({});
    auto const place = unbounded.admit(at("192.0.2.1"));
    REQUIRE(place);
    CHECK(place->pace() == nullptr);
    CHECK(unbounded.size() == 0);
}
