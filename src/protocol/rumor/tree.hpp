#pragma once

#include <cstddef>
#include <cstdint>
#include <map>
#include <optional>
#include <set>
#include <vector>

#include "base/ids.hpp"
#include "base/outbox.hpp"
#include "base/random.hpp"
#include "base/time.hpp"
#include "protocol/membership/config.hpp"
#include "protocol/peers.hpp"
#include "protocol/rumor/spreader.hpp"

namespace grapevine::protocol {

/// Sends each event along a tree that forms by itself, one tree per stream.
///
/// Source: Leitao, Pereira, Rodrigues, "Epidemic Broadcast Trees" (Plumtree), SRDS 2007, sections
/// 3.4 to 3.8.
///
/// The problem: whoever gets an event and sends it on to several others reaches everybody, and
/// sends most copies to members who have it. The idea: the first event of a stream floods all
/// links; who gets a copy that it does not need says so to its sender (PRUNE, `EventLink{is_eager =
/// false}`), who from then on only announces events on that link. What is left is a tree along
/// which the first event ran fastest, and every later one takes a single copy per member. A member
/// that hears of an event by an announcement, and not along the tree, asks the announcer for it and
/// makes that link eager again (GRAFT, `EventLink{is_eager = true}`).
///
///     publisher ==> up to tree_root_degree members ==> their neighbours ...     == eager
///                       \.......> lazy_links of the neighbours                 .. announced
///
/// What the paper leaves open, and deviations:
///
///  - *One tree per stream.* The paper shares one tree between all senders, which is the shortest
///    for one of them. Links are few and streams are bounded, so each has its own.
///  - *Links come from the full view* (`Peers::neighbours`), without negotiation: `tree_degree` of
///    each member. A publisher begins with `tree_root_degree`, so that a group of up to 33 is
///    reached in one hop, and one of a thousand in about three. In a group where the publisher
///    itself reaches everybody the others begin with lazy links, and nothing is flooded at all.
///  - *Only the receiver's word makes a link lazy.* In the paper who sends a PRUNE stops sending on
///    that link as well. Here a late answer to a request can be a copy that nobody needs, and says
///    nothing about what the other side gets from us.
///  - *Optimisation* (section 3.8): first arrival wins, unless the second one comes within
///    `announce_delay` over fewer hops. The paper swaps by announcements and waits until a path is
///    several hops shorter; here depth is at most three or four, and a race between one hop and two
///    must not be lost by chance.
///  - *A pruned link does not become the parent* by an event that was under way. Otherwise two
///    links that take turns in being first are both pruned while a burst runs.
///  - *Announcements* go to the first `lazy_links` neighbours, eager or not, as successors on
///    different rings: so everybody hears about `lazy_links` of them, whatever the tree looks like.
///    They are gathered until no event has come for `announce_delay`, at most
///    kAnnounceStretch times as long: while a stream flows, its next event reveals the loss of one.
///  - *A repaired event is announced to eager links too*, and not pushed: members behind us lacked
///    it as we did, and have probably asked others by now.
///  - *A large event* is no tree's business: copying a megabyte to 32 members at once would
///    overflow the network. Its first fragment goes to `event_fanout` random members; they ask for
///    the rest, and do the same.
///
/// A link is grafted only for the newest events of a stream. A hole in the middle shows that the
/// parent is alive and a datagram was lost; what is behind it is asked for, and the tree stays.
///
/// Memory: kTreeStreamsMax streams, the one idle for longest is forgotten (its next event floods
/// again); kTreeLinksMax links of each.
class Tree final : public Spreader {
public:
    /// `peers` outlives it. `seed` draws the receivers of large events.
    Tree(MemberId self, const ProtocolConfig& config, const Peers& peers, std::uint64_t seed);

    void added(Instant now, const Arrival& arrival) override;
    void duplicate(Instant now, const Arrival& arrival) override;
    void repaired(Instant now, const wire::StreamId& stream, MemberId from) override;
    void handle(Instant now, MemberId from, const wire::Section& section) override;
    void peer_joined(Instant now, MemberId member) override;
    void peer_left(Instant now, MemberId member) override;
    void forget(const wire::StreamId& stream) override;
    void configure(const ProtocolConfig& config) override;
    void advance(Instant now) override;
    [[nodiscard]] std::optional<Action> poll() override { return outbox_.pop(); }
    [[nodiscard]] Instant deadline() const override { return announce_at_; }
    void check_invariants() const override;

    /// The parent in the stream's tree.
    [[nodiscard]] MemberId upstream(const wire::StreamId& stream) const override;
    /// To whom we send it on, if it does not come from there.
    [[nodiscard]] std::vector<MemberId> eager_links(const wire::StreamId& stream) const;
    [[nodiscard]] std::size_t stream_count() const { return branches_.size(); }

    static constexpr int kAnnounceStretch = 4;

private:
    struct Link {
        MemberId to;
        bool is_eager = false;
        /// We have asked it to send us nothing, and not taken that back.
        bool is_pruned = false;
        /// No further EventLink to this member before.
        Instant quiet_until{};
    };
    /// Our part of one stream's tree.
    struct Branch {
        std::vector<Link> links;
        MemberId parent = kNobody;
        /// The last event that came along the tree: which, how far, and when first.
        EventSequence newest;
        std::uint8_t hops = 0;
        Instant first_at{};
        Instant active_at{};
        std::uint64_t view = 0;  ///< The view that `links` follows.
    };
    using Branches = std::map<wire::StreamId, Branch>;

    Branch* find(const wire::StreamId& stream);
    Branch& open(Instant now, const wire::StreamId& stream);
    void follow_view(const wire::StreamId& stream, Branch& branch);
    void refresh_neighbours();
    static Link* link_to(Branch& branch, MemberId member);
    static Link* make_link(Branch& branch, MemberId member, bool is_eager);
    void tell(Instant now, const wire::StreamId& stream, Branch& branch, MemberId to,
              bool is_eager);
    void push_large(const Arrival& arrival);
    void announce_soon(Instant now, const wire::StreamId& stream, bool to_eager_links);
    void announce();

    MemberId self_;
    ProtocolConfig config_;
    const Peers& peers_;
    Random random_;

    Branches branches_;
    std::uint64_t view_ = 1;       ///< Counts changes of the view.
    std::uint64_t refreshed_ = 0;  ///< The view that the following three are of.
    std::vector<MemberId> neighbours_;
    std::vector<MemberId> roots_;  ///< Links of a stream of ours.
    bool is_star_ = false;         ///< A publisher reaches everybody itself.

    /// Streams to be announced; the value: to eager links too.
    std::map<wire::StreamId, bool> pending_;
    Instant pending_since_{};
    Instant announce_at_ = kNever;

    Outbox<Action> outbox_;
};

}  // namespace grapevine::protocol
