// What is known of one endpoint's state, and what follows for the next request: ask it, or leave it alone until when.
//
// Two things keep a request back. The circuit breaker, when the endpoint fails; and the endpoint's own word, when it
// said how long to stay away (429 or 503 with Retry-After), which nobody may test by asking. A limit that gave no time
// is taken to mean a second, and twice as long each time it is met again. When the time is over one request of its
// class finds out whether the limit is: many at once would be what it was set against.
#pragma once

#include "proxy/error.h"
#include "proxy/runtime/clock.h"
#include "proxy/upstream/body_record.h"
#include "proxy/upstream/circuit_breaker.h"
#include "proxy/upstream/rate_limit.h"

#include <array>
#include <mutex>
#include <optional>
#include <string>
#include <utility>

namespace proxy {

// What a request counts as. Registries limit these apart: a pull limit leaves blobs alone, a CDN's limit manifests.
enum class request_class : std::uint8_t {
    pull, // GET of a manifest
    blob,
    other // HEAD of a manifest, tags, referrers
};
inline constexpr std::size_t request_class_count = 3;

// As shown to operators.
struct endpoint_report {
    std::string url;
    breaker_state breaker = breaker_state::closed;
    bool has_answered = false;            // since the start, with anything that is no failure
    unsigned failures = 0;                // in a row, weighed
    std::chrono::seconds limited_for{0};  // 0: not limited now
    std::optional<limit_kind> limited_by; // while limited
    std::optional<pull_budget> budget;    // as last heard
    std::chrono::seconds budget_age{0};
    std::string last_error;     // since the last success
    unsigned body_failures = 0; // in a row: bodies that broke off or were not what was asked for
};

// Any thread.
class endpoint_health {
public:
    using time_point = circuit_breaker::time_point;

    static constexpr std::chrono::seconds first_limit_pause{1};
    static constexpr std::chrono::seconds longest_limit_pause{60}; // where the endpoint names no time

    endpoint_health(std::string url, clock_source now)
        : url_(std::move(url)), now_(std::move(now)), blobs_(std::make_shared<body_record>(now_)),
          documents_(std::make_shared<body_record>(now_)) {}

    // Blobs apart from all else: they may come from another place, which fails alone.
    std::shared_ptr<body_record> const& bodies(request_class c) const noexcept {
        return c == request_class::blob ? blobs_ : documents_;
    }

    // One request that may go out. Tells the breaker how it ended; destroyed without that, that it ended somehow.
    class permit {
    public:
        permit(permit&& other) noexcept
            : owner_(std::exchange(other.owner_, nullptr)), as_(other.as_), class_(other.class_),
              tries_limit_(other.tries_limit_) {}
        permit& operator=(permit&&) = delete;
        ~permit();

        bool is_probe() const noexcept { return as_ == circuit_breaker::entry::probe; }
        bool is_told() const noexcept {
            return owner_ == nullptr;
        } // one of the five below was called; none may be again
        void succeeded();
        void failed(failure_kind kind, std::string why);
        void let_be() { permit const ended(std::move(*this)); } // nothing is to be noted of how it ended
        // It works, but limits us: nothing of this kind before `wait` is over; where it is not told, before a guess.
        // A CDN's limit is for what was asked of it alone. What a client may be told to wait.
        std::chrono::seconds limited(limit_kind kind, std::optional<std::chrono::seconds> wait);
        std::chrono::seconds limited_elsewhere(std::optional<std::chrono::seconds> wait);

    private:
        friend class endpoint_health;
        permit(endpoint_health& owner, circuit_breaker::entry as, request_class c, bool tries_limit)
            : owner_(&owner), as_(as), class_(c), tries_limit_(tries_limit) {}

        endpoint_health* owner_; // null once it was told
        circuit_breaker::entry as_;
        request_class class_;
        bool tries_limit_; // the first after a pause
    };

    // 503 with retry_after if the endpoint shall not be asked now.
    result<permit> enter(request_class c);

    void saw(pull_budget budget);
    // What was heard last, unless the window it speaks of is over.
    std::optional<pull_budget> budget() const;

    endpoint_report report() const;

private:
    struct pause {
        time_point until{};
        std::optional<limit_kind> by;
        std::chrono::seconds guess{0}; // the last one that had to be guessed; 0 after a success
        bool met = false;              // a limit, and nothing since says that it is over
        bool tried = false;            // a request is under way that will
    };
    pause& pause_of(request_class c) noexcept { return pauses_[static_cast<std::size_t>(c)]; }
    void end_of_try(permit const& p, bool over);
    std::chrono::seconds rest(pause& p, limit_kind kind, std::optional<std::chrono::seconds> wait, time_point now);
    std::optional<pull_budget> current_budget(time_point now) const;

    std::string const url_;
    clock_source const now_;
    std::shared_ptr<body_record> const blobs_, documents_;
    mutable std::mutex mutex_; // guards all below
    circuit_breaker breaker_;
    std::array<pause, request_class_count> pauses_;
    std::optional<pull_budget> budget_;
    time_point budget_at_{};
    std::string last_error_;
};

} // namespace proxy
