#pragma once

#include <cstdint>
#include <optional>

#include "base/ids.hpp"

namespace grapevine::protocol {

// How the sequence of a ping says what the ping is (FORMAT.md, section 6.1): its receiver tells the
// standing probe of an observer from all other pings by it, at no byte.
//
//      31  30..28  27..0
//     +---+-------+--------------+
//     | 0 |      counter         |   SWIM: rounds, favours, last chances; bit 30 is clear
//     | 0 | 10   counter         |   an examination of the path (paths.hpp)
//     | 0 | 11   counter         |   a representative's ping to another zone (zones.hpp)
//     | 1 | ring  |   counter    |   standing probe of this ring, 0 to 6
//     | 1 |   7   |   counter    |   confirmation or burst
//     +---+-------+--------------+

/// From here up are the sequences of the rings; all below are free.
inline constexpr std::uint32_t kRingSequences = 0x8000'0000;
inline constexpr unsigned kRingShift = 28;
/// Rings that a sequence can name.
inline constexpr std::uint8_t kRingsMax = 7;
/// In place of a ring: this ping belongs to none.
inline constexpr std::uint8_t kNoRing = 7;

constexpr ProbeSequence ring_sequence(std::uint8_t ring, std::uint32_t counter) {
    return ProbeSequence(kRingSequences | std::uint32_t{ring} << kRingShift |
                         (counter & ((1U << kRingShift) - 1)));
}

constexpr bool is_ring_sequence(ProbeSequence sequence) {
    return sequence.value() >= kRingSequences;
}

/// The ring whose standing probe this is; nothing for any other ping.
constexpr std::optional<std::uint8_t> ring_of(ProbeSequence sequence) {
    if (!is_ring_sequence(sequence)) return std::nullopt;
    const auto ring = static_cast<std::uint8_t>(sequence.value() >> kRingShift & 7U);
    if (ring == kNoRing) return std::nullopt;
    return ring;
}

}  // namespace grapevine::protocol
