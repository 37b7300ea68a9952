#include "tests/fuzz/server/truth.h"

#include "tests/fuzz/server/tenants.h"

#include <boost/json/object.hpp>

namespace fuzz {

namespace {

using tests::content;

std::vector<item> make_items() {
    std::vector<item> all;
    std::vector<content> blob;
    unsigned seed = 100;
    for (std::size_t const size : {0, 1, 300, 4'000, 40'000, 70'000, 300'000, 1'500'000})
        blob.push_back(tests::random_blob(size, seed++));
    blob.push_back(tests::random_blob(5'000, seed++, oci::algorithm::sha512));
    blob.push_back(tests::random_blob(2'500'000, seed++));
    for (auto const& b : blob)
        all.push_back({b, false, {}});
    auto const add = [&](content c, std::optional<std::size_t> subject = {}) {
        all.push_back({std::move(c), true, subject});
        return all.size() - 1;
    };
    auto const first = add(tests::image(blob[2], {blob[3], blob[6]}));
    auto const second = add(tests::image(blob[2], {blob[3], blob[7]}));
    auto const third = add(tests::image(blob[1], {blob[4], blob[5], blob[8]}, {}, oci::algorithm::sha512));
    auto const both = add(tests::index({all[first].content, all[second].content}));
    boost::json::object const of_first{{"subject", all[first].content.descriptor()}};
    add(tests::artifact(blob[2], tests::media::sbom, of_first), first);
    add(tests::artifact(blob[3], tests::media::signature, of_first), first);
    boost::json::object const of_both{{"subject", all[both].content.descriptor()}};
    add(tests::artifact(blob[1], tests::media::signature, of_both), both);
    add(tests::index({all[third].content}, of_first), first);
    return all;
}

// Whatever a registry has it has whole: what a manifest names is beside it.
std::vector<std::vector<bool>> make_upstream() {
    std::vector<std::vector<bool>> has;
    for (std::size_t r = 0; r < repositories().size(); ++r) {
        auto& here = has.emplace_back(items().size(), false);
        for (auto i = items().size(); i-- > 0 && !repositories()[r].is_hosted();) {
            here[i] =
                here[i] || (items()[i].is_manifest && i % 3 == r % 3) || (!items()[i].is_manifest && i % 4 == r % 4);
            for (std::size_t part = 0; part < i && here[i]; ++part)
                if (items()[i].subject != part && items()[i].bytes().find(items()[part].digest()) != std::string::npos)
                    here[part] = true;
        }
    }
    return has;
}

std::vector<std::size_t> select(bool manifests) {
    std::vector<std::size_t> out;
    for (std::size_t i = 0; i < items().size(); ++i)
        if (items()[i].is_manifest == manifests)
            out.push_back(i);
    return out;
}

} // namespace

std::vector<item> const& items() {
    static auto const all = make_items();
    return all;
}

std::vector<std::size_t> const& blobs() {
    static auto const all = select(false);
    return all;
}

std::vector<std::size_t> const& manifests() {
    static auto const all = select(true);
    return all;
}

std::optional<std::size_t> item_of(std::string const& digest) {
    for (std::size_t i = 0; i < items().size(); ++i)
        if (items()[i].digest() == digest)
            return i;
    return {};
}

bool upstream_has(std::size_t repository, std::size_t item) {
    static auto const all = make_upstream();
    return all[repository][item];
}

std::vector<std::string> const& tag_names() {
    static std::vector<std::string> const all{"latest", "v1", "v1.2.3"};
    return all;
}

} // namespace fuzz
