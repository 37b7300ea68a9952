// The load of the side-by-side benchmark: downloads one URL over many connections and throws the bytes away.
//
// A generator that copies every byte would measure itself: on loopback it shares the cores with the server. So body
// bytes are discarded in the kernel (recv with MSG_TRUNC, tcp(7)), and one thread with epoll drives all connections.
// Prints one line of JSON: requests, body bytes, seconds, errors, and percentiles of the times to the first body byte
// and to the last.
//
//   load --connections N (--requests R | --seconds S) [--header 'Name: value'] URL
//   load --connections N --hold BYTES URL   each connection reads so much of one body and then nothing more; prints
//                                           the line and holds until standard input ends
#include <CLI/CLI.hpp>
#include <fmt/format.h>

#include <arpa/inet.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <charconv>
#include <chrono>
#include <cstdint>
#include <cstring>
#include <string>
#include <string_view>
#include <system_error>
#include <vector>

namespace {

using clock_type = std::chrono::steady_clock;

struct settings {
    std::string url;
    std::string header;
    unsigned connections = 1;
    std::uint64_t requests = 0; // per connection; 0: until the time is over
    double seconds = 0;
    std::uint64_t hold = 0; // body bytes to read before stopping; 0: all
};

struct target {
    sockaddr_in address{};
    std::string request;
};

struct totals {
    std::uint64_t requests = 0, bytes = 0, errors = 0;
    std::vector<double> first_byte_ms, last_byte_ms;
};

[[noreturn]] void fail(char const* what) {
    throw std::system_error(errno, std::generic_category(), what);
}

// http://ADDRESS:PORT/PATH, with an IPv4 address: the servers are on this machine.
target parse_target(settings const& s) {
    std::string_view url = s.url;
    if (!url.starts_with("http://"))
        throw std::invalid_argument("the URL must begin with http://");
    url.remove_prefix(7);
    auto const slash = url.find('/');
    auto const authority = std::string(url.substr(0, slash));
    auto const colon = authority.find(':');
    if (slash == url.npos || colon == authority.npos)
        throw std::invalid_argument("the URL must be http://ADDRESS:PORT/PATH");
    target t;
    t.address.sin_family = AF_INET;
    t.address.sin_port = htons(static_cast<std::uint16_t>(std::stoi(authority.substr(colon + 1))));
    if (inet_pton(AF_INET, authority.substr(0, colon).c_str(), &t.address.sin_addr) != 1)
        throw std::invalid_argument("not an IPv4 address: " + authority);
    t.request = fmt::format("GET {} HTTP/1.1\r\nHost: {}\r\n{}\r\n", url.substr(slash), authority,
                            s.header.empty() ? "" : s.header + "\r\n");
    return t;
}

// One connection: sends the request again and again, and discards what comes.
class connection {
public:
    connection(target const& to, settings const& s, totals& sum) : to_(to), settings_(s), totals_(sum) {}

