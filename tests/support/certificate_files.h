// Certificates in files, as an operator has them.
#pragma once

#include "proxy/config/config.h"
#include "tests/support/running_server.h"
#include "tests/support/test_certificate.h"

#include <fstream>

namespace tests {

struct certificate_files {
    test_authority authority;
    temp_folder folder;

    // Files of that name in the folder; replaced, as who renews them does it: written beside and moved over.
    proxy::certificate_config put(std::string const& name, test_certificate const& c) const {
        proxy::certificate_config const files{folder.path() / (name + ".pem"), folder.path() / (name + ".key")};
        write(files.file, c.certificate_pem);
        write(files.key_file, c.key_pem);
        return files;
    }
    proxy::certificate_config issue(std::string const& name, std::vector<std::string> const& hosts) const {
        return put(name, authority.issue(hosts));
    }

    static void write(std::filesystem::path const& file, std::string const& text) {
        auto const beside = file.string() + ".new";
        std::ofstream(beside, std::ios::binary) << text;
        std::filesystem::rename(beside, file);
    }
};

} // namespace tests
