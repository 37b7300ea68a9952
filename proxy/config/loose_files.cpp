#include "proxy/config/loose_files.h"

#include "proxy/upstream/credentials.h"

#include <fmt/format.h>

#include <filesystem>

#include <sys/stat.h>

namespace proxy {
namespace {

namespace fs = std::filesystem;

::mode_t mode_for_others(fs::path const& file) {
    std::error_code ec;
    auto const real = fs::canonical(file, ec); // a link's folder says nothing of what it leads to
    struct stat s {
    }, folder{};
    if (ec || ::stat(real.c_str(), &s) != 0 || ::stat(real.parent_path().c_str(), &folder) != 0)
        return 0;
    return S_ISREG(s.st_mode) && (folder.st_mode & S_IXOTH) != 0 ? s.st_mode & S_IRWXO : 0;
}

class finder {
public:
    void secret(std::string_view key, fs::path const& file) {
        auto const mode = mode_for_others(file);
        if ((mode & (S_IROTH | S_IWOTH)) != 0)
            add(key, file,
                (mode & S_IWOTH) == 0   ? "read"
                : (mode & S_IROTH) == 0 ? "change"
                                        : "read and change",
                "o-rwx");
    }
    void trusted(std::string_view key, fs::path const& file) {
        if ((mode_for_others(file) & S_IWOTH) != 0)
            add(key, file, "change", "o-w");
    }
    std::vector<std::string> take() { return std::move(found_); }

private:
    void add(std::string_view key, fs::path const& file, char const* what, char const* mode) {
        found_.push_back(
            fmt::format("{0}: every user of this machine may {2} {1}: chmod {3} {1}", key, file.string(), what, mode));
    }

    std::vector<std::string> found_;
};

} // namespace

std::vector<std::string> loose_files(config const& c, environment const& variable) {
    finder in;
    for (auto const& each : c.server.certificates) {
        in.trusted("file in [[server.certificate]]", each.file);
        in.secret("key_file in [[server.certificate]]", each.key_file);
    }
    in.secret("htpasswd_file in [access]", password_path(c.access.htpasswd_file, variable));
    in.trusted("client_ca_file in [access]", c.access.client_ca_file);
    for (auto const& i : c.access.issuers) {
        in.trusted("jwks_file in [[access.oidc]] " + i.name, i.jwks_file);
        in.trusted("ca_file in [[access.oidc]] " + i.name, i.ca_file);
    }
    for (auto const& u : c.upstreams) {
        in.secret("password_file in [[upstream]] " + u.name, password_path(u.password_file, variable));
        in.trusted("ca_file in [[upstream]] " + u.name, u.ca_file);
    }
    in.secret("url_file in [webhook]", c.webhook.url_file);
    return in.take();
}

} // namespace proxy
