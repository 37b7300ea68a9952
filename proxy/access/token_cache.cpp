#include "proxy/access/token_cache.h"

#include <openssl/sha.h>

namespace proxy {
namespace {

std::size_t size_of(std::optional<scope_list> const& list) {
    if (!list)
        return 0;
    std::size_t sum = 0;
    for (auto const& s : list->items)
        sum += sizeof(scope) + s.repositories.text().size();
    return sum;
}

std::size_t size_of(identity const& who) {
    auto sum = sizeof who + who.user.size() + who.issuer.size() + size_of(who.limits) + size_of(who.asked);
    for (auto const& [name, value] : who.claims)
        sum += sizeof(claim_list::value_type) + name.size() + value.size();
    for (auto const& name : who.claims_known)
        sum += sizeof name + name.size();
    return sum;
}

} // namespace

token_cache::key token_cache::key_of(std::string_view token) {
    key k{};
    SHA256(reinterpret_cast<unsigned char const*>(token.data()), token.size(), k.data());
    return k;
}

void token_cache::keep_those_of(std::uint64_t generation) {
    if (generation != generation_)
        entries_.clear();
    generation_ = generation;
}

std::shared_ptr<identity const> token_cache::find(key const& k, std::int64_t now) const {
    auto const at = entries_.find(k);
    return at == entries_.end() || now >= at->second.expires_at ? nullptr : at->second.who;
}

void token_cache::put(key const& k, std::shared_ptr<identity const> who, std::int64_t expires_at, std::int64_t now) {
    if (size_of(*who) > max_identity)
        return;
    if (entries_.size() >= max_size)
        std::erase_if(entries_, [&](auto const& e) { return now >= e.second.expires_at; });
    if (entries_.size() >= max_size)
        entries_.clear(); // they are proved anew
    entries_.insert_or_assign(k, entry{std::move(who), expires_at});
}

} // namespace proxy
