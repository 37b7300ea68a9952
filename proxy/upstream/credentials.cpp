#include "proxy/upstream/credentials.h"

#include "proxy/base64.h"
#include "proxy/wipe.h"

#include <spdlog/spdlog.h>

#include <cerrno>
#include <cstring>
#include <fstream>

namespace proxy {

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
    auto const now = file_stamp::of(password_file_);
    if (!now.exists()) {
        if (seen_ || !password_)
            spdlog::warn("cannot read password file {}: {}", password_file_.string(), std::strerror(errno));
        seen_.reset();
        return;
    }
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
