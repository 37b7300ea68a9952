// The configuration: what `layerd serve` runs by. Every field has its default here; conf/layerd.toml is the
// annotated copy, and a test holds the two against each other.
#pragma once

#include "proxy/config/access_config.h"
#include "proxy/config/network.h"
#include "proxy/config/tag_pattern.h"

#include <boost/system/result.hpp>

#include <chrono>
#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace proxy {

// A size as written: bytes, or a share of the disk that holds the store.
struct size_setting {
    std::uint64_t bytes = 0;
    std::optional<double> percent; // of the disk; `bytes` is 0 then

    bool is_set() const noexcept { return bytes != 0 || percent.has_value(); }
    std::uint64_t of_disk(std::uint64_t disk_bytes) const noexcept; // in bytes, on a disk of this size
    friend bool operator==(size_setting const&, size_setting const&) = default;
};

struct address {
    std::string host;       // an IP address, without brackets; never a name
    std::uint16_t port = 0; // 0: any free port, for tests
    bool tls = false;

    std::string to_string() const; // as in the configuration: "127.0.0.1:5000", "https://[::1]:5443"
    std::string url() const { return (tls ? "" : "http://") + to_string(); }
    // Whether both could not be listened on at once: "::" takes every address, "0.0.0.0" every one of IPv4. A port 0 is
    // the same as none.
    bool is_same_place(address const& other) const noexcept;
    friend bool operator==(address const&, address const&) = default;
};

// One [[server.certificate]]: PEM files, the certificate's with what is between it and its CA behind it.
struct certificate_config {
    std::filesystem::path file, key_file;

    friend bool operator==(certificate_config const&, certificate_config const&) = default;
};

struct server_config {
    std::vector<address> listen{{"127.0.0.1", 5000}};
    std::vector<address> admin_listen{{"127.0.0.1", 5001}};
    std::vector<certificate_config> certificates; // for the addresses with TLS; the first is for who names no other's
    unsigned threads = 0;                         // 0: one per core
    std::string public_url;                  // where clients reach us; answers hold no URL of ours that would need it
    std::chrono::seconds idle_timeout{180};  // a keep-alive connection without a request: above any client's own
    std::chrono::seconds header_timeout{30}; // from the first byte of a request to the end of its head
    std::chrono::seconds write_timeout{120}; // a client that takes no byte for this long is let go
    std::chrono::seconds request_timeout{86400}; // one request with its answer
    std::chrono::seconds drain_timeout{30};      // at a stop: how long requests in flight may take
    std::size_t max_connections = 10240;
    std::size_t max_connections_per_client = 2560; // of one address (IPv6: one /64); 0: as many as there may be in all
    std::uint64_t bandwidth_per_client = 0;        // bytes a second sent to one address; 0: no bound
    std::size_t max_fills = 512;                   // downloads from upstreams at a time
    std::size_t max_disk_queue = 1024;             // jobs that wait for a thread that may block
    std::size_t max_bodies = 256;                  // of requests, taken in at a time
    std::uint64_t requests_per_client = 0;         // a second, of one address; 0: no bound

    friend bool operator==(server_config const&, server_config const&) = default;
};

struct store_config {
    std::filesystem::path path; // empty: default_store_path()
    std::uint64_t inline_max = 64 * 1024;
    bool sync_pulled = false;                        // durability = "full"
    std::uint64_t scrub_rate = 8ull << 20;           // bytes a second that are read again to find rot; 0: never
    std::chrono::seconds scrub_every{7 * 24 * 3600}; // from the beginning of one pass over the store to the next's

    friend bool operator==(store_config const&, store_config const&) = default;
};

// One [[gc.policy]], with the meaning of BuildKit's gcpolicy: of what the filters select, objects that were not used
// for keep_duration may go until the store is down to max(reserved_space, min(max_used_space, what min_free_space
// leaves)). A size that is not set does not bound; with none of the three set, all of them go.
struct gc_policy {
    // Each is "key==value,key~=value", whose terms must all hold; any of the list selects. Empty: all objects.
    std::vector<std::string> filters;
    bool all = false; // also what a policy leaves alone by default
    std::chrono::seconds keep_duration{0};
    size_setting reserved_space; // never cleaned below this (BuildKit's older names: keepBytes, gckeepstorage)
    size_setting max_used_space; // cleaned down to this
    size_setting min_free_space; // cleaned until the disk has this much left

    friend bool operator==(gc_policy const&, gc_policy const&) = default;
};

struct gc_config {
    bool enabled = true;
    size_setting keep_storage{20ull << 30, {}}; // the limit (BuildKit: maxUsedSpace)
    size_setting reserved_space;                // the policies never clean below this
    size_setting min_free_space{0, 5.0};
    std::vector<gc_policy> policies; // applied in this order

    friend bool operator==(gc_config const&, gc_config const&) = default;
};

