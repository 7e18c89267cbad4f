#pragma once

#include <compare>
#include <cstdint>
#include <limits>
#include <vector>

#include "base/bytes.hpp"
#include "base/ids.hpp"
#include "base/limits.hpp"
#include "wire/state_ranges.hpp"

// What members say to each other about the shared map, besides the comparison of ranges.
namespace grapevine::wire {

/// The key of the hashes by which members compare. The oldest wins.
struct StateSalt {
    Stamp created;
    std::uint64_t random = 0;
    friend constexpr auto operator<=>(const StateSalt&, const StateSalt&) = default;
};

/// One step by which a group has agreed that deletions of the past are forgotten
/// (protocol/state/floor.hpp).
struct StateRaise {
    Stamp at;  ///< On the clock of raises, which stands still while nobody raises.
    MemberId by;
    std::uint32_t members = 0;  ///< How many were in the view of who made it.
    friend constexpr auto operator<=>(const StateRaise&, const StateRaise&) = default;
};

/// Of an empty map: it holds nothing that could return.
inline constexpr Stamp kUnborn{std::numeric_limits<std::uint64_t>::max()};

/// Up to when a member has forgotten deletions, and since when it may have missed any.
struct StateFloor {
    /// Since when the map holds something: its first cell, or the first after a reset.
    Stamp birth = kUnborn;
    Stamp synced;                    ///< When it last held the same as another member.
    std::vector<StateRaise> raises;  ///< Ascending, at most kFloorRaisesMax.
    friend bool operator==(const StateFloor&, const StateFloor&) = default;
};

/// Opens a comparison, and answers its opening.
struct StateHello {
    bool wants_reply = false;
    std::uint64_t cells = 0;  ///< At most kStateCellsMax.
    StateSalt salt;
    StateFloor floor;
    friend bool operator==(const StateHello&, const StateHello&) = default;
};

/// Cells that the receiver lacks, as encoded in FORMAT.md, 11.1, and the places of those that
/// are too large to come unasked.
struct StateCells {
    std::vector<Bytes> cells;          ///< Each at most kStateInlineBytesMax.
    std::vector<StatePosition> large;  ///< At most kStateFetchesMax.
    friend bool operator==(const StateCells&, const StateCells&) = default;
};

}  // namespace grapevine::wire
