// A registry that we stand in front of, seen as a client: one request in, the head of one final answer out.
//
// Everything between is done here: endpoints tried in order, pooled keep-alive connections, TLS with
// verification, the token dance, redirects with Authorization dropped at a change of host. The caller never
// sees a 401 or a redirect.
//
// An `upstream` is shared by all threads (configuration, tokens, counters); its connections live on the worker
// that opened them.
#pragma once

#include "oci/byte_range.h"
#include "oci/digest.h"
#include "oci/reference.h"
#include "proxy/config/config.h"
#include "proxy/error.h"
#include "proxy/runtime/deadline.h"
#include "proxy/runtime/net.h"
#include "proxy/runtime/worker.h"
#include "proxy/stats/stats.h"
#include "proxy/upstream/clock.h"

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <vector>

namespace proxy {

enum class http_method : std::uint8_t { get, head };

struct upstream_request {
    http_method method = http_method::get;
    oci::repository repo; // as upstream names it, with "library/" already inserted
    std::string path;     // what follows the repository: "manifests/3.19", "blobs/sha256:…", "tags/list?n=2"
    std::string accept;   // empty: no Accept field
    std::optional<std::uint64_t> range_first; // ask for bytes from here on
    bool follow_redirects = true;             // false: a redirect is the answer, as a definite status
};

// The answer's head, and its body to be read piece by piece. Destroyed early, it closes its connection; read to
// the end, it gives the connection back to the pool.
class upstream_response {
public:
    upstream_response(upstream_response&&) noexcept;
    upstream_response& operator=(upstream_response&&) noexcept;
    ~upstream_response();

    unsigned status() const noexcept; // 200 or 206, or a definite 4xx such as 404
    std::optional<std::uint64_t> content_length() const noexcept;
    std::string_view header(std::string_view name) const noexcept; // "" if absent
    std::string_view endpoint() const noexcept;                    // which endpoint answered, for the log

    // The next bytes of the body, 0 at its end. An end before content_length() is an error (next_endpoint), as is
    // the passing of the deadline. `to` must live until the task is done.
    task<result<std::size_t>> read_some(std::span<std::byte> to, deadline d);

    // The whole body, at most `limit` bytes (else an error).
    task<result<std::string>> read_all(std::size_t limit, deadline d);

    struct state;
    explicit upstream_response(std::unique_ptr<state> s);

private:
    std::unique_ptr<state> state_;
};

class upstream {
public:
    // `workers` must outlive the upstream. Credentials are read from their files here and again when they change.
    upstream(upstream_config config, std::vector<worker*> workers, upstream_counters& counters);
    // `now` is the age of tokens, idle connections and addresses; deadlines go by the real clock.
    upstream(upstream_config config, std::vector<worker*> workers, upstream_counters& counters, clock_source now);
    ~upstream();

    upstream_config const& config() const noexcept;

    // Runs on `w`'s thread. The answer has status 200, 206 or 304, a redirect's if it was not to be followed, or one
    // of the definite refusals 404 (of the last endpoint: what one lacks, the next may have), 416 and any other 4xx
    // that is not 401, 403, 407, 408, 429. All else is an error after the last endpoint was tried:
    //   denied (403 of ours → 404 to clients is the caller's choice)  upstream refuses our credentials
    //   unavailable 502/503/504                                       unreachable, 5xx, 429, deadline passed, bad TLS
    task<result<upstream_response>> open(worker& w, upstream_request request, deadline d);

private:
    struct state;
    std::unique_ptr<state> state_;
};

} // namespace proxy
