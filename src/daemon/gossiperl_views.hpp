#pragma once

#include <cstdint>
#include <string>
#include <utility>
#include <vector>

#include "base/error.hpp"
#include "base/time.hpp"
#include "client/sessions.hpp"
#include "control/gossiperl.hpp"
#include "overlay/gossiperl_overlay.hpp"
#include "overlay/old_envelopes.hpp"
#include "overlay/statistics.hpp"

// What users see of overlays and clients of the old protocol.
namespace grapevine::daemon {

using NamedCounters = std::vector<std::pair<std::string, std::uint64_t>>;

/// Every counter of one overlay of the old protocol by the name that it has in /metrics.
NamedCounters counters_of(const overlay::GossiperlOverlay& overlay);

/// Those of the clients of an overlay of either protocol, and of their datagrams.
void add_counters(NamedCounters& to, const client::Sessions& sessions);

/// Refuses a window that is none.
Outcome<control::gossiperl::StatisticsView> view_of(const overlay::Statistics& statistics,
                                                    Instant now, const std::string& window);

}  // namespace grapevine::daemon
