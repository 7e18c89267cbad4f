// Many members in one process.
#include <gtest/gtest.h>

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
    // A ping and an ack in each period of a second, however many there are.
    const std::uint64_t before = world.statistics().total().datagrams_sent;
    world.run_for(20s);
    const std::uint64_t sent = world.statistics().total().datagrams_sent - before;
    EXPECT_NEAR(static_cast<double>(sent) / static_cast<double>(hosts) / 20, 2.0, 0.1);
    EXPECT_EQ(world.statistics().false_deaths(), 0U);
    EXPECT_EQ(violations_of(world), "");
}

TEST(Scale, a_thousand_members_start_converge_and_are_cheap) {
    start_together(1024, 2s, 30s);
}

TEST(Scale, ten_thousand_members_start_and_converge) {
    if (!grapevine::testing::is_soak()) GTEST_SKIP() << "takes minutes: GRAPEVINE_SOAK=1";
    start_together(10'000, 20s, 120s);
}

}  // namespace
}  // namespace grapevine::sim
