#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "base/time.hpp"

namespace grapevine::protocol {

/// How eagerly an overlay detects failures and spreads news. `lan` is the default; `fast` pays
/// twice the bytes for sub-second detection; `wan` tolerates long and uneven round trips.
enum class Profile : std::uint8_t { fast, lan, wan };

std::string_view to_string(Profile profile);
std::optional<Profile> parse_profile(std::string_view text);

/// Who finds out that somebody has failed; see the header of each.
enum class DetectorKind : std::uint8_t {
    rings,      ///< Observer rings with staged confirmation, slow SWIM behind them.
    swim,       ///< SWIM with Lifeguard alone.
    heartbeat,  ///< Gossiped heartbeat counters (van Renesse, Minsky, Hayden 1998).
    phi,        ///< Accrual of inter-arrival times (Hayashibara et al. 2004).
};
inline constexpr std::array<std::string_view, 4> kDetectorNames = {"rings", "swim", "heartbeat",
                                                                   "phi"};

/// How events reach everybody.
enum class Dissemination : std::uint8_t {
    tree,   ///< Along a tree that forms by itself (Plumtree).
    rumor,  ///< By rumor mongering (Demers et al. 1987).
};
inline constexpr std::array<std::string_view, 2> kDisseminationNames = {"tree", "rumor"};

/// The variants of rumor mongering; Demers et al. 1987, section 1.4.
struct MongeringConfig {
    enum class Direction : std::uint8_t { push, pull, push_pull };
    Direction direction = Direction::push_pull;
    bool has_feedback = true;  ///< Lose interest only if the other knew it; else blindly.
    bool has_counter = true;   ///< Lose interest after `k` times; else with probability 1/k.
    std::uint8_t k = 3;
    std::uint8_t fanout = 3;
    Duration interval = std::chrono::milliseconds(100);
};

/// Every time and count of membership, detection and dissemination, in one place. `profile_config`
/// gives the three sets that users choose from; tests draw others from the stated ranges.
struct ProtocolConfig {
    // Detector: SWIM (Das et al. 2002, section 3.1) with Lifeguard (Dadgar et al. 2018).

    /// Protocol period T: one member is probed per period. More than twice `ping_timeout`.
    Duration probe_period = std::chrono::seconds(1);
    /// How long a direct ack may take before helpers are asked.
    Duration ping_timeout = std::chrono::milliseconds(300);
    /// Helpers per probe; k in the paper.
    std::uint8_t indirect_count = 3;
    /// Highest local health multiplier S of Lifeguard.
    std::uint8_t local_health_max = 8;
    /// A node whose driver woke it later than this after its deadline accuses nobody in that
    /// period.
    Duration lateness_max = std::chrono::milliseconds(250);

    DetectorKind detector = DetectorKind::swim;

    // Detector: observer rings. A member is probed by one observer per ring, every `ring_period`.
    std::uint8_t ring_count = 3;
    Duration ring_period = std::chrono::seconds(1);
    /// How long the ack of a ring's ping may take; then two more pings, `ring_retry` apart.
    Duration ring_timeout = std::chrono::milliseconds(120);
    Duration ring_retry = std::chrono::milliseconds(60);
    /// Then the other observers ping `burst_count` times, `burst_gap` apart; the verdict falls
    /// `burst_patience` after they were asked.
    std::uint8_t burst_count = 5;
    Duration burst_gap = std::chrono::milliseconds(45);
    Duration burst_patience = std::chrono::milliseconds(345);

    // Detector: heartbeats of 1998. A member that was not heard of for `heartbeat_fail` is failed.
    // Zero: as long as the paper computes for the number of members.
    Duration heartbeat_interval = std::chrono::seconds(1);
    Duration heartbeat_fail{};
    /// Its two levels: members with equal values of this label are a subnet. Empty: one level.
    std::string heartbeat_subnet_label{};

    // Detector: accrual. Every member pings `phi_monitors` others at `phi_interval`.
    Duration phi_interval = std::chrono::seconds(1);
    double phi_threshold = 8;
    std::uint16_t phi_window = 1000;
    Duration phi_deviation_min = std::chrono::milliseconds(100);
    Duration phi_pause = std::chrono::seconds(1);
    std::uint8_t phi_monitors = 5;

