#pragma once

#include "daemon/config.hpp"

namespace grapevine::daemon {

/// Runs the daemon that `config` describes until SIGTERM or SIGINT, and returns the exit code of
/// the process: 0 after a clean leave, 1 when it could not start or had to stop.
///
/// Says on standard error what went wrong and what would be right, like every command. Writes
/// STATE/run.json once its sockets are bound, and tells systemd that it is ready. On SIGHUP it
/// loads the configuration again from `config.sources` and applies what `keys_needing_restart`
/// does not name.
///
/// Blocks. One agent per process: it owns the process's signals.
int run_agent(const Config& config);

}  // namespace grapevine::daemon
