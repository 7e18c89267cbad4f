#pragma once

#include <cstdint>
#include <deque>
#include <map>
#include <optional>
#include <set>
#include <utility>
#include <variant>
#include <vector>

#include "base/ids.hpp"
#include "base/random.hpp"
#include "base/time.hpp"
#include "protocol/member_index.hpp"
#include "protocol/membership/accusers.hpp"
#include "protocol/membership/config.hpp"
#include "protocol/membership/flaps.hpp"
#include "protocol/membership/suspicion.hpp"
#include "protocol/peers.hpp"
#include "wire/messages.hpp"

namespace grapevine::protocol {

/// What we believe about one member. Kept small: in an overlay of 10,000 every node holds 10,000.
struct Member {
    wire::SharedRecord record;
    wire::Status status = wire::Status::alive;
    Incarnation incarnation;  ///< The life that `status` speaks of; at least the record's.
    Instant since{};          ///< When this status began, here.
};

/// A change of what we believe, in the order in which it happened. Every change of a member's
/// record, status or incarnation is told once, so who keeps an image of the view can live on these
/// alone.
struct MemberChange {
    enum class Kind : std::uint8_t {
        joined,     ///< Not known before, or not since it was forgotten.
        updated,    ///< Same status, newer record or incarnation.
        suspected,  ///< Did not answer; may clear itself.
        cleared,    ///< Suspicion refuted.
        died,
        left,       ///< Said goodbye. Also of one that we never knew as alive.
        returned,   ///< Was dead or had left, and is back with a higher incarnation.
        forgotten,  ///< Removed from the view, by its age or on request.
    };
    Kind kind = Kind::joined;
    Member member;
    /// Of `died`: its host lives and has refused what was sent to it (wire::Vote::is_refused).
    bool is_refused = false;
};

/// Who is in the group: the full view, its merge rule, suspicion, death and refutation.
///
/// The problem: news about a member reach us over many paths, late, twice and in any order, some of
/// it is wrong, and all members must end with the same belief. The idea: what we hold about a
/// member are two values that only ever grow, so that order and repetition cannot matter:
///
///     its record   what it says about itself, signed:  (incarnation, leaving, boot, signature)
///     the claim    what is said about it:              (incarnation, status)
///
/// each merged by taking the greater, left to right. A record is itself a claim (incarnation,
/// alive; or left if it says goodbye). Statuses rank alive < suspect < dead < left, so at one
/// incarnation bad news wins, and only the member itself can overrule it, by a higher incarnation:
///
///            missed / heard                 timer, last chance lost
///     alive ----------------> suspect ---------------------------------> dead
///       |  ^                     |                                      ^  |
///       |  +-- refuted (i + 1) --+                                      |  |
///       +------------- declared by observers / heard with a quorum -----+  |
///          +-- returned (i + 1) -------------------------------------------+
///
/// The evidence: an accusation counts as far as its *votes* go, signed statements of members that
/// the accused did not answer them. So an accusation is the claim
///
///     (incarnation, dead)      if it says dead, and two different members have voted for it
///     (incarnation, suspect)   if one has, or if it says suspect: one more accuser for each vote
///     nothing                  if nobody has whom we know
///
/// A voter is whoever is or was a member, but not the accused. Each accusation is judged by what it
/// brings itself, not by what we held before, so that the order of arrival still does not matter.
/// With at most kQuorumExemptMembers members known, one vote is a quorum: there is no second voter.
/// Votes for one claim only add up. Of a suspect the first and K confirmations are kept, of the
/// dead kVotesMax for as long as their certificate lives: whoever is told of them must be shown.
/// Who was forgotten is told so without votes, and nobody else is told.
///
/// Whose accusations keep being refuted (accusers.hpp) has less weight: its vote alone begins no
/// suspicion and makes no quorum, with that of a reliable member it counts. The same holds for
/// ourselves. This is the one rule that looks at more than the claims, so for a while two members
/// may disagree about an accusation; evidence that convinces everybody ends it. Who keeps being
/// taken back (flaps.hpp) is suspected for longer, and dead at once only if its host refuses.
///
/// Source: Das et al., "SWIM", DSN 2002, section 4.2 (suspicion, incarnations); Dadgar et al.,
/// "Lifeguard", 2018 (timers in suspicion.hpp; buddy rule: a suspect is the first to be told);
/// Demers et al. 1987, section 2 (death certificates).
///
/// Deviation: SWIM's Confirm outranks everything for ever; here a higher incarnation comes back
/// from the dead, because a daemon keeps its identity over restarts and partitions.
/// Deviation: before its timer makes a suspect dead, it gets one last-chance probe. If it answers,
/// it *stays* suspect, is told again, and the timer starts again: clearing it here alone would put
/// us at odds with everybody who holds the same accusation, and their next message would bring it
/// back. Only the refutation, which it now surely sends, ends the matter everywhere.
/// Deviation: who is found silent by a quorum of observers (`declared`) is dead at once.
/// Deviation: SWIM believes whoever says that a member has failed; here it takes votes (above), as
/// in Rapid (Suresh et al., ATC 2018), where several observers must agree. Our own timer still ends
/// in a death for us alone, which the others take for our vote.
/// Deviation: an accusation more than kIncarnationLeadMax ahead of the member's record is dropped.
/// Deviation: a certificate that ends its life leaves a floor of the same length (as does
/// `forget`): members expire it at different instants, and would otherwise teach it to each other
/// for ever.
///
/// It sends nothing and measures nothing: the detector probes, the node renders and sends, Rumors
/// decides how often. A conflict of two identities over one name or address is not resolved here.
///
/// Memory: 32 bytes and an index slot per member, more only while it is suspect, dead or left: a
/// vote has 73 bytes, so the evidence of a death 219 and its place in a map some 100.
class Membership final : public Peers {
public:
    struct Change {
        MemberChange change;
    };
    /// Our belief about `member` is news: it becomes a hot rumor (`item_for` renders it when sent).
    struct Spread {
        MemberId member;
    };
    /// Tell `to` what we believe of `member` directly and at once (a suspect that it is suspected:
    /// the buddy rule; an accuser that we live; a peer with an old view what is newer).
    struct Tell {
        MemberId to;
        MemberId member;
    };
    /// Ask the detector for a last-chance probe; its answer comes back through `confirmed`.
    struct Confirm {
        MemberId member;
    };
    /// Our incarnation must be on disk before anything behind this action leaves us.
    struct Persist {
        Incarnation incarnation;
    };
    /// We had to refute an accusation (an input of the detector's local health).
    struct SelfRefuted {};
    using Action = std::variant<Change, Spread, Tell, Confirm, Persist, SelfRefuted>;

