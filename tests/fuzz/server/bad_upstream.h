// The upstream of a play: a registry with the content of truth.h whose answers go wrong as the play says.
//
// Which fault an answer gets depends on its path and on how often that was asked for, not on what else goes on: so a
// play that is played again meets the same faults, however its requests overlap.
#pragma once

#include "tests/fuzz/server/choices.h"
#include "tests/fuzz/server/truth.h"
#include "tests/support/scripted_origin.h"

#include <cstdint>
#include <map>
#include <mutex>
#include <set>
#include <string>
#include <vector>

namespace fuzz {

class bad_upstream {
public:
    explicit bad_upstream(choices& c); // how bad it is

    tests::scripted_origin& origin() noexcept { return origin_; }
    bool is_ever_bad() const noexcept { return level_ > 0; } // then it is waited for so shortly that it may seem late

    // A tag means something else from now on; Unix seconds.
    void move_tag(std::size_t repository, std::size_t tag, std::int64_t now);
    // What the tag may be said to be by who believes an answer for so long: newest first. Nothing: it never existed.
    struct meaning {
        std::size_t item;
        std::int64_t since;
    };
    std::vector<meaning> meanings(std::size_t repository, std::size_t tag) const;

    bool was_always_right() const;                      // so far
    bool has_lied_about(std::string const& path) const; // its content or length; the path at the upstream
    std::string tag_list(std::size_t repository) const;

private:
    enum class kind : std::uint8_t;
    void serve(std::size_t repository, std::string const& path, std::optional<std::size_t> item);
    void serve_tag(std::size_t repository, std::size_t tag);
    void serve_lists(std::size_t repository);
    kind choose(std::string const& path, bool found);
    tests::scripted_reply answer(tests::recorded_request const& r, tests::scripted_reply honest);
    tests::scripted_reply spoil(kind k, tests::recorded_request const& r, tests::scripted_reply honest);
    tests::scripted_reply reply_with(std::optional<std::size_t> item, tests::recorded_request const& r) const;

    unsigned level_;
    std::string script_;
    mutable std::mutex mutex_; // guards what is below
    std::map<std::string, unsigned> asked_;
    std::map<std::pair<std::size_t, std::size_t>, std::vector<meaning>> tags_;
    std::set<std::string> lied_about_;
    bool was_bad_ = false;
    tests::scripted_origin origin_; // last: its threads use all above
};

} // namespace fuzz
