#include "proxy/config/config.h"
#include "tests/catch.h"

using namespace proxy;
using namespace std::chrono_literals;

namespace {

std::vector<trigger_config> parsed(std::string const& text) {
    auto c = parse_config(text, "test.toml");
    if (c.has_error())
        FAIL(c.error().front().line << ": " << c.error().front().message);
    return c->triggers;
}

std::vector<std::string> problems(std::string const& text) {
    auto const c = parse_config(text, "test.toml");
    std::vector<std::string> all;
    if (c.has_error())
        for (auto const& p : c.error())
            all.push_back(std::to_string(p.line) + ": " + p.message);
    return all;
}

using lines = std::vector<std::string>;

} // namespace

TEST_CASE("triggers are read with all that they may do") {
    auto const t = parsed(R"([[trigger]]
name = "nightly"
at = "03:30"
warm = ["alpine:3.20", "ghcr.io/a/b@sha256:0000000000000000000000000000000000000000000000000000000000000000"]
platforms = ["linux/amd64", "linux/arm/v7"]
[[trigger]]
every = "10m"
on_move = ["index.docker.io/library/node:20"]
all_platforms = true
[[trigger]]
every = "4m"
keep_fresh = 50
[[trigger]]
at = "00:00"
gc = true
)");
    REQUIRE(t.size() == 4);
    CHECK(t[0].name == "nightly");
    CHECK(t[0].at == 210min);
    CHECK(t[0].warm.size() == 2);
    CHECK(t[0].platforms == lines{"linux/amd64", "linux/arm/v7"});
    CHECK(t[1] == trigger_config{.name = "trigger 2",
                                 .every = 10min,
                                 .on_move = {"index.docker.io/library/node:20"},
                                 .all_platforms = true});
    CHECK(t[2] == trigger_config{.name = "trigger 3", .every = 4min, .keep_fresh = 50});
    CHECK(t[3] == trigger_config{.name = "trigger 4", .at = 0min, .gc = true});
}

TEST_CASE("a trigger needs one time and something to do") {
    CHECK(problems("[[trigger]]\ngc = true\n") ==
          lines{"1: [[trigger]] needs a time: at = \"03:30\" or every = \"6h\""});
    CHECK(problems("[[trigger]]\ngc = true\nat = \"03:30\"\nevery = \"1h\"\n") ==
          lines{"4: [[trigger]] has both at and every: one of them must go"});
    for (auto const* nothing : {"", "gc = false\n", "warm = []\n", "keep_fresh = 0\n"})
        CHECK(problems(std::string("[[trigger]]\nevery = \"1h\"\n") + nothing) ==
              lines{"1: [[trigger]] does nothing: it needs warm, on_move, keep_fresh or gc = true"});
}

TEST_CASE("times that are none are said with their line") {
    for (auto const* at : {"24:00", "3:30", "03:60", "0330", "03:3", "ab:cd", "", "03:30:00", "-1:30"})
        CHECK(problems(std::string("[[trigger]]\ngc = true\nat = \"") + at + "\"\n") ==
              lines{"3: at in [[trigger]] must be a time of day from \"00:00\" to \"23:59\", such as \"03:30\""});
    CHECK(problems("[[trigger]]\ngc = true\nevery = \"1s\"\n").size() == 1);
    CHECK(problems("[[trigger]]\ngc = true\nevery = \"often\"\n").size() == 1);
    CHECK(problems("[[trigger]]\nkeep_fresh = 5\nat = \"03:30\"\n") ==
          lines{"2: keep_fresh in [[trigger]] needs every instead of at"});
    CHECK(problems("[[trigger]]\non_move = [\"a\"]\npoll = \"10m\"\nevery = \"10m\"\n") ==
          lines{"3: poll in [[trigger]] is written every = \"10m\""});
}

TEST_CASE("an image that could never be warmed is a problem of the file") {
    auto const with = [](std::string const& image) {
        auto const all = problems("[[trigger]]\nevery = \"1h\"\nwarm = [\n\"alpine\",\n\"" + image + "\"]\n");
        return all.size() == 1 ? all[0] : "";
    };
    CHECK(with("quay.io/a/b") ==
          "5: warm in [[trigger]] holds \"quay.io/a/b\", but no [[upstream]] is called \"quay.io\"");
    CHECK(with("local/app") ==
          "5: warm in [[trigger]] holds \"local/app\", which is hosted here: there is no upstream to ask for it");
    CHECK(with("Alpine").starts_with("5: warm in [[trigger]] holds \"Alpine\", which is no image's name, such as "));
    CHECK(with("alpine") == "5: warm in [[trigger]] holds \"alpine\" twice");
    CHECK(with("ghcr.io/local/app").empty());
    auto const moved = "[[trigger]]\nevery = \"1h\"\non_move = [\"a@sha256:" + std::string(64, '0') + "\"]\n";
    CHECK(problems(moved).at(0).ends_with("which is named by its digest and never moves"));
    std::string const own = "[[upstream]]\nname = \"r.example\"\nendpoints = [\"https://r.example\"]\n"
                            "access = \"per-client\"\n[[trigger]]\nevery = \"1h\"\nwarm = [\"r.example/a\"]\n";
    CHECK(problems(own) == lines{"7: warm in [[trigger]] holds \"r.example/a\", but r.example is asked in its clients' "
                                 "names, and layerd has no username of its own for it"});
}

TEST_CASE("names and platforms are checked too") {
    CHECK(problems("[[trigger]]\nname = \"a\"\nevery = \"1h\"\ngc = true\n[[trigger]]\nname = \"a\"\nevery = \"1h\"\n"
                   "gc = true\n") == lines{"6: \"a\" already names a trigger in line 2"});
    CHECK(problems("[[trigger]]\nevery = \"1h\"\nwarm = [\"a\"]\nplatforms = [\"amd64\"]\n") ==
          lines{"4: platforms in [[trigger]] holds \"amd64\"; a platform is like \"linux/amd64\" or \"linux/arm/v7\""});
    CHECK(problems(
              "[[trigger]]\nevery = \"1h\"\nwarm = [\"a\"]\nplatforms = [\"linux/amd64\"]\nall_platforms = true\n") ==
          lines{"5: [[trigger]] has both platforms and all_platforms = true"});
    CHECK(problems("[[trigger]]\nevery = \"1h\"\ngc = true\nplatforms = [\"linux/amd64\"]\n") ==
          lines{"4: platforms in [[trigger]] needs warm or on_move beside it"});
    CHECK(problems("[[trigger]]\nevery = \"1h\"\ngc = true\nwrm = []\n").size() == 1);
    CHECK(problems("[trigger]\nevery = \"1h\"\ngc = true\n").size() == 1);
}
