#pragma once

#include <cstdint>
#include <deque>
#include <optional>
#include <vector>

#include "base/ids.hpp"
#include "base/random.hpp"
#include "base/time.hpp"
#include "protocol/membership/accrual.hpp"
#include "protocol/membership/config.hpp"
#include "protocol/membership/detector.hpp"
#include "protocol/membership/swim.hpp"

namespace grapevine::protocol {

/// Finds the failed by how improbable their silence has become, given how regular they were.
///
/// The problem: a fixed timeout is too long for a regular link and too short for an uneven one. The
/// idea: learn the distribution of the times between two arrivals of each member, and suspect it
/// when the chance that the next arrival is merely late falls below 10^-phi.
///
///     every phi_interval: ping --> ack: one more inter-arrival time in the window
///
///     heard            + mean + pause            + z(threshold) deviations
///       |-----------------------|--------------------------|
///                            phi = 0.3                  Missed
///
/// Source: Hayashibara, Defago, Yared, Katayama, "The phi Accrual Failure Detector", SRDS 2004,
/// section 4. As in Akka, whose values are the defaults scaled to our intervals: the deviation has
/// a floor (a regular member would otherwise be suspected for a millisecond), a pause is added to
/// the mean (garbage collection), the window begins with a guess, a gap that ended an outage is no
/// sample, and not everybody watches everybody.
///
/// Who watches whom: on each of `phi_monitors` rings, a random order of the members that all
/// compute alike, each watches the one that follows it. So as many watch a member (fewer where two
/// rings agree), and since pings also carry the summary of what their sender knows, those who
/// differ meet within a few hops, as they would not along one ring.
///
/// Deviation: in the paper heartbeats are sent unasked, and applications choose thresholds of their
/// own. Here a heartbeat is the ack of a ping (so that our side decides whom it watches, and
/// round trips are measured), and there is one threshold, `phi_threshold`, above which a member is
/// `Missed`; `level` tells phi itself.
/// Deviation: `Missed` is not the end: membership suspects the member and gives it a last chance.
/// With suspicion_alpha = 0 and last_chance_probe = false the verdict is the threshold's alone.
/// Deviation: when our driver wakes us more than `lateness_max` after our deadline, it is we who
/// slept: everybody was heard later by as much.
///
/// It answers pings and does favours like any detector, and gives last chances as Swim does. Memory
/// is about 15 bytes per member, and 4 bytes per time in the window of those that are watched.
class AccrualDetector final : public Detector {
public:
    struct Counters {
        std::uint64_t pings = 0;
        std::uint64_t missed = 0;
        std::uint64_t late_wakeups = 0;        ///< The driver was later than `lateness_max`.
        std::uint64_t dropped_unexpected = 0;  ///< Messages of another detector.
    };

    /// `seed` decides the phases of the pings, and the helpers of last chances.
    AccrualDetector(MemberId self, const ProtocolConfig& config, std::uint64_t seed);

    void add(MemberId member) override;
    void remove(MemberId member) override;

    void handle(Instant now, MemberId from, const ProbeMessage& message) override;
    /// Only favours take note: an arrival that did not happen needs no second witness.
    void unreachable(Instant now, MemberId member) override;
    void confirm(Instant now, MemberId member) override;
    /// Nothing: the window has learnt already how slow we are.
    void self_refuted(Instant) override {}

    void configure(const ProtocolConfig& config) override;
    void advance(Instant now) override;
    [[nodiscard]] std::optional<Action> poll() override;
    [[nodiscard]] Instant deadline() const override;
    [[nodiscard]] std::uint32_t local_health() const override { return 0; }

    /// phi of `member` at `now`; nothing if we do not watch it.
    [[nodiscard]] std::optional<double> level(Instant now, MemberId member) const;
    /// Whom we watch, each once.
    [[nodiscard]] std::vector<MemberId> watched() const;
    [[nodiscard]] const Counters& counters() const { return counters_; }
    /// Asserts what must hold between any two inputs.
    void check_invariants() const;

private:
    struct Watch {
        MemberId member;
        ArrivalWindow window;
        Instant ping_at{};   ///< kNever: begun since the last `advance`, which puts the times in.
        Instant heard_at{};  ///< Or when the watch began.
        Instant missed_at{};
        bool is_missed = false;  ///< And not heard since.
        ProbeSequence sequence;  ///< Of the newest ping.
        Instant sent_at{};
        ProbeSequence answered;  ///< Of the newest ping that was answered.
    };

    /// How far `member` is from us along the ring of this number.
    [[nodiscard]] std::uint64_t distance_to(MemberId member, std::size_t ring) const;
    /// Whether `member` is the one that follows us on some ring, as far as is known.
    bool follow(MemberId member);
    /// Watches those that follow us on the rings, and nobody else.
    void update_watches();
    void begin(Instant now, Watch& watch);
    void ping(Instant now, Watch& watch);
    void heard(Instant now, Watch& watch, ProbeSequence sequence);
    void schedule_miss(Watch& watch, Instant from) const;
    [[nodiscard]] double deviation_of(const Watch& watch) const;
    void forgive(Duration lateness, Instant now);

    const MemberId self_;
    ProtocolConfig config_;
    double deviations_;  ///< Behind the mean at which phi is the threshold.
    Random random_;
    /// Answers, favours and last chances.
    Swim courtesies_;

    std::vector<MemberId> next_;  ///< The one that follows us, by ring; kNobody if we are alone.
    std::vector<Watch> watches_;  ///< Of those, each once.
    bool has_new_ = false;        ///< One of them has no times yet.
    /// Ours have the highest bit, those of the courtesies do not.
    std::uint32_t last_sequence_ = 0;

    std::deque<Action> outbox_;
    Counters counters_;
};

}  // namespace grapevine::protocol
