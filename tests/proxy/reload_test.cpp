// The configuration is read again while the server runs.
#include "proxy/serve.h"
#include "tests/catch.h"
#include "tests/support/captured_log.h"
#include "tests/support/pulling_mirror.h"

#include <boost/json/parse.hpp>

#include <fstream>

using namespace tests;

namespace {

class reloaded : public mirror {
public:
    explicit reloaded(std::string const& text) {
        rewrite(text);
        auto loaded = *proxy::load_config(from.file);
        from.override_by(loaded);
        settings = std::move(loaded);
        start();
    }

    void rewrite(std::string const& text) { std::ofstream(from.file) << text; }
    void reload() { proxy::reload(server->get(), from); }
    std::int64_t limit() const { return boost::json::parse(stats()).at_pointer("/store/limit_bytes").as_int64(); }

    temp_folder folder;
    proxy::config_source from{folder.path() / "layerd.toml", [base = settings](proxy::config& c) {
                                  c.server = base.server;
                                  c.store = base.store;
                                  c.upstreams = base.upstreams;
                              }};
};

} // namespace

TEST_CASE("a good file changes the limit while the server runs, and the log names what changed") {
    reloaded m("[gc]\nkeep_storage = \"1GB\"\n");
    CHECK(m.limit() == 1ll << 30);
    m.rewrite("[gc]\nkeep_storage = \"2GB\"\n[log]\nformat = \"json\"\n");
    captured_log const log;
    m.reload();
    CHECK(m.limit() == 2ll << 30);
    CHECK(log.has("configuration reloaded: gc.keep_storage changed"));
    CHECK(log.has("log.format changed: takes effect after a restart"));
}

TEST_CASE("limits can be switched off and on while the server runs") {
    reloaded m("[gc]\nkeep_storage = \"1GB\"\n");
    m.rewrite("[gc]\nenabled = false\n");
    m.reload();
    CHECK(m.limit() == 0);
    m.rewrite("[gc]\nkeep_storage = \"3GB\"\n");
    m.reload();
    CHECK(m.limit() == 3ll << 30);
}

TEST_CASE("a bad file changes nothing, and every problem is logged with its line") {
    reloaded m("[gc]\nkeep_storage = \"1GB\"\n");
    m.rewrite("[gc]\nkeep_storage = \"2GB\"\nsurprise = 1\n[log]\nlevel = \"loud\"\n");
    captured_log const log;
    m.reload();
    CHECK(m.limit() == 1ll << 30);
    auto const file = m.from.file.string();
    CHECK(log.has("configuration not reloaded: " + file + ":3: unknown key \"surprise\""));
    CHECK(log.has("configuration not reloaded: " + file + ":5: level in [log] must be"));
    CHECK(log.has("kept the running configuration"));
    std::filesystem::remove(m.from.file);
    m.reload();
    CHECK(log.has("configuration not reloaded: " + file + ": cannot be read"));
    CHECK(m.limit() == 1ll << 30);
}

TEST_CASE("what needs a restart is named each time until there was one") {
    reloaded m("");
    m.rewrite("[hosted]\nprefixes = [\"here\"]\n");
    for (int i = 0; i < 2; ++i) {
        captured_log const log;
        m.reload();
        CHECK(log.has("hosted.prefixes changed: takes effect after a restart"));
    }
}

TEST_CASE("a changed log level counts at once, and so does its way back") {
    reloaded m("");
    captured_log const log;
    m.rewrite("[log]\nlevel = \"error\"\n");
    m.reload();
    CHECK(spdlog::default_logger()->level() == spdlog::level::err);
    m.rewrite("[log]\nlevel = \"debug\"\n");
    m.reload();
    CHECK(spdlog::default_logger()->level() == spdlog::level::debug);
    CHECK(log.has("configuration reloaded: log.level changed"));
}

TEST_CASE("a server without a file says that there is none to read again") {
    reloaded m("[gc]\nkeep_storage = \"1GB\"\n");
    captured_log const log;
    proxy::reload(m.server->get(), {});
    CHECK(log.has("configuration not reloaded: the server runs without a file (--config)"));
    CHECK(m.limit() == 1ll << 30);
}

TEST_CASE("the first rules count at once, also for what workers remember") {
    reloaded m("");
    auto const hers = image_manifest({"{}"});
    auto const d = m.put_manifest("acme/app", "1", hers);
    auto const index = index_of({index_entry(hers, "")}); // of one whose registry takes his word for it
    header_list const fields{{"Content-Type", std::string(oci::media_type::oci_index)}};
    m.origin.on("GET", "/v2/bobs/app/manifests/1").reply(200, fields, index);
    REQUIRE(m.get("/v2/acme/app/manifests/" + d).status == 200);
    REQUIRE(m.get("/v2/bobs/app/manifests/1").status == 200);
    for (int time = 0; time < 8; ++time) // each worker
        REQUIRE(m.get("/v2/bobs/app/manifests/" + d).status == 200);
    m.rewrite("[[access.rule]]\nallow = [\"pull\"]\nrepositories = [\"docker.io/bobs/**\"]\n");
    m.reload();
    for (int time = 0; time < 8; ++time)
        CHECK(m.get("/v2/bobs/app/manifests/" + d).status == 404);
}
