#pragma once

#include <algorithm>
#include <cassert>
#include <cstdint>

#include "base/time.hpp"

namespace grapevine::runtime {

/// How many bytes per second leave, over all streams that share it.
///
/// Each piece pays for the time that it takes: the next may leave when that has passed. So in any
/// time t at most rate * t bytes leave, and one piece more. What was not used is not saved up.
/// Streams take turns in the order in which they ask.
class SendRate {
public:
    /// Less makes a frame of 64 KiB take longer than a stream waits for a sign of life.
    static constexpr std::uint64_t kBytesPerSecondMin = 16 * 1024;

    explicit SendRate(std::uint64_t bytes_per_second)
        : nanoseconds_per_byte_(1e9 / static_cast<double>(bytes_per_second)) {
        assert(bytes_per_second >= kBytesPerSecondMin);
    }

    /// When a piece of so many bytes may leave: now, or later. It is paid for with this.
    [[nodiscard]] Instant reserve(Instant now, std::size_t bytes) {
        const Instant at = std::max(now, next_);
        const double nanoseconds = nanoseconds_per_byte_ * static_cast<double>(bytes);
        next_ = at + Duration(static_cast<Duration::rep>(nanoseconds));
        return at;
    }

private:
    double nanoseconds_per_byte_;
    Instant next_{};
};

}  // namespace grapevine::runtime
