#include "proxy/log/access_log.h"

#include "proxy/log/logging.h"
#include "tests/catch.h"
#include "tests/support/running_server.h"

#include <boost/json/parse.hpp>
#include <spdlog/spdlog.h>

#include <fstream>
#include <sstream>

using namespace proxy;

namespace {

constexpr std::string_view time_text = "2026-01-31T10:00:00Z";

std::string logged(log_format format, access_record const& r) {
    tests::temp_folder folder;
    auto const before = spdlog::default_logger();
    log_config c;
    c.file = folder.path() / "log";
    c.format = format;
    start_logging(c);
    access_log log(c);
    log.write(r, time_text);
    log.flush();
    std::ifstream in(c.file);
    std::stringstream text;
    text << in.rdbuf();
    spdlog::set_default_logger(before);
    spdlog::drop("access");
    return text.str();
}

access_record sample() {
    return {"127.0.0.1:1234", "GET", "/v2/a/manifests/1?ns=docker.io", 200, 527, std::chrono::microseconds(1234), outcome::hit, "docker.io", "containerd/2.1"};
}

} // namespace

TEST_CASE("an access line in text says who asked what and what came of it") {
    CHECK(logged(log_format::text, sample()) ==
          "2026-01-31T10:00:00Z access 127.0.0.1:1234 \"GET /v2/a/manifests/1?ns=docker.io\" 200 527 1.234ms hit docker.io \"containerd/2.1\"\n");
}

TEST_CASE("an access line in JSON is one document with the same facts") {
    auto const line = boost::json::parse(logged(log_format::json, sample())).as_object();
    CHECK(line.at("target").as_string() == "/v2/a/manifests/1?ns=docker.io");
    CHECK(line.at("status").to_number<int>() == 200);
    CHECK(line.at("bytes").to_number<int>() == 527);
    CHECK(line.at("ms").to_number<double>() == 1.234);
    CHECK(line.at("result").as_string() == "hit");
    CHECK(line.at("user_agent").as_string() == "containerd/2.1");
}

TEST_CASE("what a client sends cannot forge a line or break the JSON") {
    auto r = sample();
    r.user_agent = "x\"\n2026 access forged\\\r\x01\xff\xc0\x80";
    r.target = "/v2/\"} {\"";
    auto text = logged(log_format::text, r);
    CHECK(std::count(text.begin(), text.end(), '\n') == 1);
    text = logged(log_format::json, r);
    CHECK(std::count(text.begin(), text.end(), '\n') == 1);
    auto const line = boost::json::parse(text).as_object();
    CHECK(line.at("target").as_string() == "/v2/\"} {\"");
    CHECK(line.size() == 10);
}

TEST_CASE("long targets and user agents are cut") {
    auto r = sample();
    auto const target = "/v2/" + std::string(5000, 'a');
    r.target = target;
    CHECK(logged(log_format::text, r).size() < 1000);
}
