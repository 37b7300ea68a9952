#include "tests/support/hostile_registry.h"

#include "oci/media_type.h"
#include "tests/support/mirror.h"

namespace tests {

hostile_registry::hostile_registry()
    : origin_(std::make_unique<scripted_origin>()), elsewhere_(std::make_unique<scripted_origin>()) {
    set_up();
}

hostile_registry::hostile_registry(test_certificate const& identity)
    : origin_(std::make_unique<scripted_origin>(identity)), elsewhere_(std::make_unique<scripted_origin>(identity)) {
    set_up();
}

void hostile_registry::set_up() {
    play(nullptr);
    origin_->serve_tokens("/token", desk_);
    origin_->on("GET", "/broken-token").reply(500);
    elsewhere_->on("GET", "/loop").redirect(origin_->url("/loop"));
    origin_->on("GET", "/loop").redirect(url_elsewhere("/loop"));
    elsewhere_->on("GET", "/denied").reply(403, {{"Content-Type", "application/xml"}}, "<Error>expired</Error>");
}

std::string hostile_registry::url_elsewhere(std::string const& path) const {
    return elsewhere_->url(path, "localhost");
}

std::string hostile_registry::other_content(std::size_t size) const {
    return random_bytes(size, 4711);
}

void hostile_registry::play(choice c) {
    std::lock_guard lock(mutex_);
    choice_ = std::move(c);
}

void hostile_registry::play(fault const* f) {
    play([f](recorded_request const&) { return f; });
}

scripted_reply hostile_registry::answer(recorded_request const& r, scripted_reply honest) {
    choice chosen;
    {
        std::lock_guard lock(mutex_);
        chosen = choice_;
    }
    auto const* f = chosen(r);
    if (!f)
        return honest;
    return f->spoil(*this, r, std::move(honest));
}

void hostile_registry::serve(std::string const& path, std::string const& body, header_list fields) {
    auto const honest = [bytes = std::make_shared<std::string const>(body), fields](recorded_request const& r) {
        auto out = whole_or_part(bytes, r);
        out.headers.insert(out.headers.end(), fields.begin(), fields.end());
        return out;
    };
    origin_->on("GET", path).call([this, honest](recorded_request const& r) { return answer(r, honest(r)); });
    elsewhere_->on("GET", path).call(honest);
}

std::string hostile_registry::put_blob(std::string const& repo, std::string const& bytes) {
    auto const d = digest_of(bytes);
    serve("/v2/" + repo + "/blobs/" + d, bytes, {{"Docker-Content-Digest", d}});
    return d;
}

std::string hostile_registry::put_manifest(std::string const& repo, std::string const& tag, std::string const& body) {
    auto const d = digest_of(body);
    header_list const fields{{"Content-Type", std::string(oci::media_type::oci_manifest)},
                             {"Docker-Content-Digest", d}};
    serve("/v2/" + repo + "/manifests/" + tag, body, fields);
    serve("/v2/" + repo + "/manifests/" + d, body, fields);
    return d;
}

void hostile_registry::forget_requests() {
    origin_->forget_requests();
    elsewhere_->forget_requests();
}

} // namespace tests