    struct Counters {
        std::uint64_t suspicions = 0;  ///< Begun here or heard of.
        std::uint64_t deaths = 0;      ///< Declared here: after our own timer, or by observers.
        std::uint64_t deaths_heard = 0;
        std::uint64_t refutations = 0;         ///< Of accusations against ourselves.
        std::uint64_t last_chances = 0;        ///< Last-chance probes begun.
        std::uint64_t last_chances_saved = 0;  ///< ... that found the member alive.
        std::uint64_t dropped_old = 0;         ///< News older than what we hold.
        std::uint64_t dropped_unknown = 0;     ///< Accusations of members we have no record of.
        std::uint64_t dropped_unproven = 0;    ///< Accusations that nobody has voted for.
        std::uint64_t dropped_unreliable = 0;  ///< ... but those who are refuted again and again.
        std::uint64_t dropped_full = 0;        ///< New members refused at kMembersMax.
        std::uint64_t dropped_forged = 0;      ///< Accusations of a life that cannot be.
    };

    /// `self` is our own record with the incarnation of this start (already higher than any
    /// before). Nothing here is left to chance, so there is no seed.
    Membership(wire::SharedRecord self, ProtocolConfig config);

    /// Each returns whether the item was news to us (the receiver's half of rumor feedback). If it
    /// was older than what we hold, `from` is told (kNobody is not).
    bool handle_record(Instant now, MemberId from, const wire::SharedRecord& record);
    bool handle_accusation(Instant now, MemberId from, const wire::Accusation& accusation);

