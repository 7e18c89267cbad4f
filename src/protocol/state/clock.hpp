#pragma once

#include <algorithm>
#include <cstdint>

#include "base/ids.hpp"
#include "base/limits.hpp"
#include "wire/state_ranges.hpp"

namespace grapevine::protocol {

using wire::milliseconds_of;
/// The first of that millisecond.
[[nodiscard]] constexpr Stamp stamp_at(std::uint64_t unix_ms) {
    return wire::make_stamp(unix_ms, 0);
}
/// `stamp` less so many milliseconds; "never" if that is before 1970.
[[nodiscard]] constexpr Stamp before(Stamp stamp, std::uint64_t milliseconds) {
    const std::uint64_t back = milliseconds << 16U;
    return Stamp(stamp.value() > back ? stamp.value() - back : 0);
}

/// A clock whose readings respect cause and effect, and stay near civil time.
///
/// Source: Kulkarni et al., "Logical Physical Clocks" (OPODIS 2014), figure 5. Each reading is
/// above all readings before it and above every stamp that was observed, so a write that was made
/// with knowledge of another is dated after it, whatever the hosts' clocks say.
///
/// A stamp more than kClockAheadMaxMs ahead of civil time is not followed: one member with a clock
/// of next year would otherwise carry all others with it, and nobody could overwrite what it wrote.
///
/// No time of its own: the caller says what civil time it is.
class HybridClock {
public:
    /// A new stamp. `unix_ms`: civil time now.
    Stamp read(std::uint64_t unix_ms) {
        last_ = std::max(last_.next(), stamp_at(unix_ms));
        return last_;
    }
    /// Somebody has used this stamp. False: it is too far ahead; nothing has changed.
    bool observe(std::uint64_t unix_ms, Stamp stamp) {
        if (!is_near(unix_ms, stamp)) return false;
        last_ = std::max(last_, stamp);
        return true;
    }
    [[nodiscard]] static bool is_near(std::uint64_t unix_ms, Stamp stamp) {
        return milliseconds_of(stamp) <= unix_ms + kClockAheadMaxMs;
    }
    /// The last stamp that was read or observed.
    [[nodiscard]] Stamp last() const { return last_; }

private:
    Stamp last_{};
};

}  // namespace grapevine::protocol
