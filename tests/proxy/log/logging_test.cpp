#include "proxy/log/access_log.h"
#include "proxy/log/line_formatter.h"
#include "proxy/log/logging.h"
#include "tests/catch.h"
#include "tests/support/running_server.h"

#include <boost/json/parse.hpp>
#include <spdlog/spdlog.h>

#include <fstream>
#include <sstream>

using namespace proxy;

namespace {

// Starts logging to a file; afterwards spdlog is as it was.
class log_file {
public:
    explicit log_file(log_config c = {}) : before_(spdlog::default_logger()), config_(std::move(c)) {
        config_.file = folder_.path() / "log";
        start_logging(config_);
    }
    ~log_file() {
        spdlog::set_default_logger(before_);
        spdlog::drop(access_logger);
    }

    log_config const& settings() const { return config_; }

    std::string text() const {
        std::stringstream s;
        s << std::ifstream(config_.file).rdbuf();
        return s.str();
    }

private:
    tests::temp_folder folder_;
    std::shared_ptr<spdlog::logger> before_;
    log_config config_;
};

std::string formatted(std::string_view message, log_format format) {
    line_formatter f(format);
    spdlog::details::log_msg m(spdlog::log_clock::from_time_t(1769853600), {}, "layerd", spdlog::level::warn,
                               {message.data(), message.size()});
    spdlog::memory_buf_t to;
    f.format(m, to);
    return fmt::to_string(to);
}

} // namespace

TEST_CASE("messages are lines with time and level") {
    CHECK(formatted("store \"a\\b\": 5 objects", log_format::text) ==
          "2026-01-31T10:00:00.000Z warn  store \"a\\b\": 5 objects\n");
    CHECK(formatted("store \"a\": 5 objects", log_format::json) ==
          R"({"time":"2026-01-31T10:00:00.000Z","level":"warn","message":"store \"a\": 5 objects"})"
          "\n");
}

TEST_CASE("a message cannot forge a line") {
    std::string const evil("GET /\r\n2026-01-31T10:00:00.000Z error all is lost\x1b[2J\0\x9b", 54);
    auto const text = formatted(evil, log_format::text);
    CHECK(std::count_if(text.begin(), text.end(), [](unsigned char c) { return c < 0x20 || c > 0x7e; }) == 1);
    auto const json = formatted(evil, log_format::json);
    CHECK(std::count(json.begin(), json.end(), '\n') == 1);
    CHECK(boost::json::parse(json).at("message").as_string().starts_with("GET /\r\n2026"));
}

TEST_CASE("an endless message is cut") {
    CHECK(formatted(std::string(1'000'000, 'x'), log_format::text).size() < 10'000);
}

TEST_CASE("the level decides what is written") {
    log_config c;
    c.level = "warn";
    log_file file(c);
    spdlog::info("quiet");
    spdlog::warn("loud");
    CHECK(file.text().find("quiet") == std::string::npos);
    CHECK(file.text().find("warn  loud\n") != std::string::npos);
}

TEST_CASE("messages and access lines share the file, whole line by whole line") {
    log_config c;
    c.format = log_format::json;
    std::string text;
    {
        log_file file(c);
        access_log lines(file.settings());
        for (int i = 0; i < 1000; ++i) {
            access_record r;
            r.target = "/v2/";
            r.time = std::chrono::system_clock::from_time_t(1769853600);
            lines.write(r);
            if (i % 100 == 0)
                spdlog::info("between");
        }
        lines.flush();
        spdlog::shutdown(); // waits for the writer
        text = file.text();
    }
    std::istringstream in(text);
    std::size_t messages = 0, requests = 0;
    for (std::string line; std::getline(in, line);) {
        auto const o = boost::json::parse(line).as_object();
        messages += o.contains("message");
        requests += o.contains("status");
    }
    CHECK(messages == 10);
    CHECK(requests == 1000);
}

TEST_CASE("a log file that cannot be opened does not stop the server") {
    auto const before = spdlog::default_logger();
    log_config c;
    tests::temp_folder folder;
    std::ofstream(folder.path() / "file") << "not a folder";
    c.file = folder.path() / "file/log"; // whoever runs this, a file holds no files
    c.access = false;
    CHECK_NOTHROW(start_logging(c));
    CHECK(spdlog::default_logger() != before);
    spdlog::set_default_logger(before);
}
