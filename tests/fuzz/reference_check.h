// Names: exactly what the spec's grammar accepts is accepted, and what parses prints back as the same name.
#pragma once

#include "oci/reference.h"
#include "tests/fuzz/expect.h"

#include <regex>

namespace fuzz {

// The grammar as the distribution spec writes it: slow, and not our code.
inline void check_grammar(std::string const& text) {
    static std::regex const name(R"([a-z0-9]+((\.|_|__|-+)[a-z0-9]+)*(\/[a-z0-9]+((\.|_|__|-+)[a-z0-9]+)*)*)");
    static std::regex const tag(R"([a-zA-Z0-9_][a-zA-Z0-9._-]{0,127})");
    if (text.size() <= oci::repository::max_size) // std::regex recurses for each character
        expect(oci::repository::parse(text).has_value() == std::regex_match(text, name), "repository grammar");
    else
        expect(!oci::repository::parse(text), "repository of more than 255 bytes");
    if (text.size() <= oci::tag::max_size)
        expect(oci::tag::parse(text).has_value() == std::regex_match(text, tag), "tag grammar");
    else
        expect(!oci::tag::parse(text), "tag of more than 128 bytes");
}

inline void check_image_name(std::string_view input) {
    auto const image = oci::parse_image_name(input);
    if (!image)
        return;
    std::string printed = image->registry.empty() ? "" : image->registry + "/";
    printed += image->repo.name();
    printed += std::holds_alternative<oci::tag>(image->ref) ? ":" : "@";
    printed += oci::to_string(image->ref);
    auto const again = oci::parse_image_name(printed);
    expect(again.has_value(), "a printed image name parses");
    expect(again->registry == image->registry && again->repo == image->repo && again->ref == image->ref,
           "a printed image name is the same");
}

inline void check_reference(std::string_view input) {
    check_grammar(std::string(input));
    if (auto const repo = oci::repository::parse(input))
        expect(repo->name() == input, "a repository prints as it was read");
    if (auto const ref = oci::parse_reference(input))
        expect(oci::to_string(*ref) == input, "a reference prints as it was read");
    if (auto const digest = oci::digest::parse(input))
        expect(oci::digest::from_hash(digest->algo(), digest->hash()) == *digest, "a digest is its hash");
    check_image_name(input);
}

} // namespace fuzz
