#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <vector>

#include "base/ids.hpp"
#include "base/limits.hpp"
#include "base/time.hpp"
#include "protocol/coordinates/vivaldi.hpp"
#include "wire/messages.hpp"

namespace grapevine::protocol {

/// How far away others are: our own place, those of the members that told us theirs, and the round
/// trips that we measured.
///
/// Fed by direct probes alone, and only by good ones; which those are, its owner decides (the node
/// leaves out what was relayed, what fell into a time in which our driver was late, and all while
/// our local health is bad). A sample goes through a median of three per member, because one stray
/// value would bend the space for all: Ledlie et al. 2007, section 4.
///
/// Places ride on acks: `to_tell` says whether one is due. It sends nothing itself and has no
/// timer. Memory: kPlacesMax entries of 72 bytes; full, the member heard of longest ago is
/// displaced.
class Coordinates {
public:
    /// What is expected or known of one pair.
    struct RoundTrip {
        std::optional<Duration> estimate;  ///< Both places are known.
        /// Of the estimate, as a part of it: the greater one of the two. 0.1 is good, from 1 on it
        /// is a guess.
        double error = 0;
        std::optional<Duration> measured;  ///< Median of the last three; only from ourselves.
        Instant measured_at{};
    };

    Coordinates(MemberId self, std::uint64_t seed);

    /// We pinged `member`, and it answered after `round_trip`. Out of 0 .. 10 s: ignored.
    void measured(Instant now, MemberId member, Duration round_trip);
    /// `member` told us its place.
    void heard(Instant now, MemberId member, const wire::Coordinate& place);
    void forget(MemberId member);

    /// Our place, if `to` shall have it now: the first time, then at most every 5 s, unless we have
    /// moved by more than a tenth, and by more than a millisecond.
    [[nodiscard]] std::optional<wire::Coordinate> to_tell(Instant now, MemberId to);

    [[nodiscard]] bool has_place(MemberId member) const { return place_of(member).has_value(); }
    /// Ours, or what the member told of its own.
    [[nodiscard]] std::optional<Place> place_of(MemberId member) const;
    [[nodiscard]] RoundTrip between(MemberId from, MemberId to) const;
    /// Measured if there is one, else estimated.
    [[nodiscard]] std::optional<Duration> distance_to(MemberId member) const;
    /// Up to `count` members, nearest first; those of which nothing is known are left out.
    [[nodiscard]] std::vector<MemberId> nearest(std::size_t count) const;

    [[nodiscard]] wire::Coordinate own() const { return to_wire(vivaldi_.place()); }
    [[nodiscard]] const Place& place() const { return vivaldi_.place(); }
    [[nodiscard]] std::size_t count() const { return peers_.size(); }
    [[nodiscard]] std::uint64_t samples() const { return samples_; }
    [[nodiscard]] std::uint64_t resets() const { return vivaldi_.resets(); }
    void check_invariants() const;

private:
    static constexpr std::size_t kFilterSize = 3;

    struct Peer {
        MemberId member;
        Instant touched{};      ///< Heard or measured last.
        Instant told = kNever;  ///< When it was told our place; kNever: not yet.
        Instant measured_at{};
        wire::Coordinate place;
        bool has_place = false;
        std::uint8_t sample_count = 0;
        std::array<std::uint32_t, kFilterSize> samples_us{};  ///< Newest last.

        [[nodiscard]] Duration median() const;
    };

    Peer& peer(Instant now, MemberId member);
    [[nodiscard]] const Peer* find(MemberId member) const;
    void note_movement(Instant now);

    const MemberId self_;
    const VivaldiConfig config_;
    Vivaldi vivaldi_;
    std::vector<Peer> peers_;  ///< By member.
    Place announced_;          ///< What we have moved away from.
    Instant moved_at_{};       ///< Who was told before then is told again.
    std::uint64_t samples_ = 0;
};

}  // namespace grapevine::protocol
