#include "tests/fuzz/server/push_judge.h"

#include "tests/fuzz/server/picks.h"
#include "tests/fuzz/server/violation.h"

namespace fuzz {

bool may_be_refused(world const& w, tests::http_answer const& a) {
    return (w.is_cramped() && a.status == 403) || a.status == 429 || is_busy(a);
}

void judge_push(world const& w, tests::http_answer const& a, bool right, std::size_t size) {
    auto const status = std::to_string(a.status) + " " + a.body.substr(0, 200);
    bool const too_large = w.largest_blob() != 0 && size > w.largest_blob();
    if (may_be_refused(w, a))
        return;
    if (too_large)
        must(a.status == 413, "a blob that is too large: " + status);
    else if (right)
        must(a.status == 201, "a push of what is right: " + status);
    else
        must(a.status == 400, "a push of what is wrong: " + status);
}

} // namespace fuzz
