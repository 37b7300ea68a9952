// What can happen in a play. Each takes its decisions from the play, sends a request whose answer is judged when it
// comes, or changes the world around.
#pragma once

#include "tests/fuzz/server/choices.h"
#include "tests/fuzz/server/world.h"

namespace fuzz {

// ---- pull_moves.cpp
void pull_blob(world& w, choices& c);
void pull_manifest(world& w, choices& c);
void pull_tag(world& w, choices& c);
// Everything that is known to be hosted, and to have been.
void pull_all_that_is_hosted(world& w);

// ---- list_moves.cpp
void list_tags(world& w, choices& c);
void list_catalog(world& w, choices& c);
void list_referrers(world& w, choices& c);
void get_token(world& w, choices& c);

// ---- blob_moves.cpp
void push_whole_blob(world& w, choices& c);
void mount_blob(world& w, choices& c);
void delete_blob(world& w, choices& c);

// ---- upload_moves.cpp
void open_upload(world& w, choices& c);
void append_to_upload(world& w, choices& c);
void finish_upload(world& w, choices& c);
void ask_about_upload(world& w, choices& c);
void cancel_upload(world& w, choices& c);
void cancel_all_uploads(world& w);

// ---- manifest_moves.cpp
void push_manifest(world& w, choices& c);
void delete_manifest(world& w, choices& c);

// ---- odd_moves.cpp
void send_odd_head(world& w, choices& c);
void leave(world& w, choices& c);
void let_time_pass(world& w, choices& c);
void move_upstream_tag(world& w, choices& c);
void be_operator(world& w, choices& c);
void restart(world& w, choices& c);

} // namespace fuzz
