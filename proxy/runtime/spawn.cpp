#include "proxy/runtime/spawn.h"

#include "proxy/log/logging.h"

#include <spdlog/spdlog.h>

#include <cstdlib>
#include <stdexcept>

namespace proxy {

void report_exception(std::string_view what, std::exception_ptr e) noexcept {
    try {
        std::rethrow_exception(e);
    } catch (std::logic_error const& bug) {
        spdlog::critical("{}: {}", what, bug.what());
        end_logging();
        std::abort();
    } catch (std::exception const& x) {
        spdlog::error("{}: {}", what, x.what());
    } catch (...) {
        spdlog::error("{}: unknown exception", what);
    }
}

} // namespace proxy
