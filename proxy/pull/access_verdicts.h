// Which client may read which repository, and what was just refused to it, as upstream said a short time ago.
//
// What was refused is remembered too, but for seconds: a client that shows a wrong password again and again must not
// make us storm upstream's token server, and a right that was just granted shall count soon.
#pragma once

#include "proxy/runtime/net.h"
#include "proxy/upstream/client_login.h"

#include <cstddef>
#include <cstdint>
#include <mutex>
#include <string>
#include <string_view>
#include <unordered_map>

namespace proxy {

// Any thread. The lock is held for a map look-up, once in a while for a walk over all entries.
class access_verdicts {
public:
    static constexpr std::size_t max_size = 65536; // beyond, what ends soonest is asked for again

    static constexpr std::chrono::seconds refusal_life{5};

    enum class word : std::uint8_t { none, allowed, refused };

    // `what` is a repository, by the store's name, or something in it.
    word of(client_login const& who, std::string_view what, steady_clock::time_point now) const;
    void allow(client_login const& who, std::string_view what, steady_clock::time_point until,
               steady_clock::time_point now);
    void refuse(client_login const& who, std::string_view what, steady_clock::time_point now);

    // Upstream has changed its mind.
    void forget(client_login const& who, std::string_view what);

private:
    struct verdict {
        bool allowed;
        steady_clock::time_point until;
    };
    void put(client_login const& who, std::string_view what, verdict v, steady_clock::time_point now);
    void make_room(steady_clock::time_point now);

    mutable std::mutex mutex_; // guards verdicts_
    std::unordered_map<std::string, verdict> verdicts_;
};

} // namespace proxy
