// The composition root: who is made from what, in which order all of it ends.
//
// Members of server::parts are declared so that each may refer to those above it. Coroutines refer to all of them, so
// stop() lets every coroutine end before anything is destroyed.
#include "proxy/server.h"

#include "proxy/admin/admin.h"
#include "proxy/admin/admin_service.h"
#include "proxy/alert/alert_watch.h"
#include "proxy/alert/webhook.h"
#include "proxy/config/config_changes.h"
#include "proxy/config/rule_check.h"
#include "proxy/fill/fill_status.h"
#include "proxy/fill/refetch.h"
#include "proxy/gc/gc_settings.h"
#include "proxy/gc/maintenance.h"
#include "proxy/http/entrances.h"
#include "proxy/http/router.h"
#include "proxy/log/logging.h"
#include "proxy/runtime/heartbeat.h"
#include "proxy/runtime/spawn.h"
#include "proxy/runtime/ticker.h"
#include "proxy/server_parts.h"
#include "proxy/stats/history_keeper.h"
#include "proxy/trigger/triggers.h"
#include "proxy/warm/warmer.h"
#include "store/hosted/hosted_repositories.h"

#include <boost/asio/executor_work_guard.hpp>
#include <spdlog/spdlog.h>

#include <csignal>
#include <ctime>
#include <future>
#include <thread>

namespace proxy {

namespace {

constexpr char const* saved_totals = "statistics";
constexpr char const* saved_tags = "hot tags";
constexpr char const* saved_alerts = "alerts";
constexpr int save_every = 60;       // ticks of a second
constexpr int save_tags_every = 600; // likewise; a few dozen kilobytes

unsigned thread_count(server_config const& c) {
    if (c.threads > 0)
        return c.threads;
    return std::max(1u, std::thread::hardware_concurrency());
}

class registry_service : public service {
public:
    explicit registry_service(router& r) : router_(r) {}
    task<void> serve(exchange& x) override { return router_.dispatch(x); }

private:
    router& router_;
};

} // namespace

struct server::parts {
    config const settings; // as started: read by all threads
    config running;        // with what was reloaded since: reload() alone uses it
    stats counts;
    disk_pool disk;
    std::unique_ptr<store::content_store> content;
    std::unique_ptr<collector> gc_runs;
    std::vector<std::unique_ptr<worker>> workers;
    std::unique_ptr<authenticator> who;
    std::unique_ptr<upstream_set> upstreams;
    std::unique_ptr<fill_table> fills;
    absence_cache absences;
    access_verdicts verdicts;
    std::unique_ptr<prefetcher> ahead;
    std::unique_ptr<server_parts> shared;
    std::unique_ptr<proxy::router> routes;
    std::unique_ptr<registry_service> registry;
    std::unique_ptr<integrity_watch> integrity;
    std::unique_ptr<management> commands;
    std::unique_ptr<warmer> images; // that are pulled with no client
    hot_tags asked_for;
    std::unique_ptr<trigger_work> by_itself;
    std::unique_ptr<triggers> rules;
    std::unique_ptr<pull_commands> pulls;
    std::unique_ptr<proxy::admin> administration;
    std::unique_ptr<admin_service> admin_pages;
    std::vector<std::unique_ptr<worker_local>> locals;
    client_table clients{{settings.server.max_connections, settings.server.max_connections_per_client,
                          settings.server.bandwidth_per_client, settings.server.requests_per_client}};
    client_table operators{{.total = 512, .connections = 128, .of_operators = true}}; // beside those of the others
    std::unique_ptr<entrances> doors;
    std::vector<std::unique_ptr<ticker>> ticks;
    std::unique_ptr<heartbeat> beat; // none: nobody watches
    std::vector<address> addresses;
    std::vector<address> admin_addresses;
    std::vector<net::executor_work_guard<executor>> guards;
    std::vector<std::thread> threads;
    std::unique_ptr<maintenance> chores;
    std::unique_ptr<history> past;
    std::unique_ptr<webhook> hook; // null: none is configured
    std::unique_ptr<alert_watch> alerts;
    std::string kept_alerts; // as last saved
    std::unique_ptr<history_keeper> keeper;
    std::atomic<bool> ready{false};
    std::atomic<bool> hosted_read_only{settings.hosted.read_only};

    explicit parts(config c)
        : settings(std::move(c)), running(settings), counts(thread_count(settings.server)),
          disk(std::max(4u, 2 * thread_count(settings.server))) {}

