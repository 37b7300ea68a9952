#include "proxy/cli/command_line.h"
#include "tests/catch.h"
#include "tests/support/running_server.h"

#include <boost/json/parse.hpp>

#include <fstream>
#include <optional>
#include <sstream>

using namespace proxy;

namespace {

struct run {
    int code = 0;
    std::string out, err;
    std::optional<config> served; // what `serve` was called with
    config_source from;
};

run layerd(std::vector<std::string> const& args) {
    run r;
    std::ostringstream out, err;
    auto const serve = [&r](config c, config_source from) {
        r.served = std::move(c);
        r.from = std::move(from);
        return 0;
    };
    r.code = run_command_line(args, {out, err, serve});
    r.out = out.str();
    r.err = err.str();
    return r;
}

class config_file {
public:
    explicit config_file(std::string const& text) : path_(folder_.path() / "layerd.toml") {
        std::ofstream(path_) << text;
    }
    std::string path() const { return path_.string(); }

private:
    tests::temp_folder folder_;
    std::filesystem::path path_;
};

bool has(std::string const& text, std::string_view part) {
    return text.find(part) != text.npos;
}

} // namespace

TEST_CASE("serve without a file runs by the defaults") {
    auto const r = layerd({"serve"});
    CHECK(r.code == 0);
    REQUIRE(r.served);
    CHECK(*r.served == default_config());
}

TEST_CASE("serve's options win over its file") {
    config_file const file("[server]\nlisten = [\"127.0.0.1:1\"]\nthreads = 3\n[store]\npath = \"/a\"\n");
    auto const r = layerd({"serve", "--config", file.path(), "--listen", "127.0.0.1:2", "--listen", "[::1]:3",
                           "--admin-listen", "127.0.0.1:4", "--store", "/b"});
    CHECK(r.code == 0);
    REQUIRE(r.served);
    CHECK(r.served->server.listen == std::vector<address>{{"127.0.0.1", 2}, {"::1", 3}});
    CHECK(r.served->server.admin_listen == std::vector<address>{{"127.0.0.1", 4}});
    CHECK(r.served->server.threads == 3);
    CHECK(r.served->store.path == "/b");
}

TEST_CASE("serve says where its configuration came from, so that it can be read again") {
    config_file const file("[server]\nthreads = 3\n");
    auto const r = layerd({"serve", "--config", file.path(), "--listen", "127.0.0.1:2", "--store", "/b"});
    CHECK(r.from.file == file.path());
    auto again = *load_config(r.from.file);
    r.from.override_by(again);
    CHECK(again == *r.served);
    CHECK(layerd({"serve"}).from.file.empty());
}

TEST_CASE("serve does not start with a bad file or a bad address") {
    config_file const file("[server]\nthreads = -1\n");
    auto const bad_file = layerd({"serve", "--config", file.path()});
    CHECK(bad_file.code == 1);
    CHECK_FALSE(bad_file.served);
    CHECK(bad_file.err == file.path() + ":2: threads in [server] must be a whole number from 0 to 1024, not -1\n");

    auto const bad_address = layerd({"serve", "--listen", "here"});
    CHECK(bad_address.code == 2);
    CHECK_FALSE(bad_address.served);
    CHECK(has(bad_address.err, "--listen here: must be an IP address with a port"));

    auto const same_twice = layerd({"serve", "--listen", "127.0.0.1:5001"});
    CHECK(same_twice.code == 2);
    CHECK(has(same_twice.err, "127.0.0.1:5001 is asked for twice"));
}

TEST_CASE("serve's exit code is the server's") {
    std::ostringstream out, err;
    CHECK(run_command_line({"serve"}, {out, err, [](config, config_source) { return 1; }}) == 1);
}

TEST_CASE("check-config says every problem with its line") {
    config_file const file("surprise = 1\n[log]\nlevel = \"loud\"\n");
    auto const r = layerd({"check-config", "--config", file.path()});
    CHECK(r.code == 1);
    CHECK(r.out.empty());
    CHECK(r.err ==
          file.path() + ":1: unknown key \"surprise\"\n" + file.path() +
              ":3: level in [log] must be one of \"trace\", \"debug\", \"info\", \"warn\", \"error\", not \"loud\"\n"
              "2 problems\n");
}

TEST_CASE("check-config of a good file says what it amounts to") {
    config_file const file("[store]\npath = \"/srv/layerd\"\n");
    auto const r = layerd({"check-config", "--config", file.path()});
    CHECK(r.code == 0);
    CHECK(r.out ==
          file.path() + ": ok\n  upstreams: docker.io (default), ghcr.io\n  store:     /srv/layerd, at most 20GiB\n");
    CHECK(r.err.empty());
}

