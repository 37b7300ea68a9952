#include "tests/fuzz/server/world.h"

#include "proxy/config/config.h"
#include "store/integrity/fsck.h"
#include "tests/fuzz/server/violation.h"
#include "tests/support/eventually.h"

#include <boost/json/parse.hpp>

#include <sys/stat.h>

#include <algorithm>
#include <charconv>
#include <fstream>
#include <set>

namespace fuzz {

namespace {

namespace fs = std::filesystem;
using std::chrono::milliseconds;
using std::chrono::seconds;

// Nothing is slower than memory where there is any.
fs::path new_store() {
    std::error_code ec;
    auto const base = fs::is_directory("/dev/shm", ec) ? fs::path("/dev/shm") : fs::temp_directory_path();
    auto name = (base / "layerd-play-XXXXXX").string();
    must(::mkdtemp(name.data()) != nullptr, "no folder for the store");
    return name;
}

// As du counts: a file with two names once.
std::uint64_t disk_bytes(fs::path const& folder) {
    std::uint64_t sum = 0;
    std::set<ino_t> seen;
    std::error_code ec;
    for (fs::recursive_directory_iterator at(folder, ec), end; !ec && at != end; at.increment(ec)) {
        struct stat s {};
        if (::lstat(at->path().c_str(), &s) == 0 && seen.insert(s.st_ino).second)
            sum += static_cast<std::uint64_t>(s.st_blocks) * 512;
    }
    return sum;
}

std::size_t files_in(fs::path const& folder) {
    std::error_code ec;
    fs::directory_iterator const all(folder, ec);
    return static_cast<std::size_t>(std::distance(begin(all), fs::end(all)));
}

} // namespace

std::string request_text(std::string const& method, std::string const& target, header_list const& fields,
                         std::string const& body, bool in_chunks) {
    auto out = method + " " + target + " HTTP/1.1\r\nHost: localhost\r\n";
    for (auto const& [name, value] : fields)
        if (!value.empty())
            out += name + ": " + value + "\r\n";
    if (!in_chunks) {
        if (!body.empty() || method != "GET")
            out += "Content-Length: " + std::to_string(body.size()) + "\r\n";
        return out + "\r\n" + body;
    }
    out += "Transfer-Encoding: chunked\r\n\r\n";
    constexpr std::size_t piece = 60'000;
    for (std::size_t at = 0; at < body.size(); at += piece) {
        auto const n = std::min(piece, body.size() - at);
        char size[20];
        out.append(size, std::to_chars(size, size + sizeof size, n, 16).ptr);
        out += "\r\n" + body.substr(at, n) + "\r\n";
    }
    return out + "0\r\n\r\n";
}

world::world(choices& c)
    : upstream(c), about{c.byte(), c.byte(), c.byte(), c.byte()}, store_(new_store()), settings_(configure(c)) {
    seams_.now = clock.source();
    start();
}

world::~world() {
    lanes_ = {};
    server_.reset();
    std::error_code ec;
    fs::remove_all(store_, ec);
}

proxy::config world::configure(choices& c) {
    auto s = tests::test_config(store_, upstream.origin().port());
    std::ofstream(files_.path() / "htpasswd") << password_file();
    auto parsed = proxy::parse_config(
        "[access]\nhtpasswd_file = \"" + (files_.path() / "htpasswd").string() + "\"\n" + rules_of_the_play, "play");
    must(parsed.has_value(), "the rules of the play cannot be read");
    s.access = parsed->access;
    auto const bits = c.byte();
    cramped_ = bits % 4 == 3;
    is_checked_ = c.one_in(4);
    s.server.threads = 1; // one event loop: what it does in one turn nothing else comes between
    s.server.drain_timeout = seconds(60);
    s.server.max_bodies = 2;
    s.gc.keep_storage = {cramped_ ? (bits & 4 ? 2ull : 4ull) << 20 : 1ull << 30, {}};
    s.gc.min_free_space = {0, {}};
    s.store.scrub_rate = 0;
    s.hosted.grace = s.hosted.upload_ttl = seconds(365 * 24 * 3600);
    if (bits & 8)
        s.hosted.max_used_space = {3'000'000, {}};
    s.hosted.max_blob_size = bits & 16 ? 1'000'000 : 0;
    s.hosted.max_uploads_per_client = bits & 32 ? 2 : 1000;
    s.upstreams[1].access = proxy::upstream_access::per_client;
    for (auto& u : s.upstreams)
        configure(u, bits);
    return s;
}

void world::configure(proxy::upstream_config& u, unsigned bits) const {
    u.prefetch = bits & 64 ? proxy::prefetch_mode::on : proxy::prefetch_mode::off;
    u.tag_ttl = seconds(60);
    u.negative_ttl = seconds(bits & 128 ? 5 : 0);
    u.retries = 0;
    if (upstream.is_ever_bad()) {
        u.connect_timeout = milliseconds(500);
        u.first_byte_timeout = u.idle_timeout = milliseconds(150);
        u.revalidate_wait = milliseconds(50);
    }
}

void world::start() {
    server_ = std::make_unique<tests::running_server>(settings_, seams_);
}

void world::restart() {
    read_everything();
    lanes_ = {};
    server_.reset();
    for (auto const& u : uploads)
        u->is_older = true;
    start();
}

access world::access_of(credential const& shown, deed what, std::size_t r) const {
    if (!shown.is_right || (repositories()[r].is_guarded() && shown.token))
        return access::refused;
    if (shown.token) {
        auto const& t = tokens[*shown.token];
        bool const covers = t.repository == r && t.deeds[static_cast<std::size_t>(what)];
        if (!covers || clock.now() >= t.expires_at)
            return access::refused;
    }
    return may(shown.who, what, repositories()[r]) ? access::granted : access::refused;
}

void world::note_try(credential const& shown, std::size_t r, std::size_t i) {
    if (access_of(shown, deed::push, r) == access::granted)
        hosted.at[r].ever_linked[i] = true;
}

void world::flush(lane& l) {
    if (l.to && !l.unsent.empty())
        l.to->send(std::exchange(l.unsent, {}));
}

void world::drop(lane& l) {
    l.to.reset();
    l.unsent.clear();
    for (auto& q : std::exchange(l.waiting, {}))
        q.lost();
}

void world::hang_up(std::size_t i) {
    drop(lanes_[i]);
}

void world::read_one(lane& l) {
    flush(l);
    auto const q = std::move(l.waiting.front());
    l.waiting.pop_front();
    try {
        auto const a = l.to->read(q.method);
        if (!a)
            q.lost();
        else
            q.judge(*a);
        if (!a || l.to->has_ended() || !a->complete)
            drop(l);
    } catch (violation const& v) {
        throw violation(q.method + " " + q.target + ": " + v.what());
    }
}

void world::ask(choices& c, question q) {
    constexpr std::size_t most_waiting = 4;
    auto const how = c.byte();
    auto& l = lanes_[how % 16 < 10 ? 0 : how % lane_count];
    while (l.waiting.size() >= most_waiting)
        read_one(l);
    flush(l);
    if (!l.to || l.to->has_ended()) {
        drop(l);
        l.to = std::make_unique<connection>(server_->port());
    }
    auto const upto = how / 16 == 15 ? c.up_to(q.bytes.size()) : q.bytes.size();
    l.unsent = q.bytes.substr(upto);
    auto const first = q.bytes.substr(0, upto);
    q.bytes.clear();
    l.waiting.push_back(std::move(q));
    l.to->send(first);
    if (how / 16 < 11)
        while (!l.waiting.empty())
            read_one(l);
}

void world::ask_now(question q) {
    lane own;
    own.to = std::make_unique<connection>(server_->port());
    own.to->send(q.bytes);
    own.waiting.push_back(std::move(q));
    read_one(own);
}

void world::send_once(std::string const& text, std::function<void(question::answer const&)> look) const {
    connection to(server_->port());
    to.send(text);
    to.end_sending();
    if (auto const a = to.read("GET"))
        look(*a);
}

void world::read_everything() {
    for (auto& l : lanes_)
        while (!l.waiting.empty())
            read_one(l);
}

tests::http_answer world::ask_operator(std::string const& method, std::string const& target,
                                       std::string const& body) const {
    connection to(server_->admin_port());
    to.send(request_text(method, target, {{"Content-Type", "application/json"}, {"Connection", "close"}}, body));
    auto a = to.read(method);
    must(a && a->complete, "the admin API does not answer " + target);
    return *std::move(a);
}

boost::json::object world::stats() const {
    return boost::json::parse(ask_operator("GET", "/api/v1/stats").body).as_object();
}

// Of those that are surely under way.
void world::check_sessions() const {
    std::array<std::size_t, user_count> of{};
    for (auto const& u : uploads)
        of[static_cast<std::size_t>(u->of)] += u->is_sure && u->under_way == 0 && !u->is_older ? 1 : 0;
    must(std::ranges::max(of) <= settings_.hosted.max_uploads_per_client, "more uploads of one user than he may have");
}

void world::check_limits() const {
    check_sessions();
    if (!cramped_)
        return;
    auto const limit = settings_.gc.keep_storage.bytes;
    auto const used = disk_bytes(store_);
    must(used <= limit, "the store takes " + std::to_string(used) + " bytes of " + std::to_string(limit));
}

// Everything is below one prefix, and counts once however many repositories show it.
void world::check_quota() const {
    auto const most = settings_.hosted.max_used_space.bytes;
    std::uint64_t sum = 0;
    for (std::size_t i = 0; i < items().size(); ++i)
        if (std::ranges::any_of(hosted.at, [&](auto const& here) { return here.links[i].sure() == true; }))
            sum += items()[i].bytes().size();
    must(most == 0 || sum <= most, "the quota is " + std::to_string(most) + ", and shown are " + std::to_string(sum));
}

void world::check_nothing_is_left() const {
    auto const settles = [&](char const* what, auto condition) {
        must(tests::eventually(condition), std::string("left behind: ") + what);
    };
    settles("fills", [&] { return stats().at("running_fills") == 0; });
    settles("connections", [&] { return stats().at("connections").at("open").as_int64() <= 1; }); // the one that asks
    // One large download that broke off may be kept, with its space, for whoever goes on with it.
    auto const& largest = items()[blobs().back()].bytes();
    auto const kept = upstream.was_always_right() ? 0u : 1u;
    settles("temporary files", [&] { return files_in(store_ / "temp") <= kept; });
    settles("reserved space", [&] {
        return stats().at("store").at("reserved_bytes").to_number<std::size_t>() <= kept * 2 * largest.size();
    });
    auto const left = stats().at("uploads").to_number<std::size_t>();
    must(left <= lost_uploads, "uploads: " + std::to_string(left));
    must(files_in(store_ / "uploads") <= left, "files of uploads");
}

void world::check_store() const {
    auto const found = store::fsck({.path = store_});
    must(found.has_value(), "the store cannot be checked");
    for (auto const& f : found->findings)
        must(store::is_harmless(f.kind), "the store is not whole: " + f.subject + ": " + f.message);
}

void world::end() {
    for (auto& l : lanes_)
        drop(l);
    check_nothing_is_left();
    check_limits();
    check_quota();
    server_.reset();
    must(tests::eventually([&] { return upstream.origin().open_connections() == 0; }),
         "left behind: upstream's connections");
    if (is_checked_)
        check_store();
}

} // namespace fuzz
