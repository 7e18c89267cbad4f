#include "protocol/membership/config.hpp"

namespace grapevine::protocol {

using namespace std::chrono_literals;

std::string_view to_string(Profile profile) {
    switch (profile) {
        case Profile::fast:
            return "fast";
        case Profile::lan:
            return "lan";
        case Profile::wan:
            return "wan";
    }
    return "unknown";
}

std::optional<Profile> parse_profile(std::string_view text) {
    for (const Profile profile : {Profile::fast, Profile::lan, Profile::wan}) {
        if (text == to_string(profile)) return profile;
    }
    return std::nullopt;
}

namespace {

// A crash is known to 128 members within 0.8 s (median) and 1.5 s (99 of 100). Where the time goes,
// in the median: 0.08 s until somebody's next ping falls on the dead member (0.69 T), T until that
// probe has failed, alpha log10(128) T = 0.25 s of suspicion once two others have confirmed it,
// 0.08 s for the last-chance probe, and a few hops of rumor.
//
// The price: a ping and an ack of about 85 bytes on the wire, each sent once per period and member,
// are 1.4 kB/s.
//
// A member that is stopped for 150 ms survives: even if the probe begins in that very moment, T
// passes before it is suspected and at least alpha T before it gets its last chance; 240 ms in all.
ProtocolConfig fast_config() {
    ProtocolConfig config;
    config.probe_period = 120ms;
    config.ping_timeout = 40ms;
    config.lateness_max = 40ms;
    config.suspicion_alpha = 1;
    config.suspicion_beta = 3;
    config.suspicion_confirmations = 2;
    config.rumor_interval = 30ms;
    config.sync_interval = 500ms;
    config.reconnect_interval = 2s;
    config.frontier_interval = 500ms;
    config.repair_delay = 40ms;
    config.repair_retry = 60ms;
    config.gap_patience = 2s;
    config.heartbeat_interval = 200ms;
    config.phi_interval = 300ms;
    config.phi_monitors = 3;
    config.phi_deviation_min = 20ms;
    config.phi_pause = 150ms;
    return config;
}

// Memberlist's LAN times, less a shorter ack timeout: round trips of a site are below 10 ms, and
// the rest of the period belongs to the helpers. A member that is stopped for 500 ms is not even
// suspected: its late ack still falls into the period of its probe.
ProtocolConfig lan_config() {
    return {};
}

// Round trips up to half a second, uneven, over links that fail for seconds. Min is 25 s and more,
// so a member that is stopped for 10 s is suspected at most.
ProtocolConfig wan_config() {
    ProtocolConfig config;
    config.probe_period = 5s;
    config.ping_timeout = 1500ms;
    config.lateness_max = 1s;
    config.suspicion_alpha = 5;
    config.rumor_interval = 500ms;
    config.sync_interval = 3s;
    config.reconnect_interval = 15s;
    config.frontier_interval = 3s;
    config.repair_delay = 400ms;
    config.repair_retry = 800ms;
    config.gap_patience = 15s;
    config.heartbeat_interval = 2s;
    config.phi_interval = 2s;
    config.phi_deviation_min = 300ms;
    config.phi_pause = 10s;
    return config;
}

}  // namespace

ProtocolConfig profile_config(Profile profile) {
    switch (profile) {
        case Profile::fast:
            return fast_config();
        case Profile::lan:
            return lan_config();
        case Profile::wan:
            return wan_config();
    }
    return lan_config();
}

void choose_detector(ProtocolConfig& config, DetectorKind detector) {
    config.detector = detector;
    if (detector == DetectorKind::heartbeat || detector == DetectorKind::phi) {
        config.suspicion_alpha = 1;
    }
}

}  // namespace grapevine::protocol
