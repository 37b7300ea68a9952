#include "store/object.h"

namespace store {

std::string_view to_string(object_kind k) noexcept {
    switch (k) {
    case object_kind::unknown:
        return "unknown";
    case object_kind::manifest:
        return "oci.manifest";
    case object_kind::config:
        return "oci.config";
    case object_kind::layer:
        return "oci.layer";
    case object_kind::cache_blob:
        return "cache.blob";
    }
    return "unknown";
}

std::string_view to_string(object_origin o) noexcept {
    switch (o) {
    case object_origin::pull:
        return "pull";
    case object_origin::push:
        return "push";
    }
    return "unknown";
}

object_kind settled_kind(object_kind known, object_kind said) noexcept {
    bool const is_open = known == object_kind::unknown || known == object_kind::cache_blob;
    return is_open && said != object_kind::unknown ? said : known;
}

} // namespace store
