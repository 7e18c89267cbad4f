#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "base/ids.hpp"
#include "control/topology.hpp"
#include "protocol/coordinates/vivaldi.hpp"

namespace grapevine::daemon {

/// A member that a picture shows.
struct Placed {
    MemberId member;
    std::string zone;
    std::optional<protocol::Place> place;
};

/// The picture of these members. Who watches whom follows from the ids alone (ring_order.hpp): on
/// each of `ring_count` rings the predecessor watches its successor, among the members of one zone
/// if `has_zones`. Zero rings: no links.
///
/// Places are laid flat by principal components: of all planes, the one in which they lie farthest
/// apart. Two members that are near in it may be far in truth; the page says so. Equal input gives
/// equal pictures, but the axes may be mirrored from one call to the next as members come and go.
control::TopologyView topology_of(std::vector<Placed> members, std::uint8_t ring_count,
                                  bool has_zones);

}  // namespace grapevine::daemon
