// The composition root: who is made from what, in which order all of it ends.
//
// Members of server::parts are declared so that each may refer to those above it. Coroutines refer to all of them, so
// stop() lets every coroutine end before anything is destroyed.
#include "proxy/server.h"

#include "proxy/admin/admin.h"
#include "proxy/admin/admin_service.h"
#include "proxy/config/config_changes.h"
#include "proxy/fill/refetch.h"
#include "proxy/gc/gc_settings.h"
#include "proxy/gc/maintenance.h"
#include "proxy/http/listener.h"
#include "proxy/http/router.h"
#include "proxy/log/logging.h"
#include "proxy/runtime/spawn.h"
#include "proxy/server_parts.h"

#include <boost/asio/executor_work_guard.hpp>
#include <spdlog/spdlog.h>

#include <csignal>
#include <ctime>
#include <future>
#include <thread>

namespace proxy {

namespace {

constexpr char const* saved_totals = "statistics";
constexpr int save_every = 60; // ticks of a second

unsigned thread_count(server_config const& c) {
    if (c.threads > 0)
        return c.threads;
    return std::max(1u, std::thread::hardware_concurrency());
}

class registry_service : public service {
public:
    explicit registry_service(router& r) : router_(r) {}
    task<void> serve(exchange& x, std::string_view client) override { return router_.dispatch(x, client); }

private:
    router& router_;
};

tcp::endpoint endpoint_of(address const& a) {
    return {net::ip::make_address(a.host), a.port};
}

} // namespace

struct server::parts {
    config const settings; // as started: read by all threads
    config running;        // with what was reloaded since: reload() alone uses it
    stats counts;
    disk_pool disk;
    std::unique_ptr<store::content_store> content;
    std::unique_ptr<collector> gc_runs;
    std::vector<std::unique_ptr<worker>> workers;
    std::unique_ptr<upstream_set> upstreams;
    std::unique_ptr<fill_table> fills;
    std::unique_ptr<server_parts> shared;
    std::unique_ptr<proxy::router> routes;
    std::unique_ptr<registry_service> registry;
    std::unique_ptr<integrity_watch> integrity;
    std::unique_ptr<management> commands;
    std::unique_ptr<proxy::admin> administration;
    std::unique_ptr<admin_service> admin_pages;
    std::vector<std::unique_ptr<worker_local>> locals;
    std::vector<std::unique_ptr<listener>> listeners;
    std::vector<std::unique_ptr<steady_timer>> ticks;
    std::vector<tcp::endpoint> addresses;
    std::vector<tcp::endpoint> admin_addresses;
    std::vector<net::executor_work_guard<executor>> guards;
    std::vector<std::thread> threads;
    std::unique_ptr<maintenance> chores;
    std::atomic<bool> ready{false};
    std::atomic<bool> hosted_read_only{settings.hosted.read_only};

    explicit parts(config c)
        : settings(std::move(c)), running(settings), counts(thread_count(settings.server)),
          disk(std::max(4u, 2 * thread_count(settings.server))) {}

