#include "cli/child_process.hpp"

#include <cerrno>
#include <csignal>
#include <cstring>
#include <fcntl.h>
#include <fmt/core.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <thread>
#include <unistd.h>
#include <utility>

#include "runtime/system_refusal.hpp"

namespace grapevine::cli {

namespace {

constexpr std::chrono::milliseconds kPollPause(5);

std::vector<char*> pointers(std::vector<std::string>& texts) {
    std::vector<char*> result;
    for (std::string& text : texts) result.push_back(text.data());
    result.push_back(nullptr);
    return result;
}

/// Between fork and exec: only what is safe there (signal-safety(7)).
[[noreturn]] void become(const char* program, char* const* arguments, char* const* environment,
                         int output, int input, pid_t parent) {
    ::setpgid(0, 0);
    ::prctl(PR_SET_PDEATHSIG, SIGTERM);
    // The parent may have gone before the line above: then nobody would tell us.
    if (::getppid() != parent) ::_exit(127);
    ::dup2(input, STDIN_FILENO);
    ::dup2(output, STDOUT_FILENO);
    ::dup2(output, STDERR_FILENO);
    ::signal(SIGPIPE, SIG_DFL);
    sigset_t none;
    ::sigemptyset(&none);
    ::sigprocmask(SIG_SETMASK, &none, nullptr);
    ::execve(program, arguments, environment);
    ::_exit(127);
}

std::unexpected<Failure> refuse(std::string_view what, int error_number) {
    return std::unexpected(to_failure(runtime::system_refusal(what, error_number)));
}

}  // namespace

Attempt<ChildProcess> ChildProcess::start(const Plan& plan) {
    std::vector<std::string> arguments = {plan.program.string()};
    arguments.insert(arguments.end(), plan.arguments.begin(), plan.arguments.end());
    std::vector<std::string> environment;
    for (const auto& [name, value] : plan.environment) {
        environment.push_back(fmt::format("{}={}", name, value));
    }
    const auto argument_pointers = pointers(arguments);
    const auto environment_pointers = pointers(environment);
    const int output =
        ::open(plan.output_file.c_str(), O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600);
    if (output < 0) {
        return refuse(fmt::format("cannot write {}", plan.output_file.string()), errno);
    }
    const int input = ::open("/dev/null", O_RDONLY | O_CLOEXEC);
    const pid_t parent = ::getpid();
    const pid_t id = ::fork();
    const int fork_error = errno;
    if (id == 0) {
        become(arguments.front().c_str(), argument_pointers.data(), environment_pointers.data(),
               output, input, parent);
    }
    ::close(output);
    ::close(input);
    if (id < 0) return refuse("cannot start another process", fork_error);
    ChildProcess child;
    child.id_ = id;
    return child;
}

ChildProcess::ChildProcess(ChildProcess&& other) noexcept
    : id_(std::exchange(other.id_, -1)), status_(std::exchange(other.status_, std::nullopt)) {}

ChildProcess& ChildProcess::operator=(ChildProcess&& other) noexcept {
    std::swap(id_, other.id_);
    std::swap(status_, other.status_);
    return *this;
}

ChildProcess::~ChildProcess() {
    if (!is_running()) return;
    signal(SIGKILL);
    // SIGKILL cannot be refused; the process ends as soon as the kernel gets to it.
    int status = 0;
    while (::waitpid(id_, &status, 0) < 0 && errno == EINTR) continue;
}

bool ChildProcess::is_running() {
    if (id_ < 0 || status_) return false;
    int status = 0;
    const pid_t ended = ::waitpid(id_, &status, WNOHANG);
    if (ended == 0 || (ended < 0 && errno == EINTR)) return true;
    status_ = ended == id_ ? status : 0;
    return false;
}

void ChildProcess::signal(int number) {
    if (is_running()) ::kill(id_, number);
}

bool ChildProcess::wait_for(std::chrono::milliseconds patience) {
    const auto until = std::chrono::steady_clock::now() + patience;
    while (is_running()) {
        if (std::chrono::steady_clock::now() >= until) return false;
        std::this_thread::sleep_for(kPollPause);
    }
    return true;
}

std::string ChildProcess::end() const {
    if (!status_) return {};
    if (WIFSIGNALED(*status_)) {
        const int number = WTERMSIG(*status_);
        return fmt::format("signal {} ({})", number, ::strsignal(number));
    }
    return fmt::format("exit code {}", WEXITSTATUS(*status_));
}

}  // namespace grapevine::cli
