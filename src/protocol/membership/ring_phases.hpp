#pragma once

#include <array>
#include <cstdint>

#include "base/time.hpp"
#include "protocol/membership/ring_sequence.hpp"

namespace grapevine::protocol {

/// Spreads the probes of our observers over the period, so that after a crash the first of them
/// falls within a K-th of it.
///
/// The problem: K observers probe a member, each once per period T, at phases that know nothing of
/// each other. Who crashes waits for the first of them: at best a moment, at worst nearly all of T,
/// because three phases at random leave a gap of .61 T on average. The time to the first probe is
/// longer than t with probability (1 - t/T)^3: .21 T in the median, .78 T for one crash of 100.
///
/// The idea: only the subject sees all K pings come. With each ack it tells the observer by how
/// much to move its next ping, to the middle between the ping before and the ping after; K gaps of
/// T/K are where this comes to rest. Then the first probe after a crash comes within T/K, always:
/// .17 T in the median, .33 T at the worst, for two bytes per ack. A bounded tail is worth most
/// where the period is long.
///
/// Source: ours for failure detection. The rule is that of Degesys, Rose, Patel, Nagpal, "DESYNC:
/// Self-Organizing Desynchronization and TDMA on Wireless Sensor Networks", IPSN 2007: there the
/// nodes themselves hear each other fire and jump towards the middle.
/// Deviation: the whole way at once (alpha = 1), because the subject knows where it has sent the
/// others, which in DESYNC nobody does. Deviation: at most a quarter of the period per step, so
/// that what we say wrongly (after a stall) or a liar says costs little.
///
///     pings before    |A...B..................|C      C asks: where?
///     the middle      |A...B......^...........|A      halfway from B to the next A
///
/// Nothing depends on it: an ack that is lost leaves a phase where it is, an observer that does not
/// listen is taken as given by the others, and one that is not heard for three periods is left out.
/// A subject that lies moves the probes of itself alone, and each of its observers still probes it
/// once in at least every 5/4 periods.
class RingPhases {
public:
    /// `period` as the observers have it, all of which are set up alike.
    RingPhases(std::uint8_t ring_count, Duration period);

    /// The standing ping of that ring has come. Returns by how much the next one shall come later
    /// than a period from now (negative: earlier), in whole milliseconds.
    std::chrono::milliseconds heard(Instant now, std::uint8_t ring);

    /// Another period from now on; where the pings fall is learned anew.
    void use_period(Duration period);

    /// Another observer has taken that ring over.
    void forget(std::uint8_t ring) { slots_[ring] = {}; }

private:
    struct Slot {
        bool is_known = false;
        Instant heard_at{};
        Instant next_at{};  ///< When its next ping is due, if it does as it was told.
    };

    const std::uint8_t ring_count_;
    Duration period_;
    std::array<Slot, kRingsMax> slots_{};
};

/// How far a phase may be moved at once, by who asks and by who is asked.
constexpr Duration shift_max(Duration period) {
    return period / 4;
}

}  // namespace grapevine::protocol
