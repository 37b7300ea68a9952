#include "proxy/config/config.h"

#include "tests/catch.h"

using namespace proxy;

namespace {

std::string first_problem(std::string const& text) {
    auto const c = parse_config(text, "layerd.toml");
    return c ? "none" : std::to_string(c.error().front().line) + ": " + c.error().front().message;
}

} // namespace

TEST_CASE("client groups are read, and mistakes in them are named") {
    auto const c = parse_config("[stats]\nclients_by = \"address\"\n[[stats.client_group]]\nname = \"ci\"\n"
                                "networks = [\"10.0.0.0/8\", \"fd00::1\"]\nuser_agents = [\"buildkit\"]\n",
                                "layerd.toml");
    REQUIRE(c);
    CHECK(c->stats.clients_by == client_sorting::address);
    REQUIRE(c->stats.client_groups.size() == 1);
    CHECK(c->stats.client_groups[0].networks[1].to_string() == "fd00::1/128");
    std::string const group = "[[stats.client_group]]\nname = \"ci\"\n";
    CHECK(first_problem(group) == "2: [[stats.client_group]] needs one of networks, users and user_agents");
    CHECK(first_problem(group + "networks = [\"10.0.0.1/8\"]\n").starts_with("3: networks in [[stats.client_group]]"));
    CHECK(first_problem(group + "user_agents = [\"docker/20\"]\n").starts_with("3: user_agents in"));
    CHECK(first_problem("[[stats.client_group]]\nusers = [\"a\"]\n").ends_with("needs a name, such as name = \"ci\""));
    CHECK(first_problem(group + "users = [\"a\"]\n" + group + "users = [\"b\"]\n") ==
          "5: \"ci\" already names a client group");
    CHECK(first_problem("[[stats.client_group]]\nname = \"other\"\nusers = [\"a\"]\n")
              .starts_with("2: \"other\" cannot"));
    CHECK(first_problem("[stats]\nnames = 0\n").starts_with("2: names in [stats] must be a whole number"));
}

TEST_CASE("without a history there are no alerts about what it would have told") {
    CHECK_FALSE(parse_config("[stats]\nhistory = false\n", "x")->stats.history);
    std::string const off = "[stats]\nhistory = false\n[[alert]]\nbelow = 0.1\nmetric = ";
    CHECK(first_problem(off + "\"hit_ratio\"\n") ==
          "5: an alert about hit_ratio needs what [stats] history = false leaves out");
    for (auto const* metric : {"byte_hit_ratio", "error_ratio", "unstored", "integrity_failures"})
        CHECK(first_problem(off + '"' + metric + "\"\n").starts_with("5: an alert about "));
    for (auto const* metric : {"upstream_open", "rate_budget", "disk_free"})
        CHECK(first_problem(off + '"' + metric + "\"\n") == "none");
}

TEST_CASE("a price is a number that is not below zero") {
    std::string const upstream = "[[upstream]]\nname = \"a.io\"\nendpoints = [\"https://a.io\"]\nprice_per_gb = ";
    CHECK(parse_config(upstream + "0.09\n", "x")->upstreams[0].price_per_gb == 0.09);
    CHECK(parse_config(upstream + "1\n", "x")->upstreams[0].price_per_gb == 1);
    for (auto const* wrong : {"-0.1", "nan", "inf", "\"0.09\"", "true"})
        CHECK(first_problem(upstream + wrong + "\n").find("price_per_gb in [[upstream]] must be a number") !=
              std::string::npos);
}

TEST_CASE("alerts are read, and mistakes in them are named") {
    auto const c = parse_config("[[alert]]\nmetric = \"disk_free\"\nbelow = 0.1\nfor = \"5m\"\n", "layerd.toml");
    REQUIRE(c);
    REQUIRE(c->alerts.size() == 1);
    CHECK(c->alerts[0].name == "disk_free");
    CHECK(c->alerts[0].below == 0.1);
    CHECK(c->alerts[0].hold == std::chrono::minutes(5));
    std::string const alert = "[[alert]]\nmetric = \"hit_ratio\"\n";
    CHECK(first_problem(alert) == "2: [[alert]] needs one of below and above, such as below = 0.5");
    CHECK(first_problem(alert + "below = 1\nabove = 0\n").find("one of below and above") != std::string::npos);
    CHECK(first_problem(alert + "below = 50\n") == "3: below in [[alert]] must be a number from 0 to 1, not 50");
    CHECK(first_problem("[[alert]]\nmetric = \"unstored\"\nabove = 50\n") == "none");
    CHECK(first_problem("[[alert]]\nbelow = 0.5\n").ends_with("needs a metric, such as metric = \"hit_ratio\""));
    CHECK(first_problem("[[alert]]\nmetric = \"moon\"\nbelow = 0.5\n")
              .starts_with("2: metric in [[alert]] must be one of"));
    CHECK(first_problem(alert + "below = 0.5\n" + alert + "below = 0.4\n").find("give this one a name") !=
          std::string::npos);
}

TEST_CASE("a webhook is a URL, or a file that holds one") {
    CHECK(first_problem("[webhook]\nurl = \"https://hooks.example.com/x\"\nformat = \"slack\"\n") == "none");
    CHECK(first_problem("[webhook]\nurl = \"hooks.example.com\"\n").starts_with("2: url in [webhook] must be a URL"));
    CHECK(first_problem("[webhook]\nurl = \"https://a.io/\"\nurl_file = \"/x\"\n") ==
          "3: [webhook] takes one of url and url_file");
}
