// What counts as progress of an answer.
#include "proxy/http/sender.h"
#include "tests/catch.h"
#include "tests/support/run_io.h"
#include "tests/support/running_server.h"

#include <fcntl.h>

#include <fstream>

using namespace proxy;

namespace {

constexpr std::uint64_t small = 64 * 1024; // fits the socket's buffer

store::blob_file file_in(std::filesystem::path const& folder, std::uint64_t size) {
    auto const path = folder / "blob";
    std::ofstream(path) << std::string(size, 'x');
    return {store::file_descriptor(::open(path.c_str(), O_RDONLY | O_CLOEXEC)), size};
}

// A connection and its other end.
struct connection {
    explicit connection(worker& w) : client(w.context()), stream(accept(w)), entry(dog, stream.socket()) {}

    // The other end of `client`.
    tcp_socket accept(worker& w) {
        tcp_acceptor acceptor(w.context(), {net::ip::address_v4::loopback(), 0});
        client.connect(acceptor.local_endpoint());
        tcp_socket server(w.context());
        acceptor.accept(server);
        server.set_option(net::socket_base::send_buffer_size(16 * small));
        server.non_blocking(true);
        return server;
    }

    tcp_socket client;
    client_stream stream;
    watchdog dog;
    watchdog::entry entry;
};

} // namespace

TEST_CASE("a client that takes all that there is, as fast as it comes, is not late") {
    worker home(0);
    disk_pool disk(1);
    tests::temp_folder folder;
    auto const file = file_in(folder.path(), small);
    connection c(home);
    sender out(c.stream, c.entry, disk, seconds(60));
    auto const start = steady_clock::now();
    c.entry.expire_after(limit::write_timeout, seconds(1), start);
    REQUIRE(tests::run_io(home, [&] { return out.send_file(file, 0, small); }));
    std::size_t late = 0;
    c.dog.sweep(start + seconds(30), [&](limit) { ++late; });
    CHECK(late == 0);
    c.dog.sweep(steady_clock::now() + seconds(61), [&](limit) { ++late; });
    CHECK(late == 1);
}
