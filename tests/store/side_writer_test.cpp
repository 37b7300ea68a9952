#include "store/side_writer.h"
#include "tests/catch.h"
#include "tests/store/fixture.h"

using namespace store_tests;
using store::errc;

namespace {

struct half_written : test_store {
    std::string bytes = content(900'000);
    oci::digest digest = oci::digest::of(bytes);
    store::blob_writer writer = store->begin(oci::algorithm::sha256, bytes.size()).value();
    std::shared_ptr<store::side_writer> side = writer.side();

    std::span<std::byte const> part(std::size_t from, std::size_t size) const {
        return as_bytes(std::string_view(bytes).substr(from, size));
    }
};

} // namespace

TEST_CASE("pieces that come before their turn become part of the content") {
    half_written s;
    REQUIRE(s.side->write(600'000, s.part(600'000, 300'000)).value());
    REQUIRE(s.writer.append(s.part(0, 100'000)));
    REQUIRE(s.side->write(100'000, s.part(100'000, 500'000)).value());
    REQUIRE(s.writer.take_in(500'000));
    CHECK(s.writer.written() == 600'000);
    REQUIRE(s.writer.take_in(300'000));
    REQUIRE(s.writer.commit(s.digest, {}));
    CHECK((s.get(s.digest) == s.bytes));
}

TEST_CASE("content with a piece that is wrong, or never came, has another digest") {
    half_written s;
    REQUIRE(s.writer.append(s.part(0, 100'000)));
    if (GENERATE(true, false))
        REQUIRE(s.side->write(100'000, s.part(99'999, 800'000)).value());
    else
        REQUIRE(s.side->write(899'999, s.part(899'999, 1)).value());
    REQUIRE(s.writer.take_in(800'000));
    CHECK(s.writer.commit(s.digest, {}).error().code == errc::digest_mismatch);
}

TEST_CASE("once the content is finished, or its writer gone, nothing is written beside it any more") {
    half_written s;
    REQUIRE(s.writer.append(s.part(0, 900'000)));
    if (GENERATE(true, false))
        REQUIRE(s.writer.commit(s.digest, {}));
    else
        auto const gone = std::move(s.writer);
    CHECK_FALSE(s.side->write(5, s.part(0, 10)).value());
}

TEST_CASE("more than was announced is neither written beside nor taken in") {
    half_written s;
    CHECK(s.side->write(899'995, s.part(0, 10)).error().code == errc::size_mismatch);
    CHECK(s.side->write(1ull << 63, s.part(0, 10)).error().code == errc::size_mismatch);
    CHECK(s.writer.take_in(900'001).error().code == errc::size_mismatch);
}

TEST_CASE("what ends before the piece that is taken in is an error") {
    half_written s;
    REQUIRE(s.side->write(0, s.part(0, 1000)).value());
    CHECK(s.writer.take_in(2000).error().code == errc::io);
    CHECK(s.writer.append(s.part(0, 1)).has_error());
}

TEST_CASE("a full disk is told to who writes beside") {
    half_written s;
    s.files->fail("write", ENOSPC);
    CHECK(s.side->write(0, s.part(0, 1000)).error().code == errc::no_space);
}

TEST_CASE("content of unknown size has nothing beside it") {
    test_store s;
    CHECK_FALSE(s.store->begin(oci::algorithm::sha256, {}).value().side());
}
