#include "proxy/runtime/inherited_sockets.h"

#include <fmt/format.h>

#include <fcntl.h>
#include <sys/socket.h>

#include <string>
#include <string_view>

namespace proxy {

namespace {

constexpr unsigned max_sockets = 64;

int option_of(int fd, int name) {
    int value = -1;
    socklen_t size = sizeof(value);
    return ::getsockopt(fd, SOL_SOCKET, name, &value, &size) == 0 ? value : -1;
}

bool listens_for_tcp(int fd) {
    auto const family = option_of(fd, SO_DOMAIN);
    return option_of(fd, SO_ACCEPTCONN) == 1 && option_of(fd, SO_TYPE) == SOCK_STREAM &&
           (family == AF_INET || family == AF_INET6);
}

// The part before the next colon, which is taken off.
std::string next_name(std::string_view& names) {
    auto const end = names.find(':');
    std::string const name(names.substr(0, end));
    names.remove_prefix(end == names.npos ? names.size() : end + 1);
    return name;
}

} // namespace

result<inherited_sockets> inherit_sockets(environment const& variable, int first) {
    inherited_sockets found;
    if (!is_our_pid(variable("LISTEN_PID")))
        return found;
    auto const count = number_in<unsigned>(variable("LISTEN_FDS"));
    if (!count || *count > max_sockets)
        return internal_error("LISTEN_FDS is no number of sockets");
    auto const* given = variable("LISTEN_FDNAMES");
    std::string_view names = given != nullptr ? given : "";
    for (int fd = first; fd < first + static_cast<int>(*count); ++fd) {
        auto const name = next_name(names);
        ::fcntl(fd, F_SETFD, FD_CLOEXEC);
        bool const tls = name.ends_with("-tls");
        auto const role = name.substr(0, name.size() - (tls ? 4 : 0));
        if (role != "registry" && role != "admin")
            return internal_error(fmt::format("the service manager gave a socket named \"{}\": FileDescriptorName= of "
                                              "its unit must be registry, admin, registry-tls or admin-tls",
                                              name));
        if (!listens_for_tcp(fd))
            return internal_error(fmt::format(
                "the service manager gave a socket \"{}\" that does not listen for TCP: its unit needs a ListenStream= "
                "with a port, and Accept=no",
                name));
        (role == "admin" ? found.admin : found.registry).push_back({store::file_descriptor(fd), tls});
    }
    return found;
}

} // namespace proxy