// scheme, host and port of one place that serves the registry API; `path` is put before "/v2/".
struct endpoint_config {
    bool tls = true;
    std::string host;
    std::uint16_t port = 443;
    std::string path; // "" or "/prefix"

    std::string to_string() const; // as written in a URL, without credentials
    friend bool operator==(endpoint_config const&, endpoint_config const&) = default;
};

// Who may see what an upstream has.
enum class upstream_access : std::uint8_t {
    shared,    // what our credentials may read, every client may
    per_client // each client what its own credentials may read
};

// One [[upstream.tag]].
struct tag_rule {
    tag_pattern match;
    std::chrono::seconds ttl;

    friend bool operator==(tag_rule const&, tag_rule const&) = default;
};

// Whether layers are fetched before the client asks for them, once it has the manifest.
enum class prefetch_mode : std::uint8_t { automatic, on, off };

struct upstream_config {
    std::string name;
    std::vector<std::string> aliases;
    std::vector<endpoint_config> endpoints;
    bool is_default = false;
    std::chrono::seconds tag_ttl{300};                  // of the tags that no rule matches
    std::vector<tag_rule> tag_rules;                    // the first that matches counts
    std::chrono::seconds stale_while_revalidate{0};     // past its ttl a tag is served at once, and asked about behind
    std::chrono::milliseconds revalidate_wait{2000};    // later still, what is known is served after this long
    std::chrono::seconds stale_if_error{7 * 24 * 3600}; // past its ttl, while upstream fails or is slow
    std::chrono::seconds negative_ttl{5};               // how long upstream's 404 is believed
    std::string username;
    std::filesystem::path password_file;
    upstream_access access = upstream_access::shared;
    std::chrono::seconds access_ttl{300}; // of per_client: how long upstream's word that a client may read is believed
    std::filesystem::path ca_file;        // beside the system's CAs
    std::vector<std::string> token_hosts; // hosts of token realms trusted beside the registry's own domain
    std::chrono::milliseconds connect_timeout{5000};
    std::chrono::milliseconds first_byte_timeout{20000}; // to the answer's head, retries included: below clients' 30 s
    std::chrono::milliseconds idle_timeout{30000};       // between two reads of a body
    std::uint64_t retries = 2; // how often all endpoints are asked again if none could answer, in first_byte_timeout
    std::chrono::milliseconds hedge_after{2000}; // the next endpoint is asked beside one silent so long; 0: never
    std::uint64_t max_requests = 128;            // under way at once, bodies included; those beyond wait. 0: no bound
    std::uint64_t max_bandwidth = 0;             // bytes a second from this upstream; 0: no bound
    std::uint64_t parallel_ranges = 4;           // connections for one large blob that comes slowly; 1: never more
    prefetch_mode prefetch = prefetch_mode::automatic; // automatic: for the programs that go on to pull them
    double price_per_gb = 0;                           // what 2^30 bytes from it cost, in the currency of [stats]

    // Docker Hub's rule: "library/" belongs before a name of one component.
    bool inserts_library() const noexcept { return name == "docker.io"; }
    // How long the tag is believed without asking.
    std::chrono::seconds ttl_of(std::string_view tag) const noexcept;
    friend bool operator==(upstream_config const&, upstream_config const&) = default;
};

struct hosted_config {
    bool enabled = true; // false: the prefixes mean nothing, and nothing can be pushed
    bool read_only = false;
    std::vector<std::string> prefixes{"local"};
    std::chrono::seconds grace{3600};            // what no tag leads to any more stays so long after its last use
    size_setting max_used_space;                 // what the repositories below each prefix may take; not set: no bound
    std::chrono::seconds upload_ttl{24 * 3600};  // an upload that nobody goes on with ends
    std::uint64_t max_blob_size = 0;             // of what is pushed; 0: what the store has room for
    std::uint64_t max_uploads_per_client = 1000; // sessions of one user, or of an address without one

    friend bool operator==(hosted_config const&, hosted_config const&) = default;
};

// What clients are told apart by where no group of the configuration takes them.
enum class client_sorting : std::uint8_t { user_agent, address, user };

// One [[stats.client_group]]: clients of any of these.
struct client_group {
    std::string name;
    std::vector<network> networks;
    std::vector<std::string> users;
    std::vector<std::string> user_agents; // what stands before the first "/": "buildkit", "containerd"

    friend bool operator==(client_group const&, client_group const&) = default;
};

struct stats_config {
    bool history = true;                  // false: totals since the store was made, and nothing by time or name
    std::uint64_t max_size = 64ull << 20; // of the history, on disk
    std::uint64_t names = 1000;   // repositories (groups, upstreams) told apart in an interval; the rest: "other"
    std::string currency = "USD"; // of price_per_gb, for those who read the sums
    client_sorting clients_by = client_sorting::user_agent;
    std::vector<client_group> client_groups; // the first that takes a client counts

