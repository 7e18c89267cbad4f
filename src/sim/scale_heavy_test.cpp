// Many members in one process.
#include <algorithm>
#include <gtest/gtest.h>
#include <set>

#include "sim/testing.hpp"
#include "sim/world.hpp"
#include "support/seeds.hpp"

using namespace std::chrono_literals;

namespace grapevine::sim {
namespace {

void start_together(std::size_t hosts, Duration within, Duration limit) {
    WorldConfig config = world_config(hosts, protocol::Profile::lan, 1);
    config.is_checked = hosts <= 1024;  // What costs N^2 is left to the smaller worlds.
    World world(config);
    world.start_all(within);
    world.run_for(within);
    EXPECT_TRUE(world.run_until([&] { return world.has_converged(); }, limit, 1s))
        << world.why_not_converged();
    world.run_for(10s);
    // A ping and an ack in 2 s of each of three rings and of the SWIM behind them,
    // however many there are.
    const std::uint64_t before = world.statistics().total().datagrams_sent;
    world.run_for(20s);
    const std::uint64_t sent = world.statistics().total().datagrams_sent - before;
    EXPECT_NEAR(static_cast<double>(sent) / static_cast<double>(hosts) / 20, 4.0, 0.1);
    EXPECT_EQ(world.statistics().false_deaths(), 0U);
    EXPECT_EQ(violations_of(world), "");
}

TEST(Scale, a_thousand_members_start_converge_and_are_cheap) {
    start_together(1024, 2s, 30s);
}

// Rapid's measure (Suresh et al., ATC 2018, section 7): memberlist takes 95 s, and reports 1,858
// sizes on the way.
TEST(Scale, two_thousand_members_start_within_40_s_and_report_few_sizes) {
    WorldConfig config = world_config(2000, protocol::Profile::lan, 1);
    config.is_checked = false;
    World world(config);
    world.start_all(2s);
    world.run_for(2s);
    EXPECT_TRUE(world.run_until([&] { return world.has_converged(); }, 38s, 500ms))
        << world.why_not_converged();
    world.run_for(2s);
    std::size_t sizes_max = 0;
    for (HostIndex host = 0; host < 2000; ++host) {
        const auto& sizes = world.statistics().settled_sizes(host);
        ASSERT_FALSE(sizes.empty());
        EXPECT_EQ(sizes.back(), 2000U) << host;
        sizes_max = std::max(sizes_max, std::set<std::size_t>(sizes.begin(), sizes.end()).size());
    }
    EXPECT_LT(sizes_max, 10U);
}

TEST(Scale, ten_thousand_members_start_and_converge) {
    if (!grapevine::testing::is_soak()) GTEST_SKIP() << "takes minutes: GRAPEVINE_SOAK=1";
    start_together(10'000, 20s, 120s);
}

}  // namespace
}  // namespace grapevine::sim
