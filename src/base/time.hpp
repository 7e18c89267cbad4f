#pragma once

#include <chrono>
#include <cstdint>

namespace grapevine {

/// The time line of one node; zero is the moment the node was created.
///
/// It has no `now()`. Only a driver (runtime or simulator) may read a clock; everything else is
/// told the time. Protocol code that asks for the time therefore does not compile.
struct NodeClock {
    using rep = std::int64_t;
    using period = std::nano;
    using duration = std::chrono::nanoseconds;
    using time_point = std::chrono::time_point<NodeClock, duration>;
    static constexpr bool is_steady = true;
};

using Duration = NodeClock::duration;
using Instant = NodeClock::time_point;

/// The deadline of a machine that waits for nothing.
inline constexpr Instant kNever = Instant::max();

/// Civil time, milliseconds since 1970-01-01 UTC, as the driver's host believes it to be. For
/// people and applications only (event time stamps); the protocol never orders or expires by it,
/// but for the epochs of one publisher (overlay::Start).
struct WallTime {
    std::int64_t unix_ms = 0;
    friend constexpr auto operator<=>(WallTime, WallTime) = default;
};

}  // namespace grapevine
