// Clusters of the old protocol: ours among themselves, and among daemons with the faults of the
// original.
#include "sim/gossiperl_world.hpp"

#include <algorithm>
#include <gtest/gtest.h>

#include "base/limits.hpp"
#include "support/seeds.hpp"

using namespace std::chrono_literals;
using grapevine::testing::for_each_seed;

namespace grapevine::sim {
namespace {

using client::MemberEvent;
using gossiperl::Node;

GossiperlWorldConfig world_of(std::size_t ours, std::size_t originals, std::uint64_t seed) {
    GossiperlWorldConfig config;
    config.seed = seed;
    config.ours = ours;
    config.originals = originals;
    config.original_event_types = {"order"};
    return config;
}

/// One listener for "order" at each of ours; true when everybody knows of everybody.
bool start_with_listeners(GossiperlWorld& world, std::size_t ours, std::size_t originals) {
    for (HostIndex host = 0; host < ours; ++host) world.attach(host, {"order", "member_in"});
    world.start_all();
    world.run_for(1s);
    return world.run_until(
        [&] { return world.has_converged() && world.all_know_subscriptions(ours + originals - 1); },
        60s);
}

std::uint64_t received(GossiperlWorld& world, HostIndex host, const std::string& id) {
    const auto& received = world.client(host, 0).received;
    const auto found = received.find(id);
    return found == received.end() ? 0 : found->second;
}

/// What our daemons noticed of others, but for their coming.
std::size_t verdicts(const GossiperlWorld& world, Moment since = Moment{}) {
    return static_cast<std::size_t>(std::ranges::count_if(world.changes(), [&](const auto& change) {
        return change.event != MemberEvent::in && change.when >= since;
    }));
}

// -- Finding each other --

TEST(GossiperlWorld, daemons_find_each_other_by_two_seeds) {
    for_each_seed(10, [](std::uint64_t seed) {
        GossiperlWorld world(world_of(8, 0, seed));
        world.start_all();
        world.run_for(1s);
        EXPECT_TRUE(world.run_until([&] { return world.has_converged(); }, 60s));
        EXPECT_EQ(world.report(), "");
    });
}

TEST(GossiperlWorld, daemons_find_each_other_by_the_group_alone) {
    for_each_seed(10, [](std::uint64_t seed) {
        GossiperlWorldConfig config = world_of(5, 0, seed);
        config.is_multicast = true;
        GossiperlWorld world(config);
        world.start_all();
        world.run_for(1s);
        EXPECT_TRUE(world.run_until([&] { return world.has_converged(); }, 5s));
        EXPECT_EQ(world.report(), "");
    });
}

TEST(GossiperlWorld, ours_join_originals_and_originals_join_ours) {
    for_each_seed(10, [](std::uint64_t seed) {
        for (const bool is_multicast : {false, true}) {
            GossiperlWorldConfig config = world_of(3, 2, seed);
            config.is_multicast = is_multicast;
            GossiperlWorld world(config);
            ASSERT_TRUE(start_with_listeners(world, 3, 2));
            for (HostIndex ours = 0; ours < 3; ++ours) {
                for (HostIndex original = 3; original < 5; ++original) {
                    EXPECT_TRUE(
                        world.original(original).is_reachable(GossiperlWorld::name_of(ours)));
                }
            }
            EXPECT_EQ(world.report(), "");
        }
    });
}

TEST(GossiperlWorld, halves_that_forgot_each_other_meet_again) {
    for_each_seed(5, [](std::uint64_t seed) {
        GossiperlWorld world(world_of(6, 0, seed));
        world.start_all();
        world.run_for(1s);
        ASSERT_TRUE(world.run_until([&] { return world.has_converged(); }, 60s));
        world.network().partition({0, 2, 4});
        world.run_for(200s);
        EXPECT_EQ(world.node(0).members(Instant{}).size(), 3U);
        world.network().heal(world.now());
        EXPECT_TRUE(world.run_until([&] { return world.has_converged(); }, 60s));
    });
}

// -- One publish, one delivery --

void expect_one_delivery_each(bool is_multicast, std::uint64_t seed) {
    GossiperlWorldConfig config = world_of(3, 0, seed);
    config.is_multicast = is_multicast;
    GossiperlWorld world(config);
    ASSERT_TRUE(start_with_listeners(world, 3, 0));
    std::vector<std::uint64_t> acks_before;
    for (HostIndex host = 0; host < 3; ++host) {
        acks_before.push_back(world.sent(host, "digestForwardedAck"));
    }
    const std::string id = world.publish(0, "order");
    world.run_for(30s);
    // Not to clients of the same host: applications rely on it.
    EXPECT_EQ(received(world, 0, id), 0U);
    EXPECT_EQ(world.copies(0, id), is_multicast ? 1U : 2U);
    for (const HostIndex host : {1U, 2U}) {
        EXPECT_EQ(received(world, host, id), 1U);
        EXPECT_EQ(world.copies(host, id), 0U);
        EXPECT_EQ(world.sent(host, "digestForwardedAck") - acks_before[host], 1U);
    }
    EXPECT_EQ(world.sent(0, "digestForwardedAck"), acks_before[0]);
    EXPECT_EQ(world.node(0).redeliveries(), 0U);
    EXPECT_EQ(world.report(), "");
}

TEST(GossiperlWorld, one_publish_is_one_datagram_per_subscriber_and_one_delivery_each) {
    for_each_seed(10, [](std::uint64_t seed) { expect_one_delivery_each(false, seed); });
}

TEST(GossiperlWorld, one_publish_to_the_group_is_one_datagram_and_one_delivery_each) {
    for_each_seed(10, [](std::uint64_t seed) { expect_one_delivery_each(true, seed); });
}

TEST(GossiperlWorld, a_network_that_repeats_datagrams_repeats_no_delivery) {
    for_each_seed(10, [](std::uint64_t seed) {
        for (const bool is_multicast : {false, true}) {
            GossiperlWorldConfig config = world_of(3, 0, seed);
            config.is_multicast = is_multicast;
            config.network.duplicate = 0.5;
            GossiperlWorld world(config);
            ASSERT_TRUE(start_with_listeners(world, 3, 0));
            for (int i = 0; i < 20; ++i) {
                const std::string id = world.publish(0, "order");
                world.run_for(1s);
                EXPECT_EQ(received(world, 1, id), 1U);
                EXPECT_EQ(received(world, 2, id), 1U);
            }
        }
    });
}

// -- Storms --

/// Three originals forward one message to each other without end; to ours, too.
void expect_bounded_in_a_storm(bool is_multicast, std::uint64_t seed) {
    constexpr std::size_t kOurs = 2;
    GossiperlWorldConfig config = world_of(kOurs, 3, seed);
    config.is_multicast = is_multicast;
    // A network that keeps the storm within what can be simulated: 500 a second on each link.
    config.network.delay_min = 20ms;
    config.network.link_capacity = 10;
    GossiperlWorld world(config);
    ASSERT_TRUE(start_with_listeners(world, kOurs, 3));
    const Moment begin = world.now();
    const std::string id = world.publish(0, "order");
    world.run_for(10s);
    std::uint64_t storm = 0;
    for (HostIndex host = 2; host < 5; ++host) storm += world.original(host).forwarded();
    EXPECT_GT(storm, 3000U) << "there was no storm to survive";
    const std::uint64_t admitted = 3 * (kOldSourceBurst + 10 * kOldSourceRatePerSecond);
    for (HostIndex host = 0; host < kOurs; ++host) {
        EXPECT_LE(world.sent(host, "digestForwardedAck"), admitted + 10);
        EXPECT_LE(received(world, host, id), host == 0 ? 0U : 1U);
    }
    EXPECT_EQ(received(world, 1, id), 1U);
    // To four subscribers, and again until their acknowledgements come through the storm.
    EXPECT_LE(world.copies(0, id), is_multicast ? 3U : 12U);
    EXPECT_EQ(world.copies(1, id), 0U);
    EXPECT_EQ(verdicts(world, begin), 0U) << "a storm must not silence its hosts";
    EXPECT_EQ(world.report(), "");
}

TEST(GossiperlWorld, our_traffic_stays_bounded_in_a_storm_of_originals) {
    for_each_seed(2, [](std::uint64_t seed) { expect_bounded_in_a_storm(false, seed); });
}

TEST(GossiperlWorld, our_traffic_stays_bounded_in_a_storm_of_originals_by_multicast) {
    for_each_seed(2, [](std::uint64_t seed) { expect_bounded_in_a_storm(true, seed); });
}

TEST(GossiperlWorld, ours_and_two_originals_do_not_storm) {
    for_each_seed(10, [](std::uint64_t seed) {
        GossiperlWorld world(world_of(3, 2, seed));
        ASSERT_TRUE(start_with_listeners(world, 3, 2));
        const std::string id = world.publish(0, "order");
        world.run_for(30s);
        EXPECT_EQ(world.copies(0, id), 4U);
        for (HostIndex host = 1; host < 3; ++host) EXPECT_EQ(received(world, host, id), 1U);
        // Each original tells the other and our two other daemons, and hears of it from the other.
        for (HostIndex host = 3; host < 5; ++host) {
            EXPECT_LE(world.original(host).forwarded(), 8U);
        }
        EXPECT_EQ(world.report(), "");
    });
}

// -- What originals must not hear --

TEST(GossiperlWorld, no_original_ever_crashes_by_us) {
    for_each_seed(20, [](std::uint64_t seed) {
        for (const bool is_multicast : {false, true}) {
            GossiperlWorldConfig config = world_of(3, 1, seed);
            config.is_multicast = is_multicast;
            config.network.loss = 0.05;
            config.network.duplicate = 0.05;
            GossiperlWorld world(config);
            for (HostIndex host = 0; host < 3; ++host) {
                world.attach(host, {"order", "member_in", "member_quarantine", "member_unreachable",
                                    "member_drop", "member_out", "member_rejoin"});
            }
            world.start_all();
            world.run_for(5s);
            world.original(3).ask_for_member_events();
            for (int i = 0; i < 10; ++i) {
                const auto host = static_cast<HostIndex>(world.random().below(3));
                // One original is enough for a storm by multicast: it hears itself.
                if (!is_multicast) world.publish(host, i % 2 == 0 ? "order" : "member_in");
                world.run_for(5s);
                if (i == 3) world.kill(2);
                if (i == 7) world.start(2);
            }
            EXPECT_EQ(world.original(3).crashes(), 0U);
            EXPECT_EQ(world.report(), "");
        }
    });
}

// -- Verdicts --

/// Kills one, and looks at when the others notice: at the stated times after they last heard of it,
/// and that not later than its death.
void expect_punctual_verdicts(GossiperlWorld& world, HostIndex victim, std::size_t ours) {
    const std::string name = GossiperlWorld::name_of(victim);
    const Moment begin = world.now();
    world.kill(victim);
    world.run_for(190s);
    for (HostIndex host = 0; host < ours; ++host) {
        if (host == victim) continue;
        std::map<MemberEvent, Moment> when;
        for (const auto& change : world.changes()) {
            if (change.host != host || change.name != name || change.when < begin) continue;
            EXPECT_TRUE(when.emplace(change.event, change.when).second)
                << name << " " << client::to_string(change.event) << " twice at " << host;
        }
        ASSERT_TRUE(when.contains(MemberEvent::quarantine)) << host;
        EXPECT_FALSE(when.contains(MemberEvent::rejoin)) << host;
        const Moment heard = when[MemberEvent::quarantine] - 20s;
        EXPECT_LE(heard, begin + 1200ms) << host;
        EXPECT_GE(heard, begin - 20s) << host;
        const auto after = [&](MemberEvent event) { return when[event] - heard; };
        EXPECT_GE(after(MemberEvent::unreachable), 30s);
        EXPECT_LE(after(MemberEvent::unreachable), 30s + 1200ms);
        EXPECT_GE(after(MemberEvent::drop), 180s);
        EXPECT_LE(after(MemberEvent::drop), 180s + 1200ms);
        EXPECT_EQ(when[MemberEvent::out], when[MemberEvent::drop]);
    }
    // Nobody else was accused.
    for (const auto& change : world.changes()) {
        if (change.when < begin || change.event == MemberEvent::in) continue;
        EXPECT_EQ(change.name, name) << client::to_string(change.event) << " at " << change.host;
    }
}

TEST(GossiperlWorld, a_dead_daemon_is_noticed_at_the_stated_times) {
    for_each_seed(5, [](std::uint64_t seed) {
        GossiperlWorld world(world_of(6, 0, seed));
        ASSERT_TRUE(start_with_listeners(world, 6, 0));
        expect_punctual_verdicts(world, 3, 6);
        EXPECT_EQ(world.report(), "");
    });
}

TEST(GossiperlWorld, a_dead_daemon_is_noticed_at_the_stated_times_among_originals_and_clocks) {
    for_each_seed(5, [](std::uint64_t seed) {
        GossiperlWorldConfig config = world_of(4, 3, seed);
        config.original_event_types = {};
        Random random(seed);
        for (int i = 0; i < 7; ++i) {
            config.skews.push_back(static_cast<std::int64_t>(random.below(121)) - 60);
        }
        GossiperlWorld world(config);
        world.start_all();
        world.run_for(1s);
        ASSERT_TRUE(world.run_until([&] { return world.has_converged(); }, 60s));
        world.run_for(30s);
        expect_punctual_verdicts(world, seed % 2 == 0 ? 3U : 5U, 4);
        EXPECT_EQ(world.report(), "");
    });
}

TEST(GossiperlWorld, a_busy_group_notices_a_dead_daemon_as_punctually) {
    GossiperlWorld world(world_of(4, 0, 1));
    ASSERT_TRUE(start_with_listeners(world, 4, 0));
    for (HostIndex host = 0; host < 4; ++host) {
        for (int i = 0; i < 10; ++i) world.attach(host, {"member_in"});
    }
    const std::string name = GossiperlWorld::name_of(3);
    world.run_for(5s);
    const Moment begin = world.now();
    world.kill(3);
    while (world.now() < begin + 35s) {
        for (HostIndex host = 0; host < 3; ++host) world.publish(host, "order");
        world.run_for(50ms);
    }
    for (HostIndex host = 0; host < 3; ++host) {
        const auto info = world.node(host).members(Instant{});
        const auto dead = std::ranges::find(info, name, &Node::MemberInfo::name);
        ASSERT_NE(dead, info.end());
        EXPECT_EQ(dead->reachability, client::Reachability::unreachable) << host;
    }
}

// -- Clocks --

TEST(GossiperlWorld, clocks_that_differ_by_minutes_accuse_nobody) {
    for_each_seed(5, [](std::uint64_t seed) {
        for (const std::size_t originals : {0U, 3U}) {
            GossiperlWorldConfig config = world_of(6, originals, seed);
            config.original_event_types = {};
            config.skews = {0, 60, -60, 3600, -1'000'000, 5, 0, 60, -60};
            GossiperlWorld world(config);
            world.start_all();
            world.run_for(1s);
            ASSERT_TRUE(world.run_until([&] { return world.has_converged(); }, 60s));
            const Moment begin = world.now();
            world.run_for(300s);
            EXPECT_EQ(verdicts(world, begin), 0U);
            EXPECT_EQ(world.report(), "");
        }
    });
}

TEST(GossiperlWorld, subscriptions_survive_clocks_that_differ) {
    for_each_seed(5, [](std::uint64_t seed) {
        GossiperlWorldConfig config = world_of(5, 0, seed);
        config.skews = {0, 60, -60, 600, -600};
        GossiperlWorld world(config);
        ASSERT_TRUE(start_with_listeners(world, 5, 0));
        for (int i = 0; i < 20; ++i) {
            world.run_for(10s);
            EXPECT_TRUE(world.all_know_subscriptions(4));
        }
    });
}

// In the original a subscriber whom nobody happens to ask for 20 s counts as unsubscribed.
TEST(GossiperlWorld, subscriptions_survive_chance_and_loss) {
    for_each_seed(5, [](std::uint64_t seed) {
        GossiperlWorldConfig config = world_of(6, 0, seed);
        config.network.loss = 0.1;
        GossiperlWorld world(config);
        ASSERT_TRUE(start_with_listeners(world, 6, 0));
        for (int i = 0; i < 100; ++i) {
            world.run_for(2s);
            EXPECT_TRUE(world.all_know_subscriptions(5));
        }
    });
}

TEST(GossiperlWorld, a_larger_group_stays_whole_under_loss) {
    for_each_seed(2, [](std::uint64_t seed) {
        GossiperlWorldConfig config = world_of(30, 0, seed);
        config.network.loss = 0.1;
        GossiperlWorld world(config);
        world.start_all();
        world.run_for(1s);
        ASSERT_TRUE(world.run_until([&] { return world.has_converged(); }, 60s));
        world.run_for(200s);
        EXPECT_EQ(verdicts(world), 0U);
        EXPECT_EQ(world.report(), "");
    });
}

TEST(GossiperlWorld, originals_that_forget_everything_are_taken_as_they_are) {
    for_each_seed(5, [](std::uint64_t seed) {
        GossiperlWorldConfig config = world_of(3, 2, seed);
        GossiperlWorld world(config);
        ASSERT_TRUE(start_with_listeners(world, 3, 2));
        const Moment begin = world.now();
        for (int i = 0; i < 10; ++i) {
            world.original(3 + static_cast<HostIndex>(world.random().below(2))).forget();
            world.run_for(10s);
        }
        EXPECT_EQ(verdicts(world, begin), 0U);
        EXPECT_TRUE(world.all_know_subscriptions(4));
        EXPECT_EQ(world.report(), "");
    });
}

// -- At least once --

TEST(GossiperlWorld, at_ten_percent_loss_every_subscriber_gets_every_message) {
    for_each_seed(5, [](std::uint64_t seed) {
        for (const bool is_multicast : {false, true}) {
            GossiperlWorldConfig config = world_of(4, 0, seed);
            config.is_multicast = is_multicast;
            config.network.loss = 0.1;
            GossiperlWorld world(config);
            ASSERT_TRUE(start_with_listeners(world, 4, 0));
            std::vector<std::string> ids;
            for (int i = 0; i < 50; ++i) {
                ids.push_back(world.publish(0, "order"));
                world.run_for(200ms);
            }
            world.run_for(60s);
            for (const std::string& id : ids) {
                for (HostIndex host = 1; host < 4; ++host) {
                    EXPECT_EQ(received(world, host, id), 1U);
                }
            }
            EXPECT_EQ(world.node(0).redeliveries(), 0U);
            EXPECT_EQ(world.report(), "");
        }
    });
}

TEST(GossiperlWorld, redelivery_to_a_dead_daemon_ends_with_its_subscription) {
    for_each_seed(10, [](std::uint64_t seed) {
        GossiperlWorldConfig config = world_of(3, seed % 2, seed);
        config.network.loss = 0.1;
        GossiperlWorld world(config);
        ASSERT_TRUE(start_with_listeners(world, 3, seed % 2));
        world.kill(2);
        for (int i = 0; i < 10; ++i) world.publish(0, "order");
        world.run_for(2s);
        EXPECT_GE(world.node(0).redeliveries(), 10U);
        world.run_for(40s);
        EXPECT_EQ(world.node(0).redeliveries(), 0U);
        const std::uint64_t sent = world.sent(0, "message");
        world.run_for(60s);
        EXPECT_EQ(world.sent(0, "message"), sent);
    });
}

TEST(GossiperlWorld, a_client_that_is_gone_is_no_longer_served_anywhere) {
    GossiperlWorld world(world_of(3, 0, 1));
    ASSERT_TRUE(start_with_listeners(world, 3, 0));
    world.client(2, 0).is_running = false;
    world.run_for(250s);
    EXPECT_TRUE(world.node(2).sessions().clients().empty());
    const std::string id = world.publish(0, "order");
    world.run_for(10s);
    EXPECT_EQ(world.copies(0, id), 1U);
    EXPECT_EQ(received(world, 1, id), 1U);
}

TEST(GossiperlWorld, the_same_seed_gives_the_same_history) {
    const auto run = [](std::uint64_t seed) {
        GossiperlWorldConfig config = world_of(4, 2, seed);
        config.network.loss = 0.1;
        GossiperlWorld world(config);
        for (HostIndex host = 0; host < 4; ++host) world.attach(host, {"order"});
        world.start_all();
        world.run_for(10s);
        world.publish(0, "order");
        world.run_for(20s);
        std::string text;
        for (const auto& change : world.changes()) {
            text += std::to_string(change.when.time_since_epoch().count()) + change.name;
        }
        for (HostIndex host = 0; host < 4; ++host) {
            text += " " + std::to_string(world.sent(host, "digest"));
        }
        return text;
    };
    EXPECT_EQ(run(1), run(1));
    EXPECT_NE(run(1), run(2));
}

}  // namespace
}  // namespace grapevine::sim
