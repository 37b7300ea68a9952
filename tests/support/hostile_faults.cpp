// What a registry can do wrong, as its clients have seen it done.
#include "tests/support/hostile_registry.h"

namespace tests {

namespace {

using effect = fault::effect;
using request = recorded_request const&;
using honest_reply = scripted_reply;

// The same answer whatever was asked.
fault::spoiler always(scripted_reply r) {
    return [r](hostile_registry&, request, honest_reply) { return r; };
}

// The honest answer, changed.
fault::spoiler changed(std::function<void(scripted_reply&)> change) {
    return [change](hostile_registry&, request, honest_reply honest) {
        change(honest);
        return honest;
    };
}

std::size_t half(scripted_reply const& r) {
    return r.content->size() / 2;
}

scripted_reply refusal(unsigned status) {
    return reply(status).header("Content-Type", "application/json").body(R"({"errors":[{"code":"UNKNOWN"}]})");
}

scripted_reply web_page(unsigned status) {
    return reply(status).header("Content-Type", "text/html; charset=utf-8").body("<html><h1>Please log in</h1></html>");
}

fault::spoiler redirect_elsewhere(std::string path) { // empty: to where the content is
    return [path](hostile_registry& r, request asked, honest_reply) {
        return reply(307).header("Location", r.url_elsewhere(path.empty() ? asked.path : path));
    };
}

scripted_reply challenge(hostile_registry& r, request asked, std::string const& realm) {
    auto const end = std::min(asked.path.rfind("/manifests/"), asked.path.rfind("/blobs/"));
    return refusal(401).header("WWW-Authenticate", r.desk().challenge(realm, asked.path.substr(4, end - 4)));
}

fault::spoiler challenge_with_realm(std::string path) {
    return
        [path](hostile_registry& r, request asked, honest_reply) { return challenge(r, asked, r.origin().url(path)); };
}

// In the middle of a large body the token it was given for ends, and so does the connection.
scripted_reply expire_token(hostile_registry& r, request asked, honest_reply honest) {
    auto const end = std::min(asked.path.rfind("/manifests/"), asked.path.rfind("/blobs/"));
    if (!r.desk().accepts(asked.header("Authorization"), asked.path.substr(4, end - 4)))
        return challenge(r, asked, r.origin().url("/token"));
    if (honest.content->size() <= 400'000)
        return honest;
    r.desk().revoke_all();
    auto const at = half(honest);
    return honest.cut_at(at);
}

scripted_reply change_between_ranges(hostile_registry& r, request, honest_reply honest) {
    if (honest.status == 206)
        return honest.body(r.other_content(honest.content->size()));
    auto const at = half(honest);
    return honest.cut_at(at);
}

void flip_a_byte(scripted_reply& r) {
    auto bytes = *r.content;
    if (!bytes.empty())
        bytes[bytes.size() / 2] ^= 1;
    r.body(std::move(bytes));
}

void claim_gzip(scripted_reply& r) {
    r.header("Content-Encoding", "gzip").body("\x1f\x8b\x08" + r.content->substr(half(r)));
}

void add_headers(scripted_reply& r) {
    for (int i = 0; i < 10'000; ++i)
        r.header("X-" + std::to_string(i), "y");
}

std::vector<fault> make_connection_faults() {
    return {
        {"closes without an answer", effect::fails, always(reply().drop_before_head())},
        {"resets without an answer", effect::fails, always(reply().drop_before_head().reset())},
        {"accepts and hangs", effect::fails, always(reply().hang_in_head())},
        {"slow-loris headers", effect::fails, changed([](auto& r) { r.trickle_head(); })},
        {"hangs in the middle of a body", effect::fails, changed([](auto& r) { r.hang_at(half(r)); })},
        {"resets in the middle of the head", effect::fails, changed([](auto& r) { r.cut_head_at(20).reset(); })},
        {"resets in the middle of a body", effect::fails, changed([](auto& r) { r.cut_at(half(r)).reset(); })},
        {"ends the body early", effect::fails, changed([](auto& r) { r.cut_at(half(r)); })},
        {"breaks off within a chunk", effect::fails, changed([](auto& r) { r.chunked(100).cut_at(half(r)); })},
        {"announces too little", effect::fails, changed([](auto& r) { r.claimed_length(half(r)).close_silently(); }),
         true},
        {"announces and sends more", effect::fails, changed([](auto& r) { r.body(*r.content + "more"); }), true},
        {"announces more than it has", effect::fails,
         changed([](auto& r) { r.claimed_length(r.content->size() + 100).close_silently(); }), true},
        {"10,000 headers", effect::fails, changed(add_headers)},
        {"no HTTP at all", effect::fails, always(reply().raw("SSH-2.0-OpenSSH_9.2\r\n"))},
    };
}

std::vector<fault> make_content_faults() {
    return {
        {"wrong bytes", effect::fails, changed(flip_a_byte), true},
        {"another blob after the break", effect::fails, change_between_ranges, true},
        {"a web page in place of content", effect::fails, always(web_page(200)), true},
        {"gzip that nobody asked for", effect::fails, changed(claim_gzip), true},
        {"an empty body", effect::fails, changed([](auto& r) { r.body(""); }), true},
        {"a body in chunks", effect::serves, changed([](auto& r) { r.chunked(10'000); })},
    };
}

std::vector<fault> make_status_faults() {
    return {
        {"429", effect::fails, always(refusal(429))},
        {"429 with Retry-After", effect::fails, always(refusal(429).header("Retry-After", "1"))},
        {"500", effect::fails, always(refusal(500))},
        {"502 as a web page", effect::fails, always(web_page(502))},
        {"503", effect::fails, always(refusal(503))},
        {"503 with Retry-After", effect::fails, always(web_page(503).header("Retry-After", "1"))},
        {"504", effect::fails, always(web_page(504))},
        {"403", effect::fails, always(refusal(403))},
        {"206 that nobody asked for", effect::fails, changed([](auto& r) {
             r.status = 206;
             r.header("Content-Range", "bytes 0-0/1");
         })},
    };
}

std::vector<fault> make_road_faults() {
    return {
        {"401 whatever the token", effect::fails, challenge_with_realm("/token")},
        {"401 without a challenge", effect::fails, always(refusal(401))},
        {"a token server that fails", effect::fails, challenge_with_realm("/broken-token")},
        {"a token server that is down", effect::fails,
         [](hostile_registry& r, request asked, honest_reply) { return challenge(r, asked, "http://127.0.0.1:1/"); }},
        {"a realm of somebody else", effect::fails,
         [](hostile_registry& r, request asked, honest_reply) { return challenge(r, asked, "https://example.com/"); }},
        {"a token that ends within a download", effect::serves, expire_token},
        {"a redirect to another host", effect::serves, redirect_elsewhere("")},
        {"a signed URL that is refused", effect::fails, redirect_elsewhere("/denied")},
        {"a redirect to what is not there", effect::fails, redirect_elsewhere("/nothing")},
        {"redirects between two hosts without end", effect::fails, redirect_elsewhere("/loop")},
        {"a redirect to itself", effect::fails,
         [](hostile_registry&, request asked, honest_reply) { return reply(307).header("Location", asked.target); }},
        {"a redirect to a port that is closed", effect::fails,
         always(reply(307).header("Location", "https://127.0.0.1:1/x"))},
        {"a redirect to no address", effect::fails, always(reply(302).header("Location", "ftp://nowhere"))},
        {"a redirect without a place", effect::fails, always(reply(302))},
    };
}

} // namespace

std::vector<fault> const& all_faults() {
    static auto const all = [] {
        std::vector<fault> out;
        for (auto&& part : {make_connection_faults(), make_content_faults(), make_status_faults(), make_road_faults()})
            out.insert(out.end(), part.begin(), part.end());
        return out;
    }();
    return all;
}

} // namespace tests
