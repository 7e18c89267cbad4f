#pragma once

#include <cstdint>
#include <optional>
#include <string_view>
#include <variant>
#include <vector>

#include "base/ids.hpp"
#include "base/time.hpp"
#include "protocol/membership/config.hpp"
#include "wire/messages.hpp"

namespace grapevine::protocol {

using ProbeMessage = std::variant<wire::Ping, wire::Ack, wire::PingReq, wire::Nack,
                                  wire::BurstRequest, wire::BurstVerdict, wire::Heartbeats>;

/// Finds out who does not answer. What every failure detector of the house looks like from outside,
/// so that an overlay can choose one and the lab can compare them.
///
/// A detector reports what it saw and judges nothing: suspicion, death and refutation are
/// Membership's. It is a machine (protocol/machine.hpp) behind a virtual interface.
class Detector {
public:
    /// Send `message` to `to` at once; probes wait for nothing. The node fills in what a detector
    /// does not know: the summary of a ping, the incarnation of a burst request, and of a verdict
    /// the vote's voter.
    struct SendProbe {
        MemberId to;
        ProbeMessage message;
    };
    /// Nobody, neither we nor those we asked, got an answer from `member` in the time it had.
    struct Missed {
        MemberId member;
    };
    /// `member` itself answered. `round_trip` is zero when it answered somebody else for us, or
    /// when it cannot be known which of several pings it answered.
    struct Answered {
        MemberId member;
        Duration round_trip{};
        /// It did not answer us while we asked it directly, but somebody else, for us.
        bool is_relayed = false;
    };
    /// The end of a last-chance probe that was begun with `confirm`.
    struct Confirmed {
        MemberId member;
        bool is_alive = false;
    };
    /// Observers have agreed that `member` is gone: a quorum, so no suspicion and no last chance.
    /// `votes` are those of the others; ours is to be added.
    struct Declared {
        MemberId member;
        Incarnation incarnation;  ///< The life that the votes speak of: that of the verdicts.
        std::vector<wire::Vote> votes;
    };
    using Action = std::variant<SendProbe, Missed, Answered, Confirmed, Declared>;

    virtual ~Detector() = default;

    /// Watches `member` from its next turn on. Adding a known member does nothing.
    virtual void add(MemberId member) = 0;
    /// Forgets `member`. A probe of it in flight ends without a verdict.
    virtual void remove(MemberId member) = 0;
    /// The value of the label by which members form subnets: of a member that was added, when it
    /// was and when it changes, and of ourselves. Only heartbeats have a use for it.
    virtual void place(MemberId /*member*/, std::string_view /*subnet*/) {}

    /// `from` is authenticated by the layer below. An answer that matches no probe of ours is
    /// dropped without a trace: late answers are ordinary.
    virtual void handle(Instant now, MemberId from, const ProbeMessage& message) = 0;

    /// The kernel says that nobody listens where `member` was: an unanswered ping, at once, and
    /// never a death (anybody can forge it).
    virtual void unreachable(Instant now, MemberId member) = 0;

    /// One direct ping and k indirect ones, outside the rounds; ends in `Confirmed`. Asked for
    /// before anybody is declared dead, because most false deaths are lost refutations (protocols
    /// of the field: one more probe at this moment removes nearly all of them).
    virtual void confirm(Instant now, MemberId member) = 0;

    /// Members near us, nearest first: helpers whose answers come soonest. Of those asked for one
    /// member one is drawn from all, because those near us share our lines.
    virtual void prefer(const std::vector<MemberId>& near) { (void)near; }

    /// We had to refute a suspicion about ourselves: evidence that we are slow (Lifeguard,
    /// LHA-Probe).
    virtual void self_refuted(Instant now) = 0;

    /// Whether somebody is between the first missed ping and the verdict of observers. Deaths are
    /// told together while this holds (telling.hpp).
    [[nodiscard]] virtual bool is_confirming() const { return false; }

    /// Other times and thresholds from now on, of the same kind of detector. What is under way ends
    /// by the times with which it began, or by these: nobody is reported for the change alone.
    virtual void configure(const ProtocolConfig& config) = 0;

    virtual void advance(Instant now) = 0;
    [[nodiscard]] virtual std::optional<Action> poll() = 0;
    [[nodiscard]] virtual Instant deadline() const = 0;

    /// Our own slowness: 0 (well) .. 8. Timeouts are multiplied by this plus one.
    [[nodiscard]] virtual std::uint32_t local_health() const = 0;
};

}  // namespace grapevine::protocol
