#include "sim/world.hpp"

#include <gtest/gtest.h>

#include "sim/chaos.hpp"
#include "sim/testing.hpp"
#include "support/seeds.hpp"

using namespace std::chrono_literals;
using grapevine::testing::for_each_seed;

namespace grapevine::sim {
namespace {

constexpr auto kFast = protocol::Profile::fast;
constexpr auto kLan = protocol::Profile::lan;

TEST(World, five_members_find_each_other) {
    for_each_seed(20, [](std::uint64_t seed) {
        World world(world_config(5, kLan, seed));
        EXPECT_TRUE(start_and_converge(world, 1s, 10s)) << world.why_not_converged();
        world.run_for(5s);
        EXPECT_EQ(violations_of(world), "");
    });
}

TEST(World, the_same_seed_gives_the_same_trace) {
    const auto run = [](std::uint64_t seed) {
        WorldConfig config = world_config(6, kFast, seed);
        config.network.loss = 0.1;
        config.network.duplicate = 0.1;
        World world(config);
        world.start_all(1s);
        Chaos chaos(world, config.network);
        chaos.run_for(20s);
        world.run_for(30s);
        return world.trace_hash();
    };
    EXPECT_EQ(run(1), run(1));
    EXPECT_EQ(run(2), run(2));
    EXPECT_NE(run(1), run(2));
}

TEST(World, a_member_killed_at_any_moment_comes_back_with_a_higher_incarnation) {
    for (std::uint64_t actions = 0; actions < 120; ++actions) {
        SCOPED_TRACE(actions);
        World world(world_config(3, kFast, 1));
        world.start_all(100ms);
        world.run_for(50ms);
        world.kill_after(1, actions, Crash::power);
        ASSERT_TRUE(world.run_until([&] { return !world.is_up(1); }, 60s));
        const MemberId before = world.member_of(1);
        const Incarnation born = world.born_as(1);
        world.run_for(2s);
        world.start(1);
        // Killed before the identity was on the disk, it comes back as somebody else, whom nobody
        // has heard of before.
        if (world.member_of(1) == before) {
            EXPECT_GT(world.born_as(1), born);
        }
        EXPECT_TRUE(world.run_until([&] { return world.has_converged(); }, 30s));
        EXPECT_EQ(violations_of(world), "");
    }
}

TEST(World, a_member_without_its_disk_comes_back_as_somebody_else) {
    World world(world_config(4, kFast, 1));
    ASSERT_TRUE(start_and_converge(world));
    const MemberId before = world.member_of(2);
    world.kill(2, Crash::disk_lost);
    world.run_for(5s);
    world.start(2);
    EXPECT_NE(world.member_of(2), before);
    EXPECT_TRUE(world.run_until([&] { return world.has_converged(); }, 10s));
    EXPECT_EQ(violations_of(world), "");
}

// Both sides of a partition declare each other dead and are told to forget. After healing, the
// forgotten still live in an incarnation that the floor refuses.
TEST(World, members_that_were_forgotten_and_live_are_taken_back) {
    for_each_seed(10, [](std::uint64_t seed) {
        World world(world_config(4, kFast, seed));
        ASSERT_TRUE(start_and_converge(world));
        world.partition({0, 1});
        world.run_for(10s);
        for (HostIndex here = 0; here < 4; ++here) {
            for (HostIndex there = 0; there < 4; ++there) {
                if ((here < 2) == (there < 2)) continue;
                EXPECT_TRUE(world.forget(here, world.member_of(there)));
            }
        }
        world.heal();
        world.kill(0, Crash::process);
        world.start(0);  // Somebody has to speak first.
        EXPECT_TRUE(world.run_until([&] { return world.has_converged(); }, 30s))
            << world.why_not_converged();
        EXPECT_EQ(violations_of(world), "");
    });
}

// One side forgets a member that lives on behind the partition, and so its session: what that
// member goes on sending in its own must be large enough to draw a challenge.
TEST(World, one_that_was_forgotten_on_one_side_only_is_taken_back) {
    for_each_seed(20, [](std::uint64_t seed) {
        World world(world_config(6, kFast, seed));
        ASSERT_TRUE(start_and_converge(world));
        world.partition({0, 1, 2});
        world.run_for(8s);
        EXPECT_TRUE(world.forget(0, world.member_of(4)));
        EXPECT_TRUE(world.forget(2, world.member_of(4)));
        world.heal();
        EXPECT_TRUE(world.run_until([&] { return world.has_converged(); }, 30s))
            << world.why_not_converged();
    });
}

TEST(World, a_partition_heals) {
    for_each_seed(5, [](std::uint64_t seed) {
        World world(world_config(10, kFast, seed));
        ASSERT_TRUE(start_and_converge(world));
        world.partition({0, 3, 5});
        world.run_for(20s);
        EXPECT_FALSE(world.has_converged());
        world.heal();
        EXPECT_TRUE(world.run_until([&] { return world.has_converged(); }, 30s))
            << world.why_not_converged();
        EXPECT_EQ(violations_of(world), "");
    });
}

TEST(World, one_who_leaves_is_not_mourned) {
    World world(world_config(8, kFast, 1));
    ASSERT_TRUE(start_and_converge(world));
    world.leave(4);
    world.run_for(10s);
    for (const HostIndex host : world.members()) {
        EXPECT_EQ(world.membership(host).find(world.member_of(4))->status, wire::Status::left);
    }
    EXPECT_EQ(world.statistics().false_deaths(), 0U);
    EXPECT_TRUE(world.has_converged());
    EXPECT_EQ(violations_of(world), "");
}

TEST(World, with_all_seeds_gone_a_member_comes_back_by_its_own_memory) {
    WorldConfig config = world_config(6, kFast, 1);
    config.seeds = 2;
    World world(config);
    ASSERT_TRUE(start_and_converge(world));
    world.run_for(30s);  // It remembers its peers now and then.
    world.kill(5, Crash::power);
    world.kill(0, Crash::power);
    world.kill(1, Crash::power);
    world.run_for(10s);
    world.start(5);
    EXPECT_TRUE(world.run_until([&] { return world.has_converged(); }, 30s))
        << world.why_not_converged();
}

// Without signed time or a trusted third party nobody can tell a restored snapshot from the member
// itself; but what it seals must not repeat a nonce, and the group must heal.
TEST(World, a_restored_snapshot_repeats_no_nonce_and_finds_its_way_back) {
    for_each_seed(5, [](std::uint64_t seed) {
        World world(world_config(5, kFast, seed));
        ASSERT_TRUE(start_and_converge(world));
        world.snapshot(2);
        for (int i = 0; i < 3; ++i) {
            ASSERT_TRUE(world.set_record(2, "key", std::to_string(i)));
            world.run_for(1s);
            world.kill(2, Crash::power);
            world.run_for(2s);
            world.start(2);
            world.run_for(2s);
        }
        world.kill(2, Crash::power);
        ASSERT_TRUE(world.restore(2));
        world.start(2);
        EXPECT_TRUE(world.run_until([&] { return world.has_converged(); }, 30s))
            << world.why_not_converged();
        world.run_for(10s);
        EXPECT_EQ(violations_of(world), "");
    });
}

/// Random faults of all kinds and random settings: every property of `Checkers` holds, and when the
/// faults end, all agree.
void survive_chaos(std::uint64_t seed) {
    Random knobs(seed * 977);
    WorldConfig config = world_config(3 + knobs.below(8), knobs.chance(0.5) ? kFast : kLan, seed);
    config.drift_ppm_max = static_cast<std::int32_t>(knobs.below(1000));
    config.protocol.tombstone_life = std::chrono::seconds(5 + knobs.below(60));
    config.protocol.rumor_fanout = static_cast<std::uint8_t>(1 + knobs.below(4));
    config.protocol.rumor_counter = static_cast<std::uint8_t>(1 + knobs.below(4));
    config.protocol.event_fanout = static_cast<std::uint8_t>(1 + knobs.below(5));
    config.protocol.retention_age = std::chrono::seconds(10 + knobs.below(120));
    World world(config);
    world.network().record(20'000);
    world.start_all(1s);
    Chaos chaos(world, config.network);
    chaos.run_for(60s);
    world.run_for(60s);
    EXPECT_TRUE(world.run_until([&] { return world.has_converged(); }, 60s, 100ms))
        << world.why_not_converged();
    world.run_for(60s);
    world.check_settled();
    EXPECT_EQ(violations_of(world), "");
}

TEST(World, every_property_survives_chaos) {
    for_each_seed(60, survive_chaos);
}

}  // namespace
}  // namespace grapevine::sim
