// A client's connection that can be left in any state: requests one behind another, a head that stops in the middle,
// an answer that nobody reads. No call waits longer than a server may think.
#pragma once

#include "tests/support/http_client.h"

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace fuzz {

class connection {
public:
    static constexpr int patience_ms = 30'000;

    explicit connection(std::uint16_t port);
    ~connection();
    connection(connection const&) = delete;

    // Takes in answers meanwhile: a server need not read on while nobody reads from it.
    void send(std::string_view bytes);

    void end_sending();

    // The next answer; nothing if the server closed before its head was complete. A violation if it hangs.
    std::optional<tests::http_answer> read(std::string const& method);

    bool has_ended() const noexcept { return ended_ && received_.empty(); }

private:
    bool receive(); // false at the end

    int fd_ = -1;
    bool ended_ = false;
    std::string received_;
};

} // namespace fuzz
