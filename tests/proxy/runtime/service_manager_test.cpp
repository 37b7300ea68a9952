#include "proxy/runtime/service_manager.h"
#include "tests/catch.h"
#include "tests/support/running_server.h"
#include "tests/support/service_desk.h"

using namespace proxy;
using namespace tests;
using namespace std::chrono_literals;

TEST_CASE("the service manager hears what it is told, at a path and in the abstract namespace") {
    temp_folder const folder;
    for (auto const& address : {(folder.path() / "notify").string(), "@" + folder.path().string()}) {
        INFO(address);
        service_desk const desk(address);
        service_manager const manager(desk.environment());
        manager.tell("READY=1\nSTATUS=here");
        CHECK(desk.next_message() == "READY=1\nSTATUS=here");
        manager.tell_alive();
        CHECK(desk.next_message() == "WATCHDOG=1");
        manager.tell_reloading();
        CHECK(desk.next_message().starts_with("RELOADING=1\nMONOTONIC_USEC="));
    }
}

TEST_CASE("without a service manager, or with one that is gone, nothing happens") {
    service_manager const alone(environment_of({}));
    alone.tell("READY=1");
    CHECK_FALSE(alone.watchdog_interval());
    for (std::string address : {"", "@", "/", "relative", "/nowhere/notify"}) {
        service_manager const manager(environment_of({{"NOTIFY_SOCKET", address}}));
        manager.tell("READY=1");
        manager.tell_alive();
    }
    service_manager const long_path(environment_of({{"NOTIFY_SOCKET", "/" + std::string(200, 'x')}}));
    long_path.tell("READY=1");
}

TEST_CASE("the watchdog is fed at half of its time, by the process that it watches") {
    auto const interval = [](std::map<std::string, std::string> more) {
        more["NOTIFY_SOCKET"] = "/nowhere";
        return service_manager(environment_of(more)).watchdog_interval();
    };
    auto const us = std::to_string(::getpid());
    CHECK(interval({{"WATCHDOG_USEC", "60000000"}, {"WATCHDOG_PID", us}}) == 30s);
    CHECK(interval({{"WATCHDOG_USEC", "60000000"}}) == 30s);
    CHECK(interval({{"WATCHDOG_USEC", "18446744073709551615"}}) == 24h);
    CHECK_FALSE(interval({{"WATCHDOG_USEC", "60000000"}, {"WATCHDOG_PID", "1"}}));
    for (auto const* nonsense : {"", "0", "-1", "1", "60s", "99999999999999999999999"})
        CHECK_FALSE(interval({{"WATCHDOG_USEC", nonsense}}));
}
