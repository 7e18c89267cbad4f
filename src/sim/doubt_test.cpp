// Members that hear little, racks that fail at once, groups that start: what users are told of it.
#include <gtest/gtest.h>
#include <set>

#include "sim/testing.hpp"
#include "sim/world.hpp"
#include "support/seeds.hpp"

using namespace std::chrono_literals;
using grapevine::testing::for_each_seed;

namespace grapevine::sim {
namespace {

constexpr auto kFast = protocol::Profile::fast;

/// How often anybody but `sick` was taken for dead, by whomever.
std::uint64_t healthy_deaths(const World& world, HostIndex sick) {
    const auto& statistics = world.statistics();
    return statistics.false_deaths() - statistics.false_deaths(world.member_of(sick));
}

/// It loses four of five datagrams that are sent to it, finds everybody silent, and says so. How
/// often it was not believed.
std::uint64_t ignored_words_of_the_deaf(protocol::DetectorKind detector, std::uint64_t seed) {
    WorldConfig config = world_config(24, kFast, seed);
    config.protocol = profile_config(kFast, detector);
    World world(config);
    EXPECT_TRUE(start_and_converge(world));
    world.network().set_inbound_loss(5, 0.8);
    world.run_for(60s);
    EXPECT_EQ(healthy_deaths(world, 5), 0U);
    std::uint64_t ignored = 0;
    std::uint64_t before = 0;
    for (HostIndex host = 0; host < 24; ++host) {
        if (host != 5) before += world.membership(host).counters().suspicions;
        ignored += world.membership(host).counters().dropped_unreliable;
    }
    world.run_for(30s);
    std::uint64_t after = 0;
    for (HostIndex host = 0; host < 24; ++host) {
        if (host != 5) after += world.membership(host).counters().suspicions;
    }
    // What is left are suspicions of itself, a few a minute at each of the others.
    if (detector == protocol::DetectorKind::rings) {
        EXPECT_LE(after - before, 23U * 10U);
    }
    EXPECT_EQ(healthy_deaths(world, 5), 0U);
    EXPECT_EQ(violations_of(world), "");
    return ignored;
}

// With the rings its word alone is no quorum, with SWIM it would be believed if it were not known
// for being refuted.
TEST(HalfReachable, a_member_that_hears_little_does_not_poison_the_group) {
    for_each_seed(2, [](std::uint64_t seed) {
        ignored_words_of_the_deaf(protocol::DetectorKind::rings, seed);
        EXPECT_GT(ignored_words_of_the_deaf(protocol::DetectorKind::swim, seed), 0U);
    });
}

TEST(HalfReachable, a_member_that_hears_little_flaps_once_a_minute_at_most) {
    for_each_seed(2, [](std::uint64_t seed) {
        World world(world_config(24, kFast, seed));
        ASSERT_TRUE(start_and_converge(world));
        world.network().set_inbound_loss(5, 0.8);
        world.run_for(30s);
        const MemberId sick = world.member_of(5);
        const std::uint64_t at_first = world.statistics().false_deaths(sick);
        EXPECT_LE(at_first, 2U) << "before it is known for it";
        world.run_for(180s);
        EXPECT_LE(world.statistics().false_deaths(sick) - at_first, 3U);
    });
}

/// How long the crash of a member takes to be known to the other four, after two stops of a second
/// for which all have taken it for dead; it may have restarted in between.
Duration death_after_two_stops(std::uint64_t seed, Crash how, bool restarts) {
    World world(world_config(5, kFast, seed));
    EXPECT_TRUE(start_and_converge(world));
    for (int stops = 0; stops < 2; ++stops) {
        world.run_for(3s);
        world.stall(3, 1s);
        world.run_for(1s);
        EXPECT_TRUE(world.run_until([&] { return world.has_converged(); }, 10s));
        if (restarts) {
            world.kill(3, Crash::process);
            world.run_for(5s);
            world.start(3);
            EXPECT_TRUE(world.run_until([&] { return world.has_converged(); }, 10s));
        }
    }
    world.run_for(3s);
    const Moment begin = world.now();
    world.kill(3, how);
    EXPECT_TRUE(world.run_until([&] { return world.has_converged(); }, 40s));
    EXPECT_EQ(violations_of(world), "");
    return world.now() - begin;
}

// It flaps, as far as the others know, so silence alone is no proof of its death for a while.
TEST(Flapping, the_end_of_a_machine_that_stopped_twice_is_known_after_fifteen_seconds) {
    for_each_seed(5, [](std::uint64_t seed) {
        const Duration took = death_after_two_stops(seed, Crash::power, false);
        EXPECT_GE(took, protocol::Flaps::kFirstHold);
        EXPECT_LE(took, protocol::Flaps::kFirstHold + 2s);
    });
}

// Its host says that nobody listens, which no member says that merely hears little.
TEST(Flapping, the_end_of_a_process_that_stopped_twice_is_known_at_once) {
    for_each_seed(20, [](std::uint64_t seed) {
        EXPECT_LE(death_after_two_stops(seed, Crash::process, false), 500ms);
    });
}

// Each start of a busy daemon stops it for a moment; that is not flapping.
TEST(Flapping, what_a_member_did_before_a_restart_is_not_held_against_it) {
    for_each_seed(20, [](std::uint64_t seed) {
        EXPECT_LE(death_after_two_stops(seed, Crash::power, true), 1s);
    });
}

/// A rack of 10 among 50 fails; how many of the survivors are told so by one item.
std::size_t told_as_one(std::uint64_t seed) {
    World world(world_config(50, kFast, seed));
    EXPECT_TRUE(start_and_converge(world));
    world.run_for(5s);
    for (HostIndex host = 20; host < 30; ++host) world.kill(host, Crash::power);
    EXPECT_TRUE(world.run_until([&] { return world.has_converged(); }, 5s));
    world.run_for(1s);
    std::size_t count = 0;
    for (const HostIndex host : world.members()) {
        if (world.statistics().death_groups(host) == std::vector<std::size_t>{10}) ++count;
    }
    EXPECT_EQ(violations_of(world), "");
    return count;
}

TEST(Together, the_failure_of_a_rack_is_one_event) {
    std::size_t as_one = 0;
    std::size_t survivors = 0;
    for_each_seed(5, [&](std::uint64_t seed) {
        as_one += told_as_one(seed);
        survivors += 40;
    });
    EXPECT_GE(as_one * 100, survivors * 95) << as_one << " of " << survivors;
}

TEST(Together, a_single_crash_is_told_when_it_is_known) {
    World world(world_config(24, kFast, 1));
    ASSERT_TRUE(start_and_converge(world));
    world.run_for(5s);
    world.kill(7, Crash::power);
    const auto all_know = [&] {
        for (const HostIndex host : world.members()) {
            const auto* member = world.membership(host).find(world.member_of(7));
            if (member->status != wire::Status::dead) return false;
        }
        return true;
    };
    ASSERT_TRUE(world.run_until(all_know, 5s, 1ms));
    world.run_for(world.config().protocol.batch_quiet);
    for (const HostIndex host : world.members()) {
        EXPECT_EQ(world.statistics().death_groups(host), std::vector<std::size_t>{1}) << host;
    }
}

TEST(Settled, two_hundred_that_start_together_report_few_sizes) {
    World world(world_config(200, protocol::Profile::lan, 1));
    world.start_all(4s);
    world.run_for(4s);
    ASSERT_TRUE(world.run_until([&] { return world.has_converged(); }, 36s, 100ms))
        << world.why_not_converged();
    world.run_for(2s);
    for (HostIndex host = 0; host < 200; ++host) {
        const auto& sizes = world.statistics().settled_sizes(host);
        ASSERT_FALSE(sizes.empty());
        EXPECT_EQ(sizes.back(), 200U);
        EXPECT_LT(std::set<std::size_t>(sizes.begin(), sizes.end()).size(), 10U) << host;
    }
}

}  // namespace
}  // namespace grapevine::sim
