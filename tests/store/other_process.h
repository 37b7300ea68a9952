// Runs one hidden test case of this very program in a process of its own: what must die, or must be a stranger, does
// so without a fork of a process full of RocksDB's threads.
#pragma once

#include <cstdlib>
#include <map>
#include <string>
#include <sys/wait.h>
#include <unistd.h>
#include <vector>

namespace store_tests {

// What run_child was given under that name; empty if the test case was started by hand.
inline std::string child_argument(std::string const& name) {
    auto const* value = std::getenv(("LAYERD_TEST_" + name).c_str());
    return value ? value : "";
}

// Waits for its end and gives the status of waitpid.
inline int run_child(std::string const& test_case, std::map<std::string, std::string> const& arguments) {
    std::vector<std::string> variables;
    for (auto** v = environ; *v; ++v)
        variables.emplace_back(*v);
    for (auto const& [name, value] : arguments)
        variables.push_back("LAYERD_TEST_" + name + "=" + value);
    std::vector<char*> environment;
    for (auto& v : variables)
        environment.push_back(v.data());
    environment.push_back(nullptr);
    std::string program = "store_test", name = test_case;
    char* words[] = {program.data(), name.data(), nullptr};

    auto const child = ::fork();
    if (child == 0) {
        ::execve("/proc/self/exe", words, environment.data());
        ::_exit(127);
    }
    int status = 0;
    ::waitpid(child, &status, 0);
    return status;
}

} // namespace store_tests
