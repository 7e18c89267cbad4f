#pragma once

#include <cstdint>
#include <deque>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "base/random.hpp"
#include "gossiperl/node.hpp"
#include "overlay/old_envelopes.hpp"
#include "sim/gossiperl_original.hpp"
#include "sim/moment.hpp"
#include "sim/network.hpp"
#include "sim/violation.hpp"

namespace grapevine::sim {

struct GossiperlWorldConfig {
    std::uint64_t seed = 1;
    std::size_t ours = 3;
    /// Hosts with a daemon as the original was; their indices follow ours.
    std::size_t originals = 0;
    bool is_multicast = false;
    NetworkConfig network;
    /// By how many seconds each host's clock is ahead of the true time; missing: none.
    std::vector<std::int64_t> skews;
    /// What is the same for all of ours.
    gossiperl::NodeConfig node;
    /// What the listeners of the originals listen to.
    std::vector<std::string> original_event_types;
};

/// Many daemons of the old protocol and their clients in one process and in virtual time, from a
/// seed: ours are `gossiperl::Node` behind the cipher and codec of production, so that every
/// simulated minute exercises those too; the others are `OriginalDaemon`. All speak over one
/// `Network` in bytes. What is sent to the group goes to every host, the sender's own included.
///
/// Watches all that ours say, and keeps what must never be said as a violation: a letter that makes
/// an original crash, a subscription to a member event, or to a client a datagram of the protocol's
/// own that is longer than its buffer; and a message that one daemon reports twice.
class GossiperlWorld {
public:
    /// An application at a daemon of ours: attaches, subscribes, keeps alive, acknowledges.
    struct Client {
        std::string name;
        std::uint16_t port = 0;
        std::vector<std::string> event_types;
        bool is_acknowledging = true;
        bool is_running = true;
        bool is_attached = false;
        Moment next_digest{};
        std::map<std::string, std::uint64_t> received;  ///< Copies by message id.
        std::vector<std::string> events;                ///< "member_in n2"
        std::set<std::string> published_acked;
    };
    struct Change {
        Moment when;
        HostIndex host = kNoHost;  ///< Who noticed.
        client::MemberEvent event{};
        std::string name;
    };

    explicit GossiperlWorld(GossiperlWorldConfig config);
    ~GossiperlWorld();

    // -- Time --
    [[nodiscard]] Moment now() const { return now_; }
    void run_for(Duration span);
    /// False if it has not come true within `limit`; looked at ten times a second.
    bool run_until(const std::function<bool()>& predicate, Duration limit);

    // -- Lives --
    /// Starts everybody within `within`, in a random order.
    void start_all(Duration within = std::chrono::seconds(1));
    void start(HostIndex host);
    void kill(HostIndex host);
    [[nodiscard]] bool is_up(HostIndex host) const;
    static std::string name_of(HostIndex host);

    // -- Clients --
    /// Lives from now on; the index is its host's. Clients survive the daemon.
    std::size_t attach(HostIndex host, std::vector<std::string> event_types);
    Client& client(HostIndex host, std::size_t index) { return hosts_[host].clients.at(index); }
    /// The id of the message. By a client of that host, which need not be attached.
    std::string publish(HostIndex host, const std::string& type, std::size_t bytes = 100);

    // -- Questions --
    [[nodiscard]] const gossiperl::Node& node(HostIndex host) const { return *hosts_[host].node; }
    [[nodiscard]] OriginalDaemon& original(HostIndex host) { return *hosts_[host].original; }
    [[nodiscard]] Network& network() { return network_; }
    [[nodiscard]] Random& random() { return random_; }
    /// Every daemon of ours that runs holds every running daemon for reachable, and nobody else.
    [[nodiscard]] bool has_converged() const;
    /// Every daemon of ours that runs knows of this many subscriptions of others.
    [[nodiscard]] bool all_know_subscriptions(std::size_t count) const;
    [[nodiscard]] const std::vector<Change>& changes() const { return changes_; }
    /// Datagrams from one host of ours to other hosts, by payload type; "message" for those of
    /// applications. One to the group counts once.
    [[nodiscard]] std::uint64_t sent(HostIndex host, std::string_view payload_type) const;
    /// Of these, the copies of one message.
    [[nodiscard]] std::uint64_t copies(HostIndex host, const std::string& id) const;
    [[nodiscard]] const std::vector<Violation>& violations() const { return violations_; }
    /// One line each; empty if there are none.
    [[nodiscard]] std::string report() const;

private:
    struct Host {
        std::int64_t skew = 0;
        bool is_original = false;
        HostClock clock;
        std::unique_ptr<gossiperl::Node> node;
        std::unique_ptr<overlay::OldEnvelopes> envelopes;
        std::unique_ptr<OriginalDaemon> original;
        std::vector<Client> clients;
        std::map<std::string, std::uint64_t, std::less<>> sent;
        std::map<std::string, std::uint64_t> copies;
        std::set<std::string> seen;  ///< Ids of messages, in this life of the daemon.
    };
    /// On loopback: nothing is lost, and nothing takes time.
    struct Loop {
        HostIndex host = kNoHost;
        Endpoint from;
        Endpoint to;
        Bytes bytes;
    };

    void run_until(Moment end);
    [[nodiscard]] Moment next() const;
    void step();
    void deliver(Network::Arrival arrival);
    void deliver(Loop loop);
    void wake(HostIndex host);
    void wake_clients(HostIndex host);
    void drain(HostIndex host);
    void transmit(HostIndex host, gossiperl::Node::Send send);
    void watch(HostIndex host, const gossiperl::Node::Send& send, std::size_t bytes);
    void carry(HostIndex from, const Endpoint& to, Bytes bytes);
    void drain_original(HostIndex host);
    void say(HostIndex host, const Client& client, wire::gossiperl::Letter letter);
    void hear(HostIndex host, Client& client, const wire::gossiperl::Letter& letter);
    [[nodiscard]] WallTime wall(HostIndex host) const;
    [[nodiscard]] std::int64_t seconds(HostIndex host) const;
    void violate(std::string property, std::string text);

    GossiperlWorldConfig config_;
    Random random_;
    Network network_;
    overlay::OldEnvelopes client_envelopes_;
    std::vector<Host> hosts_;
    std::deque<Loop> loops_;
    std::vector<std::pair<Moment, HostIndex>> starts_;  ///< Latest first.
    Moment now_{};
    std::vector<Change> changes_;
    std::vector<Violation> violations_;
};

}  // namespace grapevine::sim
