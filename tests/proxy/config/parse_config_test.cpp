// What the file may say, and what a person is told who got it wrong.
#include "proxy/config/config.h"

#include "oci/charset.h"
#include "tests/catch.h"

#include <sstream>

using namespace proxy;
using namespace std::chrono_literals;

namespace {

config parsed(std::string_view text) {
    auto c = parse_config(text, "test.toml");
    if (c.has_error())
        FAIL(c.error().front().line << ": " << c.error().front().message);
    return *c;
}

// All problems as "line: message", one a line.
std::string problems(std::string_view text) {
    auto const c = parse_config(text, "test.toml");
    std::ostringstream out;
    if (c.has_error())
        for (auto const& p : c.error())
            out << p.line << ": " << p.message << '\n';
    return out.str();
}

} // namespace

TEST_CASE("an empty file means the defaults") {
    CHECK(parsed("") == default_config());
}

TEST_CASE("every key reaches its field") {
    auto const c = parsed(R"(
[server]
listen = ["0.0.0.0:80", "[::1]:81"]
admin_listen = ["127.0.0.1:82"]
threads = 3
public_url = "https://mirror.example.com/"
idle_timeout = "1m"
header_timeout = "2s"
write_timeout = "3s"
request_timeout = "4s"
drain_timeout = "0s"
max_connections = 10
max_connections_per_client = 11
bandwidth_per_client = "1MiB"
max_fills = 12
max_disk_queue = 16
[store]
path = "/srv/layerd"
inline_max = 1024
durability = "full"
[gc]
enabled = false
keep_storage = "10%"
reserved_space = "1%"
min_free_space = "1GB"
[[upstream]]
name = "registry.example.com:5000"
aliases = ["mirror"]
endpoints = ["http://10.0.0.1:5000/a", "https://b"]
tag_ttl = "1s"
access = "per-client"
access_ttl = "2s"
stale_while_revalidate = "3s"
revalidate_wait = "4500ms"
stale_if_error = "2d"
negative_ttl = "6s"
username = "someone"
password_file = "/run/secret"
ca_file = "/etc/ca.pem"
token_hosts = ["auth.example.com"]
connect_timeout = "250ms"
first_byte_timeout = "10s"
idle_timeout = "11s"
prefetch = "on"
parallel_ranges = 6
[[upstream.tag]]
match = "^v?[0-9]+\\.[0-9]+$"
ttl = "30d"
[[upstream.tag]]
match = "^v"
ttl = "1h"
[hosted]
prefixes = ["a", "b"]
[log]
level = "debug"
format = "json"
access = false
file = "/var/log/layerd.log"
)");
    CHECK(c.server.listen == std::vector<address>{{"0.0.0.0", 80}, {"::1", 81}});
    CHECK(c.server.admin_listen == std::vector<address>{{"127.0.0.1", 82}});
    CHECK(c.server.threads == 3);
    CHECK(c.server.public_url == "https://mirror.example.com");
    CHECK(c.server.idle_timeout == 60s);
    CHECK(c.server.header_timeout == 2s);
    CHECK(c.server.write_timeout == 3s);
    CHECK(c.server.request_timeout == 4s);
    CHECK(c.server.drain_timeout == 0s);
    CHECK(c.server.max_connections == 10);
    CHECK(c.server.max_connections_per_client == 11);
    CHECK(c.server.bandwidth_per_client == 1u << 20);
    CHECK(c.server.max_fills == 12);
    CHECK(c.server.max_disk_queue == 16);
    CHECK(c.store.path == "/srv/layerd");
    CHECK(c.store.inline_max == 1024);
    CHECK(c.store.sync_pulled);
    CHECK_FALSE(c.gc.enabled);
    CHECK(c.gc.keep_storage == size_setting{0, 10.0});
    CHECK(c.gc.reserved_space == size_setting{0, 1.0});
    CHECK(c.gc.min_free_space == size_setting{1u << 30, {}});
    REQUIRE(c.upstreams.size() == 1);
    auto const& u = c.upstreams[0];
    CHECK(u.name == "registry.example.com:5000");
    CHECK(u.aliases == std::vector<std::string>{"mirror"});
    CHECK(u.endpoints == std::vector<endpoint_config>{{false, "10.0.0.1", 5000, "/a"}, {true, "b", 443, ""}});
    CHECK(u.is_default);
    CHECK(u.tag_ttl == 1s);
    CHECK(u.access == upstream_access::per_client);
    CHECK(u.access_ttl == 2s);
    CHECK(u.stale_while_revalidate == 3s);
    CHECK(u.revalidate_wait == 4500ms);
    CHECK(u.stale_if_error == 48h);
    CHECK(u.negative_ttl == 6s);
    CHECK(u.username == "someone");
    CHECK(u.password_file == "/run/secret");
    CHECK(u.ca_file == "/etc/ca.pem");
    CHECK(u.token_hosts == std::vector<std::string>{"auth.example.com"});
    CHECK(u.connect_timeout == 250ms);
    CHECK(u.first_byte_timeout == 10s);
    CHECK(u.idle_timeout == 11s);
    CHECK(u.prefetch == prefetch_mode::on);
    CHECK(u.ttl_of("v1.20") == 30 * 24h);
    CHECK(u.ttl_of("v1.20-rc") == 1h);
    CHECK(u.ttl_of("latest") == 1s);
    CHECK(u.parallel_ranges == 6);
    CHECK(c.hosted.prefixes == std::vector<std::string>{"a", "b"});
    CHECK(c.log.level == "debug");
    CHECK(c.log.format == log_format::json);
    CHECK_FALSE(c.log.access);
    CHECK(c.log.file == "/var/log/layerd.log");
}

