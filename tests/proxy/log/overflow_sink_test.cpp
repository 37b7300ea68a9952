// A log that is not read: who has something to say goes on.
#include "proxy/log/line_formatter.h"
#include "proxy/log/overflow_sink.h"
#include "tests/catch.h"

#include <spdlog/logger.h>
#include <spdlog/sinks/base_sink.h>

#include <fcntl.h>
#include <unistd.h>

#include <mutex>
#include <string>
#include <thread>

using namespace proxy;

namespace {

class pipe_sink : public spdlog::sinks::base_sink<std::mutex> {
public:
    explicit pipe_sink(int fd) : fd_(fd) {}

private:
    void sink_it_(spdlog::details::log_msg const& m) override {
        auto const line = std::string(m.payload.data(), m.payload.size()) + "\n";
        if (::write(fd_, line.data(), line.size()) < 0)
            throw spdlog::spdlog_ex("write");
    }
    void flush_() override {}

    int fd_;
};

// A log that goes to a pipe.
struct piped_log {
    piped_log() {
        REQUIRE(::pipe(ends) == 0);
        ::fcntl(ends[1], F_SETPIPE_SZ, 4096);
        sink = std::make_shared<overflow_sink>(std::make_shared<pipe_sink>(ends[1]), ends[1]);
        logger = std::make_shared<spdlog::logger>("layerd", sink);
    }
    ~piped_log() {
        ::close(ends[0]);
        ::close(ends[1]);
    }

    // Of an empty one: it takes nothing more.
    void fill() {
        std::string const all(4096, '.');
        REQUIRE(::write(ends[1], all.data(), all.size()) == 4096);
    }
    std::string read_until(std::string const& text) {
        char piece[4096];
        while (got.find(text) == got.npos) {
            auto const n = ::read(ends[0], piece, sizeof piece);
            REQUIRE(n > 0);
            got.append(piece, static_cast<std::size_t>(n));
        }
        return got;
    }

    int ends[2]{};
    std::shared_ptr<overflow_sink> sink;
    std::shared_ptr<spdlog::logger> logger;
    std::string got;
};

} // namespace

TEST_CASE("what is logged is written when the call is over, where the log takes it") {
    piped_log log;
    log.logger->info("at once");
    ::fcntl(log.ends[0], F_SETFL, O_NONBLOCK);
    CHECK(log.read_until("\n") == "at once\n");
}

TEST_CASE("nobody waits for a log that is not read, and it misses nothing when it is, in order") {
    piped_log log;
    log.fill();
    std::string all;
    for (int i = 0; i < 1000; ++i) {
        log.logger->info("line {}", i);
        all += "line " + std::to_string(i) + "\n";
    }
    CHECK(log.read_until("line 999\n") == std::string(4096, '.') + all);
    log.sink->flush();
    log.logger->info("the end");
    CHECK(log.read_until("the end\n").ends_with("line 999\nthe end\n"));
}

TEST_CASE("of what a log does not take a bound is kept, errors longest, and the rest is counted") {
    piped_log log;
    log.fill();
    std::string const long_text(8000, 'x');
    for (int i = 0; i < 1000; ++i)
        log.logger->info(long_text);
    log.logger->error("an error");
    auto const all = log.read_until("messages before this one are lost");
    CHECK(all.find("an error\n") != all.npos);
    CHECK(all.size() < overflow_sink::max_waiting);
}

TEST_CASE("what waits for the log is written before its end") {
    piped_log log;
    log.fill();
    log.logger->info("the last words");
    std::thread reader([&] { log.read_until("the last words\n"); });
    log.logger.reset();
    log.sink.reset();
    reader.join();
    CHECK(log.got.ends_with("the last words\n"));
}

TEST_CASE("a block of access lines waits its turn, and a message does not wait for it") {
    piped_log log;
    log.fill();
    spdlog::logger blocks(access_logger, log.sink);
    std::thread writer([&] { blocks.info("a block"); });
    log.logger->info("a message");
    log.read_until("a block\n");
    log.read_until("a message\n");
    writer.join();
}
