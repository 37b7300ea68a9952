#include "proxy/log/access_log.h"
#include "proxy/log/line_formatter.h"
#include "proxy/log/logging.h"
#include "tests/catch.h"
#include "tests/support/running_server.h"

#include <boost/json/parse.hpp>
#include <spdlog/sinks/ostream_sink.h>
#include <spdlog/spdlog.h>

#include <sstream>

using namespace proxy;

namespace {

access_record sample() {
    access_record r;
    r.client = "127.0.0.1:53412";
    r.method = "GET";
    r.target = "/v2/library/alpine/manifests/3.19?ns=docker.io";
    r.status = 200;
    r.body_bytes = 528;
    r.duration = std::chrono::microseconds(12'034);
    r.result = outcome::hit;
    r.upstream = "docker.io";
    r.user_agent = "containerd/1.7";
    r.user = "alice";
    r.time =
        std::chrono::system_clock::from_time_t(1769853600) + std::chrono::milliseconds(7); // 2026-01-31T10:00:00.007Z
    return r;
}

// Blocks as they reach the sink of the access logger, in the program's format.
class captured_blocks {
public:
    captured_blocks() {
        auto sink = std::make_shared<spdlog::sinks::ostream_sink_mt>(out_);
        sink->set_formatter(std::make_unique<line_formatter>(log_format::text));
        spdlog::drop(access_logger);
        spdlog::register_logger(std::make_shared<spdlog::logger>(access_logger, sink));
    }
    ~captured_blocks() { spdlog::drop(access_logger); }
    std::string text() const { return out_.str(); }

private:
    std::ostringstream out_;
};

std::string line_of(access_record const& r, log_format format) {
    captured_blocks blocks;
    log_config c;
    c.format = format;
    access_log log(c);
    log.write(r);
    log.flush();
    return blocks.text();
}

} // namespace

TEST_CASE("an access line in text has its fields in a fixed order") {
    CHECK(line_of(sample(), log_format::text) == "2026-01-31T10:00:00.007Z 127.0.0.1:53412 GET "
                                                 "\"/v2/library/alpine/manifests/3.19?ns=docker.io\" 200 528 12.034 "
                                                 "hit docker.io \"containerd/1.7\" alice\n");
}

TEST_CASE("an access line in JSON is one object") {
    auto const line = line_of(sample(), log_format::json);
    CHECK(line.back() == '\n');
    CHECK(std::count(line.begin(), line.end(), '\n') == 1);
    auto const o = boost::json::parse(line).as_object();
    CHECK(o.at("time").as_string() == "2026-01-31T10:00:00.007Z");
    CHECK(o.at("client").as_string() == "127.0.0.1:53412");
    CHECK(o.at("method").as_string() == "GET");
    CHECK(o.at("target").as_string() == "/v2/library/alpine/manifests/3.19?ns=docker.io");
    CHECK(o.at("status").as_int64() == 200);
    CHECK(o.at("bytes").as_int64() == 528);
    CHECK(o.at("ms").as_double() == 12.034);
    CHECK(o.at("outcome").as_string() == "hit");
    CHECK(o.at("upstream").as_string() == "docker.io");
    CHECK(o.at("user_agent").as_string() == "containerd/1.7");
    CHECK(o.at("user").as_string() == "alice");
}

TEST_CASE("no byte from outside can end a line or leave its quotes") {
    auto r = sample();
    std::string every_byte;
    for (int b = 0; b < 256; ++b)
        every_byte += static_cast<char>(b);
    r.client = r.method = r.target = r.upstream = r.user_agent = r.user = every_byte;

    auto const text = line_of(r, log_format::text);
    CHECK(std::count_if(text.begin(), text.end(), [](char c) { return c < 0x20 || c == 0x7f; }) == 1);
    CHECK(text.back() == '\n');
    // Six fields stand between the quotes: every other quote has a backslash before it.
    std::size_t bare = 0;
    for (std::size_t i = 1; i < text.size(); ++i)
        bare += text[i] == '"' && text[i - 1] != '\\';
    CHECK(bare == 4);

    auto const json = line_of(r, log_format::json);
    CHECK(std::count(json.begin(), json.end(), '\n') == 1);
    CHECK(boost::json::parse(json).as_object().size() == 11);
}

TEST_CASE("an empty or split word cannot shift the fields of a text line") {
    auto r = sample();
    r.method = "GET /x";
    r.upstream = "";
    auto const line = line_of(r, log_format::text);
    CHECK(line.find(" GET\\x20/x \"") != std::string::npos);
    CHECK(line.find(" hit - \"containerd/1.7\"") != std::string::npos);
}

TEST_CASE("long targets and user agents are cut") {
    auto r = sample();
    std::string const target(5000, 'a'), agent(5000, 'b');
    r.target = target;
    r.user_agent = agent;
    auto const line = line_of(r, log_format::text);
    CHECK(line.find('"' + std::string(512, 'a') + "...\"") != std::string::npos);
    CHECK(line.find('"' + std::string(128, 'b') + "...\"") != std::string::npos);
}

TEST_CASE("lines gather until a block is full") {
    captured_blocks blocks;
    access_log log{log_config{}};
    log.write(sample());
    CHECK(blocks.text().empty());
    auto const line = [&] {
        log.flush();
        return blocks.text();
    }();
    auto const fit = access_log::block_size / line.size();
    for (std::size_t i = 0; i < fit; ++i)
        log.write(sample());
    CHECK(blocks.text() == line);
    log.write(sample());
    CHECK(blocks.text().size() == line.size() * (fit + 2));
}

TEST_CASE("a log that ends hands over its last lines") {
    captured_blocks blocks;
    { access_log(log_config{}).write(sample()); }
    CHECK(blocks.text().size() > 0);
}

TEST_CASE("a log moved elsewhere writes each line once") {
    captured_blocks blocks;
    {
        access_log first{log_config{}};
        first.write(sample());
        access_log second(std::move(first));
        second.write(sample());
    }
    auto const text = blocks.text();
    CHECK(std::count(text.begin(), text.end(), '\n') == 2);
}

TEST_CASE("a log that is switched off writes nothing") {
    captured_blocks blocks;
    log_config c;
    c.access = false;
    access_log log(c);
    log.write(sample());
    log.flush();
    CHECK(blocks.text().empty());
}