    std::filesystem::path store_path() const;
    result<void> open_store(server_seams const& seams);
    void make_workers();
    result<void> make_access(server_seams const& seams);
    void make_services(server_seams const& seams);
    result<void> make_alerts();
    void look_at_alerts();
    result<void> listen(inherited_sockets sockets);
    void run();
    void watch(steady_clock::duration every, std::function<void()> alive);
    task<void> tick(worker_local& local, int n);
    void note_pull_limits();
    void save(char const* name, std::string_view value);
    void reload(config const& wanted);
    void apply_gc(gc_config const& wanted);
    void apply_hosted(hosted_config const& wanted);
    bool apply_access(config const& wanted);
    void on_each_worker(std::function<void(worker_local&)> f);
    bool drain();
};

std::filesystem::path server::parts::store_path() const {
    return settings.store.path.empty() ? default_store_path() : settings.store.path;
}

result<void> server::parts::open_store(server_seams const& seams) {
    auto const path = store_path();
    store::options o;
    o.path = path;
    o.inline_max = settings.store.inline_max;
    o.durability = settings.store.sync_pulled ? store::durability::full : store::durability::cache;
    o.limits = limits_of(settings.gc, disk_bytes_of(path));
    o.files = seams.files;
    o.now = seams.now;
    o.warn = [](std::string const& message) { spdlog::warn("store: {}", message); };
    auto opened = store::content_store::open(std::move(o));
    if (!opened)
        return internal_error(opened.error().message);
    content = std::move(*opened);
    content->set_rules(rules_of(settings.gc, disk_bytes_of(path)));
    content->hosted().set_rules(hosted_rules_of(settings, disk_bytes_of(path)));
    gc_runs = std::make_unique<collector>(*content);
    auto saved = content->index().find_value(saved_totals);
    if (saved && *saved)
        counts.restore(**saved);
    if (auto tags = content->index().find_value(saved_tags); tags && *tags)
        asked_for.restore(**tags);
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
        ticks.push_back(std::make_unique<ticker>(workers[i]->executor(), seconds(1)));
        locals[i]->date = http_date(std::time(nullptr));
    }
}

void server::parts::make_services(server_seams const& seams) {
    std::vector<worker*> all;
    for (auto const& w : workers)
        all.push_back(w.get());
    std::vector<std::unique_ptr<upstream>> made;
    for (auto const& u : settings.upstreams) {
        auto& counters = counts.upstream(u.name);
        counters.nano_per_byte = u.price_per_gb * 1e9 / static_cast<double>(1 << 30);
        made.push_back(std::make_unique<upstream>(u, all, counters));
    }
    upstreams = std::make_unique<upstream_set>(std::move(made), settings.hosted);
    fills = std::make_unique<fill_table>(*content, disk, counts, settings.server.max_fills,
                                         seams.ranges.value_or(range_rule()));
    ahead = std::make_unique<prefetcher>(*content, disk, *fills, counts);
    shared = std::make_unique<server_parts>(server_parts{settings, *who, *content, disk, counts, *fills, *ahead,
                                                         *upstreams, hosted_read_only, absences, verdicts, seams.now});
    routes = std::make_unique<proxy::router>(*shared);
    registry = std::make_unique<registry_service>(*routes);
    past = std::make_unique<history>(
        content->series(), history_limits{settings.stats.history, settings.stats.names, settings.stats.max_size},
        seams.now(), [this] { return sample_of(content->used()); });
    auto again = [this](oci::digest const& d) { refetch(d, *content, *upstreams, *fills, *workers.front()); };
    integrity = std::make_unique<integrity_watch>(*content, settings.store, std::move(again));
    commands = std::make_unique<management>(*content, *gc_runs, *upstreams);
    images = std::make_unique<warmer>(*shared, routes->manifests(), all);
    by_itself = std::make_unique<trigger_work>(*shared, routes->manifests(), *images, *gc_runs, asked_for);
    rules = std::make_unique<triggers>(*shared, *by_itself, *workers.front(), settings.triggers);
    pulls = std::make_unique<pull_commands>(*shared, routes->manifests(), *images, *rules);
    administration = std::make_unique<proxy::admin>(
        settings, counts, *content, *commands, *integrity, *upstreams, *past, seams.now,
        [this] { return alerts->alerts(); }, [this] { return doors->certificate_expiry(); },
        [this] { return status_of(*fills); }, [this] { return ready.load(); });
    admin_pages =
        std::make_unique<admin_service>(*administration, *pulls, access_guard(*who, settings), disk, seams.now);
}

result<void> server::parts::make_access(server_seams const& seams) {
    // Half the cores: whoever tries passwords must not slow down who pulls.
    auto const threads = std::max(1u, thread_count(settings.server) / 2);
    auto opened = authenticator::open(settings, *workers.front(), disk, threads, seams.now, seams.ticks);
    if (!opened)
        return opened.error();
    who = std::move(*opened);
    return {};
}

