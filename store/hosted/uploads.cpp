#include "store/hosted/uploads.h"

#include "store/index_codec.h"
#include "store/writer_state.h"

#include <array>
#include <random>
#include <vector>

namespace store {
namespace {

// Not to be guessed: who knows it may write on.
std::string new_id() {
    static constexpr char digits[] = "0123456789abcdef";
    std::random_device random; // getrandom(2)
    std::string id;
    for (int i = 0; i < 4; ++i) {
        auto bits = static_cast<std::uint32_t>(random());
        for (int n = 0; n < 8; ++n, bits >>= 4)
            id += digits[bits & 15];
    }
    return id;
}

} // namespace

result<void> uploads::load() {
    std::map<std::string, std::uint64_t, std::less<>> sizes;
    auto const files = core_->folder->upload_files();
    if (!files)
        return files.error();
    for (auto const& f : *files)
        sizes.emplace(f.id, f.size);

    auto const rows = core_->db->scan(family::uploads);
    for (rows->SeekToFirst(); rows->Valid(); rows->Next()) {
        auto record = decode_upload(rows->value().ToStringView());
        if (!record)
            return corrupt_row("an upload session");
        auto const id = rows->key().ToString();
        auto const size = sizes.find(id);
        sessions_.emplace(id, std::make_shared<upload_session>(core_, bound_, id, *std::move(record),
                                                               size == sizes.end() ? 0 : size->second));
        if (size != sizes.end())
            sizes.erase(size);
    }
    if (!rows->status().ok())
        return error_of_status(rows->status(), "cannot read the upload sessions");
    for (auto const& [id, size] : sizes) // whose end was cut short
        if (auto removed = core_->folder->remove_upload(id); !removed)
            core_->warn(removed.error().message);
    return {};
}

result<void> uploads::take_place(owner const& of) {
    std::lock_guard const lock(mutex_);
    if (sessions_.size() >= max_sessions)
        return error{errc::too_many, std::to_string(max_sessions) + " uploads are under way"};
    auto& mine = of_owner_[of.name];
    if (mine >= of.most)
        return error{errc::too_many, std::to_string(mine) + " uploads of one client are under way"};
    ++mine;
    return {};
}

void uploads::leave_place(std::string const& owner) {
    auto const mine = of_owner_.find(owner);
    if (mine != of_owner_.end() && --mine->second == 0)
        of_owner_.erase(mine);
}

result<std::shared_ptr<upload_session>> uploads::start(repository_name const& repo, oci::algorithm a, owner of) {
    if (!is_repository_name(repo))
        return error{errc::io, "not a repository's name"};
    if (auto taken = take_place(of); !taken)
        return taken.error();
    upload_record record{repo, core_->now(), a};
    auto session = std::make_shared<upload_session>(core_, bound_, new_id(), record, 0);
    session->owner_ = of.name;
    database::batch b(*core_->db);
    b.put(family::uploads, session->id(), encode(record));
    auto written = core_->write(b, write_sync::no);
    std::lock_guard const lock(mutex_);
    if (!written) {
        leave_place(of.name);
        return written.error();
    }
    sessions_.emplace(session->id(), session);
    return session;
}

std::shared_ptr<upload_session> uploads::find(repository_name const& repo, std::string_view id) const {
    std::lock_guard const lock(mutex_);
    auto const known = sessions_.find(id);
    if (known == sessions_.end() || known->second->repository() != repo)
        return nullptr;
    return known->second;
}

std::size_t uploads::count() const {
    std::lock_guard const lock(mutex_);
    return sessions_.size();
}

// The row first: a file without one is removed at the next start.
result<void> uploads::forget(std::string const& id) {
    {
        std::lock_guard const lock(mutex_);
        auto const at = sessions_.find(id);
        if (at != sessions_.end() && at->second->owner_)
            leave_place(*at->second->owner_);
        sessions_.erase(id);
    }
    database::batch b(*core_->db);
    b.erase(family::uploads, id);
    return core_->write(b, write_sync::no, removal_margin_bytes);
}

result<void> uploads::end(upload_session& session, upload_session::claim held) {
    auto forgotten = forget(session.id());
    if (session.writer_)
        session.writer_->state_->temp.discard();
    else if (session.received() > 0)
        if (auto removed = core_->folder->remove_upload(session.id()); !removed)
            core_->warn(removed.error().message);
    session.writer_.reset();
    session.at_rest_.reset();
    session.share_.give_back();
    held.over();
    return forgotten;
}

std::size_t uploads::end_idle(std::int64_t before) {
    std::vector<std::shared_ptr<upload_session>> idle;
    {
        std::lock_guard const lock(mutex_);
        for (auto const& [id, session] : sessions_)
            if (session->touched_at() < before)
                idle.push_back(session);
    }
    std::size_t ended = 0;
    for (auto const& session : idle) {
        if (session->touched_at() >= before) // gone on with while others were ended
            continue;
        auto held = session->try_claim();
        if (!held)
            continue;
        if (auto done = end(*session, *std::move(held)); !done)
            core_->warn(done.error().message);
        ++ended;
    }
    return ended;
}

} // namespace store