TEST_CASE("the first upstream is the default if none says so, else the one that does") {
    std::string const two =
        "[[upstream]]\nname='a'\nendpoints=['https://a']\n[[upstream]]\nname='b'\nendpoints=['https://b']\n";
    CHECK(parsed(two).upstreams[0].is_default);
    CHECK_FALSE(parsed(two).upstreams[1].is_default);
    CHECK_FALSE(parsed(two + "default=true\n").upstreams[0].is_default);
    CHECK(parsed(two + "default=true\n").upstreams[1].is_default);
    CHECK(parsed("upstream = []").upstreams.empty());
}

TEST_CASE("every mistake is named, in the order of the lines") {
    CHECK(problems(R"([server]
listne = ["127.0.0.1:5000"]
threads = "four"
[gc]
keep_storage = "20 bananas"
[surprise]
)") == "2: unknown key \"listne\" in [server]; did you mean \"listen\"?\n"
       "3: threads in [server] must be a whole number from 0 to 1024, not \"four\"\n"
       "5: keep_storage in [gc] must be a size such as \"20GB\" or a share of the disk such as \"10%\", not \"20 "
       "bananas\"\n"
       "6: unknown section \"surprise\"\n");
}

TEST_CASE("mistakes are explained at their line") {
    struct {
        char const* text;
        char const* problem;
    } const cases[] = {
        {"[server\n", "1: "},
        {"a = 1\na = 2\n", "2: "},
        {"listen = ['127.0.0.1:1']", "1: listen belongs into [server]\n"},
        {"server = 1", "1: server must be a section [server], not 1\n"},
        {"[[server]]", "1: server must stand there once, as [server], not [[server]]\n"},
        {"[upstream]\nname='a'", "1: upstream is a list of sections: write each as [[upstream]]\n"},
        {"[server]\nlisten = '127.0.0.1:1'",
         "2: listen in [server] must be a list of strings, such as [\"127.0.0.1:5000\"], not \"127.0.0.1:1\"\n"},
        {"[server]\nlisten = []",
         "2: listen in [server] must hold at least one address, such as [\"127.0.0.1:5000\"]\n"},
        {"[server]\nlisten = [\n'127.0.0.1:1',\n5000]",
         "4: listen in [server] must be a list of strings, such as [\"127.0.0.1:5000\"]; 5000 is none\n"},
        {"[server]\nlisten = ['example.com:80']",
         "2: listen in [server] holds \"example.com:80\"; an entry is an IP address with a port, such as "
         "\"127.0.0.1:5000\", \"[::1]:5000\", or \":5000\" for all interfaces; with TLS, \"https://:5443\"\n"},
        {"[server]\nlisten = [':1', ':1']", "2: listen in [server] holds [::]:1 twice\n"},
        {"[server]\nlisten = ['0.0.0.0:1',\n':1']",
         "3: listen in [server] holds 0.0.0.0:1 and [::]:1: one of them takes the other's connections too\n"},
        {"[server]\nadmin_listen = ['127.0.0.1:5000']",
         "2: listen and admin_listen in [server] both take 127.0.0.1:5000: the admin API needs a port of its own\n"},
        {"[server]\nlisten = [':5001']",
         "2: listen and admin_listen in [server] both take 127.0.0.1:5001: the admin API needs a port of its own\n"},
        {"[server]\nthreads = 5000", "2: threads in [server] must be a whole number from 0 to 1024, not 5000\n"},
        {"[server]\nthreads = -1", "2: threads in [server] must be a whole number from 0 to 1024, not -1\n"},
        {"[server]\nmax_connections = 0",
         "2: max_connections in [server] must be a whole number from 1 to 1000000, not 0\n"},
        {"[server]\nidle_timeout = 180", "2: idle_timeout in [server] must be a duration from 1s to 1d, such as "
                                         "\"90s\", \"5m\", \"48h\" or \"7d\", not 180\n"},
        {"[server]\nidle_timeout = '2d'", "2: idle_timeout in [server] must be from 1s to 1d, not \"2d\"\n"},
        {"[server]\nidle_timeout = '1500ms'", "2: idle_timeout in [server] must be whole seconds, not \"1500ms\"\n"},
        {"[server]\npublic_url = 'mirror'", "2: public_url in [server] must be a URL such as"},
        {"[store]\ninline_max = '1GB'", "2: inline_max in [store] must be from 0B to 4MiB, not \"1GB\"\n"},
        {"[store]\ninline_max = true",
         "2: inline_max in [store] must be a size from 0B to 4MiB, such as \"64KiB\", not true\n"},
        {"[store]\ndurability = 'none'", "2: durability in [store] must be one of \"cache\", \"full\", not \"none\"\n"},
        {"[store]\npath = 7", "2: path in [store] must be a string in quotes, not 7\n"},
        {"[store]\npath = \"a\\nb\"", "2: path in [store] must not hold control characters, not \"a?b\"\n"},
        {"[gc]\nenabled = 'yes'", "2: enabled in [gc] must be true or false, without quotes, not \"yes\"\n"},
        {"[gc]\nkeep_storage = 0",
         "2: keep_storage in [gc] must be at least 1MiB; to keep everything, say enabled = false\n"},
        {"[log]\nlevel = 'loud'",
         "2: level in [log] must be one of \"trace\", \"debug\", \"info\", \"warn\", \"error\", not \"loud\"\n"},
        {"[log]\nlevle = 'info'", "2: unknown key \"levle\" in [log]; did you mean \"level\"?\n"},
        {"[worker.oci]\ngc = true", "1: worker is a section of buildkitd.toml"},
        {"[hosted]\nprefixes = ['a/b']", "2: prefixes in [hosted] holds \"a/b\"; a prefix is one part"},
        {"[hosted]\nprefixes = ['ghcr.io']", "2: prefixes in [hosted] holds \"ghcr.io\", which names an upstream\n"},
        {"[hosted]\nprefixes = ['library']", "2: prefixes in [hosted] must not hold \"library\""},
        {"[hosted]\nprefixes = ['a', 'a']", "2: prefixes in [hosted] holds \"a\" twice\n"},
    };
    for (auto const& c : cases) {
        INFO(c.text);
        auto const found = problems(c.text);
        INFO(found);
        CHECK(found.starts_with(c.problem));
        CHECK(std::count(found.begin(), found.end(), '\n') == 1);
    }
}

