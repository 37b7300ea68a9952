#include "tests/support/pusher.h"

#include <boost/json/parse.hpp>

#include <stdexcept>

namespace tests {

namespace {

void expect(http_answer const& a, unsigned status, std::string const& what) {
    if (a.status != status)
        throw std::runtime_error(what + ": " + std::to_string(a.status) + " " + a.body);
}

} // namespace

std::string blob_path(std::string const& repo, std::string const& digest) {
    return "/v2/" + repo + "/blobs/" + digest;
}
std::string blob_path(std::string const& repo, content const& c) {
    return blob_path(repo, c.digest.to_string());
}
std::string manifest_path(std::string const& repo, std::string const& reference) {
    return "/v2/" + repo + "/manifests/" + reference;
}
std::string uploads_path(std::string const& repo) {
    return "/v2/" + repo + "/blobs/uploads/";
}
std::string tags_path(std::string const& repo) {
    return "/v2/" + repo + "/tags/list";
}
std::string referrers_path(std::string const& repo, std::string const& digest) {
    return "/v2/" + repo + "/referrers/" + digest;
}

std::string refusal(http_answer const& a) {
    auto const status = std::to_string(a.status);
    if (a.header("Content-Type") != "application/json")
        return status + " of type \"" + a.header("Content-Type") + '"';
    boost::system::error_code ec;
    auto const document = boost::json::parse(a.body, ec);
    auto const* const code = ec ? nullptr : document.find_pointer("/errors/0/code", ec);
    return code && code->is_string() ? status + ' ' + std::string(code->as_string()) : status + " of " + a.body;
}

http_answer pusher::ask(std::string const& method, std::string const& target, http_client::headers h,
                        std::string const& body) const {
    return http_client(server->port()).request(method, target, std::move(h), body);
}

http_answer pusher::ask_in_chunks(std::string const& method, std::string const& target, http_client::headers h,
                                  std::string const& body) const {
    return http_client(server->port()).request_in_chunks(method, target, std::move(h), body);
}

std::string pusher::open_upload(std::string const& repo) const {
    auto const a = ask("POST", uploads_path(repo));
    expect(a, 202, "POST " + uploads_path(repo));
    return a.header("Location");
}

http_answer pusher::put_chunk(std::string const& method, std::string const& session, std::size_t first,
                              std::string const& bytes) const {
    return ask(method, session,
               {{"Content-Type", "application/octet-stream"},
                {"Content-Range", std::to_string(first) + '-' + std::to_string(first + bytes.size() - 1)}},
               bytes);
}

http_answer pusher::close(std::string const& session, std::string const& digest, std::string const& bytes) const {
    return ask("PUT", with(session, "digest=" + digest), {{"Content-Type", "application/octet-stream"}}, bytes);
}

http_answer pusher::post_blob(std::string const& repo, content const& c) const {
    return ask("POST", uploads_path(repo) + "?digest=" + escaped(c.digest.to_string()),
               {{"Content-Type", "application/octet-stream"}}, c.bytes);
}

http_answer pusher::put_manifest(std::string const& repo, std::string const& reference, content const& c) const {
    return ask("PUT", manifest_path(repo, reference), {{"Content-Type", c.type}}, c.bytes);
}

http_answer pusher::mount(std::string const& repo, std::string const& digest, std::string const& from) const {
    auto target = uploads_path(repo) + "?mount=" + escaped(digest);
    if (!from.empty())
        target += "&from=" + escaped(from);
    return ask("POST", target);
}

void pusher::push(std::string const& repo, content const& blob) const {
    expect(close(open_upload(repo), blob.digest.to_string(), blob.bytes), 201, "PUT of a blob");
}

void pusher::push(std::string const& repo, content_set const& set) const {
    for (auto const& b : set.blobs)
        push(repo, b);
    for (auto const& m : set.manifests)
        push_manifest(repo, m.digest.to_string(), m);
    for (auto const& [tag, m] : set.tags)
        push_manifest(repo, tag, m);
}

void pusher::push_manifest(std::string const& repo, std::string const& reference, content const& c) const {
    expect(put_manifest(repo, reference, c), 201, "PUT " + manifest_path(repo, reference));
}

std::string with(std::string const& url, std::string const& parameter) {
    return url + (url.find('?') == std::string::npos ? '?' : '&') + parameter;
}

std::string escaped(std::string const& text) {
    std::string out;
    for (char const c : text)
        out += c == ':' ? "%3A" : c == '/' ? "%2F" : std::string(1, c);
    return out;
}

} // namespace tests
