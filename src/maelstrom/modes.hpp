#pragma once

#include <array>
#include <optional>
#include <string_view>

#include "maelstrom/adapter.hpp"

namespace grapevine::maelstrom {

/// The settings that the challenges are run with. All are settings of the daemon's core.
enum class Mode : std::uint8_t {
    direct,    ///< A tree whose root has all others for children: fewest hops.
    gathered,  ///< All by way of one node, which gathers what it passes on: fewest messages.
    rumor,     ///< Rumor mongering with the defaults.
};
inline constexpr std::array<std::string_view, 3> kModeNames = {"direct", "gathered", "rumor"};

std::optional<Mode> parse_mode(std::string_view name);
Settings settings_of(Mode mode);

}  // namespace grapevine::maelstrom
