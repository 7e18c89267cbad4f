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
    // Every message counts, so nothing is announced: the frontier digest alone finds what is lost.
    protocol.lazy_links = 0;
    // Nobody dies here, so nothing is ever given up because its publisher seems gone.
    protocol.gap_patience = 60s;
    switch (mode) {
        case Mode::direct:
            protocol.tree_root_degree = 32;
            break;
        case Mode::gathered:
            // A publisher writes to the hub alone, and the hub to everybody.
            settings.shape = Topology::Shape::hub;
            protocol.tree_root_degree = 1;
            protocol.tree_degree = 64;
            protocol.event_gather = 200ms;
            // Gathering twice and two trips take up to 600 ms; what is not here then is lost.
            protocol.repair_delay = 900ms;
            protocol.repair_retry = 500ms;
            break;
        case Mode::rumor:
            protocol.dissemination = protocol::Dissemination::rumor;
            break;
    }
    return settings;
}

}  // namespace grapevine::maelstrom
