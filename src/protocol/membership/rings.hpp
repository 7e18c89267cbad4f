#pragma once

#include <array>
#include <cstdint>
#include <deque>
#include <optional>
#include <utility>
#include <vector>

#include "base/ids.hpp"
#include "base/limits.hpp"
#include "base/random.hpp"
#include "base/time.hpp"
#include "protocol/membership/config.hpp"
#include "protocol/membership/detector.hpp"
#include "protocol/membership/loss_estimate.hpp"
#include "protocol/membership/ring_order.hpp"
#include "protocol/membership/ring_phases.hpp"
#include "protocol/membership/swim.hpp"

namespace grapevine::protocol {

/// Finds out who does not answer by observers that are fixed: K of them per member, each of which
/// probes it once per period T. The default detector.
///
/// The problem: a detector that probes at random (SWIM) finds a crash after T on average and after
/// 4.6 T in one case of a hundred, and then has to suspect, because one prober is one opinion. The
/// idea: who observes whom follows from the view (ring_order.hpp). So the first probe after a crash
/// comes within T/K (ring_phases.hpp), and everybody knows whom to ask for a second opinion: the
/// other observers. Two that agree are a quorum, and a quorum needs no suspicion. Only after a miss
/// it costs more than K pings per period:
///
///     period        ring_timeout  ring_retry x 2          burst_patience
///       |---- ping ------|---- ping, ping ----|---- the others ping, 5 times, and answer ----|
///       ^ standing probe ^ no ack             ^ BurstRequest       any "alive": it lives     |
///                                               (we ping 5 times too)      only "dead": Declared
///                                                                        health or loss: Missed
///
/// With `fast`, the verdict falls 0.2 s after the first ping that was not answered.
///
/// Source: the rings are Rapid's (Suresh et al., USENIX ATC 2018, section 4.1), which counts
/// alerts of 10 observers and runs a consensus; the staged confirmation is ours. Local health:
/// Lifeguard (Dadgar et al. 2018). Behind it works Swim with a period of its own, because K members
/// that fail together may be all the observers of a K+1st. Whom it misses is not believed to be
/// gone before a confirmation has failed, too: under loss, most of its misses are none. Last-chance
/// probes are its own.
///
/// When a verdict is a `Declared`: somebody else got no answer either, nobody did, our local health
/// is perfect, and our driver was not late. Else it is `Missed`, and suspicion goes its slower way.
/// - Nobody answers the request (they may be dead too): twice as many others are asked, at random,
///   then again, kBurstRoundsMax times in all.
/// - We lose many acks of members that live (loss_estimate.hpp): the burst has to agree twice, and
///   three times where we lose nearly half.
/// - Our driver woke us late: what we have not heard may lie in our socket. Confirmations begin
///   anew, what others asked us is dropped, nobody is accused.
/// What raises local health's counter is evidence against ourselves: others reach a member that we
/// do not, or nobody answers us. A death that others confirm is none.
///
/// "Port unreachable" counts as a ping without answer, at once: the next stage begins, for an
/// observer and for any member that sent anything there. It is never a verdict, because anybody can
/// forge it: who bursts may answer early after two of them, but not before two gaps of the burst,
/// in which one that lives has answered.
///
/// What a liar can do: one "alive" stops a confirmation, so an observer that lies hides a dead
/// member from the rings. Not from Swim: what it misses is reported all the same if only others
/// say that they reach it, and then a suspicion must be refuted by the member itself. One "dead"
/// counts only if we ourselves get no answer to
/// eight pings. Requests for bursts make us ping, at most 5 times per burst and member at once, and
/// kBurstsMax members at once.
///
/// Memory: some hundred bytes, and what Swim takes.
class Rings final : public Detector {
public:
    struct Counters {
        std::uint64_t probes = 0;              ///< Standing probes sent.
        std::uint64_t unanswered = 0;          ///< ... whose ack did not come in time.
        std::uint64_t confirmations = 0;       ///< Begun: after these, or because of "unreachable".
        std::uint64_t bursts_asked = 0;        ///< Requests sent.
        std::uint64_t bursts = 0;              ///< Run, for others or ourselves.
        std::uint64_t bursts_refused = 0;      ///< Not run: kBurstsMax, or of a stranger.
        std::uint64_t relayed = 0;             ///< Found alive by others alone.
        std::uint64_t declared = 0;            ///< Verdicts with a quorum.
        std::uint64_t missed = 0;              ///< Verdicts without.
        std::uint64_t repeated_for_loss = 0;   ///< Bursts repeated because we lose much.
        std::uint64_t late_wakeups = 0;        ///< The driver was later than `lateness_max`.
        std::uint64_t dropped_unexpected = 0;  ///< Answers that match nothing of ours.
    };

    /// `seed` decides first phases and helpers. `config.ring_count` is 1 .. kRingsMax.
    Rings(MemberId self, const ProtocolConfig& config, std::uint64_t seed);

    void add(MemberId member) override;
    void remove(MemberId member) override;

    void handle(Instant now, MemberId from, const ProbeMessage& message) override;
    void unreachable(Instant now, MemberId member) override;
    void confirm(Instant now, MemberId member) override;
    void self_refuted(Instant now) override;

    void configure(const ProtocolConfig& config) override;
    void advance(Instant now) override;
    [[nodiscard]] std::optional<Action> poll() override;
    [[nodiscard]] Instant deadline() const override;

    [[nodiscard]] std::uint32_t local_health() const override { return swim_.local_health(); }
    /// A burst is on its way, for us or for others.
    [[nodiscard]] bool is_confirming() const override { return !bursts_.empty(); }

