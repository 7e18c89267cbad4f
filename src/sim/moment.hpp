#pragma once

#include <chrono>
#include <cstdint>

#include "base/time.hpp"

namespace grapevine::sim {

/// The time line of the simulated world; zero is its beginning. A type of its own, so that what a
/// host's clock shows (`Instant`) cannot be mistaken for what the hour really is.
struct WorldClock {
    using rep = std::int64_t;
    using period = std::nano;
    using duration = std::chrono::nanoseconds;
    using time_point = std::chrono::time_point<WorldClock, duration>;
    static constexpr bool is_steady = true;
};
using Moment = WorldClock::time_point;
inline constexpr Moment kEndOfTime = Moment::max();

/// What a host of the world is called: its index, from 0.
using HostIndex = std::uint32_t;
inline constexpr HostIndex kNoHost = UINT32_MAX;

/// The clock of one life of one host: monotonic, zero at the start of the life, and wrong by a
/// constant rate. Integers only, so that it reads the same under every compiler.
class HostClock {
public:
    HostClock() = default;
    /// `drift_ppm`: how many microseconds it gains in a second; |drift_ppm| <= 100'000.
    HostClock(Moment started, std::int32_t drift_ppm) : started_(started), drift_ppm_(drift_ppm) {}

    [[nodiscard]] Instant at(Moment moment) const {
        const std::int64_t elapsed = (moment - started_).count();
        return Instant(Duration(elapsed + scaled(elapsed, 1'000'000)));
    }

    /// The first moment at which the clock shows `instant` or more.
    [[nodiscard]] Moment when(Instant instant) const {
        const std::int64_t shown = instant.time_since_epoch().count();
        if (shown >= INT64_MAX / 2) return kEndOfTime;  // A century and more: never.
        Moment moment = started_ + Duration(shown - scaled(shown, 1'000'000 + drift_ppm_) - 2);
        while (at(moment) < instant) moment += Duration(1);
        return moment;
    }

private:
    /// value * drift / unit, in parts, so that hours in nanoseconds do not overflow.
    [[nodiscard]] std::int64_t scaled(std::int64_t value, std::int64_t unit) const {
        return value / unit * drift_ppm_ + value % unit * drift_ppm_ / unit;
    }

    Moment started_{};
    std::int64_t drift_ppm_ = 0;
};

}  // namespace grapevine::sim
