#pragma once

#include <cstddef>
#include <cstdint>
#include <deque>
#include <optional>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "base/endpoint.hpp"
#include "base/outbox.hpp"
#include "base/random.hpp"
#include "base/time.hpp"
#include "client/redelivery.hpp"
#include "client/seen_ids.hpp"
#include "client/sessions.hpp"
#include "gossiperl/remote_members.hpp"
#include "gossiperl/source_limiter.hpp"
#include "gossiperl/subscriptions.hpp"
#include "wire/gossiperl/messages.hpp"

namespace grapevine::gossiperl {

struct NodeConfig {
    std::string member_name;
    std::string secret;  ///< Of the overlay, between daemons.
    Endpoint bind;  ///< Told to others as our own entry; 0.0.0.0 and :: mean "where I come from".
    std::vector<Endpoint> seeds;  ///< Of the selected rack, on the overlay's own port.
    std::vector<Endpoint>
        own_addresses;  ///< Of this host (ports do not matter), and ip_hint: never gossiped to.
    std::optional<Endpoint> group;  ///< Multicast: every word to a host elsewhere goes here.
    Duration gossip_round_every = std::chrono::seconds(2);
    Duration drop_stale_subscriptions_after = std::chrono::seconds(20);
    client::LivenessTimes times;
    client::RedeliveryRules redelivery;
    bool is_local_delivery = false;
    /// Say goodbye to the peers when leaving. Off by default: an original daemon that has us among
    /// its seeds would crash (see docs/guide/gossiperl.md).
    bool is_exit_announced = false;
};

/// One overlay of the old protocol as seen from one host: remote daemons, local clients, who
/// listens to what, and messages on their way. Structs in, structs out; `overlay::GossiperlOverlay`
/// makes bytes of them. A machine (protocol/machine.hpp).
///
///                     digest, digestAck, digestSubscriptions, messages, acks
///     other daemons  <------------------------------------------------------>  this node
///                                                                                 |
///     local clients  <--- client::Sessions: events, messages, acks -------------- +
///
/// Compatible with the original on the wire, and without its faults: real deadlines instead of a
/// timer that traffic postpones, each message id processed once, nothing from a remote is ever
/// forwarded to a remote, a limit per source, and never a word to a peer that makes it crash.
///
/// Every `gossip_round_every` one digest goes to a random reachable daemon (to a random seed while
/// there is none) and one to a random unreachable one, as in the original.
/// Deviation: beside them, who has been silent for half the time to quarantine is asked itself; see
/// remote_members.hpp for why hearsay cannot replace that. So is who has a subscription that is
/// half-way stale: in the original, a subscriber whom by chance nobody asks for some rounds is
/// taken for one that has unsubscribed, and misses what is published in the meantime.
/// Deviation: now and then a seed that is nobody we reach is asked although others are reachable.
/// In the original two halves of a group that forgot each other never meet again, and a group whose
/// seeds were started together may begin as two.
/// In a multicast overlay one digest to the
/// group is the whole round.
///
/// Deviation: a digestAck or digestSubscriptions is believed only if it answers a digest of the
/// last `kOldRoundsAnsweredMax` rounds, or comes from the host of a member that has said the
/// secret. The original believes whoever has the key, and every application of every host has it.
/// Real daemons answer with the id of the digest, so none of them is refused.
///
/// What does not fit is dropped without a word and counted; nothing else has changed then.
class Node {
public:
    /// By which of our sockets: in a multicast overlay clients have one of their own. In a unicast
    /// overlay both are the same socket.
    enum class Via : std::uint8_t { overlay, clients };
    struct Send {
        Via via = Via::overlay;
        Endpoint to;
        wire::gossiperl::Letter letter;
    };
    /// A member came, fell silent, went; a daemon elsewhere or a client here.
    struct MemberChanged {
        client::MemberEvent event;
        std::string name;
        bool is_local = false;
    };
    /// A message of an application passed here, from wherever; once per id.
    struct MessageSeen {
        wire::gossiperl::Letter letter;
        std::string
            from;  ///< The remote member's name if known, else its address; empty: this host.
    };
    struct Persist {
        std::string name;
        std::optional<client::SavedSession> session;
    };
    using Action = std::variant<Send, MemberChanged, MessageSeen, Persist>;

