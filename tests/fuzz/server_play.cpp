#include "tests/fuzz/server_play.h"

#include "tests/fuzz/server/moves.h"
#include "tests/fuzz/server/violation.h"
#include "tests/support/captured_log.h"
#include "tests/support/eventually.h"
#include "tests/support/verdict.h"

#include <array>

namespace fuzz {

namespace {

using move = void (*)(world&, choices&);

// Some more often than others.
constexpr std::array<move, 40> moves{
    pull_blob,        pull_blob,
    pull_blob,        pull_blob,
    pull_blob,        pull_blob,
    pull_manifest,    pull_manifest,
    pull_manifest,    pull_tag,
    pull_tag,         pull_tag,
    list_tags,        list_catalog,
    list_referrers,   list_referrers,
    get_token,        get_token,
    push_whole_blob,  push_whole_blob,
    push_whole_blob,  mount_blob,
    mount_blob,       delete_blob,
    open_upload,      append_to_upload,
    append_to_upload, append_to_upload,
    finish_upload,    finish_upload,
    ask_about_upload, cancel_upload,
    push_manifest,    push_manifest,
    push_manifest,    delete_manifest,
    send_odd_head,    leave,
    let_time_pass,    be_operator,
};
constexpr std::array<move, 4> rare_moves{move_upstream_tag, move_upstream_tag, restart, pull_tag};
constexpr int most_moves = 250;

void play(std::string_view input) {
    choices c(input);
    world w(c);
    for (int n = 0; n < most_moves && !c.over(); ++n) {
        auto const m = c.byte() % 44;
        (m < moves.size() ? moves[m] : rare_moves[m - moves.size()])(w, c);
        w.check_limits();
    }
    w.read_everything();
    pull_all_that_is_hosted(w);
    cancel_all_uploads(w);
    w.end();
}

// What a process opens once, and keeps.
void warm_up() {
    static bool const done = (play({}), true);
    (void)done;
}

} // namespace

void play_server(std::string_view input) {
    tests::captured_log const log; // an upstream that misbehaves would fill a terminal
    warm_up();
    auto const before = tests::open_descriptors();
    play(input);
    must(tests::eventually([&] { return tests::open_descriptors() == before; }), "left behind: descriptors");
}

} // namespace fuzz
