#include "tests/support/running_server.h"

#include <cstdio>
#include <cstdlib>
#include <stdexcept>

namespace tests {

temp_folder::temp_folder() {
    auto name = (std::filesystem::temp_directory_path() / "layerd-test-XXXXXX").string();
    if (!::mkdtemp(name.data()))
        throw std::runtime_error("no temp folder");
    path_ = name;
}

temp_folder::~temp_folder() {
    std::error_code ignored;
    std::filesystem::remove_all(path_, ignored);
}

proxy::config test_config(std::filesystem::path const& store, std::uint16_t origin_port) {
    auto c = proxy::default_config();
    c.server.listen = {{"127.0.0.1", 0}};
    c.server.admin_listen = {{"127.0.0.1", 0}};
    c.server.threads = 2;
    c.server.drain_timeout = std::chrono::seconds(60);
    c.store.path = store;
    c.gc.min_free_space = {}; // however full this disk is
    c.log.access = false;
    for (auto& u : c.upstreams) {
        u.endpoints = {{false, "127.0.0.1", origin_port, ""}};
        u.first_byte_timeout = std::chrono::seconds(20);
        u.idle_timeout = std::chrono::seconds(20);
        u.connect_timeout = std::chrono::seconds(10);
        u.revalidate_wait = std::chrono::seconds(20);
        u.negative_ttl = std::chrono::seconds(0);
    }
    return c;
}

running_server::running_server(proxy::config c, proxy::server_seams seams) {
    auto started = proxy::server::start(std::move(c), std::move(seams));
    if (!started)
        throw std::runtime_error(started.error().message);
    server_ = std::move(*started);
}

running_server::~running_server() {
    stop();
}

void running_server::stop() {
    if (!server_)
        return;
    if (!server_->stop()) {
        std::fputs("requests or fills outlived the drain timeout: a bug, and nothing can be destroyed\n", stderr);
        std::abort();
    }
    server_.reset();
}

std::uint16_t running_server::port() const {
    return server_->addresses().front().port;
}
std::uint16_t running_server::admin_port() const {
    return server_->admin_addresses().front().port;
}

} // namespace tests
