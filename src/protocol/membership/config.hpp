#pragma once

#include <cstdint>
#include <optional>
#include <string_view>

#include "base/time.hpp"

namespace grapevine::protocol {

/// How eagerly an overlay detects failures and spreads news. `lan` is the default; `fast` pays
/// twice the bytes for sub-second detection; `wan` tolerates long and uneven round trips.
enum class Profile : std::uint8_t { fast, lan, wan };

std::string_view to_string(Profile profile);
std::optional<Profile> parse_profile(std::string_view text);

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

    // Events.
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

ProtocolConfig profile_config(Profile profile);

}  // namespace grapevine::protocol