    /// A death is told once for so long nobody else has died. With `fast`, the rings find those
    /// that fail together .17 s apart at most, and later where their observers fail with them.
    Duration batch_quiet = std::chrono::milliseconds(170);
    /// Deaths are told together while another member is in doubt, for at most this long.
    Duration batch_hold = std::chrono::milliseconds(500);
    /// A view that has not changed for so long is settled, and told as a whole.
    Duration settle_time = std::chrono::seconds(1);

    // Suspicion (Lifeguard, LHA-Suspicion): Min = alpha log10(n) T, Max = beta Min, K
    // confirmations.
    double suspicion_alpha = 4;
    double suspicion_beta = 6;
    std::uint8_t suspicion_confirmations = 3;
    /// Off only to show what it is worth.
    bool last_chance_probe = true;

    // Rumors (Demers 1987): push-pull with feedback and counter. Why k = 4? Measured with fan-out 3
    // in 128 members, k = 3 leaves 0.7% of them to anti-entropy, at 4.8 tells per member and rumor;
    // k = 4 leaves 0.06%, at 6.9.
    Duration rumor_interval = std::chrono::milliseconds(200);
    std::uint8_t rumor_fanout = 3;
    std::uint8_t rumor_counter = 4;

    // Anti-entropy of the view.
    /// At least this long between two exchanges that we begin.
    Duration sync_interval = std::chrono::seconds(1);
    /// How often a member believed dead is tried again: partitions heal by this.
    Duration reconnect_interval = std::chrono::seconds(5);

    /// How long the dead and the left are remembered, so that nothing old brings them back.
    Duration certificate_life = std::chrono::hours(24);
    /// How long a deleted key is remembered before its tombstone is collected.
    Duration tombstone_life = std::chrono::hours(24);

    // Zones: members with equal values of this label gossip among themselves, and through
    // `zone_representatives` with other zones. Empty: one zone.
    std::string zone_label{};
    std::uint8_t zone_representatives = 3;
    /// Of what representatives of different zones say to each other, every interval is at least
    /// this.
    Duration zone_interval = std::chrono::seconds(1);

    // Summaries: zones within zones, named by labels from the top, as "region/dc". Empty: off.
    std::string summary_path{};
    Duration summary_interval = std::chrono::seconds(1);

    // Events.
    Dissemination dissemination = Dissemination::tree;
    MongeringConfig mongering{};
    /// A publisher sends to so many directly; who gets an event sends it on to `tree_degree`.
    std::uint16_t tree_root_degree = 32;
    std::uint8_t tree_degree = 6;
    /// Links beside the tree on which events are announced, and how long announcements are
    /// gathered.
    std::uint8_t lazy_links = 2;
    Duration announce_delay = std::chrono::milliseconds(10);
    /// How long an event may wait for those that it depends on.
    Duration causal_patience = std::chrono::seconds(2);
    /// Copies for one member are gathered for so long, so that several go into one packet. Zero:
    /// each goes at once. For groups that would rather wait than send: `repair_delay` must be
    /// longer than what the gathering of all hops takes together, or what waits is asked for.
    Duration event_gather = Duration::zero();
    std::uint8_t event_fanout = 4;
    Duration frontier_interval = std::chrono::seconds(1);
    /// How long a gap may last before it is asked for, and before the next source is asked.
    Duration repair_delay = std::chrono::milliseconds(80);
    Duration repair_retry = std::chrono::milliseconds(120);
    /// A hole that no source can fill is told to subscribers as a gap after this long.
    Duration gap_patience = std::chrono::seconds(3);
    Duration retention_age = std::chrono::minutes(5);
    std::size_t retention_bytes = 16U << 20U;
};

/// With the detector that the profile has by default: rings for `fast` and `lan`, SWIM for `wan`.
ProtocolConfig profile_config(Profile profile);
/// With another detector, and the times that it needs to do as much alone.
ProtocolConfig profile_config(Profile profile, DetectorKind detector);

}  // namespace grapevine::protocol
