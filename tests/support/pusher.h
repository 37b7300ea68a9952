// A layerd with nothing upstream, and a client that pushes to its hosted repositories.
#pragma once

#include "tests/support/content_sets.h"
#include "tests/support/mirror.h"

#include <string>

namespace tests {

inline std::string const app = "local/team/app"; // where most tests push to
inline std::string const other = "local/other";

std::string blob_path(std::string const& repo, std::string const& digest);
std::string blob_path(std::string const& repo, content const& c);
std::string manifest_path(std::string const& repo, std::string const& reference);
std::string uploads_path(std::string const& repo); // with the slash at its end
std::string tags_path(std::string const& repo);
std::string referrers_path(std::string const& repo, std::string const& digest);

// "404 BLOB_UNKNOWN" of an error body in the protocol's form, or what is wrong with it.
std::string refusal(http_answer const& a);

struct pusher : mirror {
    pusher() { start(); }

    // Each on a connection of its own.
    http_answer ask(std::string const& method, std::string const& target, http_client::headers h = {},
                    std::string const& body = {}) const;
    http_answer ask_in_chunks(std::string const& method, std::string const& target, http_client::headers h,
                              std::string const& body) const;

    // The session's URL.
    std::string open_upload(std::string const& repo = app) const;
    // An ordered chunk that begins at `first`.
    http_answer put_chunk(std::string const& method, std::string const& session, std::size_t first,
                          std::string const& bytes) const;
    http_answer patch(std::string const& session, std::size_t first, std::string const& bytes) const {
        return put_chunk("PATCH", session, first, bytes);
    }
    http_answer append(std::string const& session, std::string const& bytes) const { // wherever the session stands
        return ask("PATCH", session, {{"Content-Type", "application/octet-stream"}}, bytes);
    }
    http_answer close(std::string const& session, std::string const& digest, std::string const& bytes = {}) const;
    http_answer post_blob(std::string const& repo, content const& c) const;
    http_answer put_manifest(std::string const& repo, std::string const& reference, content const& c) const;
    http_answer mount(std::string const& repo, std::string const& digest,
                      std::string const& from) const; // "": anywhere

    // As above; a failure ends the test.
    void push(std::string const& repo, content const& blob) const;
    void push(std::string const& repo, content_set const& set) const;
    void push_manifest(std::string const& repo, std::string const& reference, content const& c) const;
};

// A session's URL with one more parameter.
std::string with(std::string const& url, std::string const& parameter);

// The value as the clients that escape it send it: "sha256%3A…".
std::string escaped(std::string const& text);

} // namespace tests