    /// Detector: nobody got an answer. The member is suspected, and told so.
    void missed(Instant now, MemberId member);
    /// Detector: observers agree that `member`, in the life `incarnation`, answers nobody. With our
    /// vote and `votes` (of others, about that life) it is dead at once; if they are no quorum, it
    /// is suspected by all of them. Nothing happens if it has spoken up since, or is gone already.
    void declared(Instant now, MemberId member, Incarnation incarnation,
                  const std::vector<wire::Vote>& votes);
    /// Detector: the last-chance probe ended. Ignored if no verdict is awaited any more.
    void confirmed(Instant now, MemberId member, bool is_alive);
    /// Any authenticated packet of `from`. A member that we believe suspect or dead and that speaks
    /// is told so, at most once per probe period, and will refute: the buddy rule from the other
    /// side. So is one that was forgotten: it lived on behind a partition, and only a higher
    /// incarnation brings it back.
    void heard_from(Instant now, MemberId from);

    /// New name, labels, addresses or protocol range of our own; raises the incarnation. Identity,
    /// boot and incarnation of `next` are ignored. Does nothing after `leave`.
    void change_self(Instant now, wire::MemberRecord next);
    /// Says goodbye: our record with `leaving` set, spread at once. Nothing is refuted afterwards.
    void leave(Instant now);
    /// Removes a dead or left member from the view here (the node spreads nothing: the certificate
    /// stays in force, so stale news does not bring it back). False if unknown or alive.
    bool forget(Instant now, MemberId member);

    /// Other times from now on. Suspicions that are under way keep theirs.
    void configure(const ProtocolConfig& config);

    void advance(Instant now);
    [[nodiscard]] std::optional<Action> poll();
    [[nodiscard]] Instant deadline() const;

    [[nodiscard]] MemberId self() const;
    [[nodiscard]] const wire::SharedRecord& self_record() const;
    /// Valid until the next input.
    [[nodiscard]] const Member* find(MemberId member) const;
    /// Every member we hold, ourselves included, ascending. Sorts: O(n log n).
    [[nodiscard]] std::vector<MemberId> ids() const;
    /// `visit(const Member&)` for each of `ids()`, in that order; no input in between.
    template <typename Visit>
    void for_each(Visit&& visit) const {
        for (const MemberId member : ids()) visit(*find(member));
    }
    [[nodiscard]] std::size_t member_count() const { return members_.size(); }
    [[nodiscard]] std::size_t alive_count() const;  ///< Alive and suspect, ourselves included.
    [[nodiscard]] std::size_t suspect_count() const { return suspicions_.size(); }
    /// Of who is alive or suspect, and nothing else: equal on two members that list the same. O(n).
    [[nodiscard]] std::uint64_t fingerprint() const;
    /// The incarnation up to which news of `member` is ignored because it was forgotten. Who
    /// compares views should treat such a member as held, or peers offer it again and again.
    [[nodiscard]] std::optional<Incarnation> forgotten_at(MemberId member) const;
    /// Its accusations keep being refuted, so that they count only together with those of others.
    [[nodiscard]] bool is_unreliable(Instant now, MemberId accuser) const;
    /// It keeps being suspected or dead and coming back, so that it is suspected for longer.
    [[nodiscard]] bool is_flapping(Instant now, MemberId member) const;
    /// What to tell others about `member`: its record if it is alive or left, else an accusation
    /// with its evidence, in which our own vote is blank.
    /// One that was forgotten is dead to us. Nothing for a member that we have never held.
    [[nodiscard]] std::optional<wire::RumorItem> item_for(MemberId member) const;

    [[nodiscard]] std::size_t peer_count() const override;
    [[nodiscard]] std::vector<MemberId> pick(Random& random, std::size_t count,
                                             MemberId except = kNobody) const override;
    [[nodiscard]] std::vector<MemberId> neighbours(std::size_t count) const override;
    /// One dead member at random, to be tried again; nothing if there is none.
    [[nodiscard]] std::optional<MemberId> pick_dead(Random& random) const;

