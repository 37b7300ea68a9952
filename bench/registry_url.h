// Where the generators of load send their requests: http://ADDRESS:PORT/v2/REPOSITORY.
#pragma once

#include <stdexcept>
#include <string>
#include <string_view>

struct registry_url {
    std::string address, port, path;
};

// std::invalid_argument
inline registry_url parse_registry_url(std::string_view url) {
    constexpr std::string_view scheme = "http://";
    auto const slash = url.find('/', scheme.size());
    auto const colon = url.find(':', scheme.size());
    if (!url.starts_with(scheme) || slash == url.npos || colon > slash)
        throw std::invalid_argument("the URL must be http://ADDRESS:PORT/v2/REPOSITORY");
    return {std::string(url.substr(scheme.size(), colon - scheme.size())),
            std::string(url.substr(colon + 1, slash - colon - 1)), std::string(url.substr(slash))};
}
