#include "store/byte_codec.h"
#include "store/index_codec.h"
#include "tests/catch.h"
#include "tests/fuzz/index_codec_check.h"

#include <limits>
#include <random>

using namespace store;

namespace {

oci::digest const some_digest = oci::digest::of("some");
oci::digest const long_digest = oci::digest::of("some", oci::algorithm::sha512);

object_row some_object() {
    object_row r;
    r.info = {.size = 123'456'789'012,
              .disk_bytes = 4096,
              .stored_at = -5,
              .kind = object_kind::cache_blob,
              .origin = object_origin::push,
              .place = object_place::row,
              .media_type = "application/vnd.oci.image.manifest.v1+json"};
    r.epoch = 7;
    return r;
}

// One encoded value of every kind.
std::vector<std::string> all_values() {
    return {encode(some_object()),
            encode(store::link{.size = 5, .media_type = "a/b", .kind = object_kind::layer, .linked_at = 99}),
            encode(tag_record{.digest = long_digest, .checked_at = 1, .updated_at = 2}),
            encode(std::vector<oci::descriptor>{{.media_type = "x/y", .digest = some_digest, .size = 3}}),
            encode(totals{.objects = 1, .content_bytes = -2, .file_bytes = 3, .logical_bytes = -4}),
            encode(epoch_record{.current = 3, .suspect_first = 1, .suspect_last = 2, .boot_id = "b"}),
            encode_sums(std::vector<std::uint64_t>{1, 2}),
            encode_count(300)};
}

// How many decoders accept the bytes.
int accepted(std::string_view bytes) {
    return decode_object(bytes).has_value() + decode_link(bytes).has_value() + decode_tag(bytes).has_value() +
           decode_children(bytes).has_value() + decode_totals(bytes).has_value() + decode_epoch(bytes).has_value() +
           decode_sums(bytes).has_value() + decode_count(bytes).has_value();
}

} // namespace

TEST_CASE("varints come back as they were, at every length") {
    for (unsigned bit = 0; bit < 64; ++bit) {
        for (auto const v : {(std::uint64_t{1} << bit) - 1, std::uint64_t{1} << bit}) {
            byte_writer to;
            to.number(v);
            to.signed_number(static_cast<std::int64_t>(v));
            to.signed_number(-static_cast<std::int64_t>(v >> 1));
            auto const bytes = to.take();
            byte_reader from(bytes);
            CHECK(from.number() == v);
            CHECK(from.signed_number() == static_cast<std::int64_t>(v));
            CHECK(from.signed_number() == -static_cast<std::int64_t>(v >> 1));
            CHECK(from.finished());
        }
    }
}

TEST_CASE("a varint of more than 64 bits is refused") {
    byte_reader from("\xff\xff\xff\xff\xff\xff\xff\xff\xff\x02");
    CHECK(from.number() == 0);
    CHECK_FALSE(from.ok());
    byte_reader endless("\x80\x80\x80\x80\x80\x80\x80\x80\x80\x80\x80");
    CHECK(endless.number() == 0);
    CHECK_FALSE(endless.ok());
}

TEST_CASE("a text longer than what is left is refused, however long it says to be") {
    byte_writer to;
    to.number(std::numeric_limits<std::uint64_t>::max());
    to.raw("abc");
    auto const bytes = to.take();
    byte_reader from(bytes);
    CHECK(from.text().empty());
    CHECK_FALSE(from.ok());
}

