#include "proxy/hosted/push_error.h"

namespace proxy {

error for_pusher(error e) {
    if (!is_no_room(e))
        return e;
    e.code = oci::errc::denied;
    e.status = 403;
    e.message = "the registry has no room for this: keep_storage or the disk is full of what was pushed or is in use; "
                "delete what is not needed, or raise keep_storage in [gc]";
    return e;
}

} // namespace proxy
