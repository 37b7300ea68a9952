// The blob upload sessions that are under way, also those of an earlier process.
//
// Sessions are few and each costs a row and some hundred bytes of memory; what they hold on disk counts against the
// limits like everything else, and leaves when the session ends: with its blob, by its client, or by its age.
#pragma once

#include "store/hosted/upload_session.h"

#include <cstddef>
#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <string_view>

namespace store {

class uploads {
public:
    static constexpr std::size_t max_sessions = 10'000; // each client's CI job has a handful

    explicit uploads(std::shared_ptr<core> c) : core_(std::move(c)) {}

    // Takes in what an earlier process left. Before anything else here; blocks.
    result<void> load();

    // too_many: there are max_sessions of them. Blocks, as the rest does.
    result<std::shared_ptr<upload_session>> start(repository_name const& repo, oci::algorithm a);

    // Null if there is none of that id in that repository.
    std::shared_ptr<upload_session> find(repository_name const& repo, std::string_view id) const;

    // It is over, whether its bytes were committed or not: they and the row go. `held` keeps others from it meanwhile.
    result<void> end(upload_session& session, upload_session::claim held);

    // Ends what no request had to do with since then. How many.
    std::size_t end_idle(std::int64_t before);

    std::size_t count() const;

private:
    result<void> forget(std::string const& id);

    std::shared_ptr<core> core_;
    mutable std::mutex mutex_; // guards the next
    std::map<std::string, std::shared_ptr<upload_session>, std::less<>> sessions_;
};

} // namespace store
