#include "tests/support/verdict.h"

#include "tests/support/bounded.h"

#include <algorithm>
#include <array>
#include <filesystem>
#include <iterator>

namespace tests {

namespace {

constexpr std::array<unsigned, 4> refusals{404, 502, 503, 504};

std::string_view expected_of(http_answer const& a, wanted_content const& w) {
    if (a.status != 206 || !w.first)
        return w.bytes;
    return std::string_view(w.bytes).substr(*w.first, *w.last - *w.first + 1);
}

bool has_right_range(http_answer const& a, wanted_content const& w) {
    auto const range = "bytes " + std::to_string(w.first.value_or(0)) + "-" + std::to_string(w.last.value_or(0)) + "/" +
                       std::to_string(w.bytes.size());
    return a.status == 200 || (w.first && a.header("Content-Range") == range);
}

ending judge_content(http_answer const& a, wanted_content const& w) {
    auto const expected = expected_of(a, w);
    bool const stored = a.header("Cache-Status").starts_with("layerd; hit");
    auto const wrong = w.first && !stored ? ending::unproven : ending::bad;
    if (!has_right_range(a, w))
        return {wrong, "another part than asked for: " + a.header("Content-Range")};
    if (a.complete && a.body == expected)
        return {ending::right, {}};
    if (a.complete)
        return {wrong, "wrong bytes as a whole body of " + std::to_string(a.body.size())};
    return {ending::broken, "after " + std::to_string(a.body.size()) + " bytes"};
}

} // namespace

ending judge(http_answer const& a, wanted_content const& w) {
    auto const status = std::to_string(a.status);
    if (a.status == 416 && w.first) // of the length that upstream claims
        return {ending::unproven, "status 416"};
    if (a.status == 200 || a.status == 206)
        return judge_content(a, w);
    if (std::ranges::find(refusals, a.status) == refusals.end())
        return {ending::bad, "status " + status};
    bool const proper = a.complete && a.header("Content-Type") == "application/json" &&
                        a.body.find("\"errors\"") != std::string::npos && a.header("WWW-Authenticate").empty();
    return {proper ? ending::refused : ending::bad, "status " + status + ": " + a.body};
}

ending ask(http_client& on, wanted_content const& w) {
    http_client::headers fields;
    if (w.first)
        fields.emplace_back("Range", "bytes=" + std::to_string(*w.first) + "-" + std::to_string(*w.last));
    auto const began = std::chrono::steady_clock::now();
    ending e;
    try {
        auto const answer = on.get(w.target, std::move(fields));
        e = judge(answer, w);
        e.waited = answer.head_at - began;
        e.goes_on = answer.complete && answer.header("Connection") != "close";
        return e;
    } catch (no_end const& why) {
        e = {ending::bad, why.what()};
    } catch (std::exception const& why) {
        e = {ending::broken, why.what()};
    }
    e.waited = std::chrono::steady_clock::now() - began;
    return e;
}

ending ask(std::uint16_t port, wanted_content const& w) {
    http_client one(port);
    return ask(one, w);
}

std::size_t open_descriptors() {
    std::filesystem::directory_iterator const all("/proc/self/fd");
    return static_cast<std::size_t>(std::distance(begin(all), end(all)));
}

} // namespace tests
