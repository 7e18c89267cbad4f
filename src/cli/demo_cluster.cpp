#include "cli/demo_cluster.hpp"

#include <algorithm>
#include <boost/json/parse.hpp>
#include <csignal>
#include <fmt/core.h>
#include <fstream>

#include "cli/json.hpp"
#include "daemon/config.hpp"
#include "daemon/overlay_spec.hpp"
#include "runtime/os_random.hpp"

namespace grapevine::cli {

namespace fs = std::filesystem;

namespace {

constexpr std::size_t kRunFileBytesMax = 64 * 1024;
constexpr std::size_t kLogTailLines = 5;

/// What of our environment the daemons may see: nothing that would configure them.
std::map<std::string, std::string> environment_for_daemons() {
    auto environment = daemon::sources_of_process().environment;
    std::erase_if(environment,
                  [](const auto& entry) { return entry.first.starts_with("GRAPEVINE_"); });
    // Not a service of systemd, even if we are one.
    environment.erase("NOTIFY_SOCKET");
    return environment;
}

}  // namespace

Attempt<std::unique_ptr<DemoCluster>> DemoCluster::make(const DemoOptions& options) {
    auto folder = runtime::TemporaryDirectory::make("grapevine-demo-");
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
    const ChildProcess::Plan plan{
        .program = program_,
        .arguments = {"agent", "--config", (daemon.folder / "grapevine.toml").string()},
        .environment = environment_,
        .output_file = daemon.folder / "log"};
    daemon.process = GV_TRY(ChildProcess::start(plan));
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
    daemon.process.signal(SIGKILL);
}

Attempt<void> DemoCluster::check() {
    for (std::size_t index = 0; index < daemons_.size(); ++index) {
        Daemon& daemon = daemons_[index];
        if (!daemon.should_run || daemon.process.is_running()) continue;
        return fail(
            ExitCode::failed,
            fmt::format("daemon {} ended by itself with {}", daemon.name, daemon.process.end()),
            fmt::format("its last words: {}", log_tail(index)));
    }
    return {};
}

bool DemoCluster::stop_all(std::chrono::milliseconds patience) {
    for (Daemon& daemon : daemons_) {
        daemon.should_run = false;
        daemon.process.signal(SIGTERM);
    }
    const auto until = std::chrono::steady_clock::now() + patience;
    bool is_clean = true;
    for (Daemon& daemon : daemons_) {
        const auto left = std::chrono::duration_cast<std::chrono::milliseconds>(
            until - std::chrono::steady_clock::now());
        if (daemon.process.wait_for(std::max(left, std::chrono::milliseconds(0)))) continue;
        is_clean = false;
        daemon.process.signal(SIGKILL);
        daemon.process.wait_for(std::chrono::seconds(5));
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
