#include "proxy/stats/client_groups.h"

#include "proxy/stats/traffic_parts.h"

#include <algorithm>

namespace proxy {
namespace {

constexpr std::string_view nobody = "unknown";
constexpr std::size_t longest = 64;

bool is_plain(std::string_view text) noexcept {
    auto const plain = [](char c) {
        return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '.' || c == '-' ||
               c == '_' || c == '@' || c == '+' || c == ':';
    };
    return text.size() <= longest && std::all_of(text.begin(), text.end(), plain);
}

std::string_view name_or_other(std::string_view text) noexcept {
    if (text.empty())
        return nobody;
    return is_plain(text) ? text : traffic_by_name::other;
}

bool contains(std::vector<std::string> const& list, std::string_view text) {
    return std::find(list.begin(), list.end(), text) != list.end();
}

bool takes(client_group const& g, client_identity const& c, std::string_view family) {
    if (contains(g.user_agents, family) || (!c.user.empty() && contains(g.users, c.user)))
        return true;
    if (g.networks.empty())
        return false;
    boost::system::error_code ec;
    auto const address = boost::asio::ip::make_address(c.address, ec);
    return !ec &&
           std::any_of(g.networks.begin(), g.networks.end(), [&](network const& n) { return n.contains(address); });
}

} // namespace

std::string_view user_agent_family(std::string_view user_agent) noexcept {
    return name_or_other(user_agent.substr(0, user_agent.find_first_of("/ (")));
}

std::string_view client_groups::of(client_identity const& c) const {
    auto const family = user_agent_family(c.user_agent);
    for (auto const& g : config_.client_groups)
        if (takes(g, c, family))
            return g.name;
    switch (config_.clients_by) {
    case client_sorting::user_agent:
        break;
    case client_sorting::address:
        return name_or_other(c.address);
    case client_sorting::user:
        return name_or_other(c.user);
    }
    return family;
}

} // namespace proxy
