#pragma once

#include <chrono>

#include "base/time.hpp"

namespace grapevine::runtime {

/// The time line of one process. Together with `wall_now` the only place that reads a clock.
///
/// Monotonic (CLOCK_MONOTONIC: it stands still while the host is suspended). Copies share their
/// origin, so Instants of one clock and its copies can be compared; those of two clocks made apart
/// cannot. Any thread may read.
class SteadyClock {
public:
    /// Instant zero is now.
    SteadyClock() : origin_(std::chrono::steady_clock::now()) {}

    [[nodiscard]] Instant now() const;

    /// The same moment for a timer of the operating system. `kNever` stays never, and what lies
    /// beyond the range of the other clock (292 years) is clamped.
    [[nodiscard]] std::chrono::steady_clock::time_point to_system(Instant instant) const;

private:
    std::chrono::steady_clock::time_point origin_;
};

/// CLOCK_MONOTONIC in microseconds since the boot of the host, as other processes read it too: for
/// the service manager's protocol.
std::int64_t monotonic_microseconds();

/// Civil time as this host believes it to be. It may jump; for people and time stamps only.
WallTime wall_now();
/// The same in microseconds since 1970, for comparing the clocks of hosts.
std::int64_t wall_microseconds();

}  // namespace grapevine::runtime
