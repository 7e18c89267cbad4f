#pragma once

#include <string>
#include <vector>

#include "cli/console.hpp"

namespace grapevine::cli {

/// Does what the words behind "grapevine" ask for, and returns the exit code of the process
/// (failure.hpp). Says on `console.err` what went wrong. Blocks for as long as the command lasts.
int run(const std::vector<std::string>& arguments, Console& console);

}  // namespace grapevine::cli