    std::filesystem::path store_path() const;
    result<void> open_store(server_seams seams);
    void make_workers();
    void make_services();
    void listen();
    void bind(address const& a, service& s, std::vector<tcp::endpoint>& bound);
    void run();
    task<void> tick(worker_local& local, steady_timer& timer);
    void save_totals();
    void reload(config const& wanted);
    void apply_gc(gc_config const& wanted);
    void on_each_worker(std::function<void(worker_local&)> f);
    bool drain();
    std::vector<fill_status> fill_list() const;
};

std::filesystem::path server::parts::store_path() const {
    return settings.store.path.empty() ? default_store_path() : settings.store.path;
}

result<void> server::parts::open_store(server_seams seams) {
    auto const path = store_path();
    store::options o;
    o.path = path;
    o.inline_max = settings.store.inline_max;
    o.durability = settings.store.sync_pulled ? store::durability::full : store::durability::cache;
    o.limits = limits_of(settings.gc, disk_bytes_of(path));
    o.files = std::move(seams.files);
    o.warn = [](std::string const& message) { spdlog::warn("store: {}", message); };
    auto opened = store::content_store::open(std::move(o));
    if (!opened)
        return internal_error(opened.error().message);
    content = std::move(*opened);
    content->set_rules(rules_of(settings.gc, disk_bytes_of(path)));
    gc_runs = std::make_unique<collector>(*content);
    auto saved = content->index().find_value(saved_totals);
    if (saved && *saved)
        counts.restore(**saved);
    spdlog::info("store {}: {} objects", path.string(), content->used().objects);
    return {};
}

void server::parts::make_workers() {
    auto const n = thread_count(settings.server);
    for (unsigned i = 0; i < n; ++i) {
        workers.push_back(std::make_unique<worker>(i));
        locals.push_back(
            std::make_unique<worker_local>(worker_local{*workers[i], counts.on(i), access_log(settings.log)}));
        guards.emplace_back(workers[i]->executor());
        ticks.push_back(std::make_unique<steady_timer>(workers[i]->executor()));
        locals[i]->date = http_date(std::time(nullptr));
    }
}

void server::parts::make_services() {
    std::vector<worker*> all;
    for (auto const& w : workers)
        all.push_back(w.get());
    std::vector<std::unique_ptr<upstream>> made;
    for (auto const& u : settings.upstreams)
        made.push_back(std::make_unique<upstream>(u, all, counts.upstream(u.name)));
    upstreams = std::make_unique<upstream_set>(std::move(made), settings.hosted);
    fills = std::make_unique<fill_table>(*content, disk, counts);
    shared = std::make_unique<server_parts>(
        server_parts{settings, *content, disk, counts, *fills, *upstreams, hosted_read_only});
    routes = std::make_unique<proxy::router>(*shared);
    registry = std::make_unique<registry_service>(*routes);
    auto again = [this](oci::digest const& d) { refetch(d, *content, *upstreams, *fills, *workers.front()); };
    integrity = std::make_unique<integrity_watch>(*content, settings.store, std::move(again));
    commands = std::make_unique<management>(*content, *gc_runs, *upstreams);
    administration = std::make_unique<proxy::admin>(
        settings, counts, *content, *commands, *integrity, [this] { return fill_list(); },
        [this] { return ready.load(); });
    admin_pages = std::make_unique<admin_service>(*administration, disk);
}

std::vector<fill_status> server::parts::fill_list() const {
    std::vector<fill_status> list;
    for (auto const& f : fills->running()) {
        auto const state = f->state().get().value;
        std::chrono::duration<double> const age = steady_clock::now() - f->started;
        list.push_back({f->digest().to_string(), f->source().from->config().name, state.available, state.size,
                        f->followers.load(std::memory_order_relaxed), age.count()});
    }
    return list;
}

void server::parts::bind(address const& a, service& s, std::vector<tcp::endpoint>& bound) {
    listeners.push_back(std::make_unique<listener>(endpoint_of(a), locals, s, *shared));
    bound.push_back(listeners.back()->local_endpoint());
}

void server::parts::listen() {
    auto const try_bind = [this](address const& a, service& s, std::vector<tcp::endpoint>& bound) {
        try {
            bind(a, s, bound);
        } catch (boost::system::system_error const& e) {
            throw std::runtime_error(fmt::format("cannot listen on {}: {}", a.to_string(), e.code().message()));
        }
    };
    for (auto const& a : settings.server.listen)
        try_bind(a, *registry, addresses);
    for (auto const& a : settings.server.admin_listen)
        try_bind(a, *admin_pages, admin_addresses);
}

void server::parts::run() {
    for (auto& l : listeners)
        spawn(workers.front()->executor(), "listener", [&l = *l] { return l.run(); });
    for (std::size_t i = 0; i < workers.size(); ++i) {
        spawn(workers[i]->executor(), "tick", [this, i] { return tick(*locals[i], *ticks[i]); });
        threads.emplace_back([w = workers[i].get()] { w->context().run(); });
    }
    chores = std::make_unique<maintenance>(*content, *gc_runs, *integrity, settings.hosted.upload_ttl);
    ready = true;
}

// Once a second on each worker: its date, its deadlines, its log. The first worker saves the statistics too.
task<void> server::parts::tick(worker_local& local, steady_timer& timer) {
    for (int n = 1; !local.draining || n > 0; ++n) {
        timer.expires_after(seconds(1));
        error_code ec;
        co_await timer.async_wait(net::redirect_error(use_task, ec));
        if (ec)
            break;
        local.date = http_date(std::time(nullptr));
        local.dog.sweep(steady_clock::now());
        local.log.flush();
        if (local.home.index() != 0 || n % save_every != 0)
            continue;
        auto save = [this] {
            save_totals();
            return true;
        };
        co_await on_disk(disk, save);
    }
    local.log.flush();
}

void server::parts::save_totals() {
    auto saved = content->index().put_value(saved_totals, counts.save());
    if (!saved)
        spdlog::warn("statistics not saved: {}", saved.error().message);
}

void server::parts::reload(config const& wanted) {
    auto const changed = compare(running, wanted);
    if (wanted.gc != running.gc)
        apply_gc(wanted.gc);
    if (wanted.log.level != running.log.level)
        set_log_level(wanted.log.level); // before what is logged here: whoever asks for more wants to see it
    hosted_read_only = wanted.hosted.read_only;
    running.gc = wanted.gc;
    running.hosted.read_only = wanted.hosted.read_only;
    running.log.level = wanted.log.level;
    for (auto const& key : changed.after_restart)
        spdlog::warn("{} changed: takes effect after a restart", key);
    if (changed.at_once.empty())
        spdlog::info("configuration reloaded: nothing that can change while running has changed");
    else
        spdlog::info("configuration reloaded: {} changed", fmt::join(changed.at_once, ", "));
}

// What the limits are from now on. What is above them goes before this returns.
void server::parts::apply_gc(gc_config const& wanted) {
    auto const disk = disk_bytes_of(store_path());
    content->set_rules(rules_of(wanted, disk));
    content->set_limits(limits_of(wanted, disk));
}

// Runs `f` on every worker's thread and waits until all have.
void server::parts::on_each_worker(std::function<void(worker_local&)> f) {
    std::vector<std::promise<void>> done(locals.size());
    for (std::size_t i = 0; i < locals.size(); ++i)
        net::post(workers[i]->executor(), [&, i] {
            f(*locals[i]);
            done[i].set_value();
        });
    for (auto& d : done)
        d.get_future().wait();
}

// Waits for connections and fills to end, the idle ones at once, the others within the drain timeout.
bool server::parts::drain() {
    auto const until = deadline::after(settings.server.drain_timeout);
    net::io_context clock;
    bool closed_all = false;
    while (counts.open_connections > 0 || counts.running_fills > 0) {
        on_each_worker([](worker_local& l) { l.dog.close_idle(); });
        if (until.passed()) {
            if (closed_all)
                return false;
            on_each_worker([](worker_local& l) { l.dog.close_all(); });
            closed_all = true;
        }
        net::steady_timer pause(clock, milliseconds(closed_all ? 1000 : 20));
        pause.wait();
    }
    return true;
}

server::server(std::unique_ptr<parts> p) : parts_(std::move(p)) {}
server::~server() = default;

result<std::unique_ptr<server>> server::start(config c, server_seams seams) {
    std::signal(SIGPIPE, SIG_IGN); // sendfile to a client that has left: an ordinary error, not the end of the process
    auto p = std::make_unique<parts>(std::move(c));
    auto opened = p->open_store(std::move(seams));
    if (!opened)
        return opened.error();
    try {
        p->make_workers();
        p->make_services();
        p->listen();
    } catch (std::exception const& e) {
        return internal_error(e.what());
    }
    p->run();
    return std::unique_ptr<server>(new server(std::move(p)));
}

std::vector<tcp::endpoint> server::addresses() const {
    return parts_->addresses;
}
std::vector<tcp::endpoint> server::admin_addresses() const {
    return parts_->admin_addresses;
}

void server::reload(config const& wanted) {
    parts_->reload(wanted);
}

bool server::stop() {
    auto& p = *parts_;
    p.ready = false;
    p.gc_runs->stop();
    p.on_each_worker([&p](worker_local& l) {
        l.draining = true;
        if (l.home.index() == 0)
            for (auto& each : p.listeners)
                each->close();
    });
    bool const clean = p.drain();
    p.on_each_worker([&p](worker_local& l) { p.ticks[l.home.index()]->cancel(); });
    p.save_totals();
    p.guards.clear();
    if (!clean) {
        spdlog::warn("some requests or fills did not end in time");
        for (auto& w : p.workers)
            w->context().stop();
    }
    for (auto& t : p.threads)
        t.join();
    p.disk.join();
    p.chores.reset();
    auto flushed = p.content->flush();
    if (!flushed)
        spdlog::warn("store not flushed: {}", flushed.error().message);
    return clean;
}

} // namespace proxy
