// The message bus over a bad network: each event once, in order, and what cannot be had is said.
// Order, repetition and content are watched by `Checkers` at every delivery.
#include <gtest/gtest.h>

#include "sim/testing.hpp"
#include "sim/world.hpp"
#include "support/seeds.hpp"

using namespace std::chrono_literals;
using grapevine::testing::for_each_seed;

namespace grapevine::sim {
namespace {

/// `count` events by random members, `rate` a second, of up to `bytes_max` bytes.
void publish_many(World& world, std::uint64_t count, Duration over, std::size_t bytes_max = 300) {
    const auto pause = over / static_cast<std::int64_t>(count);
    for (std::uint64_t i = 0; i < count; ++i) {
        const auto host = static_cast<HostIndex>(world.random().below(world.size()));
        Bytes payload(world.random().below(bytes_max), static_cast<std::uint8_t>(i));
        EXPECT_TRUE(world.publish(host, "news", std::move(payload)));
        world.run_for(pause);
    }
}

/// Everybody got everything: no gap, nothing missing.
void expect_complete(const World& world) {
    const Statistics::Deliveries deliveries = world.statistics().deliveries();
    EXPECT_EQ(deliveries.delivered, deliveries.expected);
    EXPECT_GT(deliveries.expected, 0U);
    EXPECT_EQ(deliveries.gaps, 0U);
    EXPECT_EQ(violations_of(world), "");
}

void thousand_events_at_loss(double loss, std::uint64_t seed) {
    WorldConfig config = world_config(25, protocol::Profile::lan, seed);
    config.network.duplicate = 0.02;
    World world(config);
    ASSERT_TRUE(start_and_converge(world));
    world.run_for(2s);
    NetworkConfig bad = config.network;
    bad.loss = loss;
    world.network().configure(bad);
    publish_many(world, 1000, 50s);
    world.run_for(30s);
    EXPECT_EQ(world.statistics().deliveries().expected, 25'000U);
    expect_complete(world);
    ASSERT_TRUE(world.statistics().delivery_quantile(0.99));
    EXPECT_LE(*world.statistics().delivery_quantile(0.99), 5 * config.protocol.repair_delay + 1s);
}

TEST(EventsOverLoss, a_thousand_arrive_once_and_in_order_at_ten_percent) {
    for_each_seed(3, [](std::uint64_t seed) { thousand_events_at_loss(0.1, seed); });
}
TEST(EventsOverLoss, a_thousand_arrive_once_and_in_order_at_thirty_percent) {
    for_each_seed(3, [](std::uint64_t seed) { thousand_events_at_loss(0.3, seed); });
}

TEST(EventsOverLoss, large_ones_arrive_whole) {
    for_each_seed(2, [](std::uint64_t seed) {
        WorldConfig config = world_config(10, protocol::Profile::lan, seed);
        config.network.loss = 0.1;
        World world(config);
        ASSERT_TRUE(start_and_converge(world));
        world.run_for(5s);
        ASSERT_TRUE(world.publish(3, "film", Bytes(kEventPayloadBytesMax, 7)));
        publish_many(world, 20, 5s, 20'000);
        world.run_for(60s);
        expect_complete(world);
    });
}

TEST(EventsOverPartition, nothing_is_missing_when_twenty_seconds_have_healed) {
    for_each_seed(3, [](std::uint64_t seed) {
        World world(world_config(25, protocol::Profile::lan, seed));
        ASSERT_TRUE(start_and_converge(world));
        world.run_for(2s);
        publish_many(world, 50, 2s);
        world.partition({0, 1, 2, 3, 4, 5, 6, 7});
        publish_many(world, 200, 20s);
        world.heal();
        publish_many(world, 50, 2s);
        world.run_for(40s);
        expect_complete(world);
    });
}

// Retention of 10 s, a partition of 60 s with events in its first half: those are gone when it
// heals, and each publisher's stream says so once, with the right bounds, on the other side.
TEST(EventsOverPartition, longer_than_the_retention_gives_one_gap_for_each_publisher) {
    for_each_seed(3, [](std::uint64_t seed) {
        WorldConfig config = world_config(10, protocol::Profile::lan, seed);
        config.protocol.retention_age = 10s;
        World world(config);
        ASSERT_TRUE(start_and_converge(world));
        world.run_for(2s);
        const auto everybody_publishes = [&](int times) {
            for (int i = 0; i < times; ++i) {
                for (HostIndex host = 0; host < 10; ++host) {
                    EXPECT_TRUE(world.publish(host, "news", Bytes(100, 1)));
                }
                world.run_for(100ms);
            }
        };
        everybody_publishes(5);  // 1 .. 5: seen by all.
        world.run_for(5s);
        const std::vector<HostIndex> island{0, 1, 2, 3};
        world.partition(island);
        everybody_publishes(20);  // 6 .. 25: seen on one side, and forgotten before it heals.
        world.run_for(58s);
        world.heal();
        ASSERT_TRUE(world.run_until([&] { return world.has_converged(); }, 60s));
        everybody_publishes(5);  // 26 .. 30: seen by all.
        world.run_for(60s);
        EXPECT_EQ(violations_of(world), "");
        for (HostIndex host = 0; host < 10; ++host) {
            for (HostIndex publisher = 0; publisher < 10; ++publisher) {
                const wire::StreamId stream{world.member_of(publisher), world.epoch_of(publisher)};
                ASSERT_TRUE(world.statistics().streams(host).contains(stream));
                const StreamView& view = world.statistics().streams(host).at(stream);
                const bool is_same_side = (host < 4) == (publisher < 4);
                const std::pair lost{EventSequence(6), EventSequence(25)};
                ASSERT_EQ(view.gaps.size(), is_same_side ? 0U : 1U)
                    << "m" << host << " about m" << publisher;
                if (!is_same_side) {
                    EXPECT_EQ(view.gaps[0], lost);
                }
                EXPECT_EQ(view.delivered, is_same_side ? 30U : 10U);
            }
        }
    });
}

}  // namespace
}  // namespace grapevine::sim
