#pragma once

#include <cstdint>
#include <deque>
#include <functional>
#include <map>
#include <optional>
#include <unordered_map>
#include <vector>

#include "base/bytes.hpp"
#include "base/endpoint.hpp"
#include "base/random.hpp"
#include "sim/moment.hpp"

namespace grapevine::sim {

/// How all links behave unless something special is done to one.
struct NetworkConfig {
    /// A datagram takes this long plus an exponential with this mean: datagrams overtake each
    /// other.
    Duration delay_min = std::chrono::microseconds(200);
    Duration delay_mean = std::chrono::microseconds(300);
    double loss = 0;       ///< Probability that a datagram is lost.
    double duplicate = 0;  ///< ... that it arrives twice.
    double corrupt = 0;    ///< ... that one to four of its bits are flipped.
    /// Datagrams in flight on one directed link; more are lost, as in a full router. 0: no limit.
    std::size_t link_capacity = 0;
};

/// A datagram on its way or kept.
struct Datagram {
    Endpoint from;
    Endpoint to;
    Bytes bytes;
};

/// A datagram network in virtual time: carries, delays, loses, repeats, damages and holds.
///
/// Every host has one address (`endpoint_of`). Senders outside of the group (attackers) may use any
/// other; what is sent to such an address is counted and goes nowhere.
///
/// Memory: the datagrams in flight. Bytes are moved and never copied, but for duplicates and the
/// recorder.
class Network {
public:
    struct Arrival {
        HostIndex to = kNoHost;
        Datagram datagram;
    };

    struct Counters {
        std::uint64_t sent = 0;
        std::uint64_t lost = 0;  ///< By chance, by a cut or by a full link.
        std::uint64_t repeated = 0;
        std::uint64_t corrupted = 0;
        std::uint64_t nowhere = 0;  ///< To an address that is no host's.
    };

    Network(std::size_t hosts, NetworkConfig config, std::uint64_t seed);

    static Endpoint endpoint_of(HostIndex host);
    /// Where the host hears and says what all are told: the port of the multicast group.
    static Endpoint group_endpoint_of(HostIndex host);
    static bool is_group_port(const Endpoint& endpoint);
    /// Of either port; kNoHost for an address that is none of the world's.
    [[nodiscard]] HostIndex host_of(const Endpoint& endpoint) const;

    /// Gives a datagram to the network. Whether, when and how often it arrives is decided now.
    void send(Moment now, Datagram datagram);
    /// Delivers without loss, delay or record, but for the next moment: for attackers and replays.
    void inject(Moment now, Datagram datagram);

    /// When the next datagram arrives; kEndOfTime if none is under way.
    [[nodiscard]] Moment next() const;
    /// Takes the next arrival at or before `now`. Those that run into a cut are lost on the way.
    std::optional<Arrival> pop(Moment now);

    // -- Faults --
    [[nodiscard]] const NetworkConfig& config() const { return config_; }
    /// Delays and probabilities from now on.
    void configure(const NetworkConfig& config) { config_ = config; }
    /// What is added to each datagram's time on its way from one host to another: how far apart the
    /// two are. Empty: nothing. Must not depend on anything but the two.
    void set_distances(std::function<Duration(HostIndex from, HostIndex to)> distances) {
        distances_ = std::move(distances);
    }
    /// Called with all that is sent to a host, before it is decided whether it arrives.
    void on_send(std::function<void(HostIndex from, HostIndex to, std::size_t bytes)> listener) {
        on_send_ = std::move(listener);
    }
    /// Loss of what one host receives or sends, on top of the overall loss.
    void set_inbound_loss(HostIndex host, double loss);
    void set_outbound_loss(HostIndex host, double loss);
    /// What `from` sends to `to` is lost, from now until `heal`, datagrams in flight included.
    void cut(const std::vector<HostIndex>& from, const std::vector<HostIndex>& to);
    /// Cuts `island` off from everybody else, both ways.
    void partition(const std::vector<HostIndex>& island);
    /// What is sent from `from` to `to` is held until `until` and then set free at once; beyond
    /// `capacity` datagrams it is lost.
    void clog(HostIndex from, HostIndex to, Moment until, std::size_t capacity = 256);
    /// Removes cuts and losses of hosts; what is clogged flows at `now`. The overall configuration
    /// stays.
    void heal(Moment now);
    [[nodiscard]] bool is_cut(HostIndex from, HostIndex to) const;

    // -- Recording --
    /// Keeps a copy of each datagram that arrives, up to `datagrams_max` of them. Those that never
    /// arrive are not recorded: sent later, they would be late and not repeated.
    void record(std::size_t datagrams_max) { recorded_max_ = datagrams_max; }
    /// Whether a datagram may arrive twice: by chance, or because somebody recorded it.
    [[nodiscard]] bool can_repeat() const {
        return config_.duplicate > 0 || recorded_max_ > 0 || !recorded_.empty();
    }
    [[nodiscard]] const std::vector<Datagram>& recorded() const { return recorded_; }

    [[nodiscard]] const Counters& counters() const { return counters_; }
    [[nodiscard]] std::size_t in_flight() const { return heap_.size(); }

private:
    struct Entry {
        Moment at;
        std::uint64_t order = 0;  ///< Breaks ties: first sent, first delivered.
        std::uint32_t slot = 0;
    };
    struct Flight {
        HostIndex from = kNoHost;
        HostIndex to = kNoHost;
        Datagram datagram;
    };
    struct Cut {
        std::vector<bool> from;
        std::vector<bool> to;
    };
    struct Clog {
        Moment until;
        std::size_t capacity = 0;
        std::vector<Flight> held;
    };
    using Link = std::uint64_t;

    static Link link(HostIndex from, HostIndex to) {
        return static_cast<std::uint64_t>(from) << 32U | to;
    }
    static bool later(const Entry& a, const Entry& b) {
        return a.at != b.at ? a.at > b.at : a.order > b.order;
    }
    void carry(Moment now, Flight flight);
    void launch(Moment at, Flight flight);
    void release_due(Moment now);
    [[nodiscard]] bool is_lost(const Flight& flight);
    void damage(Bytes& bytes);
    [[nodiscard]] std::vector<bool> as_set(const std::vector<HostIndex>& hosts) const;

    std::size_t hosts_;
    NetworkConfig config_;
    Random random_;
    std::vector<Entry> heap_;
    std::vector<Flight> slots_;
    std::vector<std::uint32_t> free_;
    std::uint64_t order_ = 0;
    std::vector<Cut> cuts_;
    std::map<Link, Clog> clogs_;
    std::unordered_map<Link, std::uint32_t> flying_;  ///< Only while links have a capacity.
    std::function<Duration(HostIndex, HostIndex)> distances_;
    std::function<void(HostIndex, HostIndex, std::size_t)> on_send_;
    std::vector<double> inbound_loss_;
    std::vector<double> outbound_loss_;
    std::size_t recorded_max_ = 0;
    std::vector<Datagram> recorded_;
    Counters counters_;
};

}  // namespace grapevine::sim
