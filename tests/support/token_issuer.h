// A system that signs tokens about its jobs, as GitHub Actions does: RSA keys, published at an origin.
#pragma once

#include "tests/support/scripted_origin.h"

#include <boost/json/object.hpp>

#include <cstdint>
#include <memory>
#include <mutex>
#include <string>

namespace tests {

class token_issuer {
public:
    token_issuer();
    ~token_issuer();

    std::string url() const;
    void change_key(); // from now on it signs by another, and publishes that alone

    // A token as it is by default, and with other claims or another head.
    std::string token(boost::json::object const& changed = {}, boost::json::object const& head = {}) const;

    std::size_t times_asked() const; // for its keys
    void set_silent(bool is);        // its keys are not to be had
    void say_keys_are_at(std::string url);

    std::int64_t now = 1'800'000'000;

private:
    scripted_origin origin_;
    struct key;
    std::unique_ptr<key> key_;
    int keys_made_ = 0;
    mutable std::mutex mutex_; // guards what is below
    std::string published_;
    bool silent_ = false;
    std::string keys_at_; // empty: here
};

} // namespace tests
