#include "proxy/pull/relayed_source.h"

#include "proxy/fill/blob_request.h"
#include "proxy/fill/going_on.h"

#include <spdlog/spdlog.h>

namespace proxy {

relayed_source::relayed_source(worker& w, repository_target const& t, oci::digest const& d, body_sources& sources,
                               std::optional<std::uint64_t> size, upstream_response opened, std::uint64_t at)
    : worker_(w), from_(t), digest_(d), sources_(sources), size_(size), response_(std::move(opened)), start_(at),
      at_(at) {}

task<result<std::size_t>> relayed_source::read_some(std::span<std::byte> to) {
    for (;;) {
        auto n = co_await read(to);
        if (n) {
            at_ += *n;
            co_return n;
        }
        response_.reset();
        if (!size_ || at_ >= *size_ || (!may_go_on(n.error()) && !sources_.turn_to_another()))
            co_return n;
        bool const again = co_await wait_to_go_on(worker_, budget_, at_ - start_);
        if (!again)
            co_return n;
        spdlog::info("{} from {}: passing it through goes on at byte {} of {}: {}", digest_.to_string(), from_.name,
                     at_, *size_, n.error().message);
    }
}

task<result<std::size_t>> relayed_source::read(std::span<std::byte> to) {
    if (!response_) {
        auto const by = from_.by();
        auto const until = deadline::after(from_.from->config().first_byte_timeout);
        auto part =
            co_await get_part(worker_, *from_.from, from_.repo, digest_, by, sources_, until, at_, *size_, *size_);
        if (!part)
            co_return part.error();
        response_.emplace(std::move(part->body));
    }
    auto n = co_await response_->read_some(to, deadline::after(from_.from->config().idle_timeout));
    if (!n)
        sources_.broke(*response_);
    else if (*n > 0)
        sources_.took(*response_);
    co_return n;
}

} // namespace proxy
