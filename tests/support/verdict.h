// How a request ended, as its client can tell who knows what is right.
//
// Whatever upstream does, three endings are good: the right bytes; an error that says so; a connection that breaks off
// before the announced end. Wrong bytes under a good status, an answer that no registry gives and no end at all are
// not.
//
// One thing nobody can prove: a part of a blob that is not here yet. No digest covers it; who asks for parts checks the
// whole, or has digests of the parts. So a wrong part of it is told apart; of what is in the store it is bad.
#pragma once

#include "tests/support/http_client.h"

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>

namespace tests {

struct wanted_content {
    std::string target;
    std::string bytes;                      // of the whole
    std::optional<std::size_t> first, last; // ask for this part
};

struct ending {
    enum kind { right, refused, broken, unproven, bad };

    kind what = bad;
    std::string detail;                            // for the failed check
    std::chrono::steady_clock::duration waited{0}; // for the answer's head, or for the news that there is none
    bool goes_on = false;                          // the connection: another request may follow on it

    bool is_good() const noexcept { return what != bad; }
};

ending ask(http_client& on, wanted_content const& w);
ending ask(std::uint16_t port, wanted_content const& w); // on a connection of its own
ending judge(http_answer const& a, wanted_content const& w);

// Open files, sockets and pipes of this process.
std::size_t open_descriptors();

} // namespace tests
