// The key that layerd signs its tokens with: Ed25519, a PEM file that none but its owner (and group, as for
// credentials of a service) may read. Whoever has it can make
// tokens for anybody; a new one makes all older tokens worthless.
#pragma once

#include "proxy/access/jws.h"
#include "proxy/config/config.h"
#include "proxy/runtime/environment.h"

#include <filesystem>

namespace proxy {

// Where the configuration has it, or else in the store. A path that is not absolute is a credential of the service.
std::filesystem::path token_key_path(config const& c, environment const& variable = own_environment());

// Of one that is there. Blocks. Errors say what is wrong with the file: it cannot be read, is no such key, or is open
// to others than its owner.
result<jws_key> read_token_key(std::filesystem::path const& file);

struct opened_token_key {
    jws_key key;
    bool is_new = false; // made just now
};

// Reads it; one in the store is made where there is none, and belongs to whom the store does: root may make it before
// the server's user first needs it. Blocks.
result<opened_token_key> open_token_key(config const& c);

} // namespace proxy
