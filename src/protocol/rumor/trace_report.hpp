#pragma once

#include <cstdint>
#include <optional>
#include <vector>

#include "base/ids.hpp"
#include "base/time.hpp"
#include "protocol/query/gather.hpp"
#include "protocol/rumor/trace_bodies.hpp"

namespace grapevine::protocol {

/// The infection tree of one event, put together from what its members say.
///
/// The problem is time. A hop on a local network takes a fraction of a millisecond, and every
/// member tells by its own clocks when it learned of the event. Two estimates are at hand:
///
///  * civil time, as the member believes it to be: as good as the hosts' clocks agree, which on one
///    host is exactly, and with a time service within a millisecond or so;
///  * the member's age of the note, counted back from the middle of the question's round trip: off
///    by at most half of that round trip, whatever the clocks say.
///
/// The second bounds the first. If civil time lies within half a round trip (and
/// kClockTolerance) of the middle, nothing speaks against it, and it is used: `agreed`. If it lies
/// outside, that clock is wrong for certain, and its difference is taken off: `corrected`. Without
/// a round trip (the question was repeated) nothing can be checked: `unchecked`. Without civil time
/// the second estimate stands alone: `estimated`.
///
/// A hop that still comes out negative is reported as it is and marked `is_skewed`: two estimates
/// of about half a round trip each can be that far apart.
struct TraceReport {
    enum class Clock : std::uint8_t { agreed, corrected, unchecked, estimated };
    struct Node {
        MemberId member;
        TraceAnswer::Note note;
        /// Microseconds since 1970 by the asker's clock, or since its start if it knows no civil
        /// time.
        std::int64_t learned_us = 0;
        std::optional<std::int64_t> after_us;  ///< Since the publisher had it.
        std::optional<std::int64_t> hop_us;    ///< Since `note.from` had it.
        bool is_skewed = false;                ///< `hop_us` is negative.
        Clock clock = Clock::agreed;
        std::int64_t skew_us = 0;  ///< How far its civil time seems to be ahead of the asker's.
        std::optional<std::int64_t> round_trip_us;
    };
    std::vector<Node> nodes;         ///< In the order in which they learned of it.
    std::vector<MemberId> untraced;  ///< Hold the event, and have no note of it.
    std::vector<MemberId> lacking;   ///< Answered that they do not hold it.
    std::vector<MemberId> silent;    ///< Did not answer, or nothing that could be read.
    std::uint64_t duplicates = 0;
    std::uint64_t repairs = 0;
};

/// Half a datagram's handling on a busy host: below this, clocks of one host may seem to disagree.
inline constexpr Duration kClockTolerance = std::chrono::microseconds(200);

/// `wall_zero_us`: civil time of instant zero at the asker; 0 if its driver has not told it.
TraceReport report_trace(MemberId publisher, const Gather::Gathered& gathered,
                         std::int64_t wall_zero_us);

}  // namespace grapevine::protocol
