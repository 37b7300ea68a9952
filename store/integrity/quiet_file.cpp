#include "store/integrity/quiet_file.h"

#include <array>
#include <cerrno>
#include <fcntl.h>
#include <sys/mman.h>
#include <unistd.h>

namespace store {
namespace {

// Which pages of a piece of a file were in the cache at some moment, and that the others go again.
class cached_pages {
public:
    cached_pages(int fd, std::uint64_t offset, std::size_t size) noexcept
        : fd_(fd), page_(static_cast<std::size_t>(::sysconf(_SC_PAGESIZE))), first_(offset / page_ * page_),
          count_((offset + size - first_ + page_ - 1) / page_) {
        if (count_ > in_cache_.size())
            return; // unknown: all of them stay
        auto const bytes = count_ * page_;
        void* const at = ::mmap(nullptr, bytes, PROT_READ, MAP_SHARED, fd_, static_cast<off_t>(first_));
        if (at == MAP_FAILED)
            return;
        known_ = ::mincore(at, bytes, in_cache_.data()) == 0;
        ::munmap(at, bytes);
    }

    void drop_others() const noexcept {
        for (std::size_t i = 0; known_ && i < count_;) {
            std::size_t end = i;
            while (end < count_ && !(in_cache_[end] & 1))
                ++end;
            if (end > i)
                ::posix_fadvise(fd_, static_cast<off_t>(first_ + i * page_), static_cast<off_t>((end - i) * page_),
                                POSIX_FADV_DONTNEED);
            i = end + 1;
        }
    }

private:
    int fd_;
    std::size_t page_;
    std::uint64_t first_;
    std::size_t count_;
    std::array<unsigned char, 512> in_cache_; // 2 MiB of the smallest pages
    bool known_ = false;
};

} // namespace

std::optional<quiet_file> quiet_file::open(file_system& files, int folder, char const* path) noexcept {
    // O_NONBLOCK: a pipe that somebody put there must not hold us up.
    int const fd = files.open(folder, path, O_RDONLY | O_NOFOLLOW | O_NONBLOCK, 0);
    if (fd == -1)
        return std::nullopt;
    quiet_file f(files, file_descriptor(fd));
    if (files.stat(fd, f.status_) == -1) {
        int const number = errno; // closing may change it
        f.fd_ = {};
        errno = number;
        return std::nullopt;
    }
    ::posix_fadvise(fd, 0, 0, POSIX_FADV_RANDOM);
    return f;
}

ssize_t quiet_file::read(std::uint64_t offset, std::span<std::byte> to) noexcept {
    cached_pages const before(fd_.get(), offset, to.size());
    std::size_t done = 0;
    ssize_t n = 1;
    while (n > 0 && done < to.size()) {
        n = files_->read(fd_.get(), to.data() + done, to.size() - done, static_cast<off_t>(offset + done));
        if (n > 0)
            done += static_cast<std::size_t>(n);
    }
    int const number = errno;
    before.drop_others();
    errno = number;
    return n == -1 ? -1 : static_cast<ssize_t>(done);
}

} // namespace store
