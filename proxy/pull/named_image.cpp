#include "proxy/pull/named_image.h"

namespace proxy {

std::string image_name(std::string const& repository, oci::reference const& r) {
    return repository + (std::holds_alternative<oci::digest>(r) ? "@" : ":") + oci::to_string(r);
}

std::string named_image::name() const {
    return image_name(target.name, reference);
}

result<named_image> find_image(upstream_set const& upstreams, std::string_view text) {
    auto parsed = oci::parse_image_name(text);
    if (!parsed)
        return from_oci(parsed.error());
    oci::route route;
    route.prefix = parsed->registry;
    route.repo = parsed->repo;
    auto target = upstreams.resolve(route);
    if (!target)
        return target.error();
    return named_image{*std::move(target), parsed->ref};
}

} // namespace proxy