    friend bool operator==(stats_config const&, stats_config const&) = default;
};

// What an alert may be about.
enum class alert_metric : std::uint8_t {
    hit_ratio,
    byte_hit_ratio,
    error_ratio,       // of requests for manifests and blobs; answers 404 are none
    upstream_open,     // upstreams of which no endpoint works
    rate_budget,       // what is left of the pull limit that is nearest its end
    disk_free,         // of the disk that holds the store
    unstored,          // blobs that were passed through for want of room
    integrity_failures // content that had rotted, and checks of the store that failed
};

// One [[alert]].
struct alert_config {
    std::string name;
    alert_metric metric = alert_metric::hit_ratio;
    std::optional<double> below, above; // one of them
    std::chrono::seconds over{600};     // what is measured over time is measured over this much
    std::chrono::seconds hold{0};       // `for`: told once it was so for so long
    std::uint64_t min_requests = 100;   // within `over`, for a ratio to say anything

    friend bool operator==(alert_config const&, alert_config const&) = default;
};

enum class webhook_format : std::uint8_t { json, slack };

// Where alerts are sent beside log and metrics.
struct webhook_config {
    std::string url;                // http or https; empty: nowhere
    std::filesystem::path url_file; // instead: the URL alone, for one that is a secret
    webhook_format format = webhook_format::json;

    friend bool operator==(webhook_config const&, webhook_config const&) = default;
};

// One [[trigger]]: what the server does by itself, and when.
struct trigger_config {
    std::string name;                       // of the log and the admin API; no two are alike
    std::optional<std::chrono::minutes> at; // since midnight, local time, each day; or else
    std::chrono::seconds every{0};
    std::vector<std::string> warm;      // images
    std::vector<std::string> on_move;   // tags, warmed when they mean something else than before
    std::vector<std::string> platforms; // of both; none: those that clients pull
    bool all_platforms = false;
    std::uint64_t keep_fresh = 0; // so many of the tags most asked for are asked about before they expire
    bool gc = false;

    friend bool operator==(trigger_config const&, trigger_config const&) = default;
};

enum class log_format : std::uint8_t { text, json };

struct log_config {
    std::string level = "info"; // trace, debug, info, warn, error
    log_format format = log_format::text;
    bool access = true;         // one line per request
    std::filesystem::path file; // empty: standard error

    friend bool operator==(log_config const&, log_config const&) = default;
};

struct config {
    server_config server;
    access_config access;
    store_config store;
    gc_config gc;
    std::vector<upstream_config> upstreams;
    hosted_config hosted;
    stats_config stats;
    std::vector<alert_config> alerts;
    webhook_config webhook;
    std::vector<trigger_config> triggers;
    log_config log;

    friend bool operator==(config const&, config const&) = default;
};

// What runs without a file: docker.io (default) and ghcr.io.
config default_config();

// $XDG_STATE_HOME/layerd, else ~/.local/state/layerd; /var/lib/layerd for root.
std::filesystem::path default_store_path();

struct config_problem {
    std::size_t line = 0; // 1-based; 0: the file as a whole
    std::string message;
};

// Reads and checks all of it; every problem is named, not the first alone. Unknown keys are problems.
boost::system::result<config, std::vector<config_problem>> load_config(std::filesystem::path const& file);
boost::system::result<config, std::vector<config_problem>> parse_config(std::string_view text, std::string const& name);

[[noreturn]] void throw_exception_from_error(std::vector<config_problem> const& p, boost::source_location const& where);

// "127.0.0.1:5000", "[::1]:5000", "localhost:5000" (127.0.0.1), ":5000" (all interfaces, given back as "::").
std::optional<address> parse_address(std::string_view text);
// "64KiB", "20GB", "1.5g" (powers of 1024 whatever the spelling), "1048576"; nothing else.
std::optional<std::uint64_t> parse_size(std::string_view text);
// "03:30", minutes since midnight.
std::optional<std::chrono::minutes> parse_time_of_day(std::string_view text);
// A size, or a share of the disk: "5%".
std::optional<size_setting> parse_size_setting(std::string_view text);
// "90s", "5m", "48h", "7d", "2w", and sums of them as Go prints durations: "1h30m0s".
std::optional<std::chrono::seconds> parse_duration(std::string_view text);
// The same with "250ms" beside.
std::optional<std::chrono::milliseconds> parse_milliseconds(std::string_view text);
// "https://host[:port][/path]" or http://. What is wrong, in words that follow the text in a message, else.
boost::system::result<endpoint_config, std::string> parse_endpoint(std::string_view text);

// "20GiB", "1.5GiB", "512B", "5%"; "5m", "7d", "250ms": as they may stand in the file.
std::string to_string(size_setting const& s);
std::string to_string(std::chrono::milliseconds d);

} // namespace proxy