    [[nodiscard]] const Counters& counters() const { return counters_; }
    [[nodiscard]] const Swim& swim() const { return swim_; }
    [[nodiscard]] const RingOrder& order() const { return order_; }
    /// Share of pings to living members that are not answered in time; see loss_estimate.hpp.
    [[nodiscard]] double loss() const { return loss_.value(); }
    /// Asserts what must hold between any two inputs.
    void check_invariants() const;

private:
    /// Our observation on one ring.
    struct Duty {
        MemberId subject = kNobody;
        ProbeSequence sequence;  ///< Of the last standing probe.
        Instant sent_at{};
        Instant answer_by = kNever;  ///< kNever once answered, or taken over by a confirmation.
        bool is_answered = true;     ///< Or was never sent.
        /// kNever without a subject; Instant{} if the subject is new and the phase not yet drawn.
        Instant next_at = kNever;
    };
    enum class Cause : std::uint8_t {
        unanswered,   ///< A standing probe.
        unreachable,  ///< The kernel's word.
        backstop,     ///< Swim has missed it.
    };
    /// A member did not answer us; what we do to be sure.
    struct Confirmation {
        MemberId subject;
        Cause cause = Cause::unanswered;
        ProbeSequence sequence;        ///< Of our pings.
        ProbeSequence burst_sequence;  ///< Of the requests of this burst.
        std::uint8_t pings_left = 0;
        /// Of the next ping or the burst; once that has begun, when its verdict falls.
        Instant next_at{};
        bool is_bursting = false;
        bool has_own_burst_ended = false;
        std::uint8_t round = 0;        ///< Bursts in a row that nobody has answered.
        std::uint8_t agreed = 0;       ///< Bursts that have agreed that it is dead.
        std::vector<MemberId> silent;  ///< Asked in this burst, and have not answered.
        std::vector<MemberId> tried;   ///< Asked since the last burst that agreed.
        Incarnation incarnation;       ///< The life that the votes speak of.
        std::vector<wire::Vote> votes;
    };
    struct Asker {
        MemberId member;
        ProbeSequence sequence;
        Incarnation incarnation;
    };
    /// Pings in quick succession, for others or for a confirmation of ours; one per target.
    struct Burst {
        MemberId target;
        ProbeSequence sequence;
        std::vector<Asker> askers;  ///< At most kBurstAskersMax; ourselves without a sequence.
        std::uint8_t pings_left = 0;
        std::uint8_t pings_sent = 0;
        std::uint8_t refused_count = 0;  ///< Pings that drew "unreachable".
        Instant began_at{};
        Instant next_at{};           ///< kNever after the last ping.
        Instant answer_by = kNever;  ///< Until the last ping, or the second refusal.
    };

    void follow_ring(std::uint8_t ring);
    void probe(Instant now, std::uint8_t ring);
    void advance_duties(Instant now);
    void notice_lateness(Instant now);
    [[nodiscard]] Instant own_deadline() const;

    void take_from_swim(Instant now);

    void handle_ping(Instant now, MemberId from, const wire::Ping& ping);
    void handle_ack(Instant now, MemberId from, const wire::Ack& ack);
    bool settle_duty(Instant now, MemberId from, const wire::Ack& ack);
    void handle_request(Instant now, MemberId from, const wire::BurstRequest& request);
    void handle_verdict(Instant now, MemberId from, const wire::BurstVerdict& verdict);

    /// Does nothing if one is under way. False at kConfirmationsMax.
    bool begin_confirmation(Instant now, MemberId subject, Cause cause);
    void advance_confirmations(Instant now);
    // Each of these three may end the confirmation, which is then no more.
    void step(Instant now, Confirmation& confirmation);
    void conclude_if_complete(Instant now, Confirmation& confirmation);
    void conclude(Instant now, Confirmation& confirmation);
    void restart(Instant now, Confirmation& confirmation);
    void ask_observers(Instant now, Confirmation& confirmation);
    bool ask_others(Instant now, Confirmation& confirmation);
    void ask(Instant now, Confirmation& confirmation, std::vector<MemberId> whom);
    void found_alive(Instant now, MemberId member);
    void end_confirmation(MemberId subject);
    [[nodiscard]] Confirmation* confirmation_of(MemberId subject);
    [[nodiscard]] std::uint8_t agreements_wanted() const;
    [[nodiscard]] bool may_doubt(Instant now, MemberId member);

    bool join_burst(Instant now, MemberId target, const Asker& asker);
    void advance_bursts(Instant now);
    void ping_in_burst(Instant now, Burst& burst);
    /// Tells all askers; the burst is no more.
    void end_burst(Instant now, MemberId target, bool is_alive);
    [[nodiscard]] Burst* burst_of(MemberId target);

    [[nodiscard]] ProbeSequence next_sequence(std::uint8_t ring);
    [[nodiscard]] Duration draw(Duration bound);
    void send(MemberId to, ProbeMessage message);

    const MemberId self_;
    ProtocolConfig config_;
    Random random_;
    Swim swim_;
    RingOrder order_;
    RingPhases phases_;
    LossEstimate loss_;

    std::array<Duty, kRingsMax> duties_{};
    std::array<MemberId, kRingsMax> observers_{};
    std::vector<Confirmation> confirmations_;  ///< Oldest first; at most kConfirmationsMax.
    std::vector<Burst> bursts_;                ///< Oldest first; at most kBurstsMax.
    /// Whom we have doubted because of "unreachable" alone, and until when not again.
    std::vector<std::pair<MemberId, Instant>> doubted_;
    /// After a late wake-up: pings that come before this say nothing of their sender's phase.
    Instant phases_from_{};
    std::uint32_t last_counter_ = 0;

    std::deque<Action> outbox_;
    Counters counters_;
};

}  // namespace grapevine::protocol
