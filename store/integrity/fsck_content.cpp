// fsck's look at every object: its bytes against its digest, size and block sums.
#include "store/block_sums.h"
#include "store/integrity/fsck_run.h"
#include "store/integrity/quiet_file.h"
#include "store/object_table.h"

#include <algorithm>
#include <cerrno>
#include <optional>
#include <thread>
#include <vector>

namespace store {
namespace {

// Which object is next, for those who hash.
class object_list {
public:
    explicit object_list(database const& db) : rows_(db.scan(family::objects)) { rows_->SeekToFirst(); }

    struct item {
        oci::digest digest;
        object_row row;
    };
    std::optional<item> next() {
        std::lock_guard const lock(guard_);
        for (; !stopped_ && rows_->Valid(); rows_->Next()) {
            auto const d = decode_digest_key(rows_->key().ToStringView());
            auto row = decode_object(rows_->value().ToStringView());
            if (!d || !row)
                continue; // check_rows has said so
            rows_->Next();
            return item{*d, *std::move(row)};
        }
        return std::nullopt;
    }
    void stop() { // nobody gets another one
        std::lock_guard const lock(guard_);
        stopped_ = true;
    }
    result<void> status() const {
        if (rows_->status().ok())
            return {};
        return error_of_status(rows_->status(), "cannot read the index");
    }

private:
    std::mutex guard_;
    std::unique_ptr<rocksdb::Iterator> rows_;
    bool stopped_ = false;
};

// Every object in turn, on one of the threads.
class content_checker {
public:
    content_checker(fsck_run& run, object_list& objects) : run_(run), objects_(objects), block_(sum_block_bytes) {}

    result<void> run() {
        while (auto const o = objects_.next()) {
            auto checked = o->row.info.place == object_place::row ? check_small(o->digest) : check_file(*o);
            if (!checked) {
                objects_.stop();
                return checked;
            }
            std::lock_guard const lock(run_.guard);
            ++run_.report.objects;
        }
        return {};
    }

private:
    result<void> check_small(oci::digest const& d) {
        auto const bytes = find_small(*run_.c, d, access::any);
        if (!bytes)
            return bytes.error();
        if (!*bytes)
            return drop(fault::missing, d, "the row of its content is missing");
        run_.read((*bytes)->size());
        if (oci::digest::of(**bytes, d.algo()) != d)
            return drop(fault::wrong_bytes, d, "its content has another digest");
        return {};
    }

    result<void> check_file(object_list::item const& o) {
        auto const& folder = *run_.c->folder;
        auto const s = folder.stat_blob(o.digest);
        if (!s)
            return s.error();
        if (!*s)
            return drop(fault::missing, o.digest, "its file is missing");
        if (!S_ISREG((*s)->st_mode))
            return drop(fault::missing, o.digest, "something else is in the place of its file");
        if (static_cast<std::uint64_t>((*s)->st_size) != o.row.info.size)
            return drop(fault::wrong_size, o.digest,
                        "its file has " + std::to_string((*s)->st_size) + " bytes, recorded are " +
                            std::to_string(o.row.info.size));
        auto file = quiet_file::open(folder.files(), folder.root(), blob_path(o.digest).file());
        if (!file)
            return cannot_read(o.digest, errno);
        return hash(o, *file);
    }

    result<void> hash(object_list::item const& o, quiet_file& file) {
        oci::hasher hash(o.digest.algo());
        std::vector<std::uint64_t> sums;
        for (std::uint64_t offset = 0; offset < o.row.info.size;) {
            auto const n = file.read(
                offset, std::span(block_).first(std::min<std::uint64_t>(block_.size(), o.row.info.size - offset)));
            if (n == -1)
                return cannot_read(o.digest, errno);
            if (n == 0)
                return drop(fault::wrong_size, o.digest, "its file became shorter while it was read");
            auto const read = std::span(block_).first(static_cast<std::size_t>(n));
            hash.update(read);
            sums.push_back(sum_of_block(read));
            offset += read.size();
            run_.read(read.size());
        }
        auto const recorded = find_sums(*run_.c, o.digest);
        if (!recorded && recorded.error().code != errc::corrupt)
            return recorded.error();
        if (hash.finish() != o.digest)
            return drop(fault::wrong_bytes, o.digest,
                        "its bytes have another digest" + (recorded ? wrong_block(sums, *recorded) : std::string()));
        if (recorded && (recorded->empty() || *recorded == sums))
            return {};
        run_.find(fault::wrong_sums, o.digest.to_string(),
                  "its block sums are not those of its bytes, which are right");
        if (!run_.options.repair)
            return {};
        database::batch b(*run_.c->db);
        b.put(family::sums, digest_key(o.digest), encode_sums(sums));
        return run_.write(b);
    }

    static std::string wrong_block(std::vector<std::uint64_t> const& now, std::vector<std::uint64_t> const& recorded) {
        if (recorded.size() != now.size())
            return {};
        auto const at = std::mismatch(now.begin(), now.end(), recorded.begin()).first;
        if (at == now.end())
            return {};
        auto const block = static_cast<std::uint64_t>(at - now.begin());
        return ", the first wrong block is at offset " + std::to_string(block * sum_block_bytes);
    }

    // Where it is not the disk but us, nothing may be concluded about the object.
    result<void> cannot_read(oci::digest const& d, int number) {
        auto const e = error_of_errno(number, "cannot read " + run_.c->folder->path_of(d));
        for (int const ours : {EACCES, EPERM, EMFILE, ENFILE, ENOMEM})
            if (number == ours)
                return e;
        return drop(fault::unreadable, d, e.message);
    }

    result<void> drop(fault kind, oci::digest const& d, std::string message) {
        if (!run_.options.repair) {
            run_.find(kind, d.to_string(), std::move(message));
            return {};
        }
        database::batch b(*run_.c->db);
        for (auto const f : {family::objects, family::small, family::sums, family::uses})
            b.erase(f, digest_key(d));
        if (auto erased = run_.write(b); !erased)
            return erased;
        run_.find(kind, d.to_string(), std::move(message));
        auto const s = run_.c->folder->stat_blob(d);
        if (!s || !*s || !S_ISREG((*s)->st_mode))
            return {}; // what else is there, check_files moves away
        return run_.c->folder->remove(d);
    }

    fsck_run& run_;
    object_list& objects_;
    std::vector<std::byte> block_;
};

} // namespace

result<void> check_content(fsck_run& run) {
    object_list objects(*run.c->db);
    result<void> beside;
    {
        std::jthread helper;
        if (run.options.threads > 1)
            helper = std::jthread([&] { beside = content_checker(run, objects).run(); });
        if (auto checked = content_checker(run, objects).run(); !checked)
            return checked;
    }
    if (!beside)
        return beside;
    return objects.status();
}

} // namespace store
