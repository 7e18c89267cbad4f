#include <algorithm>
#include <gtest/gtest.h>

#include "sim/testing.hpp"
#include "sim/world.hpp"
#include "support/seeds.hpp"

using namespace std::chrono_literals;
using grapevine::testing::for_each_seed;

// Worlds without any seed, whose hosts share one network with a multicast group.
namespace grapevine::sim {
namespace {

WorldConfig lan_config(std::size_t hosts, std::uint64_t seed) {
    WorldConfig config = world_config(hosts, protocol::Profile::fast, seed);
    config.seeds = 0;
    config.has_multicast = true;
    return config;
}

std::uint64_t announced(const World& world) {
    std::uint64_t sum = 0;
    for (const HostIndex host : world.members()) {
        sum += world.overlay(host).counters().announcements_sent;
    }
    return sum;
}

TEST(Multicast, sixteen_members_without_seeds_find_each_other) {
    for_each_seed(20, [](std::uint64_t seed) {
        World world(lan_config(16, seed));
        EXPECT_TRUE(start_and_converge(world, 1s, 3s)) << world.why_not_converged();
        EXPECT_LE(announced(world), 40U) << "16 newcomers, and answers to most of them";
        EXPECT_EQ(violations_of(world), "");
    });
}

TEST(Multicast, sixteen_members_together_speak_every_eight_to_twenty_seconds) {
    for_each_seed(3, [](std::uint64_t seed) {
        World world(lan_config(16, seed));
        ASSERT_TRUE(start_and_converge(world));
        const std::uint64_t before = announced(world);
        world.run_for(120s);
        const std::uint64_t after = announced(world) - before;
        EXPECT_GE(after, 120U / 20);
        EXPECT_LE(after, 120U / 8);
    });
}

TEST(Multicast, without_it_nobody_is_found) {
    WorldConfig config = lan_config(4, 1);
    config.has_multicast = false;
    World world(config);
    EXPECT_FALSE(start_and_converge(world, 1s, 60s));
}

TEST(Multicast, a_hundred_switched_on_at_once_find_each_other_by_a_few_announcements) {
    for_each_seed(2, [](std::uint64_t seed) {
        World world(lan_config(100, seed));
        EXPECT_TRUE(start_and_converge(world, 1ms, 10s)) << world.why_not_converged();
        EXPECT_LE(announced(world), 15U);
        EXPECT_EQ(violations_of(world), "");
    });
}

TEST(Multicast, a_lossy_network_only_takes_longer) {
    for_each_seed(10, [](std::uint64_t seed) {
        WorldConfig config = lan_config(8, seed);
        config.network.loss = 0.3;
        World world(config);
        world.start_all(1s);
        world.run_for(1s);
        const auto all_are_known = [&] {
            return std::ranges::all_of(world.members(), [&](HostIndex host) {
                return world.membership(host).member_count() == world.size();
            });
        };
        EXPECT_TRUE(world.run_until(all_are_known, 30s));
    });
}

TEST(Multicast, one_that_comes_later_is_let_in_within_three_seconds) {
    for_each_seed(20, [](std::uint64_t seed) {
        World world(lan_config(8, seed));
        for (HostIndex host = 0; host < 7; ++host) world.start(host);
        ASSERT_TRUE(world.run_until([&] { return world.has_converged(); }, 10s));
        world.run_for(30s);
        world.start(7);
        EXPECT_TRUE(world.run_until([&] { return world.has_converged(); }, 3s))
            << world.why_not_converged();
        EXPECT_EQ(violations_of(world), "");
    });
}

// Each side has declared the other dead and forgotten it, so nothing but the group tells of it.
TEST(Multicast, two_groups_that_have_forgotten_each_other_meet_again) {
    for_each_seed(10, [](std::uint64_t seed) {
        World world(lan_config(6, seed));
        ASSERT_TRUE(start_and_converge(world));
        world.partition({0, 1, 2});
        world.run_for(20s);
        for (HostIndex here = 0; here < 6; ++here) {
            for (HostIndex there = 0; there < 6; ++there) {
                if ((here < 3) != (there < 3)) {
                    EXPECT_TRUE(world.forget(here, world.member_of(there)));
                }
            }
        }
        world.heal();
        EXPECT_TRUE(world.run_until([&] { return world.has_converged(); }, 45s))
            << world.why_not_converged();
        EXPECT_EQ(violations_of(world), "");
    });
}

TEST(Multicast, overlays_that_share_a_group_learn_nothing_of_each_other) {
    for_each_seed(5, [](std::uint64_t seed) {
        // Two overlays of one name and with one network, but with keys of their own.
        World red(lan_config(5, seed));
        World blue(lan_config(4, seed + 1000));
        const Endpoint from_red = Endpoint::v4(10, 1, 0, 1, 9470);
        const Endpoint from_blue = Endpoint::v4(10, 2, 0, 1, 9470);
        red.on_announce([&](const Bytes& bytes) { blue.announce_from_outside(from_red, bytes); });
        blue.on_announce([&](const Bytes& bytes) { red.announce_from_outside(from_blue, bytes); });
        red.start_all(1s);
        blue.start_all(1s);
        for (int second = 0; second < 60; ++second) {
            red.run_for(1s);
            blue.run_for(1s);
        }
        EXPECT_TRUE(red.has_converged()) << red.why_not_converged();
        EXPECT_TRUE(blue.has_converged()) << blue.why_not_converged();
        for (const World* world : {&red, &blue}) {
            EXPECT_EQ(world->network().counters().nowhere, 0U) << "nobody was said hello to";
            for (const HostIndex host : world->members()) {
                const auto& counters = world->overlay(host).counters();
                EXPECT_EQ(world->membership(host).member_count(), world->size());
                EXPECT_GE(counters.announcements_foreign, 3U);
                EXPECT_EQ(counters.announcements_dropped, 0U);
            }
        }
        EXPECT_EQ(violations_of(red) + violations_of(blue), "");
    });
}

TEST(Multicast, announcements_that_are_sent_again_change_nothing) {
    for_each_seed(5, [](std::uint64_t seed) {
        World world(lan_config(5, seed));
        std::vector<Bytes> recorded;
        world.on_announce([&](const Bytes& bytes) { recorded.push_back(bytes); });
        ASSERT_TRUE(start_and_converge(world));
        world.run_for(60s);
        world.kill(4, Crash::power);
        world.run_for(30s);
        const std::uint64_t view = world.overlay(0).view_fingerprint();
        const std::uint64_t nowhere = world.network().counters().nowhere;
        const Endpoint victim = Endpoint::v4(10, 9, 0, 1, 9470);
        for (const Bytes& bytes : std::vector<Bytes>(recorded)) {
            world.announce_from_outside(victim, bytes);
        }
        world.run_for(30s);
        EXPECT_EQ(world.network().counters().nowhere, nowhere) << "the victim got nothing";
        EXPECT_EQ(world.overlay(0).view_fingerprint(), view);
        EXPECT_EQ(violations_of(world), "");
    });
}

TEST(Multicast, the_same_seed_gives_the_same_trace) {
    const auto run = [](std::uint64_t seed) {
        World world(lan_config(6, seed));
        world.start_all(1s);
        world.run_for(60s);
        return world.trace_hash();
    };
    EXPECT_EQ(run(1), run(1));
    EXPECT_NE(run(1), run(2));
}

}  // namespace
}  // namespace grapevine::sim
