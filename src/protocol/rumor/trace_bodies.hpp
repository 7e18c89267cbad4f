#pragma once

#include <cstdint>
#include <optional>

#include "base/bytes.hpp"
#include "base/error.hpp"
#include "base/time.hpp"
#include "protocol/rumor/event_key.hpp"
#include "protocol/rumor/traces.hpp"

// What travels in questions of the kind `trace` and in their answers: FORMAT.md, section 10.2.
namespace grapevine::protocol {

/// What a member says about one event.
struct TraceAnswer {
    /// Civil time at the answering member, in microseconds since 1970, when it answered; 0 if its
    /// driver has not told it. Ages are subtracted from it, so that a clock that is set between the
    /// event and the question does no harm.
    std::int64_t wall_us = 0;
    /// It holds the event. (Or held: events are retained for a limited time.)
    bool has_event = false;
    struct Note {
        MemberId from;
        std::uint8_t hops = 0;
        TraceRepair repair = TraceRepair::none;
        std::uint32_t duplicates = 0;
        std::uint64_t age_us = 0;  ///< Since the event was whole there; by its steady clock.
        friend bool operator==(const Note&, const Note&) = default;
    };
    std::optional<Note> note;  ///< Only with `has_event`.
    friend bool operator==(const TraceAnswer&, const TraceAnswer&) = default;
};

/// Above these an age (a hundred years) or a time of day (the year 5138) is garbage, and must not
/// reach any arithmetic.
inline constexpr std::uint64_t kTraceAgeMaxUs = 100ULL * 366 * 86'400 * 1'000'000;
inline constexpr std::int64_t kTraceWallMaxUs = 100'000'000'000LL * 1'000'000;

Bytes encode_trace_question(const EventKey& event);
Result<EventKey> decode_trace_question(ByteView bytes);

Bytes encode_trace_answer(const TraceAnswer& answer);
Result<TraceAnswer> decode_trace_answer(ByteView bytes);

}  // namespace grapevine::protocol
