// Runs one hidden test case of this very program in a process of its own: what must die, or must be a stranger, does
// so without a fork of a process full of RocksDB's threads.
#pragma once

#include <chrono>
#include <csignal>
#include <cstdlib>
#include <fcntl.h>
#include <map>
#include <optional>
#include <poll.h>
#include <stdexcept>
#include <string>
#include <sys/wait.h>
#include <unistd.h>
#include <vector>

namespace store_tests {

// What a child was given under that name; empty if the test case was started by hand.
inline std::string child_argument(std::string const& name) {
    auto const* value = std::getenv(("LAYERD_TEST_" + name).c_str());
    return value ? value : "";
}

// In the child: says so much to the parent that waits for it. Any thread.
inline void tell_parent(char what) {
    auto const number = child_argument("PIPE");
    if (!number.empty() && ::write(std::stoi(number), &what, 1) != 1)
        ::_exit(126);
}

// A child that runs beside this process. Killed, and waited for, on destruction at the latest.
class other_process {
public:
    other_process(std::string const& test_case, std::map<std::string, std::string> const& arguments) {
        int ends[2] = {-1, -1};
        if (::pipe2(ends, O_CLOEXEC) == -1)
            throw std::runtime_error("no pipe");
        from_child_ = ends[0];
        std::vector<std::string> variables;
        for (auto** v = environ; *v; ++v)
            variables.emplace_back(*v);
        for (auto const& [name, value] : arguments)
            variables.push_back("LAYERD_TEST_" + name + "=" + value);
        variables.push_back("LAYERD_TEST_PIPE=" + std::to_string(ends[1]));
        std::vector<char*> environment;
        for (auto& v : variables)
            environment.push_back(v.data());
        environment.push_back(nullptr);
        std::string program = "store_test", name = test_case;
        char* words[] = {program.data(), name.data(), nullptr};

        pid_ = ::fork();
        if (pid_ == 0) {
            ::fcntl(ends[1], F_SETFD, 0); // stays open in the child
            ::execve("/proc/self/exe", words, environment.data());
            ::_exit(127);
        }
        ::close(ends[1]);
        if (pid_ == -1)
            throw std::runtime_error("no other process");
    }
    other_process(other_process const&) = delete;
    other_process& operator=(other_process const&) = delete;
    ~other_process() {
        kill();
        wait();
        ::close(from_child_);
    }

    // What tell_parent() said next; nothing once the child has ended, or when the time is over.
    std::optional<char> hear(std::chrono::milliseconds patience) {
        pollfd p{.fd = from_child_, .events = POLLIN, .revents = 0};
        char what = 0;
        if (::poll(&p, 1, static_cast<int>(patience.count())) != 1 || ::read(from_child_, &what, 1) != 1)
            return std::nullopt;
        return what;
    }

    void kill() {
        if (pid_ > 0)
            ::kill(pid_, SIGKILL);
    }

    // Until its end; the status of waitpid.
    int wait() {
        if (pid_ > 0)
            ::waitpid(pid_, &status_, 0);
        pid_ = -1;
        return status_;
    }

private:
    int from_child_ = -1;
    pid_t pid_ = -1;
    int status_ = 0;
};

// Waits for its end and gives the status of waitpid.
inline int run_child(std::string const& test_case, std::map<std::string, std::string> const& arguments) {
    return other_process(test_case, arguments).wait();
}

} // namespace store_tests
