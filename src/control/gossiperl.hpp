#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "base/bytes.hpp"

// The vocabulary for overlays of the old protocol: what its REST API can see and do beyond what
// every overlay can.
namespace grapevine::control::gossiperl {

/// As configured. Names, units and defaults are those of the old REST API.
struct Multicast {
    std::string ip;
    std::int64_t ttl = 4;
    std::string local_iface_address = "0.0.0.0";
    std::int64_t local_port = 0;  ///< 0: the overlay's port + 1.
    friend bool operator==(const Multicast&, const Multicast&) = default;
};

/// Times are seconds.
struct Settings {
    std::optional<std::string> member_name;  ///< Absent: made up at creation.
    std::optional<std::string> ip;           ///< IP literal; required unless multicast or iface.
    std::int64_t port = 0;                   ///< Required.
    std::optional<Multicast> multicast;
    std::optional<std::string> ip_hint;
    std::optional<std::string> iface;
    std::string rack_name = "default";
    std::map<std::string, std::vector<std::string>> racks = {{"default", {}}};
    std::int64_t quarantine_after = 20;
    std::int64_t max_quarantined = 10;
    std::int64_t drop_unreachable_after = 180;
    std::int64_t redelivery_retry_max = 0;
    std::int64_t redelivery_retry_every = 5;
    std::int64_t gossip_round_every = 2;
    std::int64_t drop_stale_subscriptions_after = 20;
    std::int64_t incoming_data_buffer_size = 16'777'216;
    std::int64_t outgoing_data_buffer_size = 16'777'216;
    std::int64_t read_packet_count = 5;
    std::string secret = "default-overlay-secret";
    std::string symmetric_key;  ///< Required.
    /// Ours, not the original's: see docs/guide/gossiperl.md.
    bool is_local_delivery = false;
    bool is_exit_announced = false;
    friend bool operator==(const Settings&, const Settings&) = default;
};

struct MemberView {
    std::string name;
    std::string state;  ///< reachable, quarantine, unreachable
    std::string ip;
    std::int64_t port = 0;
    std::int64_t heartbeat = 0;  ///< When it was last heard of; Unix seconds.
};

struct SubscriptionView {
    std::string event_type;
    std::string member_name;
    std::string origin;
    std::int64_t heartbeat = 0;
};

/// What passed in one window, by series ("digest-in", "digestAck-out", "message-failed-decode-in").
struct Series {
    std::string name;
    std::uint64_t packets = 0;
    std::optional<std::uint64_t> bytes;  ///< Absent where only a count is kept.
};

struct StatisticsView {
    std::string window;
    std::vector<Series> series;  ///< By name.
};

/// The windows in which statistics are kept.
inline constexpr const char* kWindows[] = {"total", "1d",  "12h", "6h", "3h",
                                           "1h",    "30m", "10m", "1m"};

// -- What can be asked, of overlays with protocol "gossiperl" --

/// -> Settings, as effective: member_name and local_port as they are.
struct ShowSettings {
    std::string overlay;
};
/// Creates; -> Done. The overlay is gone when the daemon ends, as in the original.
struct Create {
    std::string overlay;
    Settings settings;
};
/// Replaces the settings of a running overlay; -> Done. `ip`, `iface`, `port` and `member_name`
/// must be what they are: conflict otherwise.
struct Change {
    std::string overlay;
    Settings settings;
};
/// -> vector<MemberView>, ourselves first.
struct ListMembers {
    std::string overlay;
};
/// -> vector<SubscriptionView>
struct ListSubscriptions {
    std::string overlay;
};
/// -> StatisticsView. Of overlays of either protocol.
struct ShowStatistics {
    std::string overlay;
    std::string window;
};
/// Publishes an application message whose struct is `payload`; -> Done.
struct SendDigest {
    std::string overlay;
    std::string type;
    Bytes payload;
    std::optional<std::string> recipient;  ///< "ip:port": once, to this address only.
};

}  // namespace grapevine::control::gossiperl
