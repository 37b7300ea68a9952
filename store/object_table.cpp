#include "store/object_table.h"

namespace store {
namespace {

totals negative(totals const& t) {
    return {.objects = -t.objects,
            .content_bytes = -t.content_bytes,
            .file_bytes = -t.file_bytes,
            .logical_bytes = -t.logical_bytes,
            .files = -t.files};
}

} // namespace

totals sums_of(object_row const& row, std::uint64_t links) {
    auto const size = static_cast<std::int64_t>(row.info.size);
    auto const on_disk = row.info.place == object_place::file ? static_cast<std::int64_t>(row.info.disk_bytes) : 0;
    return {.objects = 1,
            .content_bytes = size,
            .file_bytes = on_disk,
            .logical_bytes = size * static_cast<std::int64_t>(links),
            .files = row.info.place == object_place::file};
}

result<std::optional<object_row>> find_object(core const& c, oci::digest const& d, access a) {
    rocksdb::PinnableSlice value;
    auto const found = c.db->get(family::objects, digest_key(d), a, value);
    if (!found)
        return found.error();
    if (!*found)
        return std::optional<object_row>();
    auto row = decode_object(value.ToStringView());
    if (!row)
        return corrupt_row("an object row of " + d.to_string());
    return row;
}

result<std::shared_ptr<std::string const>> find_small(core const& c, oci::digest const& d, access a) {
    rocksdb::PinnableSlice value;
    auto const found = c.db->get(family::small, digest_key(d), a, value);
    if (!found)
        return found.error();
    if (!*found)
        return std::shared_ptr<std::string const>();
    return std::make_shared<std::string const>(value.ToStringView());
}

result<std::vector<std::uint64_t>> find_sums(core const& c, oci::digest const& d) {
    rocksdb::PinnableSlice value;
    auto const found = c.db->get(family::sums, digest_key(d), access::any, value);
    if (!found)
        return found.error();
    if (!*found)
        return std::vector<std::uint64_t>();
    auto sums = decode_sums(value.ToStringView());
    if (!sums)
        return corrupt_row("block sums of " + d.to_string());
    return *std::move(sums);
}

result<std::uint64_t> count_links(core const& c, oci::digest const& d) {
    rocksdb::PinnableSlice value;
    auto const found = c.db->get(family::link_counts, digest_key(d), access::any, value);
    if (!found)
        return found.error();
    if (!*found)
        return std::uint64_t{0};
    auto const count = decode_count(value.ToStringView());
    if (!count)
        return corrupt_row("a link count of " + d.to_string());
    return *count;
}

result<void> put_object(core& c, oci::digest const& d, std::optional<object_row> const& before, object_row const& row,
                        object_content const& content, write_sync sync) {
    auto const links = count_links(c, d);
    if (!links)
        return links.error();

    auto const key = digest_key(d);
    database::batch b(*c.db);
    totals change = sums_of(row, *links);
    if (before) {
        change += negative(sums_of(*before, *links));
        b.erase(before->info.place == object_place::row ? family::small : family::sums, key);
    }
    b.put(family::objects, key, encode(row));
    if (row.info.place == object_place::row)
        b.put(family::small, key, content.bytes);
    else
        b.put(family::sums, key, encode_sums(content.sums));
    bool const replaces_trash = row.info.place == object_place::file && c.waiting.holds(d);
    if (replaces_trash)
        b.erase(family::trash, key);
    b.add(change);
    if (auto written = c.write(b, sync); !written)
        return written.error();
    if (replaces_trash)
        c.waiting.gone(d);
    c.residents->stored(d, row.info);
    return {};
}

result<void> update_object(core& c, oci::digest const& d, object_row const& row, write_sync sync) {
    database::batch b(*c.db);
    b.put(family::objects, digest_key(d), encode(row));
    if (auto written = c.write(b, sync); !written)
        return written.error();
    c.residents->described(d, row.info);
    return {};
}

result<void> stage_erasure(core& c, database::batch& b, oci::digest const& d, object_row const& row) {
    auto const links = count_links(c, d);
    if (!links)
        return links.error();

    auto const key = digest_key(d);
    bool const is_row = row.info.place == object_place::row;
    b.erase(family::objects, key);
    b.erase(family::uses, key);
    b.erase(is_row ? family::small : family::sums, key);
    if (!is_row)
        b.put(family::trash, key, encode_count(row.info.disk_bytes));
    b.add(negative(sums_of(row, *links)));
    return {};
}

} // namespace store
