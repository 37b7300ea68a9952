// How the bodies of an endpoint have been, of which its heads say nothing: it may answer every request with 200 and
// then hang, break off, or send a web page.
//
// Such an endpoint is not left alone, as one that does not answer is: where it is the only one, a layer of which it
// drops each connection after some megabytes still gets through. It is asked after the others, for a second after the
// first failure, then for two, then four. Then one request, the trial, finds it at its place again, and what becomes of
// that body decides. Only who has checked a body can say that it was right; that it came to its end proves nothing.
#pragma once

#include "proxy/runtime/clock.h"
#include "proxy/upstream/circuit_breaker.h"

#include <cstddef>
#include <memory>
#include <mutex>

namespace proxy {

// Of one endpoint, and of one kind of bodies. Any thread.
class body_record {
public:
    explicit body_record(clock_source now) : now_(std::move(now)) {}

    // Free: at its place. Refused: after the others. Probe: the trial. Each is followed by one of the three below.
    circuit_breaker::entry enter();
    void right();
    void failed(circuit_breaker::entry as);
    void untold(circuit_breaker::entry as);

    unsigned failures() const; // in a row

private:
    clock_source const now_;
    mutable std::mutex mutex_; // guards all below
    circuit_breaker breaker_{1};
    unsigned failures_ = 0;
};

// What is to be said of one body. The first word counts; with the last reference it has ended untold, as one does that
// nobody wanted to its end. Any thread, one at a time.
class body_account {
public:
    body_account(std::shared_ptr<body_record> of, std::size_t endpoint, circuit_breaker::entry as)
        : of_(std::move(of)), endpoint_(endpoint), as_(as) {}
    ~body_account();
    body_account(body_account const&) = delete;
    body_account& operator=(body_account const&) = delete;

    std::size_t endpoint() const noexcept { return endpoint_; }
    circuit_breaker::entry entered_as() const noexcept { return as_; }
    void right();  // it was what was asked for
    void failed(); // it broke off, or was something else

private:
    std::shared_ptr<body_record> of_; // null once it was told
    std::size_t const endpoint_;
    circuit_breaker::entry const as_;
};

using body_account_ptr = std::shared_ptr<body_account>;

} // namespace proxy
