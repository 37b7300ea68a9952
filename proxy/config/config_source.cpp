#include "proxy/config/config_source.h"

#include <fmt/format.h>

namespace proxy {

std::string describe(std::filesystem::path const& file, config_problem const& p) {
    if (p.line == 0)
        return fmt::format("{}: {}", file.string(), p.message);
    return fmt::format("{}:{}: {}", file.string(), p.line, p.message);
}

} // namespace proxy
