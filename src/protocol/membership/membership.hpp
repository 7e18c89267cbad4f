#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <span>
#include <string>
#include <variant>
#include <vector>

#include "base/ids.hpp"
#include "base/random.hpp"
#include "base/time.hpp"
#include "protocol/membership/config.hpp"
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

/// A change of what we believe, in the order in which it happened.
struct MemberChange {
    enum class Kind : std::uint8_t {
        joined,     ///< Not known before, or not since it was forgotten.
        updated,    ///< Same member, newer record: address, labels, or a refuted suspicion of none.
        suspected,  ///< Did not answer; may clear itself.
        cleared,    ///< Suspicion refuted.
        died,
        left,
        returned,   ///< Was dead or had left, and is back with a higher incarnation.
        forgotten,  ///< Removed from the view, by its age or on request.
    };
    Kind kind = Kind::joined;
    Member member;
};

/// Who is in the group: the full view and its merge rule, suspicion, death and refutation.
/// (Essay, sources and deviations: see membership.cpp's author; SWIM section 4.2, Lifeguard.)
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
        std::uint64_t deaths = 0;      ///< Declared here after our own timer.
        std::uint64_t deaths_heard = 0;
        std::uint64_t refutations = 0;         ///< Of accusations against ourselves.
        std::uint64_t last_chances = 0;        ///< Last-chance probes begun.
        std::uint64_t last_chances_saved = 0;  ///< ... that found the member alive.
        std::uint64_t dropped_old = 0;         ///< News older than what we hold.
        std::uint64_t dropped_unknown = 0;     ///< Accusations of members we have no record of.
        std::uint64_t dropped_full = 0;        ///< New members refused at kMembersMax.
    };

    /// `self` is our own record with the incarnation of this start (already higher than any
    /// before).
    Membership(wire::SharedRecord self, ProtocolConfig config, std::uint64_t seed);

    /// Each returns whether the item was news to us (the receiver's half of rumor feedback).
    bool handle_record(Instant now, MemberId from, const wire::SharedRecord& record);
    bool handle_accusation(Instant now, MemberId from, const wire::Accusation& accusation);

    void missed(Instant now, MemberId member);  ///< Detector: nobody got an answer.
    void confirmed(Instant now, MemberId member,
                   bool is_alive);  ///< Detector: last-chance probe ended.

    /// New name, labels, addresses or protocol range of our own; raises the incarnation.
    void change_self(Instant now, wire::MemberRecord next);
    /// Says goodbye: our record with `leaving` set, spread at once. Nothing is refuted afterwards.
    void leave(Instant now);
    /// Removes a dead or left member from the view here (the node spreads nothing: the certificate
    /// stays in force, so stale news does not bring it back). False if unknown or alive.
    bool forget(Instant now, MemberId member);

    void advance(Instant now);
    [[nodiscard]] std::optional<Action> poll();
    [[nodiscard]] Instant deadline() const;

    [[nodiscard]] MemberId self() const;
    [[nodiscard]] const wire::SharedRecord& self_record() const;
    [[nodiscard]] const Member* find(MemberId member) const;
    /// Every member we hold, ourselves included, by id.
    [[nodiscard]] const std::map<MemberId, Member>& members() const;
    [[nodiscard]] std::size_t alive_count() const;  ///< Alive and suspect, ourselves included.
    /// What to tell others about `member`: its record if it is alive or left, else an accusation.
    /// Nothing for a member we do not hold.
    [[nodiscard]] std::optional<wire::RumorItem> item_for(MemberId member) const;

    std::size_t peer_count() const override;
    std::vector<MemberId> pick(Random& random, std::size_t count, MemberId except) const override;
    /// One dead member at random, to be tried again; nothing if there is none.
    [[nodiscard]] std::optional<MemberId> pick_dead(Random& random) const;

    [[nodiscard]] const Counters& counters() const;
    /// Asserts what must hold between any two inputs.
    void check_invariants() const;
};

}  // namespace grapevine::protocol
