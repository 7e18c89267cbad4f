#pragma once

#include <cstdint>
#include <string>
#include <utility>
#include <vector>

#include "client/sessions.hpp"
#include "overlay/gossiperl_overlay.hpp"

// What users see of overlays and clients of the old protocol.
namespace grapevine::daemon {

using NamedCounters = std::vector<std::pair<std::string, std::uint64_t>>;

/// Every counter of one overlay of the old protocol by the name that it has in /metrics.
NamedCounters counters_of(const overlay::GossiperlOverlay& overlay);

/// Those of the clients of an overlay of either protocol, and of their datagrams.
void add_counters(NamedCounters& to, const client::Sessions& sessions);

}  // namespace grapevine::daemon
