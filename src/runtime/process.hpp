#pragma once

#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>
#include <sys/types.h>
#include <utility>
#include <vector>

#include "base/error.hpp"
#include "base/time.hpp"
#include "runtime/file_descriptor.hpp"

namespace grapevine::runtime {

/// How a process ended: one of the two.
struct ExitStatus {
    std::optional<int> code;           ///< What it returned.
    std::optional<int> signal_number;  ///< What killed it.
    [[nodiscard]] bool is_success() const { return code == 0; }
};

/// Where one of a child's output streams goes.
struct OutputTarget {
    enum class Kind : std::uint8_t { inherit, discard, file, pipe };
    Kind kind = Kind::inherit;
    std::filesystem::path file{};  ///< Appended to, made with mode 0600; for `Kind::file`.

    static OutputTarget discard() { return {Kind::discard, {}}; }
    static OutputTarget pipe() { return {Kind::pipe, {}}; }
    static OutputTarget to_file(std::filesystem::path path) {
        return {Kind::file, std::move(path)};
    }
};

struct ProcessOptions {
    /// The program and its arguments. A program without a slash is sought in PATH.
    std::vector<std::string> arguments{};
    /// Set in addition to, or instead of, what we have.
    std::vector<std::pair<std::string, std::string>> environment{};
    /// Both may name the same file.
    OutputTarget standard_output{};
    OutputTarget standard_error{};
    /// A Ctrl-C in the terminal goes to the whole group; a child with one of its own hears nothing
    /// of it.
    enum class Group : std::uint8_t { ours, own };
    Group group = Group::ours;
};

/// A program run as a child of ours. Its input is /dev/null.
///
/// It does not outlive us: the kernel kills it when the *thread* that called `spawn` ends
/// (PR_SET_PDEATHSIG), however that happens; so spawn from a thread that stays. The end of this
/// object kills (SIGKILL) and reaps it too. Signals are only ever sent to this one process, never
/// after it has been reaped. One thread at a time.
class ChildProcess {
public:
    /// Refused when the program cannot be found or started: that is known when this returns.
    static Outcome<ChildProcess> spawn(const ProcessOptions& options);

    ChildProcess(ChildProcess&&) noexcept;
    ChildProcess& operator=(ChildProcess&&) noexcept;
    ~ChildProcess();

    [[nodiscard]] pid_t pid() const { return pid_; }

    /// Does nothing when it has ended and been waited for.
    void signal(int signal_number);

    /// Waits for its end. Again and again the same answer.
    ExitStatus wait();
    /// Nothing if it still runs after `patience`; zero asks without waiting.
    std::optional<ExitStatus> wait_for(Duration patience);

    /// The next line of its standard output or error, without its end, for a stream that is a pipe;
    /// nothing at the end of the stream. Waits.
    std::optional<std::string> read_output_line() { return output_.read_line(); }
    std::optional<std::string> read_error_line() { return error_.read_line(); }
    /// For those who wait otherwise, instead of `read_output_line`; -1 if it is no pipe.
    [[nodiscard]] int output_descriptor() const { return output_.file.value(); }

private:
    struct LineReader {
        FileDescriptor file;
        std::string text;
        std::optional<std::string> read_line();
    };

    explicit ChildProcess(pid_t pid) : pid_(pid) {}
    void end();

    pid_t pid_ = -1;
    std::optional<ExitStatus> status_;
    LineReader output_;
    LineReader error_;
};

/// Writing to a pipe or socket whose reader has gone fails from now on, instead of ending the
/// process (SIGPIPE). For daemons; a tool whose output goes to `head` wants to be ended.
void ignore_broken_pipes();

}  // namespace grapevine::runtime
