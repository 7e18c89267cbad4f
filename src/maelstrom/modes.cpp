#include "maelstrom/modes.hpp"

#include <algorithm>

namespace grapevine::maelstrom {

using namespace std::chrono_literals;

std::optional<Mode> parse_mode(std::string_view name) {
    const auto found = std::ranges::find(kModeNames, name);
    if (found == kModeNames.end()) return std::nullopt;
    return static_cast<Mode>(found - kModeNames.begin());
}

Settings settings_of(Mode mode) {
    Settings settings;
    protocol::ProtocolConfig& protocol = settings.protocol;
    switch (mode) {
        case Mode::direct:
            protocol.tree_root_degree = 32;
            break;
        case Mode::gathered:
            settings.shape = Topology::Shape::hub;
            break;
        case Mode::rumor:
            protocol.dissemination = protocol::Dissemination::rumor;
            break;
    }
    return settings;
}

}  // namespace grapevine::maelstrom
