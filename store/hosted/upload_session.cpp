#include "store/hosted/upload_session.h"

#include "store/writer_state.h"

namespace store {

upload_session::upload_session(std::shared_ptr<core> c, unsettled& bound, std::string id, upload_record record,
                               std::uint64_t received)
    : core_(std::move(c)), bound_(bound), id_(std::move(id)), record_(std::move(record)),
      share_(bound.begin(record_.repo, received)), received_(received), touched_at_(core_->now()) {
    if (received == 0)
        return;
    at_rest_.emplace(core_->sums, 0);
    at_rest_->written(received);
}

std::optional<upload_session::claim> upload_session::try_claim() noexcept {
    auto expected = use::idle;
    if (!use_.compare_exchange_strong(expected, use::claimed, std::memory_order_acquire))
        return std::nullopt;
    touched_at_.store(core_->now(), std::memory_order_relaxed);
    return claim(this);
}

upload_session::claim::~claim() {
    if (!of_)
        return;
    if (of_->writer_)
        of_->writer_->rest(); // the next request may be a day away
    of_->touched_at_.store(of_->core_->now(), std::memory_order_relaxed);
    of_->use_.store(use::idle, std::memory_order_release);
}

// The file comes with the first byte: most sessions never see one before the request that ends them.
result<void> upload_session::open() {
    if (writer_)
        return {};
    auto space = core_->room.reserve(0);
    if (!space)
        return space.error();
    auto file = core_->folder->open_upload(id_);
    if (!file)
        return file.error();
    // What was at rest is counted in the writer's name from here on, once, however long the hashing takes.
    auto state = std::make_unique<blob_writer::state>(core_, record_.algorithm, std::nullopt, *std::move(file),
                                                      at_rest_ ? *std::move(at_rest_) : *std::move(space));
    bool const was_at_rest = at_rest_.has_value();
    at_rest_.reset();
    if (auto resumed = blob_writer::resume(*state); !resumed) {
        if (was_at_rest)
            at_rest_.emplace(std::move(state->space->bytes));
        return resumed.error();
    }
    received_.store(state->written, std::memory_order_release);
    writer_.emplace(blob_writer(std::move(state)));
    return {};
}

result<void> upload_session::claim::append(std::span<std::byte const> data) {
    if (auto opened = of_->open(); !opened)
        return opened;
    if (auto room = of_->bound_.extend(of_->share_, data.size()); !room)
        return room;
    if (auto appended = of_->writer_->append(data); !appended)
        return appended;
    of_->received_.store(of_->writer_->written(), std::memory_order_release);
    return {};
}

result<blob_writer*> upload_session::claim::finished(oci::algorithm a) {
    if (auto opened = of_->open(); !opened)
        return opened.error();
    if (a != of_->record_.algorithm)
        if (auto hashed = of_->writer_->rehash(a); !hashed)
            return hashed.error();
    return &*of_->writer_;
}

} // namespace store
