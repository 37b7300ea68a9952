#include "store/index_codec.h"

#include "store/byte_codec.h"

#include <limits>

namespace store {
namespace {

constexpr std::uint8_t version_1 = 1;
constexpr std::uint8_t version_2 = 2; // of links, which end with what is proven

constexpr std::size_t repository_name_max_bytes = 1024;

void write_digest(byte_writer& to, oci::digest const& d) {
    to.byte(static_cast<std::uint8_t>(d.algo()));
    auto const hash = d.hash();
    to.raw({reinterpret_cast<char const*>(hash.data()), hash.size()});
}

std::optional<oci::algorithm> read_algorithm(byte_reader& from) {
    auto const number = from.byte();
    if (number == static_cast<std::uint8_t>(oci::algorithm::sha256) ||
        number == static_cast<std::uint8_t>(oci::algorithm::sha512))
        return static_cast<oci::algorithm>(number);
    from.fail();
    return std::nullopt;
}

std::optional<oci::digest> read_digest(byte_reader& from) {
    auto const algo = read_algorithm(from);
    if (!algo)
        return std::nullopt;
    auto const hash = from.raw(oci::hash_size(*algo));
    if (!from.ok())
        return std::nullopt;
    auto d = oci::digest::from_hash(*algo, std::as_bytes(std::span(hash)));
    if (!d) {
        from.fail();
        return std::nullopt;
    }
    return *d;
}

// An enum whose numbers are 0..last.
template <class E>
E read_enum(byte_reader& from, E last) noexcept {
    auto const number = from.byte();
    if (number > static_cast<std::uint8_t>(last)) {
        from.fail();
        return E{};
    }
    return static_cast<E>(number);
}

bool read_flag(byte_reader& from) noexcept {
    auto const number = from.byte();
    if (number > 1)
        from.fail();
    return number == 1;
}

std::uint32_t read_u32(byte_reader& from) noexcept {
    auto const number = from.number();
    if (number > std::numeric_limits<std::uint32_t>::max())
        from.fail();
    return static_cast<std::uint32_t>(number);
}

byte_writer begin_value(std::uint8_t version = version_1) {
    byte_writer to;
    to.byte(version);
    return to;
}

byte_reader open_value(std::string_view bytes) noexcept {
    byte_reader from(bytes);
    if (from.byte() != version_1)
        from.fail();
    return from;
}

template <class T>
std::optional<T> finish(byte_reader const& from, T& value) {
    if (!from.finished())
        return std::nullopt;
    return std::move(value);
}

} // namespace

index_key& index_key::add(std::string_view text) {
    bytes_.insert(bytes_.end(), text.begin(), text.end());
    return *this;
}

index_key& index_key::add(char byte) {
    bytes_.push_back(byte);
    return *this;
}

index_key& index_key::add(oci::digest const& d) {
    auto const hash = d.hash();
    return add(static_cast<char>(d.algo())).add({reinterpret_cast<char const*>(hash.data()), hash.size()});
}

bool is_repository_name(std::string_view repo) noexcept {
    return !repo.empty() && repo.size() <= repository_name_max_bytes && repo.find('\0') == std::string_view::npos;
}

index_key digest_key(oci::digest const& d) {
    return index_key{}.add(d);
}

index_key link_key(std::string_view repo, oci::digest const& d) {
    return index_key{}.add(repo).add('\0').add(d);
}

index_key tag_key(std::string_view repo, std::string_view tag) {
    return index_key{}.add(repo).add('\0').add(tag);
}

index_key parent_key(oci::digest const& child, oci::digest const& manifest) {
    return index_key{}.add(child).add(manifest);
}

index_key holder_key(oci::digest const& d, std::string_view repo) {
    return index_key{}.add(d).add(repo);
}

index_key referrer_key(std::string_view repo, oci::digest const& subject, oci::digest const& manifest) {
    return link_key(repo, subject).add(manifest);
}

std::optional<oci::digest> decode_digest_key(std::string_view key) {
    byte_reader from(key);
    auto d = read_digest(from);
    if (!from.finished())
        return std::nullopt;
    return d;
}

std::optional<split_key> split_repository(std::string_view key) noexcept {
    auto const end = key.find('\0');
    if (end == std::string_view::npos)
        return std::nullopt;
    return split_key{key.substr(0, end), key.substr(end + 1)};
}

std::optional<std::string_view> behind_digest(std::string_view key) noexcept {
    byte_reader from(key);
    if (!read_digest(from))
        return std::nullopt;
    return key.substr(key.size() - from.rest().size());
}

totals& totals::operator+=(totals const& other) noexcept {
    objects += other.objects;
    content_bytes += other.content_bytes;
    file_bytes += other.file_bytes;
    logical_bytes += other.logical_bytes;
    files += other.files;
    return *this;
}

std::string encode(object_row const& r) {
    auto to = begin_value();
    to.number(r.info.size);
    to.number(r.info.disk_bytes);
    to.signed_number(r.info.stored_at);
    to.byte(static_cast<std::uint8_t>(r.info.kind));
    to.byte(static_cast<std::uint8_t>(r.info.origin));
    to.byte(static_cast<std::uint8_t>(r.info.place));
    to.number(r.epoch);
    to.text(r.info.media_type);
    return to.take();
}

std::optional<object_row> decode_object(std::string_view bytes) {
    auto from = open_value(bytes);
    object_row r;
    r.info.size = from.number();
    r.info.disk_bytes = from.number();
    r.info.stored_at = from.signed_number();
    r.info.kind = read_enum(from, object_kind::cache_blob);
    r.info.origin = read_enum(from, object_origin::push);
    r.info.place = read_enum(from, object_place::file);
    r.epoch = read_u32(from);
    r.info.media_type = from.text();
    return finish(from, r);
}

std::string encode(link const& l) {
    auto to = begin_value(version_2);
    to.number(l.size);
    to.signed_number(l.linked_at);
    to.byte(static_cast<std::uint8_t>(l.kind));
    to.text(l.media_type);
    to.byte(l.proven ? 1 : 0);
    return to.take();
}

// Version 1 did not say where the link came from: nothing is proven by it.
std::optional<link> decode_link(std::string_view bytes) {
    byte_reader from(bytes);
    auto const version = from.byte();
    if (version != version_1 && version != version_2)
        from.fail();
    link l;
    l.size = from.number();
    l.linked_at = from.signed_number();
    l.kind = read_enum(from, object_kind::cache_blob);
    l.media_type = from.text();
    l.proven = version == version_2 && read_flag(from);
    return finish(from, l);
}

std::string encode(tag_record const& t) {
    auto to = begin_value();
    write_digest(to, t.digest);
    to.signed_number(t.checked_at);
    to.signed_number(t.updated_at);
    return to.take();
}

std::optional<tag_record> decode_tag(std::string_view bytes) {
    auto from = open_value(bytes);
    auto const d = read_digest(from);
    if (!d)
        return std::nullopt;
    tag_record t{.digest = *d};
    t.checked_at = from.signed_number();
    t.updated_at = from.signed_number();
    return finish(from, t);
}

std::string encode(std::vector<oci::descriptor> const& children) {
    auto to = begin_value();
    for (auto const& c : children) {
        write_digest(to, c.digest);
        to.number(c.size);
        to.byte(static_cast<std::uint8_t>(c.role));
        to.byte(c.foreign ? 1 : 0);
        to.text(c.media_type);
    }
    return to.take();
}

std::optional<std::vector<oci::descriptor>> decode_children(std::string_view bytes) {
    auto from = open_value(bytes);
    std::vector<oci::descriptor> children;
    while (from.ok() && !from.at_end()) {
        auto const d = read_digest(from);
        if (!d)
            return std::nullopt;
        oci::descriptor c{.media_type = {}, .digest = *d};
        c.size = from.number();
        c.role = read_enum(from, oci::child_role::manifest);
        auto const foreign = from.byte();
        if (foreign > 1)
            from.fail();
        c.foreign = foreign == 1;
        c.media_type = from.text();
        children.push_back(std::move(c));
    }
    return finish(from, children);
}

std::string encode(totals const& t) {
    auto to = begin_value();
    to.signed_number(t.objects);
    to.signed_number(t.content_bytes);
    to.signed_number(t.file_bytes);
    to.signed_number(t.logical_bytes);
    to.signed_number(t.files);
    return to.take();
}

std::optional<totals> decode_totals(std::string_view bytes) {
    auto from = open_value(bytes);
    totals t;
    t.objects = from.signed_number();
    t.content_bytes = from.signed_number();
    t.file_bytes = from.signed_number();
    t.logical_bytes = from.signed_number();
    t.files = from.signed_number();
    return finish(from, t);
}

std::string encode(epoch_record const& e) {
    auto to = begin_value();
    to.number(e.current);
    to.number(e.suspect_first);
    to.number(e.suspect_last);
    to.text(e.boot_id);
    return to.take();
}

std::optional<epoch_record> decode_epoch(std::string_view bytes) {
    auto from = open_value(bytes);
    epoch_record e;
    e.current = read_u32(from);
    e.suspect_first = read_u32(from);
    e.suspect_last = read_u32(from);
    e.boot_id = from.text();
    return finish(from, e);
}

std::string encode(use_record const& u) {
    auto to = begin_value();
    to.signed_number(u.last_used);
    to.byte(u.hits);
    return to.take();
}

std::optional<use_record> decode_use(std::string_view bytes) {
    auto from = open_value(bytes);
    use_record u;
    u.last_used = from.signed_number();
    u.hits = from.byte();
    return finish(from, u);
}

std::string encode(upload_record const& u) {
    auto to = begin_value();
    to.signed_number(u.started_at);
    to.byte(static_cast<std::uint8_t>(u.algorithm));
    to.text(u.repo);
    return to.take();
}

std::optional<upload_record> decode_upload(std::string_view bytes) {
    auto from = open_value(bytes);
    upload_record u;
    u.started_at = from.signed_number();
    auto const algorithm = read_algorithm(from);
    if (!algorithm)
        return std::nullopt;
    u.algorithm = *algorithm;
    u.repo = from.text();
    return finish(from, u);
}

std::string encode(referrer_record const& r) {
    auto to = begin_value();
    to.text(r.artifact_type);
    to.text(r.descriptor);
    return to.take();
}

std::optional<referrer_record> decode_referrer(std::string_view bytes) {
    auto from = open_value(bytes);
    referrer_record r;
    r.artifact_type = from.text();
    r.descriptor = from.text();
    return finish(from, r);
}

std::string encode_sums(std::span<std::uint64_t const> sums) {
    auto to = begin_value();
    for (auto const s : sums)
        to.fixed64(s);
    return to.take();
}

std::optional<std::vector<std::uint64_t>> decode_sums(std::string_view bytes) {
    auto from = open_value(bytes);
    std::vector<std::uint64_t> sums;
    while (from.ok() && !from.at_end())
        sums.push_back(from.fixed64());
    return finish(from, sums);
}

std::string encode_count(std::uint64_t n) {
    auto to = begin_value();
    to.number(n);
    return to.take();
}

std::optional<std::uint64_t> decode_count(std::string_view bytes) {
    auto from = open_value(bytes);
    auto n = from.number();
    return finish(from, n);
}

} // namespace store
