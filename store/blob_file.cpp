#include "store/blob_file.h"

#include "store/core.h"
#include "store/file_system.h"

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <unistd.h>

namespace store {

file_descriptor& file_descriptor::operator=(file_descriptor&& other) noexcept {
    if (this == &other)
        return *this;
    if (fd_ >= 0)
        ::close(fd_);
    fd_ = std::exchange(other.fd_, -1);
    return *this;
}

file_descriptor::~file_descriptor() {
    if (fd_ >= 0)
        ::close(fd_);
}

blob_file::blob_file(file_descriptor fd, std::uint64_t size, open_handles::mark reading)
    : reading_(std::move(reading)), fd_(std::move(fd)), size_(size) {}

blob_file::blob_file(std::shared_ptr<std::string const> bytes) : bytes_(std::move(bytes)), size_(bytes_->size()) {}

blob_file::~blob_file() {
    if (!space_)
        return;
    auto const c = std::move(space_->in);
    space_->fd = std::move(fd_);
    c->nameless.add(std::move(space_));
}

void blob_file::keep_counted(std::unique_ptr<held_space> space) const noexcept {
    space_ = std::move(space);
}

result<std::size_t> blob_file::read(std::uint64_t offset, std::span<std::byte> to) const {
    if (bytes_) {
        if (offset >= bytes_->size())
            return std::size_t{0};
        auto const n = std::min<std::uint64_t>(to.size(), bytes_->size() - offset);
        std::memcpy(to.data(), bytes_->data() + offset, n);
        return static_cast<std::size_t>(n);
    }
    std::size_t done = 0;
    while (done < to.size()) {
        auto const n = ::pread(fd_.get(), to.data() + done, to.size() - done, static_cast<off_t>(offset + done));
        if (n == -1 && errno == EINTR)
            continue;
        if (n == -1)
            return error_of_errno(errno, "cannot read content");
        if (n == 0)
            break;
        done += static_cast<std::size_t>(n);
    }
    return done;
}

} // namespace store
