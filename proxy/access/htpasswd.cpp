#include "proxy/access/htpasswd.h"

#include "proxy/access/caller.h"
#include "proxy/runtime/small_file.h"
#include "proxy/wipe.h"

#include <fmt/format.h>
#include <openssl/crypto.h>

#include <crypt.h>

#include <cstring>
#include <memory>

namespace proxy {
namespace {

constexpr std::size_t bcrypt_size = 60;       // "$2y$10$", 22 characters of salt, 31 of hash
constexpr std::size_t longest_password = 511; // of libcrypt; bcrypt reads 72 bytes
constexpr std::string_view nobody = "$2y$10$abcdefghijklmnopqrstuuXH5ZyFvUqMlpGQh0q2HPu3vA5Vt1SLm";

int cost_of(std::string_view hash) {
    bool const is_bcrypt = hash.size() == bcrypt_size && hash.starts_with("$2") && hash[3] == '$' && hash[6] == '$' &&
                           (hash[2] == 'a' || hash[2] == 'b' || hash[2] == 'y');
    constexpr std::string_view digits = "./0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";
    if (!is_bcrypt || hash.find_first_not_of(digits, 7) != hash.npos)
        return 0;
    if (hash[4] < '0' || hash[4] > '9' || hash[5] < '0' || hash[5] > '9')
        return 0;
    return (hash[4] - '0') * 10 + (hash[5] - '0');
}

bool fits(std::string const& password, std::string const& hash) {
    auto const data = std::make_unique<crypt_data>(); // some 32 KiB
    auto const* made = ::crypt_r(password.c_str(), hash.c_str(), data.get());
    bool const same =
        made != nullptr && std::strlen(made) == hash.size() && CRYPTO_memcmp(made, hash.data(), hash.size()) == 0;
    OPENSSL_cleanse(data.get(), sizeof *data);
    return same;
}

} // namespace

result<htpasswd> htpasswd::parse(std::string_view text) {
    htpasswd out;
    std::map<std::string, std::size_t, std::less<>> lines; // by user
    for (std::size_t line = 1; !text.empty(); ++line) {
        auto const end = std::min(text.find('\n'), text.size());
        auto entry = text.substr(0, end);
        text.remove_prefix(std::min(end + 1, text.size()));
        if (entry.ends_with('\r'))
            entry.remove_suffix(1);
        if (entry.empty() || entry.front() == '#')
            continue;
        auto const colon = entry.find(':');
        auto const user = entry.substr(0, colon);
        auto const hash = colon == entry.npos ? std::string_view() : entry.substr(colon + 1);
        if (!is_user_name(user))
            return internal_error(fmt::format("line {} does not begin with a user's name and a colon", line));
        auto const cost = cost_of(hash);
        if (cost < 4)
            return internal_error(fmt::format("line {} has no bcrypt password: make it with htpasswd -B", line));
        if (cost > max_cost)
            return internal_error(
                fmt::format("line {} has a bcrypt cost above {}: each login would take seconds", line, max_cost));
        auto const [at, is_first] = lines.emplace(user, line);
        if (!is_first)
            return internal_error(
                fmt::format("line {} names {}, as line {} does: one of them must go", line, user, at->second));
        out.hashes_.emplace(user, hash);
        if (cost > cost_of(out.costliest_))
            out.costliest_ = hash;
        if (cost < good_cost)
            out.warn_of(user, line, cost);
    }
    return out;
}

result<htpasswd> htpasswd::read(std::filesystem::path const& file) {
    auto const text = read_small_file(file, max_file_size);
    if (!text)
        return text.error();
    auto users = parse(*text);
    if (!users)
        return internal_error(fmt::format("cannot use {}: {}", file.string(), users.error().message));
    return users;
}

std::string htpasswd::hash_of_unknown() const {
    return costliest_.empty() ? std::string(nobody) : costliest_;
}

int htpasswd::cost_of_unknown() const {
    return cost_of(hash_of_unknown());
}

void htpasswd::warn_of(std::string_view user, std::size_t line, int cost) {
    constexpr std::size_t most = 12; // the same mistake, most likely
    if (warnings_.size() < most)
        warnings_.push_back(fmt::format("line {} has the password of {} at bcrypt cost {}, which makes trying "
                                        "passwords cheap for who gets the file: make it again with htpasswd -BC 12",
                                        line, user, cost));
}

bool htpasswd::accepts(std::string_view user, std::string_view password) const {
    auto const at = hashes_.find(user);
    bool const known = at != hashes_.end();
    // Cut where C would: a password must not be taken for what it begins with.
    bool const sound = password.find('\0') == password.npos && password.size() <= longest_password;
    std::string text(sound ? password : std::string_view());
    wiped_at_end const wiped(text);
    bool const same = fits(text, known ? at->second : hash_of_unknown());
    return known && sound && same;
}

} // namespace proxy
