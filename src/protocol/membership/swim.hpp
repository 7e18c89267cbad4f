#pragma once

#include <cstddef>
#include <cstdint>
#include <deque>
#include <optional>
#include <span>
#include <variant>
#include <vector>

#include "base/ids.hpp"
#include "base/random.hpp"
#include "base/time.hpp"
#include "protocol/member_index.hpp"
#include "protocol/membership/config.hpp"
#include "protocol/membership/detector.hpp"
#include "protocol/membership/local_health.hpp"

namespace grapevine::protocol {

/// Asks, once per protocol period, whether one member is still there: by a ping, and when that
/// stays unanswered, by k pings through other members.
///
/// The problem: everybody shall notice a crash, soon, at a cost per member that does not grow with
/// the group, and a lost datagram shall accuse nobody. The idea of SWIM: each member probes one
/// other per period T. Whoever crashed is hit by *somebody's* next ping after T on average,
/// whatever the size of the group, and a second opinion comes over other paths.
///
///     begin of period      + ping_timeout                            + T
///          |---- Direct ----------|---------- Indirect --------------|
///          | ping                 | ping-req to k helpers            | no ack: Missed
///          |                      | (they ping; nack at 80% of theirs)
///          | ack at any point: Answered, and Settled until the period ends
///
/// Source: Das, Gupta, Motivala, "SWIM", DSN 2002, sections 3.1 and 4.3: rounds over a shuffled
/// list, newcomers at a random position of it, so that between two probes of one member by one
/// other lie at most 2n-1 periods. Dadgar, Phillips, Currey, "Lifeguard", 2018: local health, nack.
///
/// Deviation: when our driver wakes us more than `lateness_max` after our deadline, it is we who
/// slept. The member under probe is pinged anew and has its whole time again; nobody is accused, no
/// missed period is made up for.
/// Deviation: where fewer than k helpers exist, the direct ping is repeated in their stead;
/// otherwise two members would accuse each other for one lost datagram.
/// Deviation: the phase of the first period is random, so that members started together do not ping
/// in the same instant for ever.
///
/// It reports what it saw and judges nothing: suspicion, death and refutation are Membership's. One
/// probe of the rounds is in flight at a time, up to kLastChancesMax last-chance probes, and up to
/// kFavoursMax pings for others (the oldest favour is displaced: it costs its asker one helper of
/// k). About 15 bytes per member.
class Swim final : public Detector {
public:
    struct Counters {
        std::uint64_t probes = 0;              ///< Begun in the rounds.
        std::uint64_t missed = 0;              ///< ... that ended in `Missed`.
        std::uint64_t indirect = 0;            ///< ... that needed helpers.
        std::uint64_t nacks_missed = 0;        ///< Probes for which a helper stayed silent.
        std::uint64_t late_wakeups = 0;        ///< The driver was later than `lateness_max`.
        std::uint64_t favours = 0;             ///< Pings sent for others.
        std::uint64_t favours_displaced = 0;   ///< Given up at kFavoursMax.
        std::uint64_t last_chances = 0;        ///< Last-chance probes begun.
        std::uint64_t dropped_unexpected = 0;  ///< Acks and nacks that match nothing of ours.
    };

    /// Without its rounds it probes nobody by itself: it answers pings, does favours and gives last
    /// chances, which the detectors of other papers owe their group too, and so hold one of these.
    enum class Rounds : std::uint8_t { on, off };

    /// `seed` decides the order of the rounds, the helpers and the phase. Nothing else is left to
    /// chance.
    Swim(MemberId self, const ProtocolConfig& config, std::uint64_t seed,
         Rounds rounds = Rounds::on);

    void add(MemberId member) override;
    void remove(MemberId member) override;

    void handle(Instant now, MemberId from, const ProbeMessage& message) override;

    /// Helpers are asked at once instead of at `ping_timeout`. A probe asks helpers only once, so a
    /// forged flood costs k ping-reqs per period and nothing more.
    void unreachable(Instant now, MemberId member) override;

    /// All pings go out at once and the direct one again at half time, because losses come in
    /// bursts; the verdict falls after two ping timeouts. A second request for the same member does
    /// nothing; above kLastChancesMax a request waits until another has ended.
    void confirm(Instant now, MemberId member) override;

    /// For the helpers of the rounds. Those of a last chance are drawn from all: there it is the
    /// other paths that count, not the soonest answer.
    void prefer(const std::vector<MemberId>& near) override { near_ = near; }

