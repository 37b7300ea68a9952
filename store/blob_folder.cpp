#include "store/blob_folder.h"

#include "store/descriptors.h"

#include <cerrno>
#include <cstring>
#include <fcntl.h>
#include <string_view>
#include <unistd.h>

namespace store {
namespace {

constexpr mode_t file_mode = 0600; // content of private repositories is nobody else's business

char* append(char* to, std::string_view text) noexcept {
    std::memcpy(to, text.data(), text.size());
    return to + text.size();
}

// Leaves the last descriptors to the index.
int leave_some(int fd) noexcept {
    if (fd < 0 || !is_one_too_many(fd, descriptor_use::content))
        return fd;
    ::close(fd);
    errno = EMFILE;
    return -1;
}

// "sha256-<hex>": no other file of temp/ has a dash in its name.
std::string marker_of(oci::digest const& d) {
    return "temp/" + std::string(oci::to_string(d.algo())) + "-" + d.hex();
}

} // namespace

std::optional<oci::digest> digest_of_marker(std::string name) {
    auto const dash = name.find('-');
    if (dash == std::string::npos)
        return std::nullopt;
    name[dash] = ':';
    auto const d = oci::digest::parse(name);
    return d ? std::optional(*d) : std::nullopt;
}

blob_path::blob_path(oci::digest const& d) noexcept {
    static constexpr char digits[] = "0123456789abcdef";
    std::array<char, 2 * oci::digest::max_hash_size> hex;
    std::size_t size = 0;
    for (auto const b : d.hash()) {
        hex[size++] = digits[std::to_integer<unsigned>(b) >> 4];
        hex[size++] = digits[std::to_integer<unsigned>(b) & 15];
    }
    auto* to = append(text_.data(), "blobs/");
    to = append(append(to, oci::to_string(d.algo())), "/");
    to = append(append(to, {hex.data(), 2}), "/");
    append(to, {hex.data(), size});
}

std::string blob_path::folder() const {
    std::string_view const path(text_.data());
    return std::string(path.substr(0, path.rfind('/')));
}

temp_file::temp_file(blob_folder& folder, std::string path, std::shared_ptr<blob_file const> file) noexcept
    : folder_(&folder), path_(std::move(path)), on_disk_(!path_.empty()), file_(std::move(file)) {}

temp_file::temp_file(temp_file&& other) noexcept
    : folder_(other.folder_), path_(std::exchange(other.path_, {})), on_disk_(other.on_disk_), kept_(other.kept_),
      file_(std::move(other.file_)) {}

temp_file::~temp_file() {
    if (!path_.empty() && !kept_)
        (void)folder_->remove_temp(path_); // or it is left behind
}

blob_folder::blob_folder(std::filesystem::path path, std::shared_ptr<file_system> files)
    : path_(std::move(path)), files_(std::move(files)) {}

result<std::unique_ptr<blob_folder>> blob_folder::open(std::filesystem::path const& path,
                                                       std::shared_ptr<file_system> files) {
    std::error_code ec;
    std::filesystem::create_directories(path, ec);
    if (ec)
        return error_of_errno(ec.value(), "cannot create the store at " + path.string());

    std::unique_ptr<blob_folder> folder(new blob_folder(path, std::move(files)));
    folder->root_ = file_descriptor(folder->files_->open(AT_FDCWD, path.c_str(), O_RDONLY | O_DIRECTORY, 0));
    if (!folder->root_)
        return error_of_errno(errno, "cannot open the store at " + path.string());
    if (auto made = folder->make_base(); !made)
        return made.error();
    return folder;
}

result<void> blob_folder::make_base() {
    bool any_new = false;
    for (auto const* name : {"blobs", "blobs/sha256", "blobs/sha512", "temp", "uploads", "index"}) {
        auto const made = make_folder(name);
        if (!made)
            return made.error();
        any_new = any_new || *made;
    }
    measure_folders();
    if (!any_new)
        return {};
    if (auto synced = sync_folder("blobs"); !synced)
        return synced.error();
    return sync_folder(".");
}

result<std::vector<oci::digest>> blob_folder::clear_temp() {
    std::vector<oci::digest> publishing;
    auto const temp = path_ / "temp";
    std::error_code ec;
    for (std::filesystem::directory_iterator at(temp, ec), end; !ec && at != end; at.increment(ec)) {
        auto const name = at->path().filename().string();
        if (auto const d = digest_of_marker(name))
            publishing.push_back(*d); // the name stays until the caller has dealt with it
        else if (files_->remove(root_.get(), ("temp/" + name).c_str()) == -1 && errno != ENOENT)
            return error_of_errno(errno, "cannot remove " + at->path().string());
    }
    if (ec)
        return error_of_errno(ec.value(), "cannot read " + temp.string());
    return publishing;
}

result<temp_file> blob_folder::create(std::optional<std::uint64_t> size) {
    auto path = "temp/" + std::to_string(last_temp_.fetch_add(1, std::memory_order_relaxed) + 1);
    int const opened = files_->open(root_.get(), path.c_str(), O_RDWR | O_CREAT | O_EXCL, file_mode);
    file_descriptor fd(leave_some(opened));
    if (!fd) {
        int const number = errno;
        if (opened != -1)
            (void)remove_temp(path);
        return error_of_errno(number, "cannot create " + (path_ / path).string());
    }

    int const number = fd.get();
    auto file = std::make_shared<blob_file const>(std::move(fd), size.value_or(0));
    temp_file temp(*this, std::move(path), std::move(file));
    if (size && *size > 0 && files_->allocate(number, static_cast<off_t>(*size)) == -1)
        return error_of_errno(errno, "cannot allocate " + std::to_string(*size) + " bytes in " + path_.string());
    return temp;
}

result<temp_file> blob_folder::open_upload(std::string const& id) {
    auto path = "uploads/" + id;
    file_descriptor fd(leave_some(files_->open(root_.get(), path.c_str(), O_RDWR | O_CREAT, file_mode)));
    if (!fd)
        return error_of_errno(errno, "cannot open " + (path_ / path).string());
    temp_file file(*this, std::move(path), std::make_shared<blob_file const>(std::move(fd), 0));
    file.kept_ = true;
    return file;
}

result<std::vector<blob_folder::upload_file>> blob_folder::upload_files() const {
    std::vector<upload_file> all;
    auto const folder = path_ / "uploads";
    std::error_code ec;
    for (std::filesystem::directory_iterator at(folder, ec), end; !ec && at != end; at.increment(ec)) {
        std::error_code gone;
        auto const size = at->file_size(gone);
        if (!gone)
            all.push_back({at->path().filename().string(), size});
    }
    if (ec)
        return error_of_errno(ec.value(), "cannot read " + folder.string());
    return all;
}

result<void> blob_folder::remove_upload(std::string const& id) {
    return remove_temp("uploads/" + id);
}

std::uint64_t blob_folder::allocated_bytes(temp_file const& file) const noexcept {
    struct stat s {};
    return files_->stat(file.file()->fd(), s) == 0 ? disk_bytes(s) : 0;
}

result<temp_file> blob_folder::create_in_memory(std::uint64_t size) {
    file_descriptor fd(leave_some(files_->open_in_memory()));
    if (!fd)
        return error_of_errno(errno, "cannot create a file in memory");
    return temp_file(*this, {}, std::make_shared<blob_file const>(std::move(fd), size));
}

result<void> blob_folder::rename_into_place(temp_file const& file, blob_path const& to) {
    // The folder is mostly there, so it is made only when missed.
    if (files_->rename(root_.get(), file.path_.c_str(), to.file()) == 0)
        return {};
    if (errno == ENOENT) {
        if (auto made = make_folder(to.folder()); !made)
            return made.error();
        if (files_->rename(root_.get(), file.path_.c_str(), to.file()) == 0)
            return {};
    }
    return error_of_errno(errno, "cannot rename to " + (path_ / to.file()).string());
}

result<void> blob_folder::publish(temp_file& file, oci::digest const& d, bool durable) {
    blob_path const to(d);
    auto const marked = files_->link(root_.get(), file.path_.c_str(), marker_of(d).c_str());
    if (marked == -1 && (errno == ENOSPC || errno == EDQUOT || errno == EIO || errno == EROFS))
        return error_of_errno(errno, "cannot publish " + path_of(d));
    if (auto renamed = rename_into_place(file, to); !renamed)
        return renamed.error();
    file.path_.clear();
    return durable ? sync_name(d) : result<void>();
}

result<void> blob_folder::sync_name(oci::digest const& d) {
    if (auto synced = sync_folder(blob_path(d).folder()); !synced)
        return synced.error();
    // Also the one above: the folder may have been made a moment ago by someone who did not sync it.
    return sync_folder("blobs/" + std::string(oci::to_string(d.algo())));
}

void blob_folder::end_publication(oci::digest const& d) {
    (void)remove_temp(marker_of(d)); // or it is left behind
}

std::vector<std::string> blob_folder::left_behind() const {
    std::lock_guard const lock(mutex_);
    std::vector<std::string> paths;
    for (auto const& [path, bytes] : left_behind_)
        paths.push_back(path);
    return paths;
}

result<void> blob_folder::remove_temp(std::string const& path) {
    bool const gone = files_->remove(root_.get(), path.c_str()) == 0 || errno == ENOENT;
    int const number = errno;
    struct stat s {};
    auto const bytes = !gone && files_->stat_path(root_.get(), path.c_str(), s) == 0 ? disk_bytes(s) : 0;
    std::lock_guard const lock(mutex_);
    auto const known = left_behind_.find(path);
    if (known != left_behind_.end()) {
        left_behind_bytes_.fetch_sub(known->second, std::memory_order_relaxed);
        left_behind_.erase(known);
    }
    if (gone)
        return {};
    left_behind_.emplace(path, bytes);
    left_behind_bytes_.fetch_add(bytes, std::memory_order_relaxed);
    return error_of_errno(number, "cannot remove " + (path_ / path).string());
}

result<std::optional<file_descriptor>> blob_folder::open_blob(oci::digest const& d, access a) const {
    blob_path const path(d);
    if (a == access::memory) {
        file_descriptor fd(leave_some(files_->open_if_cached(root_.get(), path.file())));
        if (!fd)
            return error{errc::would_block, {}};
        return std::optional(std::move(fd));
    }
    file_descriptor fd(leave_some(files_->open(root_.get(), path.file(), O_RDONLY, 0)));
    if (fd)
        return std::optional(std::move(fd));
    if (errno == ENOENT)
        return std::optional<file_descriptor>();
    return error_of_errno(errno, "cannot open " + path_of(d));
}

result<std::optional<struct stat>> blob_folder::stat_blob(oci::digest const& d) const {
    struct stat s {};
    if (files_->stat_path(root_.get(), blob_path(d).file(), s) == 0)
        return std::optional(s);
    if (errno == ENOENT)
        return std::optional<struct stat>();
    return error_of_errno(errno, "cannot stat " + path_of(d));
}

result<void> blob_folder::remove(oci::digest const& d) {
    if (files_->remove(root_.get(), blob_path(d).file()) == -1 && errno != ENOENT && errno != EISDIR)
        return error_of_errno(errno, "cannot remove " + path_of(d));
    return {};
}

result<void> blob_folder::sync_everything() {
    if (files_->sync_file_system(root_.get()) == -1)
        return error_of_errno(errno, "cannot sync the file system of " + path_.string());
    return {};
}

result<void> blob_folder::check_room(std::uint64_t size, std::uint64_t margin) const {
    auto const free = files_->free_bytes(root_.get());
    if (free >= margin && free - margin >= size)
        return {};
    return error{errc::no_space, "the disk of " + path_.string() + " is full: " + std::to_string(free) +
                                     " bytes free, " + std::to_string(margin) + " are kept free"};
}

result<bool> blob_folder::make_folder(std::string const& path) {
    if (files_->make_folder(root_.get(), path.c_str()) == 0) {
        struct stat s {};
        if (files_->stat_path(root_.get(), path.c_str(), s) == 0)
            folder_bytes_.fetch_add(disk_bytes(s), std::memory_order_relaxed);
        return true;
    }
    if (errno == EEXIST)
        return false;
    return error_of_errno(errno, "cannot create " + (path_ / path).string());
}

void blob_folder::measure_folders() {
    std::uint64_t sum = 0;
    auto const add = [&](std::filesystem::path const& path) {
        struct stat s {};
        if (::lstat(path.c_str(), &s) == 0 && S_ISDIR(s.st_mode))
            sum += disk_bytes(s);
    };
    for (auto const* path :
         {".", "blobs", "blobs/sha256", "blobs/sha512", "temp", "uploads", "index", "quarantine", "lost+found"})
        add(path_ / path);
    for (auto const* algorithm : {"blobs/sha256", "blobs/sha512"}) {
        std::error_code ec;
        for (std::filesystem::directory_iterator at(path_ / algorithm, ec), end; !ec && at != end; at.increment(ec))
            add(at->path());
    }
    folder_bytes_.store(sum, std::memory_order_relaxed);
}

result<void> blob_folder::sync_folder(std::string const& path) {
    file_descriptor const fd(files_->open(root_.get(), path.c_str(), O_RDONLY | O_DIRECTORY, 0));
    if (!fd || files_->sync_folder(fd.get()) == -1)
        return error_of_errno(errno, "cannot sync " + (path_ / path).string());
    return {};
}

} // namespace store
