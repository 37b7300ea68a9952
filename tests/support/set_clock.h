// A clock that stands still until the test says otherwise: hours pass at once.
#pragma once

#include <atomic>
#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>

namespace tests {

class set_clock {
public:
    void pass(std::chrono::seconds d) { *now_ += d.count(); } // negative: somebody has set it back
    std::int64_t now() const { return *now_; }

    // For whoever is to live by it; may outlive this object.
    std::function<std::int64_t()> source() const {
        return [now = now_] { return now->load(); };
    }

private:
    std::shared_ptr<std::atomic<std::int64_t>> now_ = std::make_shared<std::atomic<std::int64_t>>(1'800'000'000);
};

} // namespace tests