    void self_refuted(Instant now) override;

    void configure(const ProtocolConfig& config) override;
    void advance(Instant now) override;
    [[nodiscard]] std::optional<Action> poll() override;
    [[nodiscard]] Instant deadline() const override;

    [[nodiscard]] std::uint32_t local_health() const override { return health_.multiplier(); }

    // -- For a detector that has this one behind it --

    /// One health for both: what either learns of our slowness stretches the times of both.
    [[nodiscard]] LocalHealth& health() { return health_; }
    [[nodiscard]] const LocalHealth& health() const { return health_; }
    /// All that were added, in the order of this round. Valid until the next input.
    [[nodiscard]] std::span<const MemberId> members() const { return round_; }
    [[nodiscard]] bool is_watching(MemberId member) const {
        return position_of(member).has_value();
    }

    [[nodiscard]] std::size_t member_count() const { return round_.size(); }
    [[nodiscard]] const Counters& counters() const { return counters_; }
    /// Asserts what must hold between any two inputs.
    void check_invariants() const;

private:
    /// Nobody to probe, or not yet woken: the phase is drawn at the next `advance`.
    struct Idle {};
    /// Waiting for the period's end (or, at the very start, for its begin).
    struct Settled {};
    struct Direct {
        MemberId target;
        ProbeSequence sequence;
        Instant sent_at{};
        Instant ask_at{};
    };
    struct Indirect {
        MemberId target;
        ProbeSequence sequence;
        Instant sent_at{};
        std::vector<MemberId> helpers;
        std::vector<MemberId> silent_helpers;  ///< Asked, and neither ack nor nack has come.
    };
    using Probe = std::variant<Idle, Settled, Direct, Indirect>;

    /// A ping that we sent because `asker` wants to know.
    struct Favour {
        MemberId asker;
        ProbeSequence asker_sequence;
        MemberId target;
        ProbeSequence sequence;
        Instant nack_at{};  ///< kNever once said.
        Instant forget_at{};
    };
    struct LastChance {
        MemberId member;
        ProbeSequence sequence;
        Instant sent_at{};
        Instant repeat_at{};  ///< kNever once repeated.
        Instant verdict_at{};
        std::vector<MemberId> helpers;
    };

    void begin_period(Instant now);
    void end_period(Instant now);
    void ask_helpers(Instant now);
    void restart_probe(Instant now);

    void handle_ack(Instant now, MemberId from, ProbeSequence sequence);
    bool settle_round_probe(Instant now, MemberId from, ProbeSequence sequence);
    bool settle_last_chance(Instant now, MemberId from, ProbeSequence sequence);
    bool settle_favour(MemberId from, ProbeSequence sequence);
    void handle_nack(MemberId from, ProbeSequence sequence);
    void do_favour(Instant now, MemberId asker, const wire::PingReq& request);

    void begin_last_chance(Instant now, MemberId member);
    void begin_waiting_last_chances(Instant now);
    void advance_last_chances(Instant now, bool is_late);
    void advance_favours(Instant now, bool is_late);

    [[nodiscard]] MemberId next_target();
    [[nodiscard]] std::vector<MemberId> pick_helpers(MemberId target);
    void add_near_helpers(MemberId target, std::vector<MemberId>& helpers);
    [[nodiscard]] ProbeSequence next_sequence();
    [[nodiscard]] std::optional<std::uint32_t> position_of(MemberId member) const;
    void swap_positions(std::size_t first, std::size_t second);
    void send(MemberId to, ProbeMessage message);

    const MemberId self_;
    ProtocolConfig config_;
    const Rounds rounds_;
    Random random_;
    LocalHealth health_;

    /// The list of the rounds; before `next_` those whose turn of this round is over.
    std::vector<MemberId> round_;
    MemberIndex index_;
    std::size_t next_ = 0;

    Probe probe_ = Idle{};
    Instant period_end_{};
    ProbeSequence last_sequence_;

    std::vector<Favour> favours_;           ///< Oldest first.
    std::vector<LastChance> last_chances_;  ///< Oldest first.
    std::deque<MemberId> waiting_;          ///< Last chances above kLastChancesMax.

    std::vector<MemberId> near_;  ///< As told by `prefer`; some may be gone.

    std::deque<Action> outbox_;
    Counters counters_;
};

}  // namespace grapevine::protocol
