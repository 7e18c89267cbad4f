#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <tuple>
#include <variant>
#include <vector>

#include "base/ids.hpp"
#include "base/outbox.hpp"
#include "base/random.hpp"
#include "base/time.hpp"
#include "protocol/membership/config.hpp"
#include "protocol/membership/detector.hpp"
#include "protocol/peers.hpp"
#include "wire/messages.hpp"

namespace grapevine::protocol {

/// The second level: who belongs to which zone (datacenter, rack), and who speaks for it.
///
/// The problem: links between datacenters are slow and dear, but gossip picks partners without
/// looking, so with Z equal zones all but one of Z messages cross. The idea: members gossip and
/// watch each other inside their zone; the first R members of each zone, its *representatives*,
/// also talk to those of the others, at a cadence of their own. What crosses then depends on the
/// number of zones, and not on how large they are:
///
///     zone A                          zone B              each representative, per interval,
///     a1* --- ping, hot rumors -----> b2*                 pings one of each other zone
///     a2* <-- ack, feedback --------- b1*   b4 b5 ...
///     a3*  == events: k-th to k-th == b3*                 * representative
///
/// Source: van Renesse, Minsky, Hayden 1998, section 5 (two levels); Astrolabe (van Renesse,
/// Birman, Vogels 2003) for representatives that follow from the view. Everybody still knows every
/// member; only the talking is thinned out.
///
/// Who represents follows from the view alone: the R members with the lowest hashes among those
/// alive, suspects last. A dead one is replaced as soon as its zone knows, without a word. Links
/// for events join the k-th of one zone with the k-th of each other, so both ends agree.
///
/// *Who judges whom.* A member is judged by its own zone, which has its observers; of other zones
/// only the whole is judged, by each zone for itself: nothing heard of any member of it for
/// `patience()`, neither directly nor, in the second half of that, by ping-reqs through third zones
/// and through other representatives. Then all its members are suspected together (`Silent`). So
/// one broken link between two zones kills nobody, a crash is told by those who saw it, and a zone
/// that is cut off is one event. docs/internals/zones.md has the rest: what the node does with
/// accusations that come from elsewhere, and how a healed cut mends.
///
/// Without `zone_label` it passes everything through and keeps nothing.
///
/// A machine (protocol/machine.hpp), and the `Peers` of those who gossip: one's own zone. Those of
/// events are `event_peers()`. Its probes carry sequences of their own (`is_ours`). Memory: some
/// 200 bytes per member.
class Zones final : public Peers {
public:
    /// Ours are those with bits 30 and 29 and without bit 31: see ring_sequence.hpp.
    static constexpr std::uint32_t kSequencesFrom = 0x6000'0000;
    static constexpr std::uint32_t kSequencesEnd = 0x8000'0000;
    static bool is_ours(ProbeSequence sequence) {
        return sequence.value() >= kSequencesFrom && sequence.value() < kSequencesEnd;
    }

    enum class Standing : std::uint8_t { alive, suspect, gone };

    /// `member` is of our zone from now on, or not any more: whom a detector watches.
    struct Inside {
        MemberId member;
        bool is_inside = false;
    };
    /// To `member` events go directly, or not any more: our zone, and our links to others.
    struct Linked {
        MemberId member;
        bool is_linked = false;
    };
    struct SendProbe {
        MemberId to;
        ProbeMessage message;  ///< A ping (the node fills in its summary) or a ping-req.
    };
    struct Measured {
        MemberId member;
        Duration round_trip{};
    };
    /// Nothing is heard of a zone; these are its members.
    struct Silent {
        std::vector<MemberId> members;
    };
    using Action = std::variant<Inside, Linked, SendProbe, Measured, Silent>;

    struct Counters {
        std::uint64_t rounds = 0;    ///< In which we pinged other zones.
        std::uint64_t asked = 0;     ///< Ping-reqs because a zone was quiet.
        std::uint64_t silences = 0;  ///< Zones that were found silent.
    };

    /// `all` outlives it: whom one can talk to if there are no zones.
    Zones(MemberId self, const ProtocolConfig& config, const Peers& all, std::uint64_t seed);

    [[nodiscard]] bool is_on() const { return is_on_; }

