// Every seed of the fuzz corpora of the protocol's words through the check of its fuzz target.
#include "tests/fuzz/challenge_check.h"
#include "tests/fuzz/corpus.h"
#include "tests/fuzz/manifest_check.h"
#include "tests/fuzz/range_check.h"
#include "tests/fuzz/reference_check.h"
#include "tests/fuzz/route_check.h"

using fuzz::check_corpus;

TEST_CASE("the challenge corpus passes its check") {
    check_corpus("challenge", fuzz::check_challenge);
}
TEST_CASE("the manifest corpus passes its check") {
    check_corpus("manifest", fuzz::check_manifest);
}
TEST_CASE("the range corpus passes its check") {
    check_corpus("range", fuzz::check_range);
}
TEST_CASE("the reference corpus passes its check") {
    check_corpus("reference", fuzz::check_reference);
}
TEST_CASE("the route corpus passes its check") {
    check_corpus("route", fuzz::check_route);
}
