#pragma once

#include <cstddef>
#include <cstdint>
#include <deque>
#include <map>
#include <optional>
#include <string_view>
#include <utility>
#include <vector>

#include "base/ids.hpp"
#include "base/limits.hpp"
#include "base/random.hpp"
#include "base/time.hpp"
#include "protocol/member_index.hpp"
#include "protocol/membership/config.hpp"
#include "protocol/membership/detector.hpp"
#include "protocol/membership/swim.hpp"

namespace grapevine::protocol {

/// Finds the failed by what gossip no longer says of them: nobody is asked, everybody is heard of.
///
/// The problem: to find failures with one kind of message, no matter which links are down, and with
/// a probability of mistakes that can be computed. The idea: every member counts its own heartbeats
/// and gossips all the counters that it knows to one random member per round. Whose counter stands
/// still for longer than gossip takes to reach everybody, has failed.
///
///     every heartbeat_interval:  own counter + 1;  [member, counter]... to one random member
///     on a list:                 the greater counter of each member stands, and when it rose
///     not risen for T_fail:      Missed
///     not risen for T_cleanup:   its old counter may be forgotten (until then it brings nobody
///                                back)
///
/// Source: van Renesse, Minsky, Hayden, "A Gossip-Style Failure Detection Service", Middleware
/// 1998, sections 2 to 4. Two levels (section 4): members with one value of the label
/// `heartbeat_subnet_label` are a subnet. Gossip stays in it, except that with probability 1/n, n
/// the size of our subnet, a round goes to a random member of another subnet, drawn at random. So
/// one message per round leaves each subnet, whatever its size.
///
/// T_fail is `heartbeat_fail`; if that is zero, it is what the paper computes for this number of
/// members with P_mistake = 1e-6 and one datagram in twenty lost (heartbeat_model.hpp), and 1.6
/// times that with two levels. T_cleanup = 2 T_fail.
///
/// Deviation: in the paper a member that is silent for T_fail has failed, in the eyes of the one
/// who waited. Here it is `Missed`: membership suspects it, tells it so, gives it a last chance,
/// and tells everybody when that is lost. With suspicion_alpha = 0 and last_chance_probe = false
/// the verdict is the paper's, and only the news of it is ours.
/// Deviation: the list is not the membership: counters of members that were not added are ignored,
/// because who belongs to the group is signed.
/// Deviation: in the paper a list of n members costs 8 n bytes, and T_gossip grows with it so that
/// the bytes per second stay the same. Here the interval stays, and beyond
/// kHeartbeatsPerRoundMax the list goes in rotating parts: the same bytes, and T_fail is longer by
/// the number of parts.
/// Deviation: counters wrap around (RFC 1982), and who hears of a higher one of its own goes on
/// from there. So a daemon that was restarted need not know what it had counted before.
/// Deviation: when our driver wakes us more than `lateness_max` after our deadline, it is we who
/// slept: all counters rose later by as much, and nobody is missed in this round.
///
/// It answers pings and does favours like any detector, and gives last chances as Swim does. Memory
/// is about 40 bytes per member; the work of a round is O(n).
class Heartbeat final : public Detector {
public:
    struct Counters {
        std::uint64_t rounds = 0;
        std::uint64_t rounds_abroad = 0;  ///< ... that went to another subnet.
        std::uint64_t missed = 0;
        std::uint64_t late_wakeups = 0;        ///< The driver was later than `lateness_max`.
        std::uint64_t dropped_unknown = 0;     ///< Counters of members that were not added.
        std::uint64_t dropped_unexpected = 0;  ///< Messages of another detector.
    };

    /// `seed` decides the phase of the rounds and whom we gossip to. Nothing else is left to
    /// chance.
    Heartbeat(MemberId self, const ProtocolConfig& config, std::uint64_t seed);

    void add(MemberId member) override;
    void remove(MemberId member) override;
    void place(MemberId member, std::string_view subnet) override;

    void handle(Instant now, MemberId from, const ProbeMessage& message) override;
    /// Only favours take note: a silent port is no news to who listens for counters.
    void unreachable(Instant now, MemberId member) override;
    void confirm(Instant now, MemberId member) override;
    /// Nothing: there is no timeout that our own slowness could stretch, lateness apart.
    void self_refuted(Instant) override {}

    void configure(const ProtocolConfig& config) override;
    void advance(Instant now) override;
    [[nodiscard]] std::optional<Action> poll() override;
    [[nodiscard]] Instant deadline() const override;
    [[nodiscard]] std::uint32_t local_health() const override { return 0; }

    /// T_fail, for the present number of members.
    [[nodiscard]] Duration fail_time() const { return fail_time_; }
    /// The greatest counter that we know of `member`; nothing if none was heard.
    [[nodiscard]] std::optional<std::uint32_t> counter_of(MemberId member) const;
    [[nodiscard]] const Counters& counters() const { return counters_; }
    /// Asserts what must hold between any two inputs.
    void check_invariants() const;

private:
    /// What stands in place of the subnet's name: two names alike here would be one subnet, which
    /// costs nothing but a message.
    using Subnet = std::uint32_t;
    struct Entry {
        MemberId member;
        Instant risen{};  ///< kNever: added since the last round, which puts its time in.
        std::uint32_t counter = 0;
        Subnet subnet = 0;
        bool is_counted = false;  ///< `counter` is one that we heard.
        bool is_failed = false;
    };
    /// A member that was removed; its old counter must not make it look alive.
    struct Departed {
        std::uint32_t counter = 0;
        Instant until{};
    };

    void begin_round(Instant now, bool is_late);
    void find_silent(Instant now);
    void forget_departed(Instant now);
    void update_fail_time();
    [[nodiscard]] std::optional<MemberId> pick_target();
    [[nodiscard]] std::optional<MemberId> pick_abroad();
    void send_list(MemberId target);
    void merge(Instant now, const wire::Heartbeats& heartbeats, MemberId from);

    [[nodiscard]] std::optional<std::uint32_t> position_of(MemberId member) const;

    const MemberId self_;
    ProtocolConfig config_;
    Random random_;
    /// Answers, favours and last chances.
    Swim courtesies_;

    std::vector<Entry> entries_;
    MemberIndex index_;
    std::map<MemberId, Departed> departed_;
    std::uint32_t counter_ = 0;  ///< Our own.
    Subnet subnet_ = 0;
    std::size_t cursor_ = 0;  ///< Where the next part of a long list begins.

    bool is_idle_ = true;  ///< Nobody to gossip to, or not yet woken: the phase is not drawn.
    Instant next_round_{};
    Instant now_{};  ///< Of the last input that had a time.
    Duration fail_time_{};
    std::size_t fail_time_members_ = 0;  ///< What `fail_time_` was computed for.

    std::vector<std::uint32_t> candidates_;  ///< Kept for its memory.
    std::deque<Action> outbox_;
    Counters counters_;
};

}  // namespace grapevine::protocol
