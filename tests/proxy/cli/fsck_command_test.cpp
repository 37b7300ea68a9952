#include "proxy/cli/command_line.h"
#include "store/content_store.h"
#include "tests/catch.h"
#include "tests/support/running_server.h"

#include <boost/json/parse.hpp>

#include <filesystem>
#include <fstream>
#include <sstream>

using namespace proxy;

namespace {

struct run {
    int code = 0;
    std::string out, err;
};

run layerd(std::vector<std::string> const& args, bool progress = false) {
    run r;
    std::ostringstream out, err;
    command_environment env{out, err, [](config, config_source) { return 0; }};
    env.progress = progress;
    r.code = run_command_line(args, env);
    r.out = out.str();
    r.err = err.str();
    return r;
}

bool has(std::string const& text, std::string_view part) {
    return text.find(part) != text.npos;
}

// One object of 100 kB, in a file.
struct small_store {
    small_store() { store->put(digest, bytes, {}).value(); }

    std::string file() const {
        auto const hex = digest.hex();
        return path + "/blobs/sha256/" + hex.substr(0, 2) + "/" + hex;
    }

    tests::temp_folder folder;
    std::string const path = (folder.path() / "store").string();
    std::string const bytes = std::string(100'000, 'x');
    oci::digest const digest = oci::digest::of(bytes);
    std::unique_ptr<store::content_store> store = store::content_store::open({.path = path}).value();
};

} // namespace

TEST_CASE("fsck says that a store is in order, and how much it read") {
    small_store s;
    s.store.reset();
    auto const r = layerd({"fsck", "--store", s.path});
    CHECK(r.code == 0);
    CHECK(r.out == "1 object, 97.7 KiB checked, 0 problems\n");
    CHECK(r.err.empty());
}

TEST_CASE("fsck prints a line for each finding and ends with 1, with 0 after a repair") {
    small_store s;
    s.store.reset();
    std::filesystem::resize_file(s.file(), 5);
    auto const found = layerd({"fsck", "--store", s.path});
    CHECK(found.code == 1);
    CHECK(found.out == "wrong_size " + s.digest.to_string() +
                           ": its file has 5 bytes, recorded are 100000\n1 object, 0 B checked, 1 problem\n");
    auto const repaired = layerd({"fsck", "--store", s.path, "--repair"});
    CHECK(repaired.code == 0);
    CHECK(has(repaired.out, " (repaired)\n"));
    CHECK(has(repaired.out, "1 problem, all repaired\n"));
    CHECK(layerd({"fsck", "--store", s.path}).out == "0 objects, 0 B checked, 0 problems\n");
}

TEST_CASE("fsck's document holds what its lines say") {
    small_store s;
    s.store.reset();
    std::filesystem::remove(s.file());
    auto const r = layerd({"fsck", "--store", s.path, "--json"});
    CHECK(r.code == 1);
    auto const document = boost::json::parse(r.out).as_object();
    CHECK(document.at("store") == s.path.c_str());
    CHECK(document.at("problems") == 1);
    CHECK(document.at("in_order") == false);
    auto const& finding = document.at("findings").at(0);
    CHECK(finding.at("kind") == "missing");
    CHECK(finding.at("subject") == s.digest.to_string().c_str());
    CHECK(finding.at("repaired") == false);
}

TEST_CASE("fsck looks at the store that the configuration file names") {
    small_store s;
    s.store.reset();
    auto const file = (s.folder.path() / "layerd.toml").string();
    std::ofstream(file) << "[store]\npath = \"" << s.path << "\"\n";
    CHECK(layerd({"fsck", "--config", file}).code == 0);
    std::ofstream(file) << "[store]\npath = 5\n";
    auto const bad = layerd({"fsck", "--config", file});
    CHECK(bad.code == 1);
    CHECK(has(bad.err, file + ":2: "));
}

TEST_CASE("fsck leaves a store alone that a server uses") {
    small_store s;
    auto const r = layerd({"fsck", "--store", s.path, "--repair"});
    CHECK(r.code == 1);
    CHECK(has(r.err, "is in use by another layerd"));
    CHECK(has(r.err, "stop it first\n"));
    CHECK(r.out.empty());
}

TEST_CASE("fsck without a store says so") {
    auto const r = layerd({"fsck", "--store", "/nonexistent"});
    CHECK(r.code == 1);
    CHECK(r.err == "layerd fsck: there is no store at /nonexistent\n");
}

TEST_CASE("fsck with an unknown option is wrong usage") {
    CHECK(layerd({"fsck", "--fix"}).code == 2);
}

TEST_CASE("fsck draws its progress on a terminal, and wipes it away") {
    small_store s;
    s.store.reset();
    auto const r = layerd({"fsck", "--store", s.path}, true);
    CHECK(has(r.err, "100%"));
    CHECK(r.err.ends_with("\r\x1b[K"));
}
