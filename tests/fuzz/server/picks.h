// What most requests of a play have in common: a repository by one of its names, somebody who asks, and the answers
// that no request may get.
#pragma once

#include "tests/fuzz/server/choices.h"
#include "tests/fuzz/server/world.h"

#include <optional>
#include <string>

namespace fuzz {

// Mostly of those few that the play is about: by chance alone requests would hardly ever meet.
std::size_t choose_repository(world const& w, choices& c);
std::size_t choose_hosted(world const& w, choices& c);
std::size_t choose_blob(world const& w, choices& c);
std::size_t choose_manifest(world const& w, choices& c);
credential choose_credential(world const& w, choices& c, deed what, std::size_t repository);
credential login_of(user who);

// "/v2/…" of what is in a repository; `rest` begins with a slash, and may have a query.
std::string target_in(std::size_t repository, std::string const& rest);
std::string choose_target(choices& c, std::size_t repository, std::string const& rest);

// A request that is let in or not, as long as the time that passes does not change that while it is on its way.
class entry {
public:
    entry(world const& w, credential shown, deed what, std::size_t repository);

    // Checks what holds of any answer. True if the rest is to be checked by who asks: it was let in.
    bool is_past(tests::http_answer const& a, std::string const& method) const;

private:
    world const& world_;
    credential const shown_;
    deed const what_;
    std::size_t const repository_;
    access const at_first_;
};

// Of any answer to any request.
void judge_form(tests::http_answer const& a, std::string const& method);
bool is_busy(tests::http_answer const& a); // "come back", as documented

} // namespace fuzz
