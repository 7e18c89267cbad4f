#include "runtime/clock.hpp"

namespace grapevine::runtime {

Instant SteadyClock::now() const {
    return Instant(
        std::chrono::duration_cast<Duration>(std::chrono::steady_clock::now() - origin_));
}

std::chrono::steady_clock::time_point SteadyClock::to_system(Instant instant) const {
    using Target = std::chrono::steady_clock::time_point;
    const Duration since_origin = instant.time_since_epoch();
    if (since_origin > Duration::max() - origin_.time_since_epoch()) return Target::max();
    return origin_ + since_origin;
}

std::int64_t monotonic_microseconds() {
    const auto since_boot = std::chrono::steady_clock::now().time_since_epoch();
    return std::chrono::duration_cast<std::chrono::microseconds>(since_boot).count();
}

WallTime wall_now() {
    return WallTime{wall_microseconds() / 1000};
}

std::int64_t wall_microseconds() {
    const auto since_epoch = std::chrono::system_clock::now().time_since_epoch();
    return std::chrono::duration_cast<std::chrono::microseconds>(since_epoch).count();
}

}  // namespace grapevine::runtime
