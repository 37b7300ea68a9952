#include "proxy/access/token_key.h"

#include "proxy/runtime/small_file.h"
#include "proxy/upstream/credentials.h"
#include "proxy/wipe.h"

#include <fmt/format.h>
#include <openssl/err.h>
#include <openssl/pem.h>

#include <cerrno>
#include <cstring>

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

namespace proxy {
namespace {

namespace fs = std::filesystem;
using bio_ptr = std::unique_ptr<BIO, decltype(&BIO_free)>;

constexpr std::size_t max_key_size = 16 * 1024;

error cannot_use(fs::path const& file, std::string_view why) {
    return internal_error(fmt::format("cannot use token key {}: {}", file.string(), why));
}

enum class made { here, by_another };

int no_password(char*, int, int, void*) {
    return 0; // a daemon has nobody to ask
}

result<std::string> new_key() {
    std::unique_ptr<EVP_PKEY, decltype(&EVP_PKEY_free)> const key(EVP_PKEY_Q_keygen(nullptr, nullptr, "ED25519"),
                                                                  EVP_PKEY_free);
    bio_ptr const out(BIO_new(BIO_s_secmem()), BIO_free);
    if (!key || !out || PEM_write_bio_PrivateKey(out.get(), key.get(), nullptr, nullptr, 0, nullptr, nullptr) != 1)
        return internal_error("no Ed25519 key could be made");
    char* text = nullptr;
    auto const size = BIO_get_mem_data(out.get(), &text);
    return std::string(text, static_cast<std::size_t>(size));
}

// What root makes the server's user must be able to read.
bool give_to_owner_of(fs::path const& folder, int fd) {
    struct stat s {};
    return ::geteuid() != 0 || (::stat(folder.c_str(), &s) == 0 && ::fchown(fd, s.st_uid, s.st_gid) == 0);
}

// Whole or not there at all, also if two try at once: whoever comes second uses what the first has made.
result<made> create(fs::path const& file) {
    auto key = new_key();
    if (!key)
        return key.error();
    wiped_at_end const wiped(*key);
    auto const draft = fs::path(file.string() + "." + std::to_string(::getpid()));
    ::unlink(draft.c_str()); // a crash may have left one
    int const fd = ::open(draft.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600);
    bool const written = fd >= 0 && give_to_owner_of(file.parent_path(), fd) &&
                         ::write(fd, key->data(), key->size()) == static_cast<ssize_t>(key->size()) && ::fsync(fd) == 0;
    auto const why = errno;
    if (fd >= 0)
        ::close(fd);
    if (!written) {
        if (fd >= 0)
            ::unlink(draft.c_str());
        return cannot_use(file, std::strerror(why));
    }
    bool const placed = ::link(draft.c_str(), file.c_str()) == 0;
    auto const failure = errno;
    ::unlink(draft.c_str());
    if (!placed && failure != EEXIST)
        return cannot_use(file, std::strerror(failure));
    int const folder = ::open(file.parent_path().c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (folder >= 0) {
        ::fsync(folder); // tokens that were issued shall outlive a crash; without it they are issued anew
        ::close(folder);
    }
    return placed ? made::here : made::by_another;
}

} // namespace

fs::path token_key_path(config const& c, environment const& variable) {
    if (!c.access.token_key_file.empty())
        return password_path(c.access.token_key_file, variable);
    return (c.store.path.empty() ? default_store_path() : c.store.path) / "token-key.pem";
}

result<opened_token_key> open_token_key(config const& c) {
    auto const file = token_key_path(c);
    std::error_code ec;
    bool is_new = false;
    if (c.access.token_key_file.empty() && !fs::exists(file, ec)) {
        auto const by = create(file);
        if (!by)
            return by.error();
        is_new = *by == made::here;
    }
    auto key = read_token_key(file);
    if (!key)
        return key.error();
    return opened_token_key{*std::move(key), is_new};
}

result<jws_key> read_token_key(fs::path const& file) {
    struct stat s {};
    if (::stat(file.c_str(), &s) == 0 && (s.st_mode & (S_IRWXG | S_IRWXO) & ~S_IRGRP) != 0)
        return cannot_use(file, "others than its owner and group may read or change it: chmod 600");
    auto text = read_small_file(file, max_key_size);
    if (!text)
        return text.error();
    wiped_at_end const wiped(*text);
    bio_ptr const in(BIO_new_mem_buf(text->data(), static_cast<int>(text->size())), BIO_free);
    auto key = jws_key::of(PEM_read_bio_PrivateKey(in.get(), nullptr, no_password, nullptr));
    ERR_clear_error();
    if (!key || key->algorithm() != jws_algorithm::ed25519)
        return cannot_use(file, "it is no Ed25519 key in PEM: openssl genpkey -algorithm ed25519");
    return *std::move(key);
}

} // namespace proxy
