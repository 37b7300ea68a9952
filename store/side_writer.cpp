#include "store/side_writer.h"

#include "store/core.h"

#include <cerrno>
#include <mutex>

namespace store {

result<bool> side_writer::write(std::uint64_t at, std::span<std::byte const> data) {
    if (at > size_ || data.size() > size_ - at)
        return error{errc::size_mismatch, "more than the announced " + std::to_string(size_) + " bytes"};
    std::shared_lock const lock(mutex_);
    if (closed_)
        return false;
    while (!data.empty()) {
        auto const n = core_->folder->files().write(file_->fd(), data.data(), data.size(), static_cast<off_t>(at));
        if (n <= 0)
            return error_of_errno(n == 0 ? EIO : errno, "cannot write content at byte " + std::to_string(at) + " in " +
                                                            core_->settings.path.string());
        at += static_cast<std::uint64_t>(n);
        data = data.subspan(static_cast<std::size_t>(n));
    }
    return true;
}

void side_writer::close() {
    std::unique_lock const lock(mutex_);
    closed_ = true;
}

} // namespace store