TEST_CASE("upstreams must be complete and unlike each other") {
    struct {
        char const* text;
        char const* problem;
    } const cases[] = {
        {"endpoints=['https://a']",
         "1: [[upstream]] needs a name: what clients call the registry, such as name = \"ghcr.io\"\n"},
        {"name='a'",
         "1: [[upstream]] needs at least one endpoint, such as endpoints = [\"https://registry-1.docker.io\"]\n"},
        {"name='a'\nendpoints=[]", "3: [[upstream]] needs at least one endpoint"},
        {"name='a'\nendpoints=['a']", "3: an entry of endpoints in [[upstream]] must be a URL"},
        {"name='a'\nendpoints=['https://a', 'https://A/']", "3: endpoints in [[upstream]] holds https://a twice\n"},
        {"name='https://a'\nendpoints=['https://a']", "2: \"https://a\" in [[upstream]] cannot name a registry"},
        {"name='GHCR.io'\nendpoints=['https://a']", "2: \"GHCR.io\" in [[upstream]] cannot name a registry"},
        {"name='a/b'\nendpoints=['https://a']", "2: \"a/b\" in [[upstream]] cannot name a registry"},
        {"name='v2'\nendpoints=['https://a']", "2: \"v2\" in [[upstream]] cannot name a registry"},
        {"name='a'\naliases=['a']\nendpoints=['https://a']", "3: \"a\" already names an upstream in line 2\n"},
        {"name='a'\nendpoints=['https://a']\n[[upstream]]\nname='a'\nendpoints=['https://a']",
         "5: \"a\" already names an upstream in line 2\n"},
        {"name='a'\nendpoints=['https://a']\ndefault=true\n[[upstream]]\nname='b'\nendpoints=['https://"
         "a']\ndefault=true",
         "8: only one upstream may be the default; line 4 says default = true already\n"},
        {"name='a'\nendpoints=['https://a']\nusername='u'",
         "4: username in [[upstream]] needs a password_file beside it\n"},
        {"name='a'\nendpoints=['https://a']\npassword_file='/p'",
         "4: password_file in [[upstream]] needs a username beside it\n"},
        {"name='a'\nendpoints=['https://a']\ntoken_hosts=['https://b']",
         "4: token_hosts in [[upstream]] holds \"https://b\""},
        {"name='a'\nendpoints=['https://a']\nconnect_timeout='1ms'",
         "4: connect_timeout in [[upstream]] must be from 100ms to 1m, not \"1ms\"\n"},
    };
    for (auto const& c : cases) {
        INFO(c.text);
        auto const found = problems(std::string("[[upstream]]\n") + c.text);
        INFO(found);
        CHECK(found.starts_with(c.problem));
        CHECK(std::count(found.begin(), found.end(), '\n') == 1);
    }
}

