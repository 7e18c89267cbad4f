#pragma once

#include <string_view>

namespace grapevine::cli {

/// What `--help` of a command ends with; empty when there is nothing to show.
std::string_view examples_of(std::string_view command_path);

/// The page of `grapevine help TOPIC`; empty when there is no such topic.
std::string_view help_topic(std::string_view topic);

}  // namespace grapevine::cli
