// Which answers a push may get.
#pragma once

#include "tests/fuzz/server/world.h"

namespace fuzz {

// Refused although nothing is wrong with it: for want of room, or because too much is under way.
bool may_be_refused(world const& w, tests::http_answer const& a);

// Of content that is right, or is not what it is said to be. 201 to the one, a client's error to the other.
void judge_push(world const& w, tests::http_answer const& a, bool right, std::size_t size);

} // namespace fuzz
