// What upstream has just said it does not have, so that a burst of clients who look for it costs one question.
//
// Only a 404 is remembered, and for seconds: what is missing now is often about to be pushed. A refusal, a limit or a
// failure says nothing of what exists. What is hosted here never comes by.
#pragma once

#include <chrono>
#include <cstdint>
#include <list>
#include <map>
#include <mutex>
#include <string>
#include <string_view>

namespace proxy {

// Any thread. Times are Unix seconds; a clock that was set back makes it forget, not believe for longer.
class absence_cache {
public:
    static constexpr std::size_t max_entries = 4096; // full: the oldest goes
    static constexpr std::size_t max_path = 512;     // longer ones are not remembered

    // `asker` is repository_target::flight_key(), `path` what follows the repository in the request to upstream:
    // "manifests/3.19".
    bool holds(std::string_view asker, std::string_view path, std::int64_t now);

    // `now` is when the question was asked, so that an answer that took its time is not believed for longer. A ttl of
    // zero remembers nothing.
    void put(std::string_view asker, std::string_view path, std::int64_t now, std::chrono::seconds ttl);

    // It is there after all.
    void forget(std::string_view asker, std::string_view path);

    std::size_t size() const;

private:
    struct entry;
    using entry_map = std::map<std::string, entry, std::less<>>;
    struct entry {
        std::int64_t from = 0;
        std::int64_t until = 0;
        std::list<entry_map::iterator>::iterator place;
    };
    void erase(entry_map::iterator it);

    mutable std::mutex mutex_; // guards all below
    entry_map entries_;
    std::list<entry_map::iterator> by_age_; // the oldest first
};

} // namespace proxy
