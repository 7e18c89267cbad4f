#pragma once

#include <filesystem>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "base/time.hpp"
#include "cli/failure.hpp"
#include "cli/options.hpp"
#include "runtime/files.hpp"
#include "runtime/process.hpp"

namespace grapevine::cli {

/// The overlay that the daemons of the demo are in.
inline constexpr std::string_view kDemoOverlay = "demo";

/// The processes of the demo: daemons of this very program on loopback, each with a state folder of
/// its own below one temporary folder, which is gone with this object, as are the processes.
///
/// Daemons are named d1, d2, ... and counted from 0. All calls from the main thread, but for
/// `connection`.
class DemoCluster {
public:
    /// Makes the folder and an overlay key; starts nothing.
    static Attempt<std::unique_ptr<DemoCluster>> make(const DemoOptions& options);

    DemoCluster(const DemoCluster&) = delete;
    DemoCluster& operator=(const DemoCluster&) = delete;
    /// Stops what still runs, then removes the folder.
    ~DemoCluster();

    /// Starts the daemon. It seeks the others at the addresses of those that are ready. When it
    /// has run before it gets its state, name and UDP port again.
    Attempt<void> start(std::size_t index);

    /// Whether its sockets are bound, by what it wrote into its state folder. Fails when it has
    /// ended, with the last lines of its log.
    Attempt<bool> is_ready(std::size_t index);

    /// SIGKILL: no goodbye.
    void kill(std::size_t index);

    /// Fails when a daemon that should run has ended.
    Attempt<void> check();

    /// SIGTERM to all, SIGKILL to those that do not end within `patience`. False when that was
    /// needed.
    bool stop_all(Duration patience);

    [[nodiscard]] std::size_t size() const { return daemons_.size(); }
    [[nodiscard]] const std::string& name(std::size_t index) const { return daemons_[index].name; }
    [[nodiscard]] const std::filesystem::path& folder() const { return folder_.path(); }
    [[nodiscard]] const std::filesystem::path& program() const { return program_; }

    /// How to reach its API; nothing while it is not ready. From any thread.
    [[nodiscard]] std::optional<Connection> connection(std::size_t index) const;

private:
    struct Daemon {
        std::string name;
        std::filesystem::path folder;
        std::optional<runtime::ChildProcess> process;
        bool should_run = false;
        std::string url;              ///< Empty while it is not ready; guarded by `mutex_`.
        std::string overlay_address;  ///< As once bound; empty before the first start.
    };

    DemoCluster(const DemoOptions& options, runtime::TemporaryDirectory folder);
    Attempt<void> write_config(std::size_t index);
    [[nodiscard]] std::string log_tail(std::size_t index) const;

    runtime::TemporaryDirectory folder_;
    std::filesystem::path program_;
    std::vector<std::pair<std::string, std::string>> environment_;
    std::string key_;
    std::string profile_;
    std::vector<Daemon> daemons_;
    mutable std::mutex mutex_;
};

}  // namespace grapevine::cli
