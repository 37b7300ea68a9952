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
};

struct address {
    std::string host;
    std::uint16_t port = 0; // 0: any free port, for tests
};

struct server_config {
    std::vector<address> listen{{"127.0.0.1", 5000}};
    std::vector<address> admin_listen{{"127.0.0.1", 5001}};
    unsigned threads = 0; // 0: one per core
    std::string public_url;
    std::chrono::seconds idle_timeout{180};   // a keep-alive connection without a request: above any client's own
    std::chrono::seconds header_timeout{30};  // from the first byte of a request to the end of its head
    std::chrono::seconds write_timeout{120};  // a client that takes no byte for this long is let go
    std::chrono::seconds drain_timeout{30};   // at a stop: how long requests in flight may take
    std::size_t max_connections = 16384;
};

struct store_config {
    std::filesystem::path path; // empty: default_store_path()
    std::uint64_t inline_max = 64 * 1024;
    bool sync_pulled = false; // durability = "full"
};

struct gc_config {
    bool enabled = true;
    size_setting keep_storage{20ull << 30, {}};
    size_setting min_free_space{0, 5.0};
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
    std::filesystem::path ca_file;              // beside the system's CAs
    std::vector<std::string> token_hosts;       // hosts of token realms trusted beside the registry's own domain
    std::chrono::milliseconds connect_timeout{5000};
    std::chrono::milliseconds first_byte_timeout{20000}; // whole way to the answer's head, retries included: below clients' 30 s
    std::chrono::milliseconds idle_timeout{30000};       // between two reads of a body

    // Docker Hub's rule: "library/" belongs before a name of one component.
    bool inserts_library() const noexcept { return name == "docker.io"; }
};

struct hosted_config {
    std::vector<std::string> prefixes{"local"};
};

enum class log_format : std::uint8_t { text, json };

struct log_config {
    std::string level = "info"; // trace, debug, info, warn, error
    log_format format = log_format::text;
    bool access = true;         // one line per request
    std::filesystem::path file; // empty: standard error
};

struct config {
    server_config server;
    store_config store;
    gc_config gc;
    std::vector<upstream_config> upstreams;
    hosted_config hosted;
    log_config log;
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

// "127.0.0.1:5000", "[::1]:5000", ":5000" (all interfaces).
std::optional<address> parse_address(std::string_view text);
// "64KiB", "20GB" (powers of 1024 whatever the spelling), "1048576"; nothing else.
std::optional<std::uint64_t> parse_size(std::string_view text);
// "90s", "5m", "48h", "7d".
std::optional<std::chrono::seconds> parse_duration(std::string_view text);

} // namespace proxy
