#include "proxy/cli/file_check.h"

#include "proxy/access/htpasswd.h"
#include "proxy/access/jwk_set.h"
#include "proxy/access/token_key.h"
#include "proxy/alert/webhook.h"
#include "proxy/config/loose_files.h"
#include "proxy/runtime/small_file.h"
#include "proxy/tls/server_identity.h"
#include "proxy/upstream/credentials.h"
#include "proxy/upstream/tls_context.h"

#include <fmt/format.h>

#include <cerrno>
#include <exception>
#include <set>

#include <fcntl.h>
#include <unistd.h>

namespace proxy {
namespace {

namespace fs = std::filesystem;

// By opening it: what access() says is about the user behind a set-uid program, and not about a mount.
bool is_closed_to_us(fs::path const& file) {
    int const fd = ::open(file.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK);
    if (fd < 0)
        return errno == EACCES || errno == EPERM;
    ::close(fd);
    return false;
}

class checker {
public:
    checker(config const& c, std::int64_t now, environment const& variable) : c_(c), now_(now), variable_(variable) {}

    file_findings run() {
        server();
        access();
        for (auto const& u : c_.upstreams)
            upstream(u);
        if (!c_.webhook.url_file.empty() && may_look(c_.webhook.url_file))
            if (auto url = webhook::url_of(c_.webhook); !url)
                found_.errors.push_back(url.error().message);
        for (auto& text : loose_files(c_, variable_))
            found_.warnings.push_back(std::move(text));
        return std::move(found_);
    }

private:
    // False: nothing can be said of it, and that is noted once.
    bool may_look(fs::path const& file) {
        bool const closed = is_closed_to_us(file);
        if (closed)
            note(fmt::format("{}: not readable by this user, so not checked", file.string()));
        return !closed;
    }

    // Likewise of one that may be a credential of the service. Outside of the service nobody knows where those are.
    bool may_look_for(fs::path const& file) {
        std::error_code ec;
        auto const at = password_path(file, variable_);
        if (file.is_absolute() || variable_("CREDENTIALS_DIRECTORY") != nullptr || fs::exists(at, ec))
            return may_look(at);
        note(fmt::format("{}: a credential of the service, which only the service has, so not checked", file.string()));
        return false;
    }

    void note(std::string text) {
        if (noted_.insert(text).second)
            found_.notes.push_back(std::move(text));
    }

    template <class T>
    static void add_if_bad(std::vector<std::string>& to, std::string_view key, result<T> const& r) {
        if (!r)
            to.push_back(fmt::format("{}: {}", key, r.error().message));
    }

    void server() {
        for (auto const& each : c_.server.certificates) {
            bool const both = int(may_look(each.file)) + int(may_look(each.key_file)) == 2;
            auto const life = both ? server_identity::try_certificate(each) : certificate_life();
            if (!life)
                found_.errors.push_back(life.error().message);
            else if (auto const why = both ? expiry_warning(*life, now_) : std::string(); !why.empty())
                found_.warnings.push_back("file in [[server.certificate]]: " + why);
        }
    }

    void access() {
        auto const& a = c_.access;
        if (!a.htpasswd_file.empty() && may_look_for(a.htpasswd_file))
            users(password_path(a.htpasswd_file, variable_));
        if (!a.client_ca_file.empty() && may_look(a.client_ca_file))
            if (auto usable = server_identity::try_client_ca(a.client_ca_file); !usable)
                found_.errors.push_back(usable.error().message);
        if (!a.is_open())
            token_key();
        for (auto const& i : a.issuers)
            issuer(i);
    }

    void users(fs::path const& file) {
        auto const read = htpasswd::read(file);
        add_if_bad(found_.errors, "htpasswd_file in [access]", read);
        if (!read)
            return;
        for (auto const& text : read->warnings())
            found_.warnings.push_back(fmt::format("htpasswd_file in [access]: {}: {}", file.string(), text));
    }

    // The one in the store is made when it is first needed.
    void token_key() {
        std::error_code ec;
        auto const file = token_key_path(c_, variable_);
        bool const is_named = !c_.access.token_key_file.empty();
        bool const look = is_named ? may_look_for(c_.access.token_key_file) : may_look(file) && fs::exists(file, ec);
        if (look)
            add_if_bad(found_.errors, is_named ? "token_key_file in [access]" : "path in [store]",
                       read_token_key(file));
    }

    // Without its keys the server waits for them.
    void issuer(oidc_config const& i) {
        auto const where = " in [[access.oidc]] " + i.name;
        ca("ca_file" + where, i.ca_file);
        if (i.jwks_file.empty() || !may_look(i.jwks_file))
            return;
        auto const text = read_small_file(i.jwks_file, jwk_set::max_size);
        add_if_bad(found_.warnings, "jwks_file" + where, text);
        if (auto const keys = text ? jwk_set::parse(*text) : jwk_set(); !keys)
            found_.warnings.push_back(
                fmt::format("jwks_file{}: cannot use {}: {}", where, i.jwks_file.string(), keys.error().message));
    }

    // Without a password the server asks as anybody may, until the file is there.
    void upstream(upstream_config const& u) {
        auto const where = " in [[upstream]] " + u.name;
        ca("ca_file" + where, u.ca_file);
        if (!u.password_file.empty() && may_look_for(u.password_file))
            add_if_bad(found_.warnings, "password_file" + where,
                       credentials::read(password_path(u.password_file, variable_)));
    }

    void ca(std::string const& key, fs::path const& file) {
        if (file.empty() || !may_look(file))
            return;
        try {
            make_tls_context(file);
        } catch (std::exception const& e) {
            found_.errors.push_back(fmt::format("{}: {}", key, e.what()));
        }
    }

    config const& c_;
    std::int64_t const now_;
    environment const& variable_;
    file_findings found_;
    std::set<std::string> noted_;
};

} // namespace

file_findings check_files(config const& c, std::int64_t now, environment const& variable) {
    return checker(c, now, variable).run();
}

} // namespace proxy
