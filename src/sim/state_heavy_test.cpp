// The shared map among members that crash, lose datagrams and are cut off.
#include <gtest/gtest.h>
#include <iostream>
#include <string>

#include "sim/testing.hpp"
#include "sim/world.hpp"
#include "support/seeds.hpp"

using namespace std::chrono_literals;
using grapevine::testing::for_each_seed;
using grapevine::testing::is_soak;

namespace grapevine::sim {
namespace {

/// Writes by random members, `rate` a second for so long, among `keys` keys.
void write_many(World& world, std::uint64_t rate, Duration duration, std::uint64_t keys) {
    const auto pause = Duration(std::chrono::seconds(1)) / static_cast<std::int64_t>(rate);
    const auto end = world.now() + duration;
    while (world.now() < end) {
        const auto host = static_cast<HostIndex>(world.random().below(world.size()));
        const std::string key = "key/" + std::to_string(world.random().below(keys));
        if (world.random().chance(0.1)) {
            world.erase_state(host, key);
        } else {
            world.put_state(host, key, std::to_string(world.random().next()));
        }
        world.run_for(pause);
    }
}

TEST(State, a_write_reaches_fifty_members_in_milliseconds) {
    for_each_seed(3, [](std::uint64_t seed) {
        World world(world_config(50, protocol::Profile::fast, seed));
        ASSERT_TRUE(start_and_converge(world));
        world.run_for(2s);
        world.put_state(3, "first", "x");
        ASSERT_TRUE(world.run_until([&] { return world.has_equal_state(); }, 5s));
        world.run_for(1s);
        const auto begin = world.now();
        world.put_state(7, "second", "y");
        ASSERT_TRUE(world.run_until([&] { return world.has_equal_state(); }, 1s));
        EXPECT_LE(world.now() - begin, 100ms);
        EXPECT_EQ(violations_of(world), "");
    });
}

/// How much is written before and while things go wrong.
struct Load {
    std::uint64_t keys = 0;       ///< Held by all before it begins.
    std::uint64_t key_range = 0;  ///< Of what is then written, 500 keys a second.
    Duration part{};              ///< Of four: calm, cut in two, with two of them dead, healed.
};

/// One writes the keys, the others come and take full copies.
bool start_with_keys(World& world, std::uint64_t keys) {
    world.start(0);
    world.run_for(1s);
    for (std::uint64_t number = 0; number < keys; ++number) {
        world.put_state(0, "key/" + std::to_string(number), std::to_string(world.random().next()));
        if (number % 100 == 99) world.run_for(1ms);
    }
    if (!start_and_converge(world)) return false;
    return world.run_until([&] { return world.has_equal_state(); }, 120s, 1s);
}

void expect_equal_after_trouble(std::uint64_t seed, const Load& load) {
    const WorldConfig config = world_config(50, protocol::Profile::fast, seed);
    World world(config);
    ASSERT_TRUE(start_with_keys(world, load.keys));
    NetworkConfig bad = config.network;
    bad.loss = 0.1;
    world.network().configure(bad);
    write_many(world, 500, load.part, load.key_range);
    std::vector<HostIndex> island;
    for (HostIndex host = 0; host < 20; ++host) island.push_back(host);
    world.partition(island);
    write_many(world, 500, load.part, load.key_range);
    world.kill(30, Crash::power);
    world.kill(31, Crash::process);
    write_many(world, 500, load.part, load.key_range);
    world.heal();
    world.network().configure(bad);
    world.start(30);
    world.start(31);
    write_many(world, 500, load.part, load.key_range);
    const auto quiet = world.now();
    ASSERT_TRUE(world.run_until([&] { return world.has_equal_state(); }, 120s));
    const double rounds = seconds(world.now() - quiet) / seconds(config.protocol.sync_interval);
    std::cout << "equal after " << seconds(world.now() - quiet) << " s, " << rounds << " rounds; "
              << world.state(0).cells().count() << " cells" << std::endl;
    EXPECT_LE(rounds, 20 + seconds(5s) / seconds(config.protocol.sync_interval))
        << "and five seconds in which those who were cut off find each other";
    EXPECT_EQ(violations_of(world), "");
    world.state(0).check_invariants();
}

TEST(State, all_hold_the_same_within_twenty_rounds_after_churn_loss_and_partition) {
    for_each_seed(1, [](std::uint64_t seed) {
        expect_equal_after_trouble(seed, {.keys = 0, .key_range = 2'000, .part = 4s});
    });
}

TEST(State, a_hundred_thousand_keys_too_are_the_same_within_twenty_rounds) {
    if (!is_soak()) GTEST_SKIP() << "takes minutes: GRAPEVINE_SOAK=1";
    expect_equal_after_trouble(1, {.keys = 100'000, .key_range = 100'000, .part = 20s});
}

TEST(State, a_deletion_is_not_undone_by_those_who_were_away_for_longer_than_it_is_remembered) {
    for_each_seed(5, [](std::uint64_t seed) {
        WorldConfig config = world_config(6, protocol::Profile::fast, seed);
        config.protocol.tombstone_life = 40s;
        World world(config);
        ASSERT_TRUE(start_and_converge(world));
        for (const std::string_view key : {"a", "b", "c"}) world.put_state(1, key, "x");
        world.run_for(10s);
        world.partition({4, 5});
        world.erase_state(1, "b");
        world.put_state(4, "d", "x");
        world.run_for(100s);
        EXPECT_EQ(world.state(0).cells().ending_count(), 0U) << "it is not remembered any more";
        world.heal();
        ASSERT_TRUE(world.run_until([&] { return world.has_converged(); }, 60s));
        ASSERT_TRUE(world.run_until([&] { return world.has_equal_state(); }, 60s));
        const protocol::Moment moment{{}, 0};
        for (HostIndex host = 0; host < 6; ++host) {
            EXPECT_FALSE(world.state(host).find(moment, "b"));
            EXPECT_TRUE(world.state(host).find(moment, "a"));
        }
        EXPECT_EQ(world.state(4).counters().resets, 1U);
        EXPECT_EQ(violations_of(world), "");
    });
}

TEST(State, a_newcomer_takes_a_full_copy) {
    for_each_seed(2, [](std::uint64_t seed) {
        World world(world_config(6, protocol::Profile::fast, seed));
        for (HostIndex host = 0; host < 5; ++host) world.start(host);
        world.run_for(3s);
        for (int i = 0; i < 3000; ++i) {
            world.put_state(static_cast<HostIndex>(i % 5), "key/" + std::to_string(i), "value");
            if (i % 10 == 0) world.run_for(1ms);
        }
        ASSERT_TRUE(world.run_until([&] { return world.has_equal_state(); }, 20s));
        world.start(5);
        world.run_for(1s);
        ASSERT_TRUE(world.run_until([&] { return world.has_equal_state(); }, 20s));
        EXPECT_EQ(world.state(5).counters().copies, 1U);
        EXPECT_EQ(world.state(5).cells().count(), 3000U);
        EXPECT_EQ(violations_of(world), "");
    });
}

}  // namespace
}  // namespace grapevine::sim
