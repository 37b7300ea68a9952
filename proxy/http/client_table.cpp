#include "proxy/http/client_table.h"

#include <boost/asio/ip/network_v6.hpp>

#include <algorithm>
#include <span>

namespace proxy {

client_table::key client_table::key_of(net::ip::address const& a) {
    if (a.is_v4())
        return {false, a.to_v4().to_uint()};
    auto const six = a.to_v6();
    if (six.is_v4_mapped())
        return {false, net::ip::make_address_v4(net::ip::v4_mapped, six).to_uint()};
    std::uint64_t network = 0;
    auto const bytes = six.to_bytes();
    for (auto const byte : std::span(bytes).first(8))
        network = network << 8 | byte;
    return {true, network};
}

std::string client_table::name_of(net::ip::address const& a) {
    if (a.is_v6() && !a.to_v6().is_v4_mapped())
        return net::ip::network_v6(a.to_v6(), 64).canonical().to_string();
    return net::ip::make_address_v4(static_cast<std::uint32_t>(key_of(a).second)).to_string();
}

std::optional<client_table::place> client_table::admit(net::ip::address const& from) {
    if (limits_.connections == 0 && limits_.bandwidth == 0 && limits_.requests == 0)
        return place();
    std::lock_guard lock(mutex_);
    if (clients_.size() >= sweep_at_)
        sweep(steady_clock::now());
    auto const [entry, fresh] = clients_.try_emplace(key_of(from));
    auto& c = entry->second;
    if (limits_.connections != 0 && c.connections >= limits_.connections)
        return {};
    if (fresh && limits_.bandwidth != 0)
        c.pace.emplace(limits_.bandwidth);
    if (fresh && limits_.requests != 0)
        c.request_pace.emplace(limits_.requests);
    ++c.connections;
    return place(*this, entry);
}

// Who comes back at once must not find a fresh allowance.
bool client_table::is_over(client const& c, steady_clock::time_point now) {
    return c.connections == 0 && (!c.pace || c.pace->is_idle(now)) && (!c.request_pace || c.request_pace->is_idle(now));
}

void client_table::leave(std::map<key, client>::iterator entry) {
    std::lock_guard lock(mutex_);
    --entry->second.connections;
    if (is_over(entry->second, steady_clock::now()))
        clients_.erase(entry);
}

void client_table::sweep(steady_clock::time_point now) {
    std::erase_if(clients_, [&](auto const& entry) { return is_over(entry.second, now); });
    sweep_at_ = std::max<std::size_t>(1024, 2 * clients_.size());
}

std::size_t client_table::size() const {
    std::lock_guard lock(mutex_);
    return clients_.size();
}

} // namespace proxy
