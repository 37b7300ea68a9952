// When operators are told, minute by minute; time is an argument.
#include "proxy/alert/alert_rule.h"

#include "tests/catch.h"

using namespace proxy;

namespace {

alert_config few_hits() {
    alert_config c;
    c.name = "few hits";
    c.metric = alert_metric::hit_ratio;
    c.below = 0.5;
    c.hold = std::chrono::minutes(10);
    return c;
}

std::string told(alert_rule& r, std::optional<double> value, std::int64_t now) {
    auto const m = r.update(value, now);
    return m ? m->text : "";
}

} // namespace

TEST_CASE("an alert is told once when it was so for long enough, and once when it is over") {
    alert_rule r(few_hits());
    CHECK(told(r, 0.9, 0) == "");
    CHECK(told(r, 0.4, 60) == "");
    CHECK(r.status().state == alert_state::pending);
    CHECK(told(r, 0.4, 600) == "");
    CHECK(told(r, 0.42, 660) == "few hits: hit_ratio is 42.0 %, below 50.0 % for 10m");
    CHECK(r.status().state == alert_state::firing);
    CHECK(r.status().since == 660);
    CHECK(told(r, 0.1, 720) == "");
    CHECK(told(r, 0.5, 780) == "few hits: all right again, hit_ratio is 50.0 %");
    CHECK(told(r, 0.9, 840) == "");
    CHECK(r.status().state == alert_state::quiet);
}

TEST_CASE("what recovers before its time was never told") {
    alert_rule r(few_hits());
    CHECK(told(r, 0.1, 0) == "");
    CHECK(told(r, 0.9, 300) == "");
    CHECK(told(r, 0.1, 360) == "");
    CHECK(told(r, 0.1, 900) == ""); // counted from when it was bad again
    CHECK(told(r, 0.1, 960) != "");
}

TEST_CASE("an alert without a time is told at once, with numbers as they are") {
    alert_config c;
    c.name = "rot";
    c.metric = alert_metric::integrity_failures;
    c.above = 0;
    alert_rule r(c);
    CHECK(told(r, 0, 0) == "");
    CHECK(told(r, 1234, 10) == "rot: integrity_failures is 1,234, above 0");
    CHECK(told(r, 0, 20) == "rot: all right again, integrity_failures is 0");
}

TEST_CASE("where nothing can be said what was told stands, and what was not yet begins anew") {
    alert_rule r(few_hits());
    CHECK(told(r, std::nullopt, 0) == "");
    CHECK(told(r, 0.1, 0) == "");
    CHECK(told(r, std::nullopt, 1000) == ""); // a night
    CHECK(r.status().state == alert_state::quiet);
    CHECK(told(r, 0.1, 50'000) == "");
    CHECK(told(r, 0.1, 50'600) != "");
    CHECK(told(r, std::nullopt, 60'000) == "");
    CHECK(r.status().state == alert_state::firing);
    CHECK(r.status().value == 0.1);
}

TEST_CASE("what an earlier run has told is not told again, its end is") {
    alert_rule r(few_hits());
    r.was_told(1000);
    CHECK(told(r, std::nullopt, 2000) == "");
    CHECK(told(r, 0.4, 2060) == "");
    CHECK(r.status().since == 1000);
    CHECK(told(r, 0.5, 2120) == "few hits: all right again, hit_ratio is 50.0 %");
}

TEST_CASE("a clock that is set back makes an alert wait, not for ever") {
    alert_rule r(few_hits());
    CHECK(told(r, 0.1, 1'000'000) == "");
    CHECK(told(r, 0.1, 1000) == "");
    CHECK(told(r, 0.1, 1600) != "");
}
