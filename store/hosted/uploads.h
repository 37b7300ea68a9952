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

    uploads(std::shared_ptr<core> c, unsettled& bound) : core_(std::move(c)), bound_(bound) {}

    // Takes in what an earlier process left. Before anything else here; blocks.
    result<void> load();

    // Whose name it is: the sessions of one are at most `most` at a time, as far as they began in this process.
    struct owner {
        std::string name{};
        std::size_t most = max_sessions;
    };

    // too_many: there are max_sessions of them, or `of` has as many as may be. Blocks, as the rest does.
    result<std::shared_ptr<upload_session>> start(repository_name const& repo, oci::algorithm a, owner of);
    result<std::shared_ptr<upload_session>> start(repository_name const& repo, oci::algorithm a) {
        return start(repo, a, owner());
    }

    // Null if there is none of that id in that repository.
    std::shared_ptr<upload_session> find(repository_name const& repo, std::string_view id) const;

    // It is over, whether its bytes were committed or not: they and the row go. `held` keeps others from it meanwhile.
    result<void> end(upload_session& session, upload_session::claim held);

    // Ends what no request had to do with since then. How many.
    std::size_t end_idle(std::int64_t before);

    std::size_t count() const;

private:
    result<void> take_place(owner const& of);
    void leave_place(std::string const& owner); // under mutex_
    result<void> forget(std::string const& id);

    std::shared_ptr<core> core_;
    unsettled& bound_;
    mutable std::mutex mutex_; // guards all below
    std::map<std::string, std::shared_ptr<upload_session>, std::less<>> sessions_;
    std::map<std::string, std::size_t> of_owner_; // how many are whose
};

} // namespace store
