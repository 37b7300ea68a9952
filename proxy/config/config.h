// The configuration: what `layerd serve` runs by. Every field has its default here; conf/layerd.toml is the
// annotated copy, and a test holds the two against each other.
#pragma once

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

    std::string to_string() const; // "127.0.0.1:5000", "[::1]:5000"
    friend bool operator==(address const&, address const&) = default;
};

struct server_config {
    std::vector<address> listen{{"127.0.0.1", 5000}};
    std::vector<address> admin_listen{{"127.0.0.1", 5001}};
    unsigned threads = 0; // 0: one per core
    std::string public_url;
    std::chrono::seconds idle_timeout{180};  // a keep-alive connection without a request: above any client's own
    std::chrono::seconds header_timeout{30}; // from the first byte of a request to the end of its head
    std::chrono::seconds write_timeout{120}; // a client that takes no byte for this long is let go
    std::chrono::seconds drain_timeout{30};  // at a stop: how long requests in flight may take
    std::size_t max_connections = 16384;

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

struct upstream_config {
    std::string name;
    std::vector<std::string> aliases;
    std::vector<endpoint_config> endpoints;
    bool is_default = false;
    std::chrono::seconds tag_ttl{300};
    std::chrono::seconds stale_if_error{7 * 24 * 3600};
    std::string username;
    std::filesystem::path password_file;
    std::filesystem::path ca_file;        // beside the system's CAs
    std::vector<std::string> token_hosts; // hosts of token realms trusted beside the registry's own domain
    std::chrono::milliseconds connect_timeout{5000};
    std::chrono::milliseconds first_byte_timeout{20000}; // to the answer's head, retries included: below clients' 30 s
    std::chrono::milliseconds idle_timeout{30000};       // between two reads of a body

    // Docker Hub's rule: "library/" belongs before a name of one component.
    bool inserts_library() const noexcept { return name == "docker.io"; }
    friend bool operator==(upstream_config const&, upstream_config const&) = default;
};

struct hosted_config {
    bool enabled = true; // false: the prefixes mean nothing, and nothing can be pushed
    bool read_only = false;
    std::vector<std::string> prefixes{"local"};
    std::chrono::seconds upload_ttl{24 * 3600}; // an upload that nobody goes on with ends

    friend bool operator==(hosted_config const&, hosted_config const&) = default;
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
    store_config store;
    gc_config gc;
    std::vector<upstream_config> upstreams;
    hosted_config hosted;
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
