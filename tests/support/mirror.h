// A layerd in front of a scripted origin: what most tests of the handlers start from.
#pragma once

#include "oci/digest.h"
#include "tests/support/http_client.h"
#include "tests/support/running_server.h"
#include "tests/support/scripted_origin.h"

#include <exception>
#include <functional>
#include <memory>
#include <string>
#include <vector>

namespace tests {

// Bytes that differ for every seed and do not repeat.
std::string random_bytes(std::size_t size, unsigned seed);

std::string digest_of(std::string const& bytes); // "sha256:…"

// An image manifest of these blobs, the first as its config.
std::string image_manifest(std::vector<std::string> const& blobs);

struct mirror {
    scripted_origin origin;
    temp_folder store;
    proxy::config settings = test_config(store.path(), origin.port());
    proxy::server_seams seams;
    std::unique_ptr<running_server> server;

    mirror() = default;
    // After a check that threw, gates stay closed: what waits for the origin must end for the server to stop. The
    // test's threads are joined before that.
    ~mirror() {
        if (std::uncaught_exceptions() > 0)
            origin.go_down();
    }
    void start() { server = std::make_unique<running_server>(settings, seams); }
    void restart();

    // At the origin, below /v2/<repo>.
    std::string put_blob(std::string const& repo, std::string const& bytes);                            // → digest
    std::string put_manifest(std::string const& repo, std::string const& tag, std::string const& body); // → digest

    http_answer get(std::string const& target, http_client::headers h = {}) const {
        return http_get(server->port(), target, std::move(h));
    }
    http_answer head(std::string const& target) const { return http_client(server->port()).head(target); }

    std::string stats() const { return http_get(server->admin_port(), "/api/v1/stats").body; }

    // How often a limit was met, as the metrics say.
    std::size_t refused(std::string const& limit) const;
};

} // namespace tests
