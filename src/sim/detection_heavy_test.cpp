// What failure detection withstands: loss, stalls, and half of all dying at once. How fast it is
// and what it costs: rings_heavy_test.cpp.
#include <algorithm>
#include <array>
#include <gtest/gtest.h>

#include "sim/testing.hpp"
#include "sim/world.hpp"
#include "support/seeds.hpp"

using namespace std::chrono_literals;
using grapevine::testing::for_each_seed;

namespace grapevine::sim {
namespace {

constexpr auto kFast = protocol::Profile::fast;
constexpr auto kLan = protocol::Profile::lan;

std::uint64_t false_deaths(WorldConfig config, Duration duration) {
    World world(config);
    world.start_all(1s);
    world.run_for(duration);
    EXPECT_EQ(violations_of(world), "");
    return world.statistics().false_deaths();
}

WorldConfig lossy(double loss, std::uint64_t seed, protocol::Profile profile = kLan) {
    WorldConfig config = world_config(64, profile, seed);
    config.network.loss = loss;
    return config;
}

// 64 members, one hour.
TEST(FalseDeaths, there_are_none_at_one_percent_loss) {
    for_each_seed(
        1, [](std::uint64_t seed) { EXPECT_EQ(false_deaths(lossy(0.01, seed), 3600s), 0U); });
}
TEST(FalseDeaths, there_are_none_at_five_percent_loss) {
    for_each_seed(
        1, [](std::uint64_t seed) { EXPECT_EQ(false_deaths(lossy(0.05, seed), 3600s), 0U); });
}
TEST(FalseDeaths, there_are_at_most_two_at_ten_percent_loss) {
    for_each_seed(
        1, [](std::uint64_t seed) { EXPECT_LE(false_deaths(lossy(0.10, seed), 3600s), 2U); });
}

TEST(FalseDeaths, there_are_few_in_fast_either) {
    const Duration duration = grapevine::testing::is_soak() ? Duration(3600s) : Duration(300s);
    EXPECT_EQ(false_deaths(lossy(0.05, 1, kFast), duration), 0U);
    EXPECT_LE(false_deaths(lossy(0.10, 1, kFast), duration), 2U);
}

// The suspicion of `lan` outlasts nearly any loss of refutations, so what the last chance is worth
// shows where suspicion is short.
TEST(FalseDeaths, the_last_chance_probe_prevents_most) {
    const auto with_short_suspicion = [](bool last_chance) {
        WorldConfig config = lossy(0.30, 1);
        config.protocol = profile_config(kLan, protocol::DetectorKind::swim);
        config.protocol.suspicion_alpha = 0.2;
        config.protocol.suspicion_beta = 1;
        config.protocol.last_chance_probe = last_chance;
        return false_deaths(config, 300s);
    };
    const std::uint64_t with = with_short_suspicion(true);
    const std::uint64_t without = with_short_suspicion(false);
    EXPECT_GT(without, 10U);
    EXPECT_LT(with * 5, without) << with << " with, " << without << " without";
}

TEST(Detection, half_of_64_dying_at_once_is_known_to_the_other_half_within_five_seconds) {
    for_each_seed(3, [](std::uint64_t seed) {
        World world(world_config(64, kFast, seed));
        ASSERT_TRUE(start_and_converge(world));
        for (HostIndex host = 0; host < 64; host += 2) world.kill(host, Crash::power);
        EXPECT_TRUE(world.run_until([&] { return world.has_converged(); }, 5s))
            << world.why_not_converged();
        EXPECT_EQ(violations_of(world), "");
    });
}

void survive_stall(protocol::Profile profile, Duration stall, std::uint64_t seed) {
    World world(world_config(32, profile, seed));
    ASSERT_TRUE(start_and_converge(world));
    for (int i = 0; i < 30; ++i) {
        world.stall(static_cast<HostIndex>(world.random().below(32)), stall);
        world.run_for(2s);
    }
    EXPECT_EQ(world.statistics().false_deaths(), 0U);
    EXPECT_TRUE(world.run_until([&] { return world.has_converged(); }, 10s));
    EXPECT_EQ(violations_of(world), "");
}

TEST(Detection, a_member_stopped_for_half_a_second_is_not_declared_dead_in_lan) {
    for_each_seed(5, [](std::uint64_t seed) { survive_stall(kLan, 500ms, seed); });
}
TEST(Detection, a_member_stopped_for_150_ms_is_not_declared_dead_in_fast) {
    for_each_seed(5, [](std::uint64_t seed) { survive_stall(kFast, 150ms, seed); });
}
TEST(Detection, a_member_stopped_for_ten_seconds_is_not_declared_dead_in_wan) {
    for_each_seed(5, [](std::uint64_t seed) { survive_stall(protocol::Profile::wan, 10s, seed); });
}
// The other side of these bounds.
TEST(Detection, a_member_stopped_for_a_minute_is_declared_dead_and_comes_back) {
    World world(world_config(32, kLan, 1));
    ASSERT_TRUE(start_and_converge(world));
    world.stall(7, 60s);
    world.run_for(59s);
    EXPECT_EQ(world.statistics().false_deaths(), 1U);
    EXPECT_TRUE(world.run_until([&] { return world.has_converged(); }, 20s))
        << world.why_not_converged();
}

// One member hears a fifth of what is sent to it. It may be removed, but must not flap: dead and
// back, dead and back, at more than once a minute.
TEST(Detection, a_nearly_deaf_member_does_not_flap) {
    for_each_seed(3, [](std::uint64_t seed) {
        World world(world_config(32, kLan, seed));
        ASSERT_TRUE(start_and_converge(world));
        world.network().set_inbound_loss(5, 0.8);
        world.run_for(300s);
        EXPECT_LE(world.statistics().false_deaths(), 5U);
        EXPECT_EQ(violations_of(world), "");
    });
}

}  // namespace
}  // namespace grapevine::sim
