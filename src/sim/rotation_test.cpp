// Keys change while the group goes on: nobody is cut off, whatever the network does.
#include "overlay/rotation.hpp"

#include <gtest/gtest.h>
#include <string>

#include "protocol/state/reserved_keys.hpp"
#include "sim/dice.hpp"
#include "sim/testing.hpp"
#include "sim/world.hpp"
#include "support/seeds.hpp"

using namespace std::chrono_literals;
using grapevine::testing::for_each_seed;

namespace grapevine::sim {
namespace {

using overlay::RingPlan;
using overlay::Rotation;

/// Everybody holds the ring of `epoch` and nothing else.
bool is_rotated(const World& world, std::uint64_t epoch = 3) {
    for (const HostIndex host : world.members()) {
        const Rotation& rotation = world.overlay(host).rotation();
        if (rotation.epoch() != epoch || rotation.ring().size() != 1) return false;
    }
    return true;
}

std::uint64_t dropped_for_keys(const World& world) {
    std::uint64_t sum = 0;
    for (const HostIndex host : world.members()) {
        const auto& counters = world.overlay(host).counters();
        sum += counters.dropped_key + counters.dropped_unauthenticated;
    }
    return sum;
}

std::uint64_t hellos(const World& world) {
    std::uint64_t sum = 0;
    for (const HostIndex host : world.members()) sum += world.overlay(host).counters().hellos_sent;
    return sum;
}

/// Runs, publishes ten events a second, and looks all the time whether everybody has a key in
/// common; until `is_done` or for `limit`.
bool run_and_publish(World& world, Duration limit, const std::function<bool()>& is_done) {
    const Moment end = world.now() + limit;
    while (world.now() < end && !is_done()) {
        const auto host = static_cast<HostIndex>(world.random().below(world.size()));
        if (world.is_member(host)) {
            EXPECT_TRUE(world.publish(host, "news", Bytes(50, 1)));
        }
        for (int step = 0; step < 10; ++step) {
            world.run_for(10ms);
            const std::string nobody = world.why_no_common_key();
            EXPECT_EQ(nobody, "");
            if (!nobody.empty()) return false;
        }
    }
    return is_done();
}

bool never() {
    return false;
}

TEST(Rotations, a_quiet_group_has_a_new_key_within_five_seconds) {
    for_each_seed(3, [](std::uint64_t seed) {
        World world(world_config(20, protocol::Profile::lan, seed));
        ASSERT_TRUE(start_and_converge(world));
        const auto old_key = world.overlay(0).rotation().ring().front();
        ASSERT_TRUE(world.rotate_keys(4));
        EXPECT_TRUE(run_and_publish(world, 5s, [&] { return is_rotated(world); }));
        EXPECT_NE(world.overlay(7).rotation().ring().front().secret, old_key.secret);
        EXPECT_EQ(dropped_for_keys(world), 0U);
        EXPECT_EQ(violations_of(world), "");
    });
}

// Protocols, section 10.3: 10% loss and a partition, 50 members; complete within 60 rounds after
// healing, and never two members without a common key.
TEST(Rotations, survive_loss_and_a_partition_in_the_middle) {
    for_each_seed(4, [](std::uint64_t seed) {
        WorldConfig config = world_config(50, protocol::Profile::lan, seed);
        World world(config);
        ASSERT_TRUE(start_and_converge(world));
        NetworkConfig lossy = config.network;
        lossy.loss = 0.1;
        world.network().configure(lossy);
        ASSERT_TRUE(world.rotate_keys(static_cast<HostIndex>(world.random().below(50))));
        run_and_publish(world, between(world.random(), 0ms, 2s), never);
        std::vector<HostIndex> island;
        for (std::uint64_t count = 1 + world.random().below(24); count > 0; --count) {
            island.push_back(static_cast<HostIndex>(world.random().below(50)));
        }
        world.partition(island);
        run_and_publish(world, 20s, never);
        world.heal();
        const Duration round = config.protocol.probe_period;
        EXPECT_TRUE(run_and_publish(world, 60 * round, [&] { return is_rotated(world); }))
            << world.why_not_converged();
        EXPECT_LE(dropped_for_keys(world), hellos(world)) << "a hello tries each key in turn";
        world.run_for(30s);
        EXPECT_EQ(violations_of(world), "");
    });
}

TEST(Rotations, lose_no_event_and_raise_no_suspicion) {
    for_each_seed(4, [](std::uint64_t seed) {
        World world(world_config(50, protocol::Profile::lan, seed));
        ASSERT_TRUE(start_and_converge(world));
        world.run_for(5s);
        const std::uint64_t suspicions = world.statistics().suspicions();
        ASSERT_TRUE(world.rotate_keys(0));
        EXPECT_TRUE(run_and_publish(world, 20s, [&] { return is_rotated(world); }));
        run_and_publish(world, 5s, never);
        world.run_for(5s);
        EXPECT_EQ(world.statistics().suspicions(), suspicions);
        EXPECT_EQ(world.statistics().false_deaths(), 0U);
        const Statistics::Deliveries deliveries = world.statistics().deliveries();
        EXPECT_EQ(deliveries.delivered, deliveries.expected);
        EXPECT_EQ(deliveries.gaps, 0U);
        EXPECT_EQ(violations_of(world), "");
    });
}

TEST(Rotations, do_not_take_the_old_key_from_one_who_is_away) {
    World world(world_config(8, protocol::Profile::fast, 1));
    ASSERT_TRUE(start_and_converge(world));
    world.kill(5, Crash::power);
    world.run_for(10s);
    ASSERT_TRUE(world.rotate_keys(0));
    world.run_for(30s);
    EXPECT_EQ(world.overlay(0).rotation().plan()->stage, RingPlan::Stage::install);
    const auto standings = world.overlay(0).rotation().standings(world.overlay(0).node());
    for (const Rotation::Standing& standing : standings) {
        const bool is_away = world.host_of(standing.id) == 5;
        EXPECT_EQ(standing.step, is_away ? Rotation::Step::unknown : Rotation::Step::done);
    }
    world.start(5);
    EXPECT_TRUE(run_and_publish(world, 20s, [&] { return is_rotated(world); }));
}

TEST(Rotations, go_on_without_one_who_is_forgotten_or_named) {
    for (const bool is_named : {true, false}) {
        World world(world_config(8, protocol::Profile::fast, 1));
        ASSERT_TRUE(start_and_converge(world));
        world.kill(5, Crash::power);
        world.run_for(10s);
        ASSERT_TRUE(world.rotate_keys(0));
        world.run_for(5s);
        ASSERT_FALSE(is_rotated(world));
        if (is_named) {
            ASSERT_TRUE(world.rotate_keys(0, {.without = {world.member_of(5)}}));
        } else {
            ASSERT_TRUE(world.forget(0, world.member_of(5)));
        }
        EXPECT_TRUE(run_and_publish(world, 40s, [&] { return is_rotated(world); })) << is_named;
    }
}

TEST(Rotations, go_on_when_their_driver_is_restarted) {
    World world(world_config(8, protocol::Profile::fast, 2));
    ASSERT_TRUE(start_and_converge(world));
    ASSERT_TRUE(world.rotate_keys(3));
    world.run_for(1ms);
    world.kill(3, Crash::power);
    world.run_for(10s);
    EXPECT_FALSE(is_rotated(world));
    world.start(3);
    EXPECT_TRUE(run_and_publish(world, 20s, [&] { return is_rotated(world); }));
}

TEST(Rotations, are_taken_over_when_their_driver_is_gone) {
    World world(world_config(8, protocol::Profile::fast, 3));
    ASSERT_TRUE(start_and_converge(world));
    ASSERT_TRUE(world.rotate_keys(3));
    world.run_for(20ms);
    world.kill(3, Crash::disk_lost);
    world.run_for(10s);
    ASSERT_TRUE(world.forget(6, world.member_of(3)));
    ASSERT_TRUE(world.rotate_keys(6));
    EXPECT_TRUE(run_and_publish(world, 20s, [&] { return is_rotated(world); }));
}

TEST(Rotations, two_at_once_end_in_one_ring) {
    for_each_seed(5, [](std::uint64_t seed) {
        World world(world_config(8, protocol::Profile::fast, seed));
        ASSERT_TRUE(start_and_converge(world));
        ASSERT_TRUE(world.rotate_keys(1));
        ASSERT_TRUE(world.rotate_keys(6));
        EXPECT_TRUE(run_and_publish(world, 20s, [&] { return is_rotated(world); }));
        EXPECT_EQ(world.why_not_converged(), "");
    });
}

TEST(Rotations, outlive_restarts_and_outrank_the_configured_key) {
    World world(world_config(6, protocol::Profile::fast, 4));
    ASSERT_TRUE(start_and_converge(world));
    ASSERT_TRUE(world.rotate_keys(0));
    ASSERT_TRUE(run_and_publish(world, 20s, [&] { return is_rotated(world); }));
    for (HostIndex host = 0; host < 6; ++host) world.kill(host, Crash::power);
    world.start_all(1s);
    world.run_for(10s);
    EXPECT_TRUE(is_rotated(world));
    EXPECT_EQ(world.why_not_converged(), "");
    EXPECT_EQ(world.overlay(2).rotation().overruled(), std::vector{KeyId(1)});
}

TEST(Rotations, a_newcomer_with_the_old_key_gets_the_new_one_at_any_stage) {
    for_each_seed(20, [](std::uint64_t seed) {
        World world(world_config(8, protocol::Profile::fast, seed));
        for (HostIndex host = 0; host < 7; ++host) world.start(host);
        world.run_for(5s);
        ASSERT_TRUE(world.rotate_keys(0));
        world.run_for(between(world.random(), 0ms, 1s));
        const auto& ring = world.overlay(1).rotation().ring();
        const bool is_in_time = ring.size() == 2;
        world.start(7);
        world.run_for(40s);
        if (!is_in_time) return;
        EXPECT_EQ(world.why_not_converged(), "");
        EXPECT_TRUE(is_rotated(world));
    });
}

TEST(Rotations, who_knows_only_the_old_key_afterwards_is_refused) {
    World world(world_config(5, protocol::Profile::fast, 5));
    for (HostIndex host = 0; host < 4; ++host) world.start(host);
    world.run_for(5s);
    ASSERT_TRUE(world.rotate_keys(0));
    world.run_for(40s);
    ASSERT_TRUE(is_rotated(world));
    world.start(4);
    world.run_for(10s);
    EXPECT_EQ(world.membership(0).find(world.member_of(4)), nullptr);
    EXPECT_GT(dropped_for_keys(world), 0U);
}

}  // namespace
}  // namespace grapevine::sim