    /// What we believe of a member, ourselves included, and the value of its label: whenever one of
    /// the two changes. Of members that are gone nothing is kept.
    void place(Instant now, MemberId member, std::string_view zone, Standing standing);
    /// Any authenticated packet of it.
    void heard(Instant now, MemberId member);
    /// Acks with a sequence of ours; others are none of its business.
    void handle(Instant now, MemberId from, const ProbeMessage& message);

    /// Of `config` only what may differ in a running overlay: when our driver is late.
    void configure(const ProtocolConfig& config) { lateness_max_ = config.lateness_max; }
    void advance(Instant now);
    [[nodiscard]] std::optional<Action> poll() { return outbox_.pop(); }
    [[nodiscard]] Instant deadline() const;

    /// Of our zone. Everybody, without zones; nobody whom we do not know.
    [[nodiscard]] bool is_inside(MemberId member) const;
    [[nodiscard]] bool is_same_zone(MemberId one, MemberId other) const;
    [[nodiscard]] bool is_representative(MemberId member) const;
    /// Whether nothing is heard of the zone of `member`, as far as we can judge: a representative
    /// can.
    [[nodiscard]] bool is_silent(Instant now, MemberId member) const;
    [[nodiscard]] Duration patience() const;
    [[nodiscard]] std::size_t zone_count() const { return zones_.size(); }
    [[nodiscard]] const Counters& counters() const { return counters_; }
    void check_invariants() const;

    // Our own zone.
    [[nodiscard]] std::size_t peer_count() const override;
    [[nodiscard]] std::vector<MemberId> pick(Random& random, std::size_t count,
                                             MemberId except = kNobody) const override;
    [[nodiscard]] std::vector<MemberId> neighbours(std::size_t count) const override;
    /// Our own zone and our links to others. Its count is that of all members and one more: nobody
    /// may conclude that a publisher reaches everybody itself.
    [[nodiscard]] const Peers& event_peers() const { return event_peers_; }

private:
    /// Alive before suspect, then by hash.
    using Rank = std::tuple<bool, std::uint64_t, MemberId>;
    struct Zone {
        std::set<Rank> members;  ///< Alive and suspect; ourselves too.
        Instant heard{};
        Instant judged = kNever;  ///< When it was last found silent.
        MemberId pinged;
        ProbeSequence ping;
        Instant pinged_at{};
        ProbeSequence request;
    };
    struct Seat {
        std::string zone;
        Standing standing = Standing::alive;
    };
    class EventPeers final : public Peers {
    public:
        explicit EventPeers(const Zones& zones) : zones_(zones) {}
        [[nodiscard]] std::size_t peer_count() const override;
        [[nodiscard]] std::vector<MemberId> pick(Random& random, std::size_t count,
                                                 MemberId except = kNobody) const override;
        [[nodiscard]] std::vector<MemberId> neighbours(std::size_t count) const override;

    private:
        const Zones& zones_;
    };

    [[nodiscard]] static Rank rank_of(MemberId member, Standing standing);
    [[nodiscard]] std::size_t place_among(const Zone& zone, MemberId member) const;
    [[nodiscard]] std::vector<MemberId> representatives(const Zone& zone) const;
    [[nodiscard]] const Seat* seat_of(MemberId member) const;
    [[nodiscard]] bool is_speaking() const { return own_place_ < representative_count_; }
    void refresh(Instant now);
    void refresh_inside(Instant now);
    void refresh_links();
    void ping(Instant now, Zone& zone);
    void ask(Zone& zone, const std::string& name);
    void judge(Instant now, Zone& zone, const std::string& name);
    [[nodiscard]] ProbeSequence next_sequence();

    const MemberId self_;
    const bool is_on_;
    const std::size_t representative_count_;
    const Duration interval_;
    Duration lateness_max_;
    const Peers& all_;
    Random random_;
    EventPeers event_peers_{*this};

    std::string own_zone_;
    std::map<MemberId, Seat> seats_;
    std::map<std::string, Zone> zones_;
    std::vector<MemberId> inside_;  ///< Of our zone, without ourselves, ascending.
    std::set<MemberId> links_;      ///< Of other zones.
    std::size_t own_place_ = SIZE_MAX;
    Instant next_round_ = kNever;
    std::uint32_t last_sequence_ = 0;
    Outbox<Action> outbox_;
    Counters counters_;
};

}  // namespace grapevine::protocol
