// The file of the key that tokens are signed with: made once, read again, and refused where others could read it.
#include "proxy/access/token_key.h"

#include "tests/proxy/access/signed_tokens.h"
#include "tests/support/running_server.h"

#include <sys/stat.h>
#include <unistd.h>

#include <fstream>

using namespace proxy;
namespace fs = std::filesystem;

namespace {

struct key_folder {
    tests::temp_folder folder;
    config settings = default_config();

    key_folder() { settings.store.path = folder.path(); }

    fs::path put(std::string const& text, ::mode_t mode = 0600) {
        auto const file = folder.path() / "key.pem";
        std::ofstream(file, std::ios::binary) << text;
        ::chmod(file.c_str(), mode);
        settings.access.token_key_file = file;
        return file;
    }

    // Without the file's name before it.
    std::string why_not() const {
        auto const key = open_token_key(settings);
        if (key)
            return "";
        auto const before = "cannot use token key " + token_key_path(settings).string() + ": ";
        INFO(key.error().message);
        CHECK(key.error().message.starts_with(before));
        return key.error().message.substr(std::min(before.size(), key.error().message.size()));
    }
};

::mode_t mode_of(fs::path const& file) {
    struct stat s {};
    REQUIRE(::stat(file.c_str(), &s) == 0);
    return s.st_mode & 07777;
}

std::string text_of(fs::path const& file) {
    std::ifstream in(file, std::ios::binary);
    return {std::istreambuf_iterator<char>(in), {}};
}

std::size_t files_in(fs::path const& folder) {
    return static_cast<std::size_t>(std::distance(fs::directory_iterator(folder), fs::directory_iterator()));
}

bool are_same(jws_key const& a, jws_key const& b) {
    return EVP_PKEY_eq(a.get(), b.get()) == 1;
}

constexpr char const* no_key = "it is no Ed25519 key in PEM: openssl genpkey -algorithm ed25519";
constexpr char const* too_open = "others than its owner and group may read or change it: chmod 600";

} // namespace

TEST_CASE("a key is made in the store, for its owner alone, and stays the same") {
    key_folder f;
    auto const file = f.folder.path() / "token-key.pem";
    CHECK(token_key_path(f.settings) == file);
    auto const first = open_token_key(f.settings);
    REQUIRE(first);
    CHECK(first->is_new);
    CHECK(first->key.algorithm() == jws_algorithm::ed25519);
    CHECK(mode_of(file) == 0600);
    CHECK(files_in(f.folder.path()) == 1); // no draft is left
    auto const text = text_of(file);
    CHECK(text.starts_with("-----BEGIN PRIVATE KEY-----\n"));
    auto const second = open_token_key(f.settings);
    REQUIRE(second);
    CHECK_FALSE(second->is_new);
    CHECK(are_same(first->key, second->key));
    CHECK(text_of(file) == text);
}

TEST_CASE("two stores have two keys") {
    key_folder a, b;
    auto const first = open_token_key(a.settings), second = open_token_key(b.settings);
    REQUIRE(first);
    REQUIRE(second);
    CHECK_FALSE(are_same(first->key, second->key));
}

TEST_CASE("a key that is made is for its owner alone whatever the process gives to others") {
    key_folder f;
    auto const before = ::umask(0);
    auto const key = open_token_key(f.settings);
    ::umask(before);
    REQUIRE(key);
    CHECK(mode_of(f.folder.path() / "token-key.pem") == 0600);
}

TEST_CASE("a key that root makes in the store is the store's owner's") {
    if (::geteuid() != 0)
        return; // nobody else can give files away
    key_folder f;
    REQUIRE(::chown(f.folder.path().c_str(), 65534, 65533) == 0);
    REQUIRE(open_token_key(f.settings));
    struct stat s {};
    REQUIRE(::stat((f.folder.path() / "token-key.pem").c_str(), &s) == 0);
    CHECK(s.st_uid == 65534);
    CHECK(s.st_gid == 65533);
    CHECK((s.st_mode & 07777) == 0600);
    CHECK(files_in(f.folder.path()) == 1);
}

