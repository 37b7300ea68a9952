// Plays a byte string as a sequence of requests of several users against a whole server in front of an upstream that
// misbehaves, and checks after each answer what must hold whatever happens:
//
//   - no wrong byte: what looks complete is what that digest or tag of that repository is
//   - nobody gets anything of a repository that the rules deny him
//   - what was pushed and acknowledged is there until it is deleted, and what was not is never shown wrong
//   - limits hold, nothing fails with 500, nobody waits for ever
//   - at the end nothing is left: no session, fill, upload, file or descriptor, and the store is whole
//
// The first bytes say how the upstream is and how the server is configured (server/bad_upstream.h, server/world.h), the
// rest are moves (server/moves.h).
#pragma once

#include <string_view>

namespace fuzz {

// Throws `violation`.
void play_server(std::string_view input);

} // namespace fuzz
