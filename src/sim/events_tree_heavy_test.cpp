// Trees of whole daemons: what they cost when nothing happens, and how soon they are whole again.
#include <algorithm>
#include <gtest/gtest.h>

#include "protocol/rumor/tree.hpp"
#include "sim/testing.hpp"
#include "sim/world.hpp"
#include "support/seeds.hpp"

using namespace std::chrono_literals;
using grapevine::testing::for_each_seed;

namespace grapevine::sim {
namespace {

const protocol::Events& events_of(const World& world, HostIndex host) {
    return world.overlay(host).node().events();
}

/// Fragments that all hosts have sent, unasked or on request.
std::uint64_t fragments_sent(const World& world) {
    std::uint64_t count = 0;
    for (HostIndex host = 0; host < world.size(); ++host) {
        const auto& counters = events_of(world, host).counters();
        count += counters.pushed + counters.resent;
    }
    return count;
}

void publish_in_turn(World& world, HostIndex publishers, int rounds, Duration pause) {
    for (int round = 0; round < rounds; ++round) {
        for (HostIndex host = 0; host < publishers; ++host) {
            EXPECT_TRUE(world.publish(host, "news", Bytes(100, 1)));
            world.run_for(pause);
        }
    }
}

void expect_complete(const World& world) {
    const Statistics::Deliveries deliveries = world.statistics().deliveries();
    EXPECT_EQ(deliveries.delivered, deliveries.expected);
    EXPECT_GT(deliveries.expected, 0U);
    EXPECT_EQ(deliveries.gaps, 0U);
    EXPECT_EQ(violations_of(world), "");
}

void one_copy_each(std::size_t members, std::uint64_t seed) {
    World world(world_config(members, protocol::Profile::lan, seed));
    ASSERT_TRUE(start_and_converge(world));
    world.run_for(5s);
    publish_in_turn(world, 5, 5, 20ms);
    world.run_for(2s);
    const std::uint64_t before = fragments_sent(world);
    publish_in_turn(world, 5, 40, 10ms);
    world.run_for(5s);
    const double copies = static_cast<double>(fragments_sent(world) - before) /
                          (200.0 * static_cast<double>(members - 1));
    EXPECT_GE(copies, 1.0);
    EXPECT_LE(copies, 1.05);
    expect_complete(world);
}

TEST(Trees, carry_one_copy_to_each_of_25_members) {
    for_each_seed(3, [](std::uint64_t seed) { one_copy_each(25, seed); });
}
TEST(Trees, carry_one_copy_to_each_of_100_members) {
    for_each_seed(1, [](std::uint64_t seed) { one_copy_each(100, seed); });
}

TEST(Trees, hundred_members_miss_nothing_at_thirty_percent_loss) {
    for_each_seed(1, [](std::uint64_t seed) {
        WorldConfig config = world_config(100, protocol::Profile::lan, seed);
        World world(config);
        ASSERT_TRUE(start_and_converge(world));
        world.run_for(5s);
        NetworkConfig bad = config.network;
        bad.loss = 0.3;
        world.network().configure(bad);
        publish_in_turn(world, 20, 10, 50ms);
        world.run_for(20s);
        expect_complete(world);
        ASSERT_TRUE(world.statistics().delivery_quantile(0.99));
        EXPECT_LE(*world.statistics().delivery_quantile(0.99),
                  5 * config.protocol.repair_delay + 1s);
    });
}

// Graft timeout and two hops, in whole daemons: the announcement waits for its delay, and the
// timeout varies by a quarter.
TEST(Trees, a_cut_link_is_replaced_within_the_graft_timeout_and_two_hops) {
    for_each_seed(3, [](std::uint64_t seed) {
        WorldConfig config = world_config(60, protocol::Profile::lan, seed);
        World world(config);
        ASSERT_TRUE(start_and_converge(world));
        world.run_for(5s);
        publish_in_turn(world, 1, 10, 50ms);
        world.run_for(1s);
        const wire::StreamId stream{world.member_of(0), world.epoch_of(0)};
        HostIndex child = 1;
        while (events_of(world, child).spreader().upstream(stream) == stream.publisher) ++child;
        const HostIndex parent = world.host_of(events_of(world, child).spreader().upstream(stream));
        ASSERT_NE(parent, kNoHost);
        world.cut({parent}, {child});
        publish_in_turn(world, 1, 3, 400ms);
        const std::uint64_t before = fragments_sent(world);
        publish_in_turn(world, 1, 10, 400ms);
        world.run_for(1s);
        expect_complete(world);
        constexpr Duration kHop = 3ms;
        EXPECT_LE(*world.statistics().delivery_quantile(1.0),
                  config.protocol.announce_delay + config.protocol.repair_delay * 5 / 4 + 6 * kHop);
        EXPECT_LE(static_cast<double>(fragments_sent(world) - before), 1.05 * 10 * 59);
    });
}

// The links to one member let 100 datagrams a second through from the publisher and 50 from each
// other member, 600 events are published, one per datagram. The publisher learns of it
// and goes slower; nobody misses anything, and the others never notice.
TEST(Pressure, a_clogged_link_slows_its_publisher_and_nobody_else_notices) {
    for_each_seed(2, [](std::uint64_t seed) {
        WorldConfig config = world_config(12, protocol::Profile::lan, seed);
        World world(config);
        ASSERT_TRUE(start_and_converge(world));
        world.run_for(5s);
        publish_in_turn(world, 1, 10, 50ms);
        world.run_for(1s);
        constexpr HostIndex kSlow = 7;
        std::uint64_t published = 0;
        std::uint64_t held_up = 0;
        bool is_told = false;
        const Moment clogged_until = world.now() + 15s;
        const Moment end = world.now() + 30s;
        while (world.now() < end) {
            if (world.now() < clogged_until) {
                for (HostIndex from = 0; from < 12; ++from) {
                    if (from == kSlow) continue;
                    const std::size_t capacity = from == 0 ? 10 : 5;
                    world.network().clog(from, kSlow, world.now() + 99ms, capacity);
                }
            }
            for (int i = 0; i < 60; ++i) {
                if (world.publish_at(0) <= world.clock(0)) {
                    EXPECT_TRUE(world.publish(0, "news", Bytes(1000, 1)));
                    ++published;
                } else {
                    world.held_up(0);
                    ++held_up;
                }
                world.run_for(Duration(100ms) / 60);
            }
            const auto pressure = events_of(world, 0).pressure(world.clock(0));
            is_told |= pressure && pressure->slowest.slowest == world.member_of(kSlow);
        }
        EXPECT_TRUE(is_told);
        EXPECT_GT(held_up, 500U);
        EXPECT_GT(published, 30U * protocol::Pace::kRateMin);
        world.run_for(30s);
        EXPECT_FALSE(events_of(world, 0).pressure(world.clock(0)));
        expect_complete(world);
        // One member of twelve was late; of the others nobody was.
        EXPECT_LE(*world.statistics().delivery_quantile(0.9), 10ms);
    });
}

}  // namespace
}  // namespace grapevine::sim
