#include "proxy/cli/fsck_command.h"

#include "store/integrity/fsck.h"

#include <boost/json/array.hpp>
#include <boost/json/object.hpp>
#include <boost/json/serialize.hpp>
#include <fmt/format.h>

#include <algorithm>
#include <filesystem>
#include <mutex>
#include <optional>
#include <ostream>
#include <thread>

namespace proxy {
namespace {

constexpr int in_order = 0, failed = 1;

std::string human_bytes(std::uint64_t bytes) {
    static constexpr char const* units[] = {"B", "KiB", "MiB", "GiB", "TiB"};
    auto value = static_cast<double>(bytes);
    std::size_t unit = 0;
    for (; value >= 1024 && unit + 1 < std::size(units); ++unit)
        value /= 1024;
    return unit == 0 ? fmt::format("{} B", bytes) : fmt::format("{:.1f} {}", value, units[unit]);
}

std::string counted(std::size_t n, char const* what) {
    return fmt::format("{} {}{}", n, what, n == 1 ? "" : "s");
}

// One line on a terminal, drawn again for every percent.
class progress_bar {
public:
    explicit progress_bar(std::ostream& to) : to_(to) {}
    ~progress_bar() {
        if (drawn_ >= 0)
            to_ << "\r\x1b[K" << std::flush;
    }

    void draw(std::uint64_t done, std::uint64_t total) {
        constexpr int width = 40;
        int const percent =
            total == 0 ? 100 : static_cast<int>(100.0 * static_cast<double>(done) / static_cast<double>(total));
        if (percent == drawn_)
            return;
        drawn_ = percent;
        auto const full = static_cast<std::size_t>(std::clamp(percent, 0, 100)) * width / 100;
        to_ << fmt::format("\r[{}{}] {:3}% of {}", std::string(full, '#'), std::string(width - full, ' '), percent,
                           human_bytes(total))
            << std::flush;
    }

private:
    std::ostream& to_;
    int drawn_ = -1;
};

// The store that serve would use. Nothing, and a message, if the file is no good.
std::optional<std::filesystem::path> store_of(fsck_command_options const& o, command_environment const& env) {
    if (!o.store.empty())
        return o.store;
    if (o.config_file.empty())
        return default_store_path();
    auto const c = load_config(o.config_file);
    if (c)
        return c->store.path.empty() ? default_store_path() : c->store.path;
    for (auto const& p : c.error())
        env.err << o.config_file << ':' << (p.line == 0 ? "" : std::to_string(p.line) + ":") << ' ' << p.message
                << '\n';
    return std::nullopt;
}

void print_lines(store::fsck_report const& r, bool repair, std::ostream& out) {
    for (auto const& f : r.findings)
        out << fmt::format("{} {}: {}{}\n", to_string(f.kind), f.subject, f.message, f.repaired ? " (repaired)" : "");
    auto const problems = r.problems();
    out << fmt::format("{}, {} checked, {}{}", counted(r.objects, "object"), human_bytes(r.bytes),
                       counted(problems, "problem"),
                       r.leftovers() > 0 ? ", " + counted(r.leftovers(), "harmless leftover") : "");
    if (repair && !r.findings.empty())
        out << (r.in_order() ? ", all repaired" : ", not all repaired");
    out << '\n';
}

void print_document(store::fsck_report const& r, std::filesystem::path const& store, std::ostream& out) {
    boost::json::array findings;
    for (auto const& f : r.findings)
        findings.push_back(boost::json::object{{"kind", to_string(f.kind)},
                                               {"subject", f.subject},
                                               {"message", f.message},
                                               {"harmless", is_harmless(f.kind)},
                                               {"repaired", f.repaired}});
    boost::json::object const document{
        {"store", store.string()},        {"objects", r.objects},       {"bytes", r.bytes},
        {"problems", r.problems()},       {"leftovers", r.leftovers()}, {"in_order", r.in_order()},
        {"findings", std::move(findings)}};
    out << boost::json::serialize(document) << '\n';
}

store::result<store::fsck_report> check(std::filesystem::path const& path, bool repair,
                                        command_environment const& env) {
    store::fsck_options options;
    options.path = path;
    options.repair = repair;
    options.threads = std::jthread::hardware_concurrency() > 1 ? 2 : 1;
    std::mutex one_line; // a warning may come at any moment
    options.warn = [&](std::string const& message) {
        std::lock_guard const lock(one_line);
        env.err << "layerd fsck: " << message << '\n';
    };
    progress_bar bar(env.err);
    if (env.progress)
        options.progress = [&](std::uint64_t done, std::uint64_t total) {
            std::lock_guard const lock(one_line);
            bar.draw(done, total);
        };
    return store::fsck(std::move(options));
}

} // namespace

int run_fsck(fsck_command_options const& o, command_environment const& env) {
    auto const path = store_of(o, env);
    if (!path)
        return failed;
    auto const r = check(*path, o.repair, env);
    if (!r) {
        env.err << fmt::format("layerd fsck: {}{}\n", r.error().message,
                               r.error().code == store::errc::locked ? ": stop it first" : "");
        return failed;
    }
    if (o.json)
        print_document(*r, *path, env.out);
    else
        print_lines(*r, o.repair, env.out);
    return r->in_order() ? in_order : failed;
}

} // namespace proxy
