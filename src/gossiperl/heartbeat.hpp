#pragma once

#include <algorithm>
#include <chrono>
#include <cstdint>

#include "base/time.hpp"

// Heartbeats are Unix seconds of somebody else's clock: any number. What turns them into times of
// ours stands here, so that no number from outside reaches the arithmetic unchecked.
namespace grapevine::gossiperl {

/// A clock of the year 5138. What is beyond is garbage.
inline constexpr std::int64_t kHeartbeatMax = 100'000'000'000;
/// What is older is as old as this: a year, which is older than every time-out.
inline constexpr std::chrono::milliseconds kHeartbeatAgeMax = std::chrono::hours(366 * 24);

constexpr bool is_heartbeat(std::int64_t heartbeat) {
    return heartbeat >= 0 && heartbeat <= kHeartbeatMax;
}

inline std::int64_t milliseconds_of(Instant instant) {
    return std::chrono::floor<std::chrono::milliseconds>(instant.time_since_epoch()).count();
}

/// How old `heartbeat` is when the clock that made it shows `clock_ms`; nothing of the future.
inline Duration age_of(std::int64_t heartbeat, std::int64_t clock_ms) {
    return std::chrono::milliseconds(
        std::clamp<std::int64_t>(clock_ms - heartbeat * 1000, 0, kHeartbeatAgeMax.count()));
}

/// The second in which `then` was, on a clock that shows `wall` now.
inline std::int64_t heartbeat_of(Instant then, Instant now, WallTime wall) {
    const auto age = std::chrono::ceil<std::chrono::milliseconds>(now - then);
    return (wall.unix_ms - age.count()) / 1000;
}

}  // namespace grapevine::gossiperl
