// Numbers as people read them.
#pragma once

#include <cstdint>
#include <string>

namespace proxy {

std::string human_bytes(std::int64_t bytes);      // "1.5 GiB", "-3 B"
std::string grouped(std::int64_t n);              // "1,234,567"
std::string percent(double ratio);                // "87.5 %"
std::string human_duration(std::int64_t seconds); // "3d 4h", "5m 10s"

} // namespace proxy