TEST_CASE("an object row comes back as it was") {
    auto const r = decode_object(encode(some_object()));
    REQUIRE(r);
    CHECK(r->info.size == 123'456'789'012);
    CHECK(r->info.disk_bytes == 4096);
    CHECK(r->info.stored_at == -5);
    CHECK(r->info.kind == object_kind::cache_blob);
    CHECK(r->info.origin == object_origin::push);
    CHECK(r->info.place == object_place::row);
    CHECK(r->info.media_type == "application/vnd.oci.image.manifest.v1+json");
    CHECK(r->epoch == 7);
}

TEST_CASE("links, tags, totals, epochs, sums and counts come back as they were") {
    store::link const l{.size = 5, .media_type = "a/b", .kind = object_kind::layer, .linked_at = 99, .proven = true};
    CHECK(decode_link(encode(l)) == l);
    tag_record const t{.digest = long_digest, .checked_at = -1, .updated_at = 1'700'000'000};
    CHECK(decode_tag(encode(t)) == t);
    totals const sums{.objects = 1, .content_bytes = -2, .file_bytes = std::int64_t{1} << 50, .logical_bytes = 0};
    CHECK(decode_totals(encode(sums)) == sums);
    epoch_record const e{.current = 3, .suspect_first = 1, .suspect_last = 2, .boot_id = "boot"};
    CHECK(decode_epoch(encode(e)) == e);
    std::vector<std::uint64_t> const blocks{0, 1, std::numeric_limits<std::uint64_t>::max()};
    CHECK(decode_sums(encode_sums(blocks)) == blocks);
    CHECK(decode_count(encode_count(300)) == 300u);
}

TEST_CASE("a link of an older store is read, and proves nothing") {
    store::link const l{.size = 5, .media_type = "a/b", .kind = object_kind::layer, .linked_at = 99};
    auto older = encode(l);
    older.front() = 1; // its form ended with the media type
    older.pop_back();
    CHECK(decode_link(older) == l);
    older.push_back(1);
    CHECK_FALSE(decode_link(older));
}

TEST_CASE("children come back in their order, with duplicates") {
    std::vector<oci::descriptor> const children{
        {.media_type = "c/c", .digest = some_digest, .size = 1, .role = oci::child_role::config},
        {.media_type = "", .digest = long_digest, .size = 2, .role = oci::child_role::layer, .foreign = true},
        {.media_type = "c/c", .digest = some_digest, .size = 1, .role = oci::child_role::manifest}};
    auto const back = decode_children(encode(children));
    REQUIRE(back);
    REQUIRE(back->size() == 3);
    for (std::size_t i = 0; i < 3; ++i) {
        CHECK((*back)[i].media_type == children[i].media_type);
        CHECK((*back)[i].digest == children[i].digest);
        CHECK((*back)[i].size == children[i].size);
        CHECK((*back)[i].role == children[i].role);
        CHECK((*back)[i].foreign == children[i].foreign);
    }
}

TEST_CASE("a value of an unknown version is refused by every decoder") {
    for (auto value : all_values()) {
        value[0] = 3;
        CHECK(accepted(value) == 0);
    }
    CHECK(accepted("") == 0);
}

TEST_CASE("an enum's number that nobody has given out is refused") {
    auto r = some_object();
    r.info.kind = static_cast<object_kind>(5);
    CHECK_FALSE(decode_object(encode(r)));
    store::link l;
    l.kind = static_cast<object_kind>(200);
    CHECK_FALSE(decode_link(encode(l)));
}

TEST_CASE("a value cut short anywhere, or with a byte more, is not the value it was") {
    auto const bytes = encode(some_object());
    for (std::size_t n = 0; n < bytes.size(); ++n)
        CHECK_FALSE(decode_object(bytes.substr(0, n)));
    CHECK_FALSE(decode_object(bytes + '\0'));

    auto const tag = encode(tag_record{.digest = some_digest, .checked_at = 1, .updated_at = 2});
    for (std::size_t n = 0; n < tag.size(); ++n)
        CHECK_FALSE(decode_tag(tag.substr(0, n)));
    CHECK_FALSE(decode_tag(tag + '\0'));
}

TEST_CASE("random and mutated bytes never decode past their end, and what decodes encodes again") {
    std::mt19937 random(7);
    auto const values = all_values();
    for (int round = 0; round < 20'000; ++round) {
        std::string bytes;
        if (round % 2) {
            bytes = values[random() % values.size()];
            bytes[random() % bytes.size()] = static_cast<char>(random());
            bytes.resize(random() % (bytes.size() + 2));
        } else {
            bytes.resize(random() % 80);
            for (auto& b : bytes)
                b = static_cast<char>(random());
            if (!bytes.empty() && round % 4)
                bytes[0] = 1;
        }
        // A copy on the heap of exactly this size, so that the sanitizer sees a read past the end.
        std::vector<char> const exact(bytes.begin(), bytes.end());
        std::string_view const view(exact.data(), exact.size());
        CHECK_NOTHROW(fuzz::check_index_codec(view));
    }
}

TEST_CASE("digest keys come back, and other lengths and algorithms do not") {
    CHECK(decode_digest_key(digest_key(some_digest)) == some_digest);
    CHECK(decode_digest_key(digest_key(long_digest)) == long_digest);
    std::string key(digest_key(some_digest).view());
    CHECK_FALSE(decode_digest_key(key + 'x'));
    CHECK_FALSE(decode_digest_key(key.substr(1)));
    key[0] = 3;
    CHECK_FALSE(decode_digest_key(key));
}

TEST_CASE("keys of one repository stand together, before those of any name that continues it") {
    auto const a = tag_key("docker.io/a", "zzz");
    auto const b = tag_key("docker.io/a-b", "aaa");
    auto const c = tag_key("docker.io/a/b", "aaa");
    CHECK(a.view() < b.view());
    CHECK(b.view() < c.view());
    auto const split = split_repository(c);
    REQUIRE(split);
    CHECK(split->repo == "docker.io/a/b");
    CHECK(split->rest == "aaa");
    CHECK_FALSE(split_repository("no zero byte"));
}

TEST_CASE("a name longer than what a key holds on the stack is a key all the same") {
    std::string const name(1000, 'n');
    auto const key = link_key(name, some_digest);
    auto const split = split_repository(key);
    REQUIRE(split);
    CHECK(split->repo == name);
    CHECK(decode_digest_key(split->rest) == some_digest);
    CHECK(is_repository_name(name));
    CHECK_FALSE(is_repository_name(std::string(1025, 'n')));
    CHECK_FALSE(is_repository_name(""));
    CHECK_FALSE(is_repository_name(std::string_view("a\0b", 3)));
}
