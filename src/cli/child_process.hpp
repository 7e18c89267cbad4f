#pragma once

#include <chrono>
#include <filesystem>
#include <map>
#include <optional>
#include <string>
#include <sys/types.h>
#include <vector>

#include "cli/failure.hpp"

namespace grapevine::cli {

/// One process that we started, and nobody else's: signals go to its id only while it has not been
/// waited for, so never to a process that got the number later.
///
/// It has a process group of its own (a Ctrl-C for us is not one for it), reads nothing, writes
/// both outputs to a file, and is sent SIGTERM by the kernel when the thread that started it ends:
/// start it from a thread that lives as long as the process.
class ChildProcess {
public:
    struct Plan {
        std::filesystem::path program;
        std::vector<std::string> arguments;  ///< Without the program itself.
        std::map<std::string, std::string> environment;
        std::filesystem::path output_file;  ///< Appended to.
    };

    static Attempt<ChildProcess> start(const Plan& plan);

    ChildProcess() = default;
    ChildProcess(ChildProcess&& other) noexcept;
    ChildProcess& operator=(ChildProcess&& other) noexcept;
    /// Kills it if it still runs.
    ~ChildProcess();

    [[nodiscard]] bool is_running();
    [[nodiscard]] pid_t id() const { return id_; }

    /// Does nothing when it has ended already.
    void signal(int number);

    /// Until it has ended, polling. False when it has not by then.
    bool wait_for(std::chrono::milliseconds patience);

    /// "exit code 1", "signal 9 (Killed)"; empty while it runs.
    [[nodiscard]] std::string end() const;

private:
    pid_t id_ = -1;
    std::optional<int> status_;  ///< As from waitpid, once it has ended.
};

}  // namespace grapevine::cli