result<void> server::parts::make_alerts() {
    auto const url = webhook::url_of(settings.webhook);
    if (!url)
        return url.error();
    if (!url->empty())
        hook = std::make_unique<webhook>(*workers.front(), *url, settings.webhook.format);
    auto tell = [this](alert_message const& m) {
        if (hook)
            hook->send(m);
    };
    alerts =
        std::make_unique<alert_watch>(settings.alerts, alert_values(*past, *upstreams, store_path()), std::move(tell));
    if (auto state = content->index().find_value(saved_alerts); state && *state)
        alerts->restore(kept_alerts = std::move(**state));
    return {};
}

void server::parts::look_at_alerts() {
    if (!alerts->step(shared->now()))
        return;
    if (auto state = alerts->save(); state != kept_alerts)
        save(saved_alerts, kept_alerts = std::move(state));
}

result<void> server::parts::listen(inherited_sockets sockets) {
    doors = std::make_unique<entrances>(locals, *shared);
    auto bound = doors->open({*registry, clients}, settings.server.listen, std::move(sockets.registry));
    if (!bound)
        return bound.error();
    addresses = std::move(*bound);
    bound = doors->open({*admin_pages, operators}, settings.server.admin_listen, std::move(sockets.admin));
    if (!bound)
        return bound.error();
    admin_addresses = std::move(*bound);
    if (auto const why = unguarded_admin(admin_addresses, settings.access); !why.empty())
        return internal_error(why);
    return {};
}

void server::parts::run() {
    doors->run();
    for (std::size_t i = 0; i < workers.size(); ++i) {
        auto work = [this, i, n = 0]() mutable { return tick(*locals[i], ++n); };
        spawn(workers[i]->executor(), "tick", [this, i, work] { return ticks[i]->run(work); });
        threads.emplace_back([w = workers[i].get()] { w->context().run(); });
    }
    auto of_store = [this] { return store_counters{content->used().returned, integrity->all_failures()}; };
    auto each_second = [this] {
        note_pull_limits();
        look_at_alerts();
        doors->look_at_certificates(shared->now());
        who->look();
    };
    keeper = std::make_unique<history_keeper>(*past, counts, shared->now, of_store, each_second);
    chores = std::make_unique<maintenance>(*content, *gc_runs, *integrity, settings.hosted.upload_ttl);
    ready = true;
}

void server::parts::watch(steady_clock::duration every, std::function<void()> alive) {
    std::vector<executor> loops;
    for (auto const& w : workers)
        loops.push_back(w->executor());
    beat = std::make_unique<heartbeat>(loops, every, std::move(alive));
    for (std::size_t i = 0; i < loops.size(); ++i)
        spawn(loops[i], "heartbeat", [this, i] { return beat->run(i); });
}

// Once a second on each worker: its date, its deadlines, its log, and now and then what it was asked for. The first
// worker looks which triggers are due and saves the statistics too.
task<void> server::parts::tick(worker_local& local, int n) {
    local.date = http_date(std::time(nullptr));
    local.dog.sweep(steady_clock::now(), [&](limit met) { local.counters.refuse(met); });
    local.log.flush();
    past->add(local.traffic.take());
    if (local.home.index() == 0)
        rules->tick();
    if (n % save_every != 0)
        co_return;
    asked_for.add(local.tags.take(), shared->now());
    if (local.home.index() != 0)
        co_return;
    auto save_all = [this, n] {
        save(saved_totals, counts.save());
        if (n % save_tags_every == 0)
            save(saved_tags, asked_for.save());
        return true;
    };
    co_await on_disk(disk, save_all);
}

// Where a registry has told its limit once, hits save pulls that it would have counted.
void server::parts::note_pull_limits() {
    auto const endpoints = upstreams->endpoints();
    counts.each_upstream([&](upstream_counters& c) {
        if (auto const at = endpoints.find(c.name); at != endpoints.end() && budget_of(at->second))
            c.counts_pulls.store(true, std::memory_order_relaxed);
    });
}

void server::parts::save(char const* name, std::string_view value) {
    if (auto saved = content->index().put_value(name, value); !saved)
        spdlog::warn("{} not saved: {}", name, saved.error().message);
}

