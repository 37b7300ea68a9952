// Rules as they stand in a file, and a table of who may do what by them, a row a line:
//
//     user@address[issuer;claim=value;claim=value] action repository -> yes
//
// Without a user it is who is anonymous; the brackets may be absent; "-" is the repository of admin.
#pragma once

#include "proxy/access/access_rules.h"
#include "proxy/config/config.h"
#include "tests/catch.h"

#include <algorithm>
#include <memory>
#include <sstream>
#include <string>
#include <string_view>

namespace tests {

inline proxy::access_rules rules_of(std::string const& toml) {
    auto const c = proxy::parse_config(toml, "test.toml");
    if (c.has_error())
        FAIL(c.error().front().line << ": " << c.error().front().message);
    return proxy::access_rules(c->access);
}

inline proxy::caller caller_of(std::string_view text) {
    proxy::identity id;
    auto const bracket = std::min(text.find('['), text.size());
    auto const at = text.substr(0, bracket).rfind('@');
    REQUIRE(at != text.npos);
    id.user = text.substr(0, at);
    if (bracket < text.size()) {
        REQUIRE(text.ends_with(']'));
        std::istringstream inside{std::string(text.substr(bracket + 1, text.size() - bracket - 2))};
        std::getline(inside, id.issuer, ';');
        for (std::string claim; std::getline(inside, claim, ';');) {
            auto const equals = claim.find('=');
            REQUIRE(equals != claim.npos);
            id.claims.emplace_back(claim.substr(0, equals), claim.substr(equals + 1));
        }
    }
    return {std::make_shared<proxy::identity const>(std::move(id)),
            boost::asio::ip::make_address(std::string(text.substr(at + 1, bracket - at - 1)))};
}

inline void check_rows(std::string const& toml, std::string const& rows) {
    auto const rules = rules_of(toml);
    std::istringstream lines(rows);
    for (std::string line; std::getline(lines, line);) {
        std::istringstream words(line);
        std::string who, what, repository, arrow, verdict, more;
        if (!(words >> who))
            continue;
        INFO("by " << toml << "row " << line);
        words >> what >> repository >> arrow >> verdict;
        auto const action = proxy::parse_action(what);
        REQUIRE(action);
        REQUIRE(arrow == "->");
        REQUIRE((verdict == "yes" || verdict == "no"));
        REQUIRE_FALSE(words >> more);
        REQUIRE((repository == "-") == (*action == proxy::action::admin));
        auto const name = repository == "-" ? std::string_view() : std::string_view(repository);
        CHECK(rules.allow(caller_of(who), *action, name) == (verdict == "yes"));
    }
}

} // namespace tests
