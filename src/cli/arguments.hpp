#pragma once

#include <string>
#include <vector>

#include "cli/failure.hpp"
#include "cli/options.hpp"

namespace grapevine::cli {

/// Turns the words behind "grapevine" into a command. Anything that makes no sense is a failure
/// with code `usage`, which names the nearest known command or flag.
Attempt<Command> parse_arguments(const std::vector<std::string>& arguments);

/// A command as completion and the reference page describe it.
struct CommandInfo {
    std::string path;  ///< "record get"; empty for the program itself.
    std::string description;
    std::vector<std::string> flags;  ///< "--url", without the help flag.
    std::vector<std::string> commands;
};

/// All commands, the program first.
std::vector<CommandInfo> describe_commands();

}  // namespace grapevine::cli
