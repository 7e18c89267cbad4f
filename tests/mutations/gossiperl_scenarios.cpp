// Clusters of the old protocol, ours among originals, for the planted bugs of src/gossiperl.
#include "gossiperl_scenarios.hpp"

#include <algorithm>

#include "base/limits.hpp"
#include "sim/gossiperl_world.hpp"

using namespace std::chrono_literals;

namespace grapevine::sim {
namespace {

using client::MemberEvent;
using Finding = std::string;

GossiperlWorldConfig config_of(std::size_t ours, std::size_t originals, std::uint64_t seed) {
    GossiperlWorldConfig config;
    config.seed = seed;
    config.ours = ours;
    config.originals = originals;
    return config;
}

Finding found_in(const GossiperlWorld& world) {
    return world.violations().empty() ? Finding() : world.violations().front().property;
}

bool start(GossiperlWorld& world, std::size_t ours, std::size_t subscriptions) {
    for (HostIndex host = 0; host < ours; ++host) world.attach(host, {"order", "member_out"});
    world.start_all();
    world.run_for(1s);
    return world.run_until(
        [&] { return world.has_converged() && world.all_know_subscriptions(subscriptions); }, 60s);
}

/// A network that loses and repeats: everybody gets every message once, and nobody passes it on.
Finding messages(std::uint64_t seed) {
    GossiperlWorldConfig config = config_of(4, 0, seed);
    config.is_multicast = seed % 2 == 0;
    config.network.loss = 0.1;
    config.network.duplicate = 0.1;
    GossiperlWorld world(config);
    if (!start(world, 4, 3)) return "does not converge";
    for (int i = 0; i < 5; ++i) {
        const std::string id = world.publish(0, "order");
        world.run_for(40s);  // Nine copies: all are lost once in a thousand million times.
        for (HostIndex host = 1; host < 4; ++host) {
            if (world.copies(host, id) > 0) return "passed on";
            if (world.client(host, 0).received[id] != 1) return "not delivered once";
        }
    }
    world.kill(3);
    world.publish(0, "order");
    world.run_for(60s);
    if (world.node(0).redeliveries() > 0) return "serves the gone";
    return found_in(world);
}

/// Clocks that differ: who lives is not accused, who dies is.
Finding verdicts(std::uint64_t seed) {
    GossiperlWorldConfig config = config_of(4, 3, seed);
    Random random(seed);
    for (int i = 0; i < 7; ++i) {
        config.skews.push_back(static_cast<std::int64_t>(random.below(121)) - 60);
    }
    GossiperlWorld world(config);
    if (!start(world, 4, 3)) return "does not converge";
    world.run_for(60s);
    const Moment death = world.now();
    world.kill(3);
    world.run_for(200s);
    std::size_t dropped = 0;
    for (const auto& change : world.changes()) {
        if (change.event == MemberEvent::in) continue;
        if (change.name != GossiperlWorld::name_of(3)) return "accused the living";
        if (change.event == MemberEvent::rejoin) return "the dead rejoined";
        if (change.event == MemberEvent::quarantine && change.when > death + 21200ms) {
            return "noticed late";
        }
        dropped += change.event == MemberEvent::out ? 1 : 0;
    }
    if (dropped != 3) return "the dead stayed";
    return found_in(world);
}

/// Three originals that forward one message to each other without end.
Finding storm(std::uint64_t seed) {
    GossiperlWorldConfig config = config_of(2, 3, seed);
    config.original_event_types = {"order"};
    config.network.delay_min = 2ms;
    config.network.link_capacity = 20;
    GossiperlWorld world(config);
    if (!start(world, 2, 4)) return "does not converge";
    const std::string id = world.publish(0, "order");
    world.run_for(10s);
    const std::uint64_t admitted = 3 * (kOldSourceBurst + 10 * kOldSourceRatePerSecond) + 10;
    for (HostIndex host = 0; host < 2; ++host) {
        if (world.sent(host, "digestForwardedAck") > admitted) return "answered a flood";
    }
    if (world.copies(1, id) > 0) return "passed on";
    return found_in(world);
}

}  // namespace

std::string any_gossiperl_finding(std::uint64_t seed) {
    for (const auto scenario : {messages, verdicts, storm}) {
        if (Finding finding = scenario(seed); !finding.empty()) return finding;
    }
    return {};
}

}  // namespace grapevine::sim