TEST_CASE("what a crash has left of a key that was being made is in nobody's way") {
    key_folder f;
    auto const draft = f.folder.path() / ("token-key.pem." + std::to_string(::getpid()));
    std::ofstream(draft) << std::string(10'000, 'x');
    ::chmod(draft.c_str(), 0600);
    REQUIRE(open_token_key(f.settings));
    CHECK(mode_of(f.folder.path() / "token-key.pem") == 0600);
    CHECK_FALSE(fs::exists(draft));
}

TEST_CASE("a key that the configuration names is read, and not made") {
    key_folder f;
    auto const made = tests::ed25519_key();
    auto const file = f.put(tests::pem_of(made));
    CHECK(token_key_path(f.settings) == file);
    auto const key = open_token_key(f.settings);
    REQUIRE(key);
    CHECK_FALSE(key->is_new);
    CHECK(are_same(key->key, *tests::as_jws_key(made)));
    fs::remove(file);
    auto const gone = open_token_key(f.settings);
    REQUIRE_FALSE(gone);
    CHECK(gone.error().message == "cannot read " + file.string() + ": No such file or directory");
    CHECK(files_in(f.folder.path()) == 0);
}

TEST_CASE("a store that is not there holds no key") {
    key_folder f;
    f.settings.store.path = f.folder.path() / "none";
    CHECK(f.why_not() == "No such file or directory");
}

TEST_CASE("a key that everybody may read, or others may change, is refused") {
    key_folder f;
    auto const pem = tests::pem_of(tests::ed25519_key());
    for (::mode_t const mode : {0600, 0400, 0700}) {
        INFO(mode);
        f.put(pem, mode);
        CHECK(f.why_not().empty());
    }
    for (::mode_t const mode : {0604, 0644, 0620, 0660, 0602, 0601, 0610, 0666, 0777}) {
        INFO(mode);
        f.put(pem, mode);
        CHECK(f.why_not() == too_open);
    }
}

// The service manager gives a service its credentials so.
TEST_CASE("a key that a group may read is taken") {
    key_folder f;
    f.put(tests::pem_of(tests::ed25519_key()), 0640);
    CHECK(f.why_not().empty());
    f.put(tests::pem_of(tests::ed25519_key()), 0440);
    CHECK(f.why_not().empty());
}

TEST_CASE("a key in the store is held to the same, and not made anew") {
    key_folder f;
    REQUIRE(open_token_key(f.settings));
    auto const file = f.folder.path() / "token-key.pem";
    auto const text = text_of(file);
    ::chmod(file.c_str(), 0644);
    CHECK(f.why_not() == too_open);
    CHECK(text_of(file) == text);
    ::chmod(file.c_str(), 0600);
    std::ofstream(file, std::ios::binary) << "";
    CHECK(f.why_not() == no_key);
}

TEST_CASE("what is no key is refused") {
    key_folder f;
    auto const pem = tests::pem_of(tests::ed25519_key());
    for (auto const& text :
         {std::string(), std::string("secret"), pem.substr(0, pem.size() / 2), pem.substr(1),
          std::string("-----BEGIN PRIVATE KEY-----\nAAAA\n-----END PRIVATE KEY-----\n"), std::string(1000, '\0')}) {
        f.put(text);
        CHECK(f.why_not() == no_key);
    }
}

TEST_CASE("keys of other kinds are refused, and a public one too") {
    key_folder f;
    for (auto const& key : {tests::the_rsa_key(), tests::ec_key(), tests::ec_key("P-384"),
                            tests::owned(EVP_PKEY_Q_keygen(nullptr, nullptr, "ED448")),
                            tests::owned(EVP_PKEY_Q_keygen(nullptr, nullptr, "X25519"))}) {
        f.put(tests::pem_of(key));
        CHECK(f.why_not() == no_key);
    }
    f.put(tests::pem_of(tests::ed25519_key(), true));
    CHECK(f.why_not() == no_key);
}

TEST_CASE("a key behind a password is refused without asking for one") {
    key_folder f;
    std::unique_ptr<BIO, decltype(&BIO_free)> const out(BIO_new(BIO_s_mem()), BIO_free);
    auto const key = tests::ed25519_key();
    char password[] = "open sesame";
    REQUIRE(PEM_write_bio_PrivateKey(out.get(), key.get(), EVP_aes_256_cbc(),
                                     reinterpret_cast<unsigned char*>(password), 11, nullptr, nullptr) == 1);
    char* data = nullptr;
    auto const size = BIO_get_mem_data(out.get(), &data);
    f.put({data, static_cast<std::size_t>(size)});
    CHECK(f.why_not() == no_key);
}

TEST_CASE("a file that is too large for a key, and a folder, are refused") {
    key_folder f;
    auto const file = f.put(std::string(16 * 1024 + 1, 'x'));
    auto const large = open_token_key(f.settings);
    REQUIRE_FALSE(large);
    CHECK(large.error().message == "cannot use " + file.string() + ": it is larger than 16384 bytes");
    f.settings.access.token_key_file = f.folder.path() / "sub";
    fs::create_directory(f.settings.access.token_key_file);
    ::chmod(f.settings.access.token_key_file.c_str(), 0700);
    CHECK_FALSE(open_token_key(f.settings));
}
