#include "proxy/log/logging.h"

#include "proxy/log/line_formatter.h"
#include "proxy/log/overflow_sink.h"
#include "proxy/log/problem_log.h"

#include <spdlog/async.h>
#include <spdlog/async_logger.h>
#include <spdlog/sinks/basic_file_sink.h>
#include <spdlog/sinks/stdout_sinks.h>
#include <spdlog/spdlog.h>

#include <unistd.h>

namespace proxy {
namespace {

// Blocks of 32 KiB that may wait for a slow disk or a full pipe: 8 MiB of lines. More are dropped, oldest first, so
// that no request ever waits for the log; messages wait in the sink (overflow_sink.h).
constexpr std::size_t max_waiting_blocks = 256;

spdlog::level::level_enum level_of(std::string const& name) {
    return spdlog::level::from_str(name);
}

std::shared_ptr<overflow_sink> open_sink(log_config const& c, std::string& trouble) {
    if (!c.file.empty()) {
        try {
            return std::make_shared<overflow_sink>(std::make_shared<spdlog::sinks::basic_file_sink_mt>(c.file.string()),
                                                   -1);
        } catch (spdlog::spdlog_ex const& e) {
            trouble = e.what();
        }
    }
    return std::make_shared<overflow_sink>(std::make_shared<spdlog::sinks::stderr_sink_mt>(), STDERR_FILENO);
}

} // namespace

void start_logging(log_config const& c) {
    std::string trouble;
    auto const sink = open_sink(c, trouble);
    sink->set_formatter(std::make_unique<line_formatter>(c.format));

    auto logger = std::make_shared<spdlog::logger>("layerd", spdlog::sinks_init_list{sink, problem_sink()});
    logger->set_level(level_of(c.level));
    spdlog::set_default_logger(std::move(logger));

    if (c.access) {
        spdlog::drop(access_logger);
        spdlog::init_thread_pool(max_waiting_blocks, 1);
        auto access = std::make_shared<spdlog::async_logger>(access_logger, sink, spdlog::thread_pool(),
                                                             spdlog::async_overflow_policy::overrun_oldest);
        spdlog::register_logger(std::move(access));
    }
    if (!trouble.empty())
        spdlog::error("{}; logging to standard error", trouble);
}

void end_logging() {
    spdlog::default_logger()->flush();
    spdlog::shutdown();
}

void set_log_level(std::string const& level) {
    spdlog::default_logger()->set_level(level_of(level));
}

std::uint64_t lost_access_blocks() noexcept {
    auto const pool = spdlog::thread_pool();
    return pool ? pool->overrun_counter() : 0;
}

} // namespace proxy
