// What counts as progress of an answer, and which pages of a file the event loop sends by itself.
#include "proxy/http/sender.h"
#include "tests/catch.h"
#include "tests/support/run_io.h"
#include "tests/support/running_server.h"

#include <boost/asio/read.hpp>

#include <fcntl.h>
#include <sys/mman.h>
#include <unistd.h>

#include <algorithm>
#include <fstream>
#include <future>
#include <vector>

using namespace proxy;

namespace {

constexpr std::uint64_t small = 64 * 1024; // fits the socket's buffer

store::blob_file file_in(std::filesystem::path const& folder, std::uint64_t size) {
    auto const path = folder / "blob";
    std::ofstream(path) << std::string(size, 'x');
    return {store::file_descriptor(::open(path.c_str(), O_RDONLY | O_CLOEXEC)), size};
}

// Of a file nobody has read but for one byte in every 64 KiB, and the last: the pages in memory.
std::size_t leave_single_pages(store::blob_file const& file) {
    auto const size = static_cast<off_t>(file.size());
    ::fsync(file.fd());
    ::posix_fadvise(file.fd(), 0, 0, POSIX_FADV_DONTNEED);
    ::posix_fadvise(file.fd(), 0, 0, POSIX_FADV_RANDOM); // nothing is read ahead
    char byte = 0;
    ssize_t read = ::pread(file.fd(), &byte, 1, size - 1);
    for (off_t at = 0; at < size; at += 64 * 1024)
        read += ::pread(file.fd(), &byte, 1, at);
    REQUIRE(read > 1);
    std::vector<unsigned char> pages(file.size() / 4096);
    auto* const mapped = ::mmap(nullptr, file.size(), PROT_READ, MAP_SHARED, file.fd(), 0);
    ::mincore(mapped, file.size(), pages.data());
    ::munmap(mapped, file.size());
    return static_cast<std::size_t>(std::ranges::count_if(pages, [](unsigned char p) { return (p & 1) != 0; }));
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

TEST_CASE("a client that keeps a place waiting has five seconds, and one for each 512 KiB, while others want it") {
    worker home(0);
    disk_pool disk(1);
    connection c(home);
    auto const queue = std::make_shared<fair_queue>(1);
    auto const enter = [&] { return queue->enter(home, "client", deadline::after(seconds(60))); };
    std::string const body(32 * 1024 * 1024, 'x'); // more than sockets hold
    sender out(c.stream, c.entry, disk, seconds(3600));
    auto const held = tests::run_io(home, enter);
    out.hold(&held->queue());
    std::optional<bool> whole;
    net::co_spawn(home.executor(), out.send({}, body), [&](std::exception_ptr, bool all) { whole = all; });
    home.context().restart();
    home.context().poll();
    REQUIRE(out.sent() > 0);
    std::size_t late = 0;
    auto const sweep = [&](seconds after) {
        auto const taken = seconds(out.sent() / (512 * 1024));
        c.dog.sweep(steady_clock::now() + taken + after, [&](limit) { ++late; });
    };
    sweep(seconds(60));
    CHECK(late == 0); // nobody wants it
    net::co_spawn(home.executor(), enter, [](std::exception_ptr, auto const&) {});
    home.context().poll();
    sweep(seconds(3));
    CHECK(late == 0);
    std::string taken(out.sent(), '\0');
    net::read(c.client, net::buffer(taken));
    home.context().poll();
    sweep(seconds(3));
    CHECK(late == 0);
    sweep(seconds(6));
    CHECK(late == 1);
    home.context().poll();
    CHECK(whole == false);
}

TEST_CASE("a client that is behind by its pace waits before it takes a place, not in it") {
    worker home(0);
    disk_pool disk(1);
    connection c(home);
    pacer pace(1000);
    auto const queue = std::make_shared<fair_queue>(1);
    sender out(c.stream, c.entry, disk, seconds(3600), &pace);
    bool is_done = false;
    auto const is_done_at_once = [&](auto what) {
        is_done = false;
        net::co_spawn(home.executor(), what, [&](std::exception_ptr, bool) { is_done = true; });
        home.context().restart();
        home.context().poll();
        return is_done;
    };
    CHECK(is_done_at_once([&] { return out.settle(); }));
    std::string const body(5000, 'x');
    CHECK(is_done_at_once([&] { return out.send({}, body); }));
    out.hold(queue.get());
    CHECK(is_done_at_once([&] { return out.send({}, body); }));
    out.hold(nullptr);
    CHECK_FALSE(is_done_at_once([&] { return out.settle(); })); // for some nine seconds, while it is there
    c.dog.close_all();
    home.context().run();
}

TEST_CASE("a file of which somebody has read single bytes is read on the pool") {
    worker home(0);
    tests::temp_folder folder;
    constexpr std::uint64_t size = 2 * 1024 * 1024;
    auto const file = file_in(folder.path(), size);
    if (auto const pages = leave_single_pages(file); pages > 64) {
        WARN("skipped: " << pages << " pages stay in memory here");
        return;
    }
    connection c(home);
    disk_pool disk(1);
    std::promise<void> began, go;
    disk.run([&] {
        began.set_value();
        go.get_future().wait();
    });
    began.get_future().wait();
    sender out(c.stream, c.entry, disk, seconds(60));
    bool sent = false;
    net::co_spawn(home.executor(), out.send_file(file, 0, size), [&](std::exception_ptr, bool all) { sent = all; });
    home.context().poll();
    CHECK(disk.waiting() == 1);
    go.set_value();
    std::string got(size, '\0');
    net::async_read(c.client, net::buffer(got), [](error_code, std::size_t) {});
    home.context().restart();
    home.context().run();
    CHECK(sent);
    bool const whole = got == std::string(size, 'x'); // named: not to be shown
    CHECK(whole);
}
