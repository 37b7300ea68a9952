#include "tests/fuzz/corpus.h"
#include "tests/fuzz/index_codec_check.h"

TEST_CASE("the seeds of the index codec's fuzz target") {
    fuzz::check_corpus("index_codec", fuzz::check_index_codec);
}