TEST_CASE("rules for tags must be complete, and their patterns such as can be matched in bounded time") {
    struct {
        std::string text;
        char const* problem;
    } const cases[] = {
        {"ttl='1h'", "4: [[upstream.tag]] needs match, such as match = '^v?[0-9.]+$' and ttl = \"30d\"\n"},
        {"match='a'", "4: [[upstream.tag]] needs ttl, such as match = '^v?[0-9.]+$' and ttl = \"30d\"\n"},
        {"match=''\nttl='1h'", "5: match in [[upstream.tag]] must be from 1 to 128 bytes long\n"},
        {"match='" + std::string(129, 'a') + "'\nttl='1h'",
         "5: match in [[upstream.tag]] must be from 1 to 128 bytes long\n"},
        {"match='(a'\nttl='1h'", "5: match in [[upstream.tag]] is no regular expression\n"},
        {"match='^(a+)+$'\nttl='1h'", "5: match in [[upstream.tag]] takes too long to match: a repetition holds"},
        {"match='([0-9]*)*x'\nttl='1h'", "5: match in [[upstream.tag]] takes too long to match: a repetition holds"},
        {"match='a'\nttl='-1h'", "6: ttl in [[upstream.tag]] must be a duration"},
        {"match='a'\nttl='1h'\nttk=1", "7: unknown key \"ttk\" in [[upstream.tag]]; did you mean \"ttl\"?\n"},
    };
    for (auto const& c : cases) {
        INFO(c.text);
        auto const found = problems("[[upstream]]\nname='a'\nendpoints=['https://a']\n[[upstream.tag]]\n" + c.text);
        INFO(found);
        CHECK(found.starts_with(c.problem));
        CHECK(std::count(found.begin(), found.end(), '\n') == 1);
    }
    CHECK(problems("[[upstream]]\nname='a'\nendpoints=['https://a']\ntag='x'") ==
          "4: upstream.tag is a list of sections: write each as [[upstream.tag]]\n");
}

