// Whether what came is what was asked for: the whole of an item, the part or the parts of it that were named, and
// nothing that looks complete and is not.
#pragma once

#include "tests/fuzz/server/choices.h"
#include "tests/fuzz/server/truth.h"
#include "tests/support/http_client.h"

#include <string>
#include <utility>
#include <vector>

namespace fuzz {

// A Range field, and what it comes to.
struct wanted_part {
    std::string field;                                      // "" if all is wanted
    std::vector<std::pair<std::size_t, std::size_t>> parts; // first and last, of what is there of it
    bool is_clear = true;                                   // else it may be ignored

    static wanted_part choose(choices& c, std::size_t size);
};

// Of an answer 200, 206 or 416. `lied`: the upstream has, so that a part which nothing can prove may be wrong.
void judge_bytes(tests::http_answer const& a, std::string const& method, item const& of, wanted_part const& wanted,
                 bool lied);

} // namespace fuzz