    [[nodiscard]] const Counters& counters() const;
    /// Asserts what must hold between any two inputs.
    void check_invariants() const;

private:
    using Position = std::uint32_t;

    struct Claim {
        Incarnation incarnation;
        wire::Status status = wire::Status::alive;
        friend auto operator<=>(const Claim&, const Claim&) = default;
    };
    struct Suspicion {
        SuspicionTimes times;
        Instant start{};
        Instant due{};                  ///< kNever while a verdict is awaited.
        std::vector<wire::Vote> votes;  ///< The first, and up to K that confirmed it.
        bool awaits_verdict = false;

        [[nodiscard]] std::uint32_t confirmations() const {
            return static_cast<std::uint32_t>(votes.size() - 1);
        }
    };
    using Votes = std::vector<wire::Vote>;
    struct Floor {
        Incarnation incarnation;
        Instant until{};
        Instant reminder{};  ///< When it may be told again that it is gone.
    };

    bool admit(Instant now, const wire::SharedRecord& record);
    bool merge_record(Instant now, MemberId from, Position position,
                      const wire::SharedRecord& record);
    bool hear_own_record(Instant now, MemberId from, const wire::MemberRecord& record);
    bool hear_own_accusation(Instant now, MemberId from, const wire::Accusation& accusation);
    void raise_own(Instant now, Incarnation above, wire::MemberRecord next);
    bool hear_suspicion(Instant now, Position position, Incarnation incarnation,
                        const Votes& votes);
    void hear_death(Instant now, Position position, Incarnation incarnation, Votes votes);
    void begin_suspicion(Instant now, Position position, Incarnation incarnation, Votes votes);
    bool add_vote(Position position, const wire::Vote& vote);
    bool strengthen(Instant now, Position position, const Votes& votes);
    void declare_dead(Instant now, Position position, Votes votes);
    void suspicion_is_due(Instant now, Position position);
    [[nodiscard]] Votes with_own(Votes votes) const;
    [[nodiscard]] Votes of_witnesses(MemberId accused, const Votes& votes) const;
    [[nodiscard]] bool is_quorum(Instant now, const Votes& votes) const;
    [[nodiscard]] bool is_credible(Instant now, const Votes& votes) const;
    void cleared(Instant now, Position position, const wire::MemberRecord& record);
    void forget_at(Instant now, Position position);

    void set_claim(Instant now, Position position, Claim claim);
    void place(Position position);
    void swap_positions(Position first, Position second);
    void add_floor(Instant now, MemberId member, Incarnation incarnation);

    [[nodiscard]] std::optional<Position> position_of(MemberId member) const;
    [[nodiscard]] Claim claim_of(Position position) const;
    [[nodiscard]] MemberId id_at(Position position) const;
    [[nodiscard]] bool is_peer(const Member& member) const;
    [[nodiscard]] static bool is_gone(wire::Status status) {
        return status == wire::Status::dead || status == wire::Status::left;
    }
    [[nodiscard]] Instant timer_of(MemberId member) const;
    void schedule(MemberId member);
    void unschedule(MemberId member);

    void emit(MemberChange::Kind kind, Position position);
    void spread(MemberId member);
    void tell(MemberId to, MemberId member);

    const MemberId self_;
    ProtocolConfig config_;

    /// Peers first (alive and suspect, without ourselves), so that picking one at random is one
    /// draw; then ourselves, the dead and the left.
    std::vector<Member> members_;
    Position peer_count_ = 0;
    MemberIndex index_;

    std::map<MemberId, Suspicion> suspicions_;
    std::map<MemberId, Votes> evidence_;  ///< Of the dead: 1 .. kVotesMax.
    Accusers accusers_;
    Flaps flaps_;
    std::map<MemberId, Floor> floors_;
    /// When a member that is suspect or dead may be told so again; see `heard_from`.
    std::map<MemberId, Instant> reminders_;
    /// One per suspect (its timer), per dead or left member (its certificate) and per floor.
    std::set<std::pair<Instant, MemberId>> timers_;

    bool is_leaving_ = false;
    std::deque<Action> outbox_;
    Counters counters_;
};

}  // namespace grapevine::protocol