TEST_CASE("a secret in the file is refused and not repeated") {
    auto const found = problems("[[upstream]]\nname='a'\nendpoints=['https://u:hunter2@a']\npassword='hunter2'\n");
    INFO(found);
    CHECK(found.find("3: ") == 0);
    CHECK(found.find("\n4: password in [[upstream]] is refused") != std::string::npos);
    CHECK(found.find("hunter2") == std::string::npos);
}

TEST_CASE("messages hold nothing that moves a cursor and have an end") {
    auto const found = problems("\"a\\u001b[2J\\n\" = 1\n[log]\nlevel = '" + std::string(100000, 'x') + "'");
    CHECK(found.find('\x1b') == std::string::npos);
    CHECK(found.size() < 500);
    for (auto const* text : {"n = t\n", "n = tr\x1b[2J", "\x1b[2J = 1", "n = \"\x7f\""})
        CHECK(oci::charset::has_any(parse_config(text, "test.toml").error().at(0).message, oci::charset::control) ==
              false);
}

TEST_CASE("a file of nothing but mistakes is not quoted back in full") {
    std::string text;
    for (int i = 0; i < 5000; ++i)
        text += "unknown" + std::to_string(i) + " = 1\n";
    CHECK(parse_config(text, "test.toml").error().size() == 100);
}

TEST_CASE("deep nesting and huge files are refused") {
    CHECK_FALSE(problems("a = " + std::string(100000, '[')).empty());
    CHECK(problems(std::string((1 << 20) + 1, '\n')) ==
          "0: the file is larger than 1MiB: it cannot be a configuration\n");
}

TEST_CASE("files that cannot be read say why") {
    CHECK(load_config("/nonexistent/layerd.toml").error().at(0).message == "cannot be read: No such file or directory");
    CHECK(load_config("/tmp").error().at(0).message == "cannot be read: it is a directory");
}

TEST_CASE("addresses that speak TLS need a certificate, whose files are named") {
    auto const c = parse_config("[server]\nlisten = [\"127.0.0.1:1\", \"https://127.0.0.1:2\"]\n"
                                "[[server.certificate]]\nfile = \"/a.pem\"\nkey_file = \"/a.key\"\n",
                                "layerd.toml");
    REQUIRE(c);
    CHECK(c->server.listen == std::vector<address>{{"127.0.0.1", 1}, {"127.0.0.1", 2, true}});
    CHECK(c->server.certificates == std::vector<certificate_config>{{"/a.pem", "/a.key"}});
    CHECK(problems("[server]\nadmin_listen = [\"https://127.0.0.1:2\"]\n") ==
          "2: https://127.0.0.1:2 speaks TLS and needs a [[server.certificate]] with file and key_file\n");
    CHECK(problems("[[server.certificate]]\nfile = \"/a.pem\"\n") ==
          "1: [[server.certificate]] needs key_file: a PEM file\n");
    CHECK(problems("[server]\nlisten = [\":1\", \"https://:1\"]\n") ==
          "2: listen in [server] holds https://[::]:1 twice\n");
}
