#include "runtime/process.hpp"

#include <array>
#include <cerrno>
#include <csignal>
#include <cstdlib>
#include <fcntl.h>
#include <fmt/core.h>
#include <poll.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "runtime/clock.hpp"
#include "runtime/system_refusal.hpp"

extern char** environ;

namespace grapevine::runtime {
namespace {

Outcome<std::pair<FileDescriptor, FileDescriptor>> make_pipe() {
    int ends[2];
    if (::pipe2(ends, O_CLOEXEC) != 0) {
        return std::unexpected(system_refusal("cannot make a pipe", errno));
    }
    return std::pair(FileDescriptor(ends[0]), FileDescriptor(ends[1]));
}

// The end that the child writes to, and for a pipe the end that we read.
struct Redirection {
    FileDescriptor theirs;
    FileDescriptor ours;
};

Outcome<Redirection> redirect(const OutputTarget& target) {
    Redirection redirection;
    switch (target.kind) {
        case OutputTarget::Kind::inherit:
            return redirection;
        case OutputTarget::Kind::discard:
            redirection.theirs = FileDescriptor(::open("/dev/null", O_WRONLY | O_CLOEXEC));
            return redirection;
        case OutputTarget::Kind::file:
            redirection.theirs = FileDescriptor(
                ::open(target.file.c_str(), O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600));
            if (redirection.theirs.is_open()) return redirection;
            return std::unexpected(
                system_refusal(fmt::format("cannot write to {}", target.file.string()), errno));
        case OutputTarget::Kind::pipe: {
            auto [read_end, write_end] = GV_TRY(make_pipe());
            redirection.ours = std::move(read_end);
            redirection.theirs = std::move(write_end);
            return redirection;
        }
    }
    return redirection;
}

std::vector<std::string> merged_environment(const ProcessOptions& options) {
    std::vector<std::string> merged;
    for (char** entry = environ; *entry != nullptr; ++entry) {
        const std::string_view text(*entry);
        const std::string_view name = text.substr(0, text.find('='));
        bool is_replaced = false;
        for (const auto& [key, value] : options.environment) is_replaced |= key == name;
        if (!is_replaced) merged.emplace_back(text);
    }
    for (const auto& [key, value] : options.environment) merged.push_back(key + "=" + value);
    return merged;
}

std::vector<char*> pointers_to(std::vector<std::string>& texts) {
    std::vector<char*> pointers;
    for (std::string& text : texts) pointers.push_back(text.data());
    pointers.push_back(nullptr);
    return pointers;
}

// Everything that the child needs is made before the fork: between fork and exec only calls that
// are safe in a signal handler are allowed, because another thread may hold any lock.
struct Launch {
    std::vector<char*> arguments;
    std::vector<char*> environment;
    int input;
    int output;
    int error;
    int report;
    pid_t parent;
    ProcessOptions::Group group;
};

[[noreturn]] void run_child(const Launch& launch) {
    const auto fail = [&launch](int error_number) {
        static_cast<void>(::write(launch.report, &error_number, sizeof error_number));
        ::_exit(127);
    };
    if (launch.group == ProcessOptions::Group::own) ::setpgid(0, 0);
    ::prctl(PR_SET_PDEATHSIG, SIGKILL);
    // The parent may have ended before the line above; nobody would kill us then.
    if (::getppid() != launch.parent) ::_exit(127);
    // Signals that we have blocked or ignored (SIGPIPE) are the child's to decide anew.
    sigset_t none;
    ::sigemptyset(&none);
    ::sigprocmask(SIG_SETMASK, &none, nullptr);
    ::signal(SIGPIPE, SIG_DFL);
    if (::dup2(launch.input, STDIN_FILENO) < 0) fail(errno);
    if (launch.output >= 0 && ::dup2(launch.output, STDOUT_FILENO) < 0) fail(errno);
    if (launch.error >= 0 && ::dup2(launch.error, STDERR_FILENO) < 0) fail(errno);
    ::execvpe(launch.arguments[0], launch.arguments.data(), launch.environment.data());
    fail(errno);
    ::_exit(127);
}

// 0 once the program runs, else what exec said.
int read_report(int report) {
    int error_number = 0;
    ssize_t count = 0;
    do {
        count = ::read(report, &error_number, sizeof error_number);
    } while (count < 0 && errno == EINTR);
    return count == sizeof error_number ? error_number : 0;
}

ExitStatus to_exit_status(int status) {
    if (WIFSIGNALED(status)) return ExitStatus{std::nullopt, WTERMSIG(status)};
    return ExitStatus{WEXITSTATUS(status), std::nullopt};
}

}  // namespace

Outcome<ChildProcess> ChildProcess::spawn(const ProcessOptions& options) {
    if (options.arguments.empty()) {
        return std::unexpected(
            Refusal{Refusal::Code::invalid, "no program was named", "name one", ""});
    }
    Redirection output = GV_TRY(redirect(options.standard_output));
    Redirection error = GV_TRY(redirect(options.standard_error));
    const FileDescriptor input(::open("/dev/null", O_RDONLY | O_CLOEXEC));
    auto [report, report_end] = GV_TRY(make_pipe());
    std::vector<std::string> arguments = options.arguments;
    std::vector<std::string> environment = merged_environment(options);
    const Launch launch{
        pointers_to(arguments), pointers_to(environment), input.value(), output.theirs.value(),
        error.theirs.value(),   report_end.value(),       ::getpid(),    options.group};
    const pid_t pid = ::fork();
    if (pid < 0) return std::unexpected(system_refusal("cannot start a process", errno));
    if (pid == 0) run_child(launch);
    ChildProcess child(pid);
    report_end.reset();
    // Exec closes the report's other end without a word; a word is why there was no exec.
    if (const int error_number = read_report(report.value()); error_number != 0) {
        child.wait();
        return std::unexpected(system_refusal(
            fmt::format("cannot start {}", options.arguments.front()), error_number));
    }
    child.output_.file = std::move(output.ours);
    child.error_.file = std::move(error.ours);
    return child;
}

ChildProcess::ChildProcess(ChildProcess&& other) noexcept
    : pid_(std::exchange(other.pid_, -1)),
      status_(other.status_),
      output_(std::move(other.output_)),
      error_(std::move(other.error_)) {}

ChildProcess& ChildProcess::operator=(ChildProcess&& other) noexcept {
    if (this != &other) {
        end();
        pid_ = std::exchange(other.pid_, -1);
        status_ = other.status_;
        output_ = std::move(other.output_);
        error_ = std::move(other.error_);
    }
    return *this;
}

ChildProcess::~ChildProcess() {
    end();
}

void ChildProcess::end() {
    if (pid_ < 0 || status_) return;
    signal(SIGKILL);
    wait();
}

void ChildProcess::signal(int signal_number) {
    // Not reaped, so the number still belongs to it, even if it has ended.
    if (pid_ > 0 && !status_) ::kill(pid_, signal_number);
}

ExitStatus ChildProcess::wait() {
    while (!status_) {
        int status = 0;
        if (::waitpid(pid_, &status, 0) == pid_) {
            status_ = to_exit_status(status);
        } else if (errno != EINTR) {
            status_ = ExitStatus{};  // Somebody else has reaped it.
        }
    }
    return *status_;
}

std::optional<ExitStatus> ChildProcess::wait_for(Duration patience) {
    if (status_) return status_;
    const FileDescriptor watched(static_cast<int>(::syscall(SYS_pidfd_open, pid_, 0)));
    const SteadyClock clock;
    for (;;) {
        const auto left = std::chrono::ceil<std::chrono::milliseconds>(
            std::max(patience - clock.now().time_since_epoch(), Duration::zero()));
        pollfd ended{watched.value(), POLLIN, 0};
        const int count = ::poll(&ended, 1, static_cast<int>(left.count()));
        if (count > 0) return wait();
        if (count == 0 || errno != EINTR) return std::nullopt;
    }
}

std::optional<std::string> ChildProcess::LineReader::read_line() {
    for (;;) {
        if (const std::size_t end = text.find('\n'); end != std::string::npos) {
            std::string line = text.substr(0, end);
            text.erase(0, end + 1);
            return line;
        }
        std::array<char, 4096> buffer;
        const ssize_t count =
            file.is_open() ? ::read(file.value(), buffer.data(), buffer.size()) : 0;
        if (count < 0 && errno == EINTR) continue;
        if (count <= 0) {
            if (text.empty()) return std::nullopt;
            return std::exchange(text, {});
        }
        text.append(buffer.data(), static_cast<std::size_t>(count));
    }
}

void ignore_broken_pipes() {
    ::signal(SIGPIPE, SIG_IGN);
}

}  // namespace grapevine::runtime