    Node(NodeConfig config, const std::vector<client::SavedSession>& saved, Instant now,
         std::uint64_t seed);
    ~Node();

    // -- Inputs: one, then drain --
    void receive(Instant now, WallTime wall, Via via, const Endpoint& from,
                 wire::gossiperl::Letter letter);
    /// A message of our own (REST, API): to every subscriber of its type, local ones included. Only
    /// messages of applications; those whose type has a meaning in the protocol itself are refused
    /// and counted here and in `send_to`, because four of them make an original crash.
    void publish(Instant now, WallTime wall, wire::gossiperl::Letter letter);
    /// Once, unacknowledged, to this address; in a multicast overlay to the group unless loopback.
    void send_to(Instant now, const Endpoint& to, wire::gossiperl::Letter letter);
    void advance(Instant now, WallTime wall);
    /// Everything but `bind` and `member_name` may differ; existing members keep their old times
    /// until their next verdict.
    void change(Instant now, NodeConfig config);
    /// digestExit to the peers if `is_exit_announced`; then silence.
    void leave(Instant now, WallTime wall);

    // -- Outputs --
    [[nodiscard]] std::optional<Action> poll();
    [[nodiscard]] Instant deadline() const;

    // -- Questions --
    struct MemberInfo {
        std::string name;
        Endpoint address;
        client::Reachability reachability = client::Reachability::reachable;
        Instant last_heard;
        bool is_local = false;
        bool is_self = false;
    };
    /// Ourselves first, then local clients and remote daemons of all states, by name.
    [[nodiscard]] std::vector<MemberInfo> members(Instant now) const;
    struct Subscription {
        std::string event_type;
        std::string member_name;
        std::string origin;
        Instant heartbeat;
    };
    [[nodiscard]] std::vector<Subscription> subscriptions(Instant now) const;
    struct Counters {
        std::uint64_t rounds = 0;
        std::uint64_t asked = 0;                 ///< Digests to silent members, beside the rounds.
        std::uint64_t digests = 0;               ///< Accepted and answered.
        std::uint64_t answers = 0;               ///< digestAcks believed.
        std::uint64_t subscription_lists = 0;    ///< digestSubscriptions believed.
        std::uint64_t exits = 0;                 ///< Members that said goodbye.
        std::uint64_t published = 0;             ///< Messages that began on this host.
        std::uint64_t received = 0;              ///< Messages from elsewhere, each id once.
        std::uint64_t forwarded = 0;             ///< First copies to other daemons.
        std::uint64_t redelivered = 0;           ///< Further copies to other daemons.
        std::uint64_t acknowledged = 0;          ///< Acks that something waited for.
        std::uint64_t acknowledged_late = 0;     ///< Acks that nothing waited for.
        std::uint64_t dropped_duplicate = 0;     ///< Message ids seen before: acknowledged only.
        std::uint64_t dropped_own = 0;           ///< Our own name or multicast come back.
        std::uint64_t dropped_limited = 0;       ///< Above the rate of their source.
        std::uint64_t refused_secret = 0;        ///< Another secret than the overlay's.
        std::uint64_t refused_name = 0;          ///< A name that somebody else here has; none.
        std::uint64_t refused_address = 0;       ///< Addresses and ports where no peer can be.
        std::uint64_t refused_heartbeat = 0;     ///< Times that no clock shows.
        std::uint64_t refused_type = 0;          ///< What daemons do not say to each other.
        std::uint64_t refused_unknown = 0;       ///< Goodbyes of nobody we know.
        std::uint64_t refused_unasked = 0;       ///< Lists that answer nothing, from strangers.
        std::uint64_t refused_members_max = 0;   ///< Members above kOldMembersMax.
        std::uint64_t refused_member_event = 0;  ///< Subscriptions to member events.
        std::uint64_t refused_origin = 0;        ///< Subscriptions told as ours.
        std::uint64_t refused_subscriptions_max = 0;  ///< Above kOldSubscriptionsMax.
    };
    [[nodiscard]] const Counters& counters() const { return counters_; }
    [[nodiscard]] const NodeConfig& config() const { return config_; }
    [[nodiscard]] const client::Sessions& sessions() const { return sessions_; }
    /// Messages that other daemons have not acknowledged.
    [[nodiscard]] std::size_t redeliveries() const { return redelivery_.pending(); }
    void check_invariants() const;

private:
    using Letter = wire::gossiperl::Letter;

