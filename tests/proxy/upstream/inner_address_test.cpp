// How far inside which address is.
#include "proxy/upstream/inner_address.h"

#include "tests/catch.h"

using boost::asio::ip::make_address;
using proxy::depth_of;
using proxy::network_depth;

TEST_CASE("addresses of this machine and its link are furthest inside, in whatever form") {
    for (auto const* inner : {"127.0.0.1",
                              "127.255.255.255",
                              "169.254.169.254",
                              "0.0.0.0",
                              "192.0.0.170",
                              "224.0.0.1",
                              "255.255.255.255",
                              "100.100.100.200",
                              "::",
                              "::1",
                              "fe80::1",
                              "fec0::1",
                              "ff02::1",
                              "fd00:ec2::254",
                              "fd00:ec2::23",
                              "fd20:ce::254",
                              "::ffff:127.0.0.1",
                              "::ffff:169.254.169.254",
                              "2002:7f00:1::",
                              "2002:a9fe:a9fe::1",
                              "64:ff9b::7f00:1",
                              "100::1"}) {
        INFO(inner);
        CHECK(depth_of(make_address(inner)) == network_depth::machine);
    }
}

TEST_CASE("addresses of networks like ours are inside") {
    for (auto const* inner :
         {"10.0.0.1", "10.255.255.255", "172.16.0.1", "172.31.255.255", "192.168.0.1", "100.64.0.1", "100.127.255.255",
          "198.18.0.1", "240.0.0.1", "fd00::1", "fc00::1", "::ffff:10.0.0.1", "64:ff9b::10.0.0.1"}) {
        INFO(inner);
        CHECK(depth_of(make_address(inner)) == network_depth::network);
    }
}

TEST_CASE("addresses of the internet are none") {
    for (auto const* outer :
         {"1.1.1.1",         "9.255.255.255",   "11.0.0.0",        "100.63.255.255", "100.128.0.0",
          "126.255.255.255", "128.0.0.0",       "169.253.255.255", "169.255.0.0",    "172.15.255.255",
          "172.32.0.0",      "192.167.255.255", "192.169.0.0",     "198.17.255.255", "198.20.0.0",
          "223.255.255.255", "2606:4700::1111", "2a00:1450::1",    "::ffff:1.1.1.1", "2002:101:101::1",
          "64:ff9b::1.1.1.1"}) {
        INFO(outer);
        CHECK(depth_of(make_address(outer)) == network_depth::outside);
    }
}
