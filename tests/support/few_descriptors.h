// Limits of open files for a while, and descriptors that are taken: how a test runs short of them.
#pragma once

#include "store/blob_file.h"
#include "store/descriptors.h"
#include "tests/catch.h"

#include <fcntl.h>
#include <netinet/in.h>
#include <sys/resource.h>
#include <sys/socket.h>

#include <cstdint>
#include <vector>

namespace tests {

// The soft limit of this process while it lives.
class few_descriptors {
public:
    explicit few_descriptors(rlim_t to) {
        REQUIRE(::getrlimit(RLIMIT_NOFILE, &before_) == 0);
        rlimit now = before_;
        now.rlim_cur = to;
        REQUIRE(::setrlimit(RLIMIT_NOFILE, &now) == 0);
    }
    few_descriptors(few_descriptors const&) = delete;
    few_descriptors& operator=(few_descriptors const&) = delete;
    ~few_descriptors() { ::setrlimit(RLIMIT_NOFILE, &before_); }

private:
    rlimit before_{};
};

// So many are taken that the next one is of those which are left to the index.
inline std::vector<store::file_descriptor> take_all_but_the_last() {
    std::vector<store::file_descriptor> taken;
    do {
        taken.emplace_back(::open("/dev/null", O_RDONLY | O_CLOEXEC));
        REQUIRE(taken.back().get() >= 0);
    } while (!store::is_one_too_many(taken.back().get(), store::descriptor_use::content));
    taken.pop_back();
    return taken;
}

// Sockets whose numbers are above any that a server under test will have.
inline std::vector<store::file_descriptor> far_away_sockets(std::size_t n) {
    std::vector<store::file_descriptor> all;
    while (all.size() < n) {
        store::file_descriptor const s(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
        all.emplace_back(::fcntl(s.get(), F_DUPFD_CLOEXEC, 1000));
    }
    return all;
}

// To the loopback; reading from it waits twenty seconds at most.
inline void connect(store::file_descriptor const& s, std::uint16_t port) {
    sockaddr_in at{};
    at.sin_family = AF_INET;
    at.sin_port = htons(port);
    at.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    timeval const patience{20, 0};
    ::setsockopt(s.get(), SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof(patience));
    REQUIRE(::connect(s.get(), reinterpret_cast<sockaddr const*>(&at), sizeof(at)) == 0);
}

} // namespace tests