void server::parts::reload(config const& wanted) {
    auto changed = compare(running, wanted);
    if (wanted.gc != running.gc)
        apply_gc(wanted.gc);
    if (wanted.log.level != running.log.level)
        set_log_level(wanted.log.level); // before what is logged here: whoever asks for more wants to see it
    if (wanted.hosted != running.hosted)
        apply_hosted(wanted.hosted);
    if (wanted.triggers != running.triggers)
        rules->set(wanted.triggers);
    if (have_other_rules(running.access, wanted.access) && !apply_access(wanted))
        std::erase_if(changed.at_once, [](std::string const& key) { return key.starts_with("access."); });
    running.gc = wanted.gc;
    running.triggers = wanted.triggers;
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

// The switches and bounds; what is hosted at all is as it was at the start.
void server::parts::apply_hosted(hosted_config const& wanted) {
    running.hosted.read_only = wanted.read_only;
    running.hosted.grace = wanted.grace;
    running.hosted.max_used_space = wanted.max_used_space;
    hosted_read_only = wanted.read_only;
    content->hosted().set_rules(hosted_rules_of(running, disk_bytes_of(store_path())));
}

// Rules and groups; what logins are checked by is as it was at the start. False: they stay as they are.
bool server::parts::apply_access(config const& wanted) {
    auto next = running;
    next.access.rules = wanted.access.rules;
    next.access.groups = wanted.access.groups;
    auto why = unsafe_reload(admin_addresses, running, wanted); // bound, whatever the file says by now
    if (auto set = why.empty() ? who->set_rules(next) : result<void>(); !set)
        why = set.error().message;
    if (!why.empty()) {
        spdlog::error("the rules stay as they are: {}", why);
        return false;
    }
    running.access = std::move(next.access);
    content->index().outdate(); // what a repository shows depends on whether there are rules
    return true;
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
    constexpr unsigned last_rounds = 10; // for what was closed to end: a second each
    unsigned rounds = 0;
    while (counts.open_connections > 0 || counts.running_fills > 0) {
        on_each_worker([](worker_local& l) { l.dog.close_idle(steady_clock::now()); });
        if (until.passed()) {
            if (rounds++ == last_rounds)
                return false;
            on_each_worker([](worker_local& l) { l.dog.close_all(); });
        }
        net::steady_timer pause(clock, milliseconds(rounds > 1 ? 1000 : 20));
        pause.wait();
    }
    return true;
}

server::server(std::unique_ptr<parts> p) : parts_(std::move(p)) {}
server::~server() = default;

result<std::unique_ptr<server>> server::start(config c, server_seams seams, inherited_sockets sockets) {
    std::signal(SIGPIPE, SIG_IGN); // sendfile to a client that has left: an ordinary error, not the end of the process
    if (!seams.now)
        seams.now = [] { return std::int64_t(std::time(nullptr)); };
    auto p = std::make_unique<parts>(std::move(c));
    auto opened = p->open_store(seams);
    if (!opened)
        return opened.error();
    try {
        p->make_workers();
        if (auto made = p->make_access(seams); !made)
            return made.error();
        p->make_services(seams);
        if (auto made = p->make_alerts(); !made)
            return made.error();
        if (auto listening = p->listen(std::move(sockets)); !listening)
            return listening.error();
    } catch (std::exception const& e) {
        return internal_error(e.what());
    }
    p->run();
    return std::unique_ptr<server>(new server(std::move(p)));
}

std::vector<address> server::addresses() const {
    return parts_->addresses;
}
std::vector<address> server::admin_addresses() const {
    return parts_->admin_addresses;
}

void server::reload(config const& wanted) {
    parts_->reload(wanted);
}

void server::watch(steady_clock::duration every, std::function<void()> alive) {
    parts_->watch(every, std::move(alive));
}

bool server::stop() {
    auto& p = *parts_;
    p.ready = false;
    p.gc_runs->stop();
    p.ahead->stop();
    p.images->stop();
    p.rules->stop();
    if (p.hook)
        p.hook->stop();
    p.on_each_worker([&p](worker_local& l) {
        l.draining = true;
        if (l.home.index() == 0)
            p.doors->close();
    });
    p.on_each_worker([](worker_local&) {}); // what was accepted just before that is counted by now
    bool const clean = p.drain();
    p.on_each_worker([&p](worker_local& l) {
        p.ticks[l.home.index()]->stop();
        p.past->add(l.traffic.take());
        p.asked_for.add(l.tags.take(), p.shared->now());
        l.log.flush();
        if (p.beat)
            p.beat->stop(l.home.index());
    });
    p.save(saved_totals, p.counts.save());
    p.save(saved_tags, p.asked_for.save());
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
    p.keeper.reset();
    auto flushed = p.content->flush();
    if (!flushed)
        spdlog::warn("store not flushed: {}", flushed.error().message);
    return clean;
}

} // namespace proxy
