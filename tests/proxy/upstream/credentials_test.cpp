#include "proxy/upstream/credentials.h"
#include "tests/catch.h"
#include "tests/support/service_desk.h"

using namespace proxy;

TEST_CASE("a password file without a folder is a credential of the service") {
    auto const service = tests::environment_of({{"CREDENTIALS_DIRECTORY", "/run/credentials/layerd.service"}});
    CHECK(password_path("password_docker.io", service) == "/run/credentials/layerd.service/password_docker.io");
    CHECK(password_path("/etc/layerd/password", service) == "/etc/layerd/password");
    CHECK(password_path("", service).empty());
}

TEST_CASE("without credentials a password file is looked for where it is said to be") {
    CHECK(password_path("password", tests::environment_of({})) == "password");
    CHECK(password_path("/etc/layerd/password", tests::environment_of({})) == "/etc/layerd/password");
}