    // -- Local clients (node.cpp) --
    void receive_local(Instant now, WallTime wall, const Endpoint& from, Letter letter);
    void drain_sessions(Instant now);
    void tell_changes(Instant now, WallTime wall, const RemoteMembers::Changes& changes);

    // -- Other daemons (receiving.cpp) --
    void receive_remote(Instant now, WallTime wall, const Endpoint& from, Letter letter);
    [[nodiscard]] bool is_admitted(Instant now, const Endpoint& from,
                                   const wire::gossiperl::Message& message);
    [[nodiscard]] bool is_expected(const Endpoint& from, std::string_view reply_id) const;
    [[nodiscard]] bool is_own_host(const Endpoint& address) const;
    [[nodiscard]] std::optional<Endpoint> address_of(const wire::gossiperl::DigestMember& entry,
                                                     const Endpoint& from) const;
    void take(Instant now, WallTime wall, const Endpoint& from,
              const wire::gossiperl::Digest& digest);
    void take(Instant now, WallTime wall, const Endpoint& from,
              const wire::gossiperl::DigestAck& ack);
    void take_entry(Instant now, WallTime wall, const Endpoint& from,
                    const wire::gossiperl::DigestAck& ack, bool is_own_word,
                    const RemoteMembers::Reading& reading,
                    const wire::gossiperl::DigestMember& entry);
    void take(Instant now, const Endpoint& from, const wire::gossiperl::DigestSubscriptions& list);
    void take(Instant now, const wire::gossiperl::DigestSubscriptions& list,
              const wire::gossiperl::DigestSubscription& entry);
    void take(Instant now, WallTime wall, const wire::gossiperl::DigestExit& exit);
    void take(const wire::gossiperl::DigestForwardedAck& ack);

    // -- Gossip (gossip.cpp) --
    void gossip(Instant now, WallTime wall);
    void ask_seed(WallTime wall, const std::string& id);
    void send_digest(const Endpoint& to, WallTime wall, const std::string& id);
    void answer(Instant now, WallTime wall, const Endpoint& to,
                const wire::gossiperl::Digest& digest);
    [[nodiscard]] std::vector<wire::gossiperl::DigestMember> membership_list(Instant now,
                                                                             WallTime wall);
    [[nodiscard]] std::vector<wire::gossiperl::DigestSubscription> subscription_list(
        WallTime wall, std::string_view receiver);
    const std::vector<std::string>& own_types();

    // -- Messages of applications (forwarding.cpp) --
    void take_message(Instant now, const Endpoint& from, Letter letter);
    void forward(Instant now, const Letter& letter);
    void redeliver(Instant now);
    void expire_subscriptions(Instant now);
    void send_remote(const Endpoint& to, Letter letter);
    [[nodiscard]] std::string new_id();

    NodeConfig config_;
    Random random_;
    client::Sessions sessions_;
    RemoteMembers members_;
    Subscriptions subscriptions_;
    client::Redelivery redelivery_;  ///< To other daemons; Sessions has its own.
    client::SeenIds seen_;
    client::SeenIds own_ids_;
    SourceLimiter limiter_;
    std::deque<std::string> answerable_;  ///< Ids of our latest digests.
    Instant next_round_at_;
    std::size_t members_told_ = 0;        ///< Where the next membership list begins.
    std::size_t subscriptions_told_ = 0;  ///< Where the next subscription list begins.
    std::optional<std::vector<std::string>> own_types_;  ///< Until the sessions change.
    bool has_left_ = false;
    Outbox<Action> outbox_;
    Counters counters_;
};

/// True for exactly 127.0.0.1 and ::1, in any notation: who is at one of them is an application of
/// this host. The rest of 127.0.0.0/8 is remote, as in the original, so that several daemons can be
/// tried on one host.
bool is_client_address(const Endpoint& endpoint);

}  // namespace grapevine::gossiperl