TEST_CASE("check-config says what is wrong with the files that the configuration names") {
    config_file const file("[webhook]\nurl_file = \"/nonexistent/url\"\n[[upstream]]\nname = \"docker.io\"\n"
                           "endpoints = [\"https://registry-1.docker.io\"]\nca_file = \"/nonexistent/ca\"\n"
                           "username = \"a\"\npassword_file = \"/nonexistent/password\"\n");
    auto const r = layerd({"check-config", "--config", file.path()});
    CHECK(r.code == 1);
    CHECK(r.out.empty());
    CHECK(r.err == file.path() +
                       ": warning: password_file in [[upstream]] docker.io: cannot read /nonexistent/password: No "
                       "such file or directory\n" +
                       file.path() +
                       ": ca_file in [[upstream]] docker.io: cannot use CA file /nonexistent/ca: No such file or "
                       "directory\n" +
                       file.path() + ": [webhook] url_file /nonexistent/url cannot be read\n2 problems\n");
}

TEST_CASE("check-config of an absent file fails") {
    auto const r = layerd({"check-config", "--config", "/nonexistent"});
    CHECK(r.code == 1);
    CHECK(r.err == "/nonexistent: cannot be read: No such file or directory\n");
}

TEST_CASE("a token is issued with a word on which key has signed it, and whether it is a new one") {
    tests::temp_folder store;
    config_file const file("[store]\npath = \"" + store.path().string() + "\"\n");
    auto const signed_with = "\nsigned with " + (store.path() / "token-key.pem").string();
    auto const first = layerd({"token", "issue", "--config", file.path(), "--user", "ci"});
    CHECK(first.code == 0);
    CHECK(has(first.err, signed_with + ", which was made just now: there was none\n"));
    auto const second = layerd({"token", "issue", "--config", file.path(), "--user", "ci"});
    CHECK(second.code == 0);
    CHECK(has(second.err, signed_with + "\n"));
}

TEST_CASE("wrong usage exits with 2 and says what is wrong") {
    struct {
        std::vector<std::string> args;
        char const* complaint;
    } const cases[] = {
        {{}, "layerd: no command given"},
        {{"stat"}, "unknown command \"stat\"; did you mean \"stats\"?"},
        {{"polish"}, "unknown command \"polish\"\n"},
        {{"--polish"}, "layerd: unknown option --polish"},
        {{"serve", "--polish"}, "layerd serve: The following argument was not expected: --polish"},
        {{"serve", "--listen"}, "--listen"},
        {{"serve", "now"}, "now"},
        {{"check-config"}, "--config is required"},
        {{"client-config"}, "layerd client-config"},
        {{"client-config", "nginx"}, "\"nginx\" is none of buildkit, containerd, docker, podman, cri-o"},
        {{"client-config", "docker", "--url", "mirror:5000"}, "--url must begin with https:// or http://"},
        {{"client-config", "docker", "--url", "http://mirror/a"}, "--url must not have a path"},
        {{"stats", "--since", "yesterday"}, "--since yesterday: must be a duration such as"},
        {{"stats", "--admin", "127.0.0.1:5001"}, "--admin must be"},
        {{"stats", "--admin", "ftp://127.0.0.1:5001"}, "--admin must be"},
    };
    for (auto const& c : cases) {
        INFO(c.complaint);
        auto const r = layerd(c.args);
        INFO(r.err);
        CHECK(r.code == 2);
        CHECK(has(r.err, c.complaint));
        CHECK(r.out.empty());
    }
}

TEST_CASE("help and version are answers, not complaints") {
    auto const version = layerd({"--version"});
    CHECK(version.code == 0);
    CHECK(version.out.starts_with("layerd "));
    CHECK(version.err.empty());
    for (auto const& args : {std::vector<std::string>{"--help"}, {"serve", "--help"}, {"stats", "--help"}}) {
        auto const help = layerd(args);
        CHECK(help.code == 0);
        CHECK(has(help.out, "Usage: layerd"));
        CHECK(help.err.empty());
    }
    CHECK(has(layerd({"serve", "--help"}).out, "--admin-listen"));
}

TEST_CASE("client-config prints the lines alone to standard output") {
    auto const r = layerd({"client-config", "docker", "--url", "http://10.0.0.5:5000"});
    CHECK(r.code == 0);
    auto const o = boost::json::parse(r.out).as_object();
    CHECK(o.at("registry-mirrors").as_array().at(0).as_string() == "http://10.0.0.5:5000");
    CHECK(has(r.err, "/etc/docker/daemon.json"));
}

TEST_CASE("client-config takes the address from the configuration, unless it is told another") {
    config_file const file("[server]\npublic_url = \"https://mirror.example.com\"\n");
    auto const mirror_of = [](run const& r) {
        REQUIRE(r.code == 0);
        return std::string(boost::json::parse(r.out).as_object().at("registry-mirrors").as_array().at(0).as_string());
    };
    CHECK(mirror_of(layerd({"client-config", "docker", "--config", file.path()})) == "https://mirror.example.com");
    CHECK(mirror_of(layerd({"client-config", "docker", "--config", file.path(), "--url", "http://10.0.0.5:5000"})) ==
          "http://10.0.0.5:5000");
    CHECK(mirror_of(layerd({"client-config", "docker"})) == "http://127.0.0.1:5000");
    CHECK(layerd({"client-config", "docker", "--config", "/nowhere.toml"}).code == 1);
}
