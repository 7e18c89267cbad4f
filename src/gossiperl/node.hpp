#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <variant>
#include <vector>

#include "base/endpoint.hpp"
#include "base/time.hpp"
#include "client/sessions.hpp"
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
/// Compatible with the original on the wire, and without its faults: real deadlines instead of a
/// timer that traffic postpones, each message id processed once, nothing from a remote is ever
/// forwarded to a remote, a limit per source, and never a word to a peer that makes it crash.
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

    Node(NodeConfig config, std::vector<client::SavedSession> saved, Instant now,
         std::uint64_t seed);
    ~Node();

    // -- Inputs: one, then drain --
    void receive(Instant now, WallTime wall, Via via, const Endpoint& from,
                 wire::gossiperl::Letter letter);
    /// A message of our own (REST, API): to every subscriber of its type, local ones included.
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
    struct
        Counters;  // digests, acks, refused_*, forwarded, dropped_duplicate, dropped_limited, ...
    [[nodiscard]] const Counters& counters() const;
    [[nodiscard]] const NodeConfig& config() const;
    void check_invariants() const;
};

/// True for exactly 127.0.0.1 and ::1, in any notation: who is at one of them is an application of
/// this host. The rest of 127.0.0.0/8 is remote, as in the original, so that several daemons can be
/// tried on one host.
bool is_client_address(const Endpoint& endpoint);

}  // namespace grapevine::gossiperl
