// A certificate authority of the test's own, and what it issues.
#pragma once

#include <filesystem>
#include <memory>
#include <string>
#include <vector>

namespace tests {

struct test_certificate {
    std::string certificate_pem;
    std::string key_pem;
};

class test_authority {
public:
    test_authority();
    ~test_authority();
    test_authority(test_authority const&) = delete;
    test_authority& operator=(test_authority const&) = delete;

    // The CA's certificate in PEM, for a client to trust; removed with this object.
    std::filesystem::path const& ca_file() const noexcept { return ca_file_; }

    // For these names and addresses: {"localhost", "127.0.0.1"}.
    test_certificate issue(std::vector<std::string> const& names) const;
    // Likewise, for so many seconds from now on; it began a day ago.
    test_certificate issue_for(std::vector<std::string> const& names, long seconds) const;
    // Of a client; its common name is `user`.
    test_certificate issue_for_client(std::string const& user) const;
    test_certificate issue_expired(std::vector<std::string> const& names) const; // an hour ago

private:
    // From now on; `names` may be empty, `purpose` is of extendedKeyUsage.
    test_certificate issue_until(long seconds, std::string const& common_name, std::vector<std::string> const& names,
                                 std::string const& purpose) const;
    struct keys;
    std::unique_ptr<keys> keys_;
    std::filesystem::path ca_file_;
};

} // namespace tests
