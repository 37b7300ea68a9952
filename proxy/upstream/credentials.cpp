#include "proxy/upstream/credentials.h"

#include "proxy/base64.h"
#include "proxy/runtime/small_file.h"
#include "proxy/wipe.h"

#include <spdlog/spdlog.h>

#include <cerrno>
#include <cstring>

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

result<secret> credentials::read(std::filesystem::path const& file) {
    auto text = read_small_file(file, max_password_size);
    if (!text)
        return text.error();
    wiped_at_end const wiped(*text);
    auto const end = text->find_last_not_of("\r\n");
    return secret(text->substr(0, end == text->npos ? 0 : end + 1));
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

    auto password = read(password_file_);
    if (!password) {
        if (complained_of_ != now)
            spdlog::warn("password file: {}", password.error().message);
        complained_of_ = now;
        return;
    }
    password_ = *std::move(password);
    seen_ = now;
}

} // namespace proxy
