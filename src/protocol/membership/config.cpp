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

// Times of the observer rings: a ping has four times the round trip of a busy site; between the two
// that follow, and between those of a burst, lies more than a burst of losses in a switch takes.
//
// A crash is known to 128 members within 0.4 s (median): .08 s until the first observer's next ping
// (T / K at most), .2 s of confirmation, and a few hops of rumor.
//
// The price: K pings and acks of about 88 bytes on the wire per period and member, and one of each
// per second for the SWIM behind them, are 1.2 kB/s.
//
// A member that is stopped for 150 ms survives: .18 s pass between the first ping that it does not
// answer and the last that it may.
ProtocolConfig fast_config() {
    ProtocolConfig config;
    config.detector = DetectorKind::rings;
    config.ring_period = 500ms;
    config.ring_timeout = 40ms;
    config.ring_retry = 20ms;
    config.burst_gap = 15ms;
    config.burst_patience = 115ms;
    config.probe_period = 1s;
    config.ping_timeout = 100ms;
    config.lateness_max = 40ms;
    config.suspicion_alpha = 2;
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

// The same confirmation with all times three times as long: .54 s between the first ping and the
// last, so half a second's stop is survived. Suspicion is Memberlist's. The periods are those at
// which an idle member costs 4 datagrams a second and wakes up seven times.
ProtocolConfig lan_config() {
    ProtocolConfig config;
    config.detector = DetectorKind::rings;
    config.ring_period = 2s;
    config.probe_period = 2s;
    config.suspicion_alpha = 2;
    config.lateness_max = 100ms;
    config.sync_interval = 500ms;
    return config;
}

// Round trips up to half a second, uneven, over links that fail for seconds: no fast verdicts. Min
// is 12 s and more, so a member that is stopped for 10 s is suspected at most.
ProtocolConfig wan_config() {
    ProtocolConfig config;
    config.detector = DetectorKind::swim;
    config.probe_period = 3s;
    config.ping_timeout = 1s;
    config.lateness_max = 1s;
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

// SWIM alone must do what the rings do in `fast`. A crash is known to 128 members within 0.8 s
// (median) and 1.5 s (99 of 100). Where the time goes, in the median: 0.08 s until somebody's next
// ping falls on the dead member (0.69 T), T until that probe has failed, alpha log10(128) T =
// 0.25 s of suspicion once two others have confirmed it, 0.08 s for the last-chance probe, and a
// few hops of rumor. A ping and an ack per period are 1.4 kB/s.
//
// A member that is stopped for 150 ms survives: even if the probe begins in that very moment, T
// passes before it is suspected and at least alpha T before it gets its last chance; 240 ms in all.
void make_swim_fast(ProtocolConfig& config) {
    config.probe_period = 120ms;
    config.ping_timeout = 40ms;
    config.suspicion_alpha = 1;
}

// Memberlist's times. Suspicion outlasts a stop of several times `lateness_max`.
void make_swim_lan(ProtocolConfig& config) {
    config.probe_period = 1s;
    config.suspicion_alpha = 4;
    config.lateness_max = 250ms;
}

}  // namespace

ProtocolConfig profile_config(Profile profile) {
    const auto times = [profile] {
        switch (profile) {
            case Profile::fast:
                return fast_config();
            case Profile::lan:
                return lan_config();
            case Profile::wan:
                return wan_config();
        }
        return lan_config();
    };
    ProtocolConfig config = times();
    // At 100 events a second an announcement is for ten of them and not for one.
    config.announce_delay = 25ms;
    return config;
}

ProtocolConfig profile_config(Profile profile, DetectorKind detector) {
    ProtocolConfig config = profile_config(profile);
    config.detector = detector;
    if (detector == DetectorKind::swim) {
        if (profile == Profile::fast) make_swim_fast(config);
        if (profile == Profile::lan) make_swim_lan(config);
    }
    // These two report a member only when its silence has become improbable. What follows is the
    // time in which a suspect can clear its name, and no second patience.
    if (detector == DetectorKind::heartbeat || detector == DetectorKind::phi) {
        if (profile == Profile::fast) make_swim_fast(config);
        if (profile == Profile::lan) config.probe_period = 1s;
        config.suspicion_alpha = 1;
    }
    return config;
}

}  // namespace grapevine::protocol
