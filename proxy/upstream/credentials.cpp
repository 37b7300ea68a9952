#include "proxy/upstream/credentials.h"

#include "proxy/upstream/wipe.h"

#include <boost/beast/core/detail/base64.hpp>
#include <spdlog/spdlog.h>

#include <sys/stat.h>

#include <cerrno>
#include <cstring>
#include <fstream>

namespace proxy {

namespace {

std::string base64(std::string const& text) {
    namespace codec = boost::beast::detail::base64;
    std::string out(codec::encoded_size(text.size()), '\0');
    out.resize(codec::encode(out.data(), text.data(), text.size()));
    return out;
}

std::int64_t nanoseconds_of(timespec const& t) {
    return t.tv_sec * 1'000'000'000 + t.tv_nsec;
}

} // namespace

std::filesystem::path password_path(std::filesystem::path const& file, environment const& variable) {
    auto const* folder = variable("CREDENTIALS_DIRECTORY");
    if (folder == nullptr || file.empty())
        return file;
    return folder / file; // an absolute path stays what it is
}

credentials::credentials(std::string username, std::filesystem::path password_file)
    : username_(std::move(username)), password_file_(password_path(password_file)) {
    std::lock_guard lock(mutex_);
    read_if_changed();
}

std::optional<secret> credentials::basic() {
    if (username_.empty())
        return {};
    std::lock_guard lock(mutex_);
    read_if_changed();
    if (!password_)
        return {};
    secret const plain(username_ + ":" + password_->text());
    return secret("Basic " + base64(plain.text()));
}

void credentials::read_if_changed() {
    if (username_.empty() || password_file_.empty())
        return;
    struct stat s {};
    if (::stat(password_file_.c_str(), &s) != 0) {
        if (seen_ || !password_)
            spdlog::warn("cannot read password file {}: {}", password_file_.string(), std::strerror(errno));
        seen_.reset();
        return;
    }
    version const now{nanoseconds_of(s.st_mtim), nanoseconds_of(s.st_ctim), static_cast<std::uint64_t>(s.st_size),
                      s.st_ino};
    if (seen_ == now)
        return;

    std::string text(max_password_size + 1, '\0');
    std::ifstream file(password_file_, std::ios::binary);
    file.read(text.data(), static_cast<std::streamsize>(text.size()));
    text.resize(static_cast<std::size_t>(file.gcount()));
    if (file.bad() || (!file && !file.eof()) || text.size() > max_password_size) {
        if (complained_of_ != now)
            spdlog::warn("cannot use password file {}: unreadable, or larger than 64 KiB", password_file_.string());
        complained_of_ = now;
        return;
    }
    while (!text.empty() && (text.back() == '\n' || text.back() == '\r'))
        text.pop_back();
    password_.emplace(text);
    wipe(text);
    seen_ = now;
}

} // namespace proxy
