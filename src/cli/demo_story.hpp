#pragma once

#include "cli/console.hpp"
#include "cli/failure.hpp"
#include "cli/options.hpp"

namespace grapevine::cli {

/// `grapevine demo`: starts daemons, watches them find each other and carry events, kills one,
/// watches the others notice, starts it again, watches it return, and stays up.
///
/// Fails when something that should happen does not within its time, saying what. Whatever
/// happens, also on SIGINT, SIGTERM and SIGHUP: no process and no file of it remains. Handles these
/// signals itself while it runs, so: once per process, from the main thread.
Attempt<void> run_demo(const DemoOptions& options, Console& console);

}  // namespace grapevine::cli
