// A registry that we stand in front of, seen as a client: one request in, the head of one final answer out.
//
// Everything between is done here: endpoints tried in order (after the others those whose bodies have just failed,
// body_record.h), pooled keep-alive connections, TLS with
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
#include "proxy/runtime/clock.h"
#include "proxy/runtime/deadline.h"
#include "proxy/runtime/net.h"
#include "proxy/runtime/worker.h"
#include "proxy/stats/stats.h"
#include "proxy/upstream/body_record.h"
#include "proxy/upstream/client_network.h"
#include "proxy/upstream/endpoint_choice.h"
#include "proxy/upstream/endpoint_health.h"

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <vector>

namespace proxy {

class client_login;

enum class http_method : std::uint8_t { get, head };

struct upstream_request {
    http_method method = http_method::get;
    oci::repository repo; // as upstream names it, with "library/" already inserted
    std::string path;     // what follows the repository: "manifests/3.19", "blobs/sha256:…", "tags/list?n=2"
    std::string accept;   // empty: no Accept field
    std::optional<std::uint64_t> range_first; // ask for bytes from here on
    std::optional<std::uint64_t> range_last;  // up to here, this one included; only with range_first
    bool follow_redirects = true;             // false: a redirect is the answer, as a definite status
    std::shared_ptr<client_login const> as{}; // who asks; none: layerd itself, with the operator's credentials
    std::string client{};                     // who caused it: clients take turns where there is a queue
    endpoint_choice where{};                  // at which endpoints; by default in their order
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

    // Where it is to be said what the body was: right, once that is known; failed, if it is not what was asked for.
    // That it broke off is noted here.
    body_account_ptr const& account() const noexcept;

    // The next bytes of the body, 0 at its end. An end before content_length() is an error (next_endpoint), as is
    // the passing of the deadline. `to` must live until the task is done.
    task<result<std::size_t>> read_some(std::span<std::byte> to, deadline d);

    // The whole body, at most `limit` bytes (else an error).
    task<result<std::string>> read_all(std::size_t limit, deadline d);

    struct state;
    explicit upstream_response(std::unique_ptr<state> s);

private:
    friend class upstream;
    std::unique_ptr<state> state_;
};

class upstream {
public:
    // `workers` must outlive the upstream. Credentials are read from their files here and again when they change.
    upstream(upstream_config config, std::vector<worker*> workers, upstream_counters& counters);
    // `now` is the age of tokens, idle connections and addresses; deadlines go by the real clock.
    upstream(upstream_config config, std::vector<worker*> workers, upstream_counters& counters, clock_source now,
             client_network around = {});
    ~upstream();

    upstream_config const& config() const noexcept;
    upstream_counters const& counted() const noexcept; // what it was made with

    // A client wanted a known tag, and this was asked whether it has moved. Any thread.
    void note_revalidation(bool moved) noexcept;

    // How each endpoint is, in the order of the configuration. Any thread.
    std::vector<endpoint_report> endpoints() const;

    // How many requests wait for their turn. Any thread.
    std::size_t waiting() const;

    // What is left of the registry's pull budget, by the endpoint that has least; nothing where none is told. Any
    // thread.
    std::optional<pull_budget> budget() const;

    // Runs on `w`'s thread. The answer has status 200, 206 or 304, a redirect's if it was not to be followed, or one
    // of the definite refusals 404 (of the last endpoint: what one lacks, the next may have), 416 and any other 4xx
    // that is not 401, 403, 407, 408, 429. All else is an error after each endpoint was tried, `retries` times over if
    // that may help:
    //   denied (403 of ours → 404 to clients is the caller's choice)  upstream refuses the credentials; doubtful where
    //                                                                 the token server does, or whoever is beside it
    //   unavailable 502/503/504                                       unreachable, 5xx, 429, deadline passed, bad TLS;
    //                                                                 with retry_after: not asked at all, or limited
    task<result<upstream_response>> open(worker& w, upstream_request request, deadline d);

private:
    struct state;
    std::unique_ptr<state> state_;
};

} // namespace proxy
