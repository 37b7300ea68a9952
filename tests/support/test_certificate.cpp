#include "tests/support/test_certificate.h"

#include <boost/asio/ip/address.hpp>

#include <openssl/bio.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/x509v3.h>

#include <unistd.h>

#include <atomic>
#include <fstream>
#include <functional>
#include <stdexcept>

namespace tests {

namespace {

template <auto F>
struct freed_by {
    template <class T>
    void operator()(T* p) const {
        F(p);
    }
};
using x509 = std::unique_ptr<X509, freed_by<X509_free>>;
using private_key = std::unique_ptr<EVP_PKEY, freed_by<EVP_PKEY_free>>;
using memory_bio = std::unique_ptr<BIO, freed_by<BIO_free_all>>;

void require(bool ok) {
    if (!ok)
        throw std::runtime_error("OpenSSL cannot make a test certificate");
}

std::string to_pem(std::function<int(BIO*)> const& write) {
    memory_bio out(BIO_new(BIO_s_mem()));
    require(out && write(out.get()) == 1);
    char* data = nullptr;
    auto const size = BIO_get_mem_data(out.get(), &data);
    return {data, static_cast<std::size_t>(size)};
}

void add_extension(X509* certificate, X509* issuer, int nid, std::string const& value) {
    X509V3_CTX context;
    X509V3_set_ctx(&context, issuer, certificate, nullptr, nullptr, 0);
    std::unique_ptr<X509_EXTENSION, freed_by<X509_EXTENSION_free>> extension(
        X509V3_EXT_conf_nid(nullptr, &context, nid, value.c_str()));
    require(extension && X509_add_ext(certificate, extension.get(), -1) == 1);
}

constexpr long a_day = 24 * 3600;

// Unsigned, with a subject, a key, and a life that began a day ago.
x509 make(std::string const& common_name, EVP_PKEY* key, long serial, long until) {
    x509 out(X509_new());
    require(out && key);
    X509_set_version(out.get(), 2);
    ASN1_INTEGER_set(X509_get_serialNumber(out.get()), serial);
    X509_gmtime_adj(X509_getm_notBefore(out.get()), -a_day);
    X509_gmtime_adj(X509_getm_notAfter(out.get()), until);
    X509_set_pubkey(out.get(), key);
    X509_NAME_add_entry_by_txt(X509_get_subject_name(out.get()), "CN", MBSTRING_ASC,
                               reinterpret_cast<unsigned char const*>(common_name.c_str()), -1, -1, 0);
    return out;
}

bool is_address(std::string const& name) {
    boost::system::error_code ec;
    boost::asio::ip::make_address(name, ec);
    return !ec;
}

} // namespace

struct test_authority::keys {
    private_key key{EVP_EC_gen("P-256")};
    x509 certificate;
};

test_authority::test_authority() : keys_(std::make_unique<keys>()) {
    auto& [key, certificate] = *keys_;
    // A name of its own: two authorities of one name would be told apart by a broken signature only.
    static std::atomic<int> made{0};
    certificate = make("layerd test authority " + std::to_string(++made), key.get(), 1, a_day);
    X509_set_issuer_name(certificate.get(), X509_get_subject_name(certificate.get()));
    add_extension(certificate.get(), certificate.get(), NID_basic_constraints, "critical,CA:TRUE");
    add_extension(certificate.get(), certificate.get(), NID_key_usage, "critical,keyCertSign,cRLSign");
    require(X509_sign(certificate.get(), key.get(), EVP_sha256()) != 0);

    auto name = (std::filesystem::temp_directory_path() / "layerd-test-ca-XXXXXX").string();
    int const fd = ::mkstemp(name.data());
    require(fd >= 0);
    ::close(fd);
    ca_file_ = name;
    std::ofstream(ca_file_) << to_pem([&](BIO* b) { return PEM_write_bio_X509(b, keys_->certificate.get()); });
}

test_authority::~test_authority() {
    std::error_code ignored;
    std::filesystem::remove(ca_file_, ignored);
}

test_certificate test_authority::issue(std::vector<std::string> const& names) const {
    return issue_until(a_day, names.front(), names, {});
}

test_certificate test_authority::issue_for(std::vector<std::string> const& names, long seconds) const {
    return issue_until(seconds, names.front(), names, {});
}

test_certificate test_authority::issue_expired(std::vector<std::string> const& names) const {
    return issue_until(-3600, names.front(), names, {});
}

test_certificate test_authority::issue_for_client(std::string const& user) const {
    return issue_until(a_day, user, {}, "clientAuth");
}

test_certificate test_authority::issue_until(long seconds, std::string const& common_name,
                                             std::vector<std::string> const& names, std::string const& purpose) const {
    private_key key(EVP_EC_gen("P-256"));
    auto certificate = make(common_name, key.get(), 2, seconds);
    X509_set_issuer_name(certificate.get(), X509_get_subject_name(keys_->certificate.get()));
    std::string alternatives;
    for (auto const& n : names)
        alternatives += (alternatives.empty() ? "" : ",") + std::string(is_address(n) ? "IP:" : "DNS:") + n;
    if (!names.empty())
        add_extension(certificate.get(), keys_->certificate.get(), NID_subject_alt_name, alternatives);
    if (!purpose.empty())
        add_extension(certificate.get(), keys_->certificate.get(), NID_ext_key_usage, purpose);
    require(X509_sign(certificate.get(), keys_->key.get(), EVP_sha256()) != 0);
    return {to_pem([&](BIO* b) { return PEM_write_bio_X509(b, certificate.get()); }), to_pem([&](BIO* b) {
                return PEM_write_bio_PrivateKey(b, key.get(), nullptr, nullptr, 0, nullptr, nullptr);
            })};
}

} // namespace tests