    int open() {
        fd_ = socket(AF_INET, SOCK_STREAM, 0);
        if (fd_ < 0 || connect(fd_, reinterpret_cast<sockaddr const*>(&to_.address), sizeof to_.address) != 0)
            fail("connect");
        int const on = 1;
        setsockopt(fd_, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
        return fd_;
    }

    // The request is smaller than any socket buffer, so it never blocks.
    void ask() {
        asked_ = clock_type::now();
        head_.clear();
        left_ = -1;
        if (send(fd_, to_.request.data(), to_.request.size(), MSG_NOSIGNAL) != static_cast<ssize_t>(to_.request.size()))
            done_ = true, ++totals_.errors;
    }

    // Reads what is there; true once this connection has nothing more to do.
    bool on_readable(clock_type::time_point end) {
        while (!done_) {
            ssize_t const n = left_ < 0 ? read_head() : discard();
            if (n < 0 && (errno == EAGAIN || errno == EINTR))
                return false;
            if (n <= 0) {
                ++totals_.errors;
                return done_ = true;
            }
            if (left_ == 0)
                finish(end);
            else if (settings_.hold != 0 && body_ >= settings_.hold)
                return done_ = true;
        }
        return true;
    }

    int fd() const { return fd_; }

private:
    ssize_t read_head() {
        char buffer[4096];
        ssize_t const n = recv(fd_, buffer, sizeof buffer, MSG_DONTWAIT);
        if (n <= 0)
            return n;
        head_.append(buffer, static_cast<std::size_t>(n));
        auto const end = head_.find("\r\n\r\n");
        if (end == head_.npos)
            return head_.size() < 65536 ? n : 0;
        auto const length = content_length(std::string_view(head_).substr(0, end + 2));
        if (length < 0)
            return 0;
        body_ = 0;
        left_ = length;
        count_body(head_.size() - end - 4);
        return n;
    }

    // Body length of a 200; -1 for any other answer, which counts as an error.
    static std::int64_t content_length(std::string_view head) {
        if (!head.starts_with("HTTP/1.1 200"))
            return -1;
        constexpr std::string_view name = "\r\ncontent-length: ";
        auto const at = std::search(head.begin(), head.end(), name.begin(), name.end(),
                                    [](char a, char b) { return (a >= 'A' && a <= 'Z' ? a + 32 : a) == b; });
        std::int64_t value = -1;
        if (at != head.end())
            std::from_chars(&*at + name.size(), head.data() + head.size(), value);
        return value;
    }

    ssize_t discard() {
        std::size_t const want = std::min<std::int64_t>(left_, 4 << 20);
        ssize_t const n = recv(fd_, nullptr, want, MSG_TRUNC | MSG_DONTWAIT);
        if (n > 0)
            count_body(static_cast<std::size_t>(n));
        return n;
    }

    void count_body(std::size_t n) {
        if (body_ == 0 && n > 0)
            totals_.first_byte_ms.push_back(since_asked());
        body_ += n;
        left_ -= static_cast<std::int64_t>(n);
        totals_.bytes += n;
    }

    void finish(clock_type::time_point end) {
        totals_.last_byte_ms.push_back(since_asked());
        ++totals_.requests;
        ++asked_for_;
        if (settings_.requests != 0 ? asked_for_ >= settings_.requests : clock_type::now() >= end)
            done_ = true;
        else
            ask();
    }

    double since_asked() const { return std::chrono::duration<double, std::milli>(clock_type::now() - asked_).count(); }

    target const& to_;
    settings const& settings_;
    totals& totals_;
    int fd_ = -1;
    clock_type::time_point asked_;
    std::string head_;
    std::int64_t left_ = -1; // of the body; negative: the head is still being read
    std::uint64_t body_ = 0;
    std::uint64_t asked_for_ = 0;
    bool done_ = false;
};

std::string percentiles(std::vector<double> values) {
    if (values.empty())
        return "null";
    std::sort(values.begin(), values.end());
    auto const at = [&](double share) { return values[static_cast<std::size_t>(share * double(values.size() - 1))]; };
    return fmt::format(R"({{"min": {:.3f}, "p50": {:.3f}, "p99": {:.3f}, "max": {:.3f}}})", values.front(), at(0.5),
                       at(0.99), values.back());
}

// Opens all connections, then asks on all of them: a herd starts at once.
void run(settings const& s, std::vector<connection>& connections) {
    int const poll = epoll_create1(0);
    for (auto& c : connections) {
        epoll_event event{.events = EPOLLIN, .data = {.ptr = &c}};
        if (epoll_ctl(poll, EPOLL_CTL_ADD, c.open(), &event) != 0)
            fail("epoll_ctl");
    }
    for (auto& c : connections)
        c.ask();
    auto const length = std::chrono::duration<double>(s.seconds);
    auto const end = clock_type::now() + std::chrono::duration_cast<clock_type::duration>(length);
    std::vector<epoll_event> events(256);
    for (std::size_t running = connections.size(); running > 0;) {
        int const n = epoll_wait(poll, events.data(), static_cast<int>(events.size()), 120'000);
        if (n == 0)
            throw std::runtime_error("nothing came for two minutes");
        for (int i = 0; i < n; ++i) {
            auto* const c = static_cast<connection*>(events[static_cast<std::size_t>(i)].data.ptr);
            if (!c->on_readable(end))
                continue;
            --running;
            epoll_ctl(poll, EPOLL_CTL_DEL, c->fd(), nullptr); // stays open until the end, which --hold needs
        }
    }
    close(poll);
}

void print(totals const& sum, double seconds) {
    fmt::print("{{\"requests\": {}, \"bytes\": {}, \"errors\": {}, \"seconds\": {:.4f}, \"first_byte_ms\": {}, "
               "\"last_byte_ms\": {}}}\n",
               sum.requests, sum.bytes, sum.errors, seconds, percentiles(sum.first_byte_ms),
               percentiles(sum.last_byte_ms));
    std::fflush(stdout);
}

} // namespace

int main(int argc, char** argv) {
    settings s;
    CLI::App app("Downloads one URL over many connections and discards the bytes");
    app.add_option("url", s.url)->required();
    app.add_option("--connections", s.connections)->check(CLI::Range(1u, 20'000u));
    auto* const requests = app.add_option("--requests", s.requests, "per connection");
    auto* const seconds = app.add_option("--seconds", s.seconds);
    auto* const hold = app.add_option("--hold", s.hold, "body bytes to read before stopping");
    app.add_option("--header", s.header);
    requests->excludes(seconds)->excludes(hold);
    CLI11_PARSE(app, argc, argv);
    try {
        target const to = parse_target(s);
        totals sum;
        std::vector<connection> connections(s.connections, connection(to, s, sum));
        auto const began = clock_type::now();
        run(s, connections);
        print(sum, std::chrono::duration<double>(clock_type::now() - began).count());
        if (s.hold != 0)
            while (std::getchar() != EOF) {
            }
        return sum.errors == 0 ? 0 : 1;
    } catch (std::exception const& e) {
        fmt::print(stderr, "load: {}\n", e.what());
        return 2;
    }
}
