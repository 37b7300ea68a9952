// A mirror behind TLS, with a certificate for localhost.
#pragma once

#include "tests/support/certificate_files.h"
#include "tests/support/mirror.h"

namespace tests {

struct secure_mirror : mirror {
    secure_mirror() {
        settings.server.listen = {{"127.0.0.1", 0, true}};
        settings.server.certificates = {files.issue("a", {"localhost"})};
    }

    certificate_files files;
};

} // namespace tests
