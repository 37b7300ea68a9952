// A play's stage: a whole layerd with rules, in front of an upstream that may misbehave, the connections of its
// clients, and all that is known of what they were told.
#pragma once

#include "tests/fuzz/server/bad_upstream.h"
#include "tests/fuzz/server/connection.h"
#include "tests/fuzz/server/hosted_model.h"
#include "tests/support/running_server.h"
#include "tests/support/set_clock.h"

#include <boost/json/object.hpp>

#include <array>
#include <cstdint>
#include <deque>
#include <functional>
#include <list>
#include <memory>
#include <optional>
#include <string>
#include <vector>

namespace fuzz {

// What a request shows, and what that is worth.
struct credential {
    std::string authorization; // "": nothing
    user who = user::nobody;
    bool is_right = true;
    std::optional<std::size_t> token; // of world::tokens
};

struct token {
    std::string text;
    user who;
    std::optional<std::size_t> repository; // it was asked for; none: for nothing
    std::array<bool, deed_count> deeds{};
    std::int64_t expires_at;
};

enum class access { granted, refused };

// A request that is on its way.
struct question {
    using answer = tests::http_answer;

    std::string method, target; // as it was sent
    std::string bytes;          // all of it
    std::function<void(answer const&)> judge;
    std::function<void()> lost = [] {}; // no answer came
};

using header_list = std::vector<std::pair<std::string, std::string>>;
std::string request_text(std::string const& method, std::string const& target, header_list const& fields,
                         std::string const& body = {}, bool in_chunks = false);

class world {
public:
    explicit world(choices& c);
    ~world();

    bad_upstream upstream;
    std::array<unsigned, 4> about; // what it is about: a mirrored and a hosted repository, a blob, a manifest
    hosted_model hosted;
    tests::set_clock clock;
    std::list<std::shared_ptr<upload>> uploads;
    std::size_t lost_uploads = 0; // sessions that may be there and nobody was told of
    std::vector<token> tokens;

    // Whether pushes may be refused for want of room.
    bool is_cramped() const noexcept { return cramped_ || settings_.hosted.max_used_space.is_set(); }
    std::uint64_t largest_blob() const noexcept { return settings_.hosted.max_blob_size; } // 0: no bound
    std::int64_t tag_ttl() const noexcept { return settings_.upstreams[0].tag_ttl.count(); }

    // Somebody pushes: from now on it may be there.
    void note_try(credential const& shown, std::size_t repository, std::size_t item);
    access access_of(credential const& shown, deed what, std::size_t repository) const;

    // On one of the connections, the rest of whose last request is sent first. Whether its answer is waited for at
    // once, or all of it sent, is for the play to say.
    void ask(choices& c, question q);
    void ask_now(question q); // on a connection of its own
    // What need not be a request, on a connection that is closed then; an answer is looked at if there is one.
    void send_once(std::string const& text, std::function<void(question::answer const&)> look) const;
    void hang_up(std::size_t lane);
    void read_everything();
    void restart();

    tests::http_answer ask_operator(std::string const& method, std::string const& target,
                                    std::string const& body = {}) const;
    // Space, at any time.
    void check_limits() const;
    // After the last request: nothing is left of any.
    void end();

    static constexpr std::size_t lane_count = 4;

private:
    struct lane {
        std::unique_ptr<connection> to;
        std::string unsent;
        std::deque<question> waiting;
    };
    proxy::config configure(choices& c);
    void configure(proxy::upstream_config& u, unsigned bits) const;
    void start();
    void flush(lane& l);
    void read_one(lane& l);
    void drop(lane& l);
    void check_quota() const;
    void check_sessions() const;
    void check_nothing_is_left() const;
    void check_store() const;
    boost::json::object stats() const;

    tests::temp_folder files_;
    std::filesystem::path store_;
    bool cramped_ = false, is_checked_ = false; // at the end: costs as much as a start
    proxy::config settings_;
    proxy::server_seams seams_;
    std::unique_ptr<tests::running_server> server_;
    std::array<lane, lane_count> lanes_;
};

} // namespace fuzz
