// A whole layerd in front of a hostile registry, and what must not stay behind of either.
#pragma once

#include "tests/catch.h"
#include "tests/support/eventually.h"
#include "tests/support/hostile_registry.h"
#include "tests/support/running_server.h"
#include "tests/support/verdict.h"

#include <boost/asio/ip/tcp.hpp>
#include <boost/json/parse.hpp>

#include <filesystem>
#include <string>

namespace tests {

// A port at which the kernel takes connections and nobody answers, and one at which nobody listens.
class silent_port {
public:
    silent_port() : acceptor_(context_, {boost::asio::ip::address_v4::loopback(), 0}) {}
    proxy::endpoint_config endpoint(bool tls) const {
        return {tls, "127.0.0.1", acceptor_.local_endpoint().port(), ""};
    }

private:
    boost::asio::io_context context_;
    boost::asio::ip::tcp::acceptor acceptor_;
};
inline proxy::endpoint_config closed_port() {
    return {false, "127.0.0.1", 1, ""};
}
inline proxy::endpoint_config no_such_host() {
    return {false, "no-such-host.invalid", 80, ""};
}

inline std::size_t files_in(std::filesystem::path const& folder) {
    std::error_code ec;
    std::filesystem::directory_iterator const all(folder, ec);
    return static_cast<std::size_t>(std::distance(begin(all), end(all)));
}

struct hostile_server {
    temp_folder store;
    proxy::config settings;
    std::unique_ptr<running_server> server;

    explicit hostile_server(std::vector<proxy::endpoint_config> endpoints) : settings(test_config(store.path(), 1)) {
        for (auto& u : settings.upstreams)
            u.endpoints = endpoints;
    }

    // Bounds that an upstream which hangs runs into soon.
    void be_impatient(proxy::milliseconds bound) {
        for (auto& u : settings.upstreams)
            u.connect_timeout = u.first_byte_timeout = u.idle_timeout = bound;
    }
    void start() { server = std::make_unique<running_server>(settings); }

    ending ask(wanted_content const& w) const { return tests::ask(server->port(), w); }

    boost::json::object stats() const {
        return boost::json::parse(http_get(server->admin_port(), "/api/v1/stats").body).as_object();
    }
    std::string fills() const { return http_get(server->admin_port(), "/api/v1/fills").body; }

    // What stays behind once everything that was under way had time to end; "" if nothing does.
    std::string left_behind() const {
        if (!eventually([&] { return stats().at("running_fills") == 0; }))
            return "running fills";
        if (fills().find("sha256:") != std::string::npos)
            return "fills in the list: " + fills();
        if (!eventually([&] { return files_in(store.path() / "temp") == 0; }))
            return "temporary files";
        if (!eventually([&] { return stats().at("store").at("reserved_bytes") == 0; }))
            return "reserved space";
        return {};
    }
};

} // namespace tests
