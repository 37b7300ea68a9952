#include "store/partials.h"

#include "store/writer_state.h"

namespace store {

partials::partials(content_store& s) : core_(s.internals()) {}

partials::~partials() {
    core_->kept.clear(); // each of them holds the core
}

void partials::keep(oci::digest const& d, std::string const& from, blob_writer w) {
    auto& kept = core_->kept;
    kept.drop_older_than(core_->now() - age_max.count());
    if (w.written() < size_min || !w.pause())
        return;
    while (kept.count() >= count_max)
        kept.drop_oldest();
    kept.add(d, from, std::move(w), core_->now());
}

std::optional<blob_writer> partials::take(oci::digest const& d, std::string const& from,
                                          std::optional<std::uint64_t> size) {
    auto& kept = core_->kept;
    kept.drop_older_than(core_->now() - age_max.count());
    return kept.take(d, from, size);
}

void partials::drop(oci::digest const& d) {
    core_->kept.drop(d);
}

} // namespace store
