#include "cli/demo_cluster.hpp"

#include <algorithm>
#include <boost/json/parse.hpp>
#include <csignal>
#include <cstring>
#include <fmt/core.h>
#include <fstream>

#include "cli/json.hpp"
#include "daemon/config.hpp"
#include "daemon/overlay_spec.hpp"
#include "runtime/clock.hpp"
#include "runtime/os_random.hpp"

namespace grapevine::cli {

namespace fs = std::filesystem;

namespace {

constexpr std::size_t kRunFileBytesMax = 64 * 1024;
constexpr std::size_t kLogTailLines = 5;

/// Nothing of our environment may configure the daemons; empty is as good as not set. Nor are they
/// services of systemd, even if we are one.
std::vector<std::pair<std::string, std::string>> environment_for_daemons() {
    std::vector<std::pair<std::string, std::string>> environment = {{"NOTIFY_SOCKET", ""}};
    for (const auto& [name, value] : daemon::sources_of_process().environment) {
        if (name.starts_with("GRAPEVINE_")) environment.emplace_back(name, "");
    }
    return environment;
}

std::string describe(const runtime::ExitStatus& status) {
    if (status.signal_number) {
        return fmt::format("signal {} ({})", *status.signal_number,
                           ::strsignal(*status.signal_number));
    }
    return fmt::format("exit code {}", status.code.value_or(0));
}

}  // namespace

Attempt<std::unique_ptr<DemoCluster>> DemoCluster::make(const DemoOptions& options) {
    auto folder = runtime::TemporaryDirectory::make("grapevine-demo");
    if (!folder) return std::unexpected(to_failure(folder.error()));
    std::error_code error;
    const fs::path program = fs::read_symlink("/proc/self/exe", error);
    if (error) {
        return fail(ExitCode::failed,
                    fmt::format("cannot find our own program: {}", error.message()),
                    "is /proc mounted?");
    }
    std::unique_ptr<DemoCluster> cluster(new DemoCluster(options, *std::move(folder)));
    cluster->program_ = program;
    for (const Daemon& daemon : cluster->daemons_) {
        const auto made = runtime::make_private_directory(daemon.folder);
        if (!made) return std::unexpected(to_failure(made.error()));
    }
    return cluster;
}

DemoCluster::DemoCluster(const DemoOptions& options, runtime::TemporaryDirectory folder)
    : folder_(std::move(folder)),
      environment_(environment_for_daemons()),
      profile_(options.profile) {
    daemon::KeyText key;
    key.id = 1;
    runtime::os_random(key.secret);
    key_ = daemon::format_key(key);
    daemons_.resize(options.members);
    for (std::size_t index = 0; index < daemons_.size(); ++index) {
        daemons_[index].name = fmt::format("d{}", index + 1);
        daemons_[index].folder = folder_.path() / daemons_[index].name;
    }
}

DemoCluster::~DemoCluster() {
    // Long enough for a clean leave; who needs longer is killed.
    stop_all(std::chrono::seconds(5));
}

Attempt<void> DemoCluster::write_config(std::size_t index) {
    const Daemon& daemon = daemons_[index];
    std::string seeds;
    for (const Daemon& other : daemons_) {
        if (&other == &daemon || other.overlay_address.empty() || !other.should_run) continue;
        seeds += fmt::format("{}\"{}\"", seeds.empty() ? "" : ", ", other.overlay_address);
    }
    const std::string text = fmt::format(
        "name = \"{0}\"\n"
        "state = \"state\"\n"
        "[http]\n"
        "bind = \"127.0.0.1:0\"\n"
        "[overlay.{1}]\n"
        "bind = \"{2}\"\n"
        "seeds = [{3}]\n"
        "keys = [\"{4}\"]\n"
        "profile = \"{5}\"\n"
        "labels = {{ rack = \"r{6}\" }}\n",
        daemon.name, kDemoOverlay,
        daemon.overlay_address.empty() ? std::string("127.0.0.1:0") : daemon.overlay_address, seeds,
        key_, profile_, (index % 2) + 1);
    const auto written =
        runtime::write_file_atomic(daemon.folder / "grapevine.toml", as_bytes(text));
    if (!written) return std::unexpected(to_failure(written.error()));
    return {};
}

Attempt<void> DemoCluster::start(std::size_t index) {
    Daemon& daemon = daemons_[index];
    GV_TRY_VOID(write_config(index));
    // Of an earlier life: it must not be taken for this one's.
    std::error_code error;
    fs::remove(daemon.folder / "state" / "run.json", error);
    const auto log = runtime::OutputTarget::to_file(daemon.folder / "log");
    auto process =
        runtime::ChildProcess::spawn({.arguments = {program_.string(), "agent", "--config",
                                                    (daemon.folder / "grapevine.toml").string()},
                                      .environment = environment_,
                                      .standard_output = log,
                                      .standard_error = log,
                                      .group = runtime::ProcessOptions::Group::own});
    if (!process) return std::unexpected(to_failure(process.error()));
    daemon.process = *std::move(process);
    daemon.should_run = true;
    return {};
}

Attempt<bool> DemoCluster::is_ready(std::size_t index) {
    GV_TRY_VOID(check());
    Daemon& daemon = daemons_[index];
    const auto content = runtime::read_file(daemon.folder / "state" / "run.json", kRunFileBytesMax);
    if (!content) return false;
    const std::string_view text = as_text(*content);
    boost::system::error_code error;
    const auto document =
        boost::json::parse(boost::json::string_view(text.data(), text.size()), error);
    const std::string http = text_at(document, "http");
    const std::string overlay = text_at(value_at(document, "overlays"), kDemoOverlay);
    if (error || http.empty() || overlay.empty()) {
        return fail(ExitCode::failed,
                    fmt::format("{} wrote a run.json that says nothing", daemon.name));
    }
    daemon.overlay_address = overlay;
    const std::lock_guard lock(mutex_);
    daemon.url = http.starts_with("http") ? http : fmt::format("http://{}", http);
    return true;
}

void DemoCluster::kill(std::size_t index) {
    Daemon& daemon = daemons_[index];
    daemon.should_run = false;
    {
        const std::lock_guard lock(mutex_);
        daemon.url.clear();
    }
    if (daemon.process) daemon.process->signal(SIGKILL);
}

Attempt<void> DemoCluster::check() {
    for (std::size_t index = 0; index < daemons_.size(); ++index) {
        Daemon& daemon = daemons_[index];
        if (!daemon.should_run || !daemon.process) continue;
        const auto end = daemon.process->wait_for(Duration::zero());
        if (!end) continue;
        return fail(ExitCode::failed,
                    fmt::format("daemon {} ended by itself with {}", daemon.name, describe(*end)),
                    fmt::format("its last words: {}", log_tail(index)));
    }
    return {};
}

bool DemoCluster::stop_all(Duration patience) {
    for (Daemon& daemon : daemons_) {
        daemon.should_run = false;
        if (daemon.process) daemon.process->signal(SIGTERM);
    }
    const runtime::SteadyClock clock;
    const Instant until = clock.now() + patience;
    bool is_clean = true;
    for (Daemon& daemon : daemons_) {
        if (!daemon.process) continue;
        const Duration left = std::max(until - clock.now(), Duration::zero());
        if (daemon.process->wait_for(left)) continue;
        is_clean = false;
        daemon.process->signal(SIGKILL);
        daemon.process->wait();
    }
    return is_clean;
}

std::optional<Connection> DemoCluster::connection(std::size_t index) const {
    const std::lock_guard lock(mutex_);
    const Daemon& daemon = daemons_[index];
    if (daemon.url.empty()) return std::nullopt;
    Connection connection;
    connection.url = daemon.url;
    connection.token_file = (daemon.folder / "state" / "token").string();
    connection.overlay = kDemoOverlay;
    return connection;
}

std::string DemoCluster::log_tail(std::size_t index) const {
    std::ifstream file(daemons_[index].folder / "log");
    std::vector<std::string> lines;
    for (std::string line; std::getline(file, line);) {
        lines.push_back(line);
        if (lines.size() > kLogTailLines) lines.erase(lines.begin());
    }
    std::string tail;
    for (const std::string& line : lines) tail += (tail.empty() ? "" : " | ") + line;
    return tail.empty() ? std::string("none") : tail;
}

}  // namespace grapevine::cli
