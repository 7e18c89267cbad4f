// Events that go to their subscribers only, in worlds of whole daemons' overlays.

#include <gtest/gtest.h>
#include <map>
#include <set>
#include <vector>

#include "sim/testing.hpp"
#include "sim/world.hpp"
#include "support/seeds.hpp"

using namespace std::chrono_literals;
using grapevine::testing::for_each_seed;

namespace grapevine::sim {
namespace {

using Told = std::map<HostIndex, std::vector<std::uint64_t>>;

/// Every host marks metrics, as one configuration for all of them would have it; the first six
/// hosts read.
WorldConfig marked_world(std::uint64_t seed, double loss) {
    WorldConfig config = world_config(24, protocol::Profile::lan, seed);
    config.subscriber_topics = {"metrics.>"};
    config.network.loss = loss;
    return config;
}
constexpr HostIndex kReaders = 6;
constexpr HostIndex kPublisher = 10;

std::uint64_t fragments_of(const World& world, HostIndex host) {
    const protocol::Channels& channels = world.overlay(host).node().channels();
    const auto counters = channels.event_counters();
    return counters.delivered + counters.duplicates + counters.unwanted +
           channels.counters().dropped_foreign;
}

TEST(SubscriberTopics, six_of_24_members_get_everything_and_the_others_nothing) {
    for_each_seed(3, [](std::uint64_t seed) {
        World world(marked_world(seed, 0.1));
        ASSERT_TRUE(start_and_converge(world));
        for (HostIndex host = 0; host < kReaders; ++host) {
            world.set_interest(host, {"metrics.cpu"});
        }
        world.run_for(20s);
        Told told;
        world.on_deliver([&told](HostIndex host, const protocol::Event& event) {
            EXPECT_NE(event.stream.channel, 0U);
            told[host].push_back(event.sequence.value());
        });
        std::vector<std::uint64_t> all;
        for (std::uint64_t sequence = 1; sequence <= 100; ++sequence) {
            EXPECT_TRUE(world.publish(kPublisher, "metrics.cpu", Bytes(100, 1)));
            all.push_back(sequence);
            world.run_for(20ms);
        }
        world.run_for(20s);
        for (HostIndex host = 0; host < world.size(); ++host) {
            const bool has_interest = host < kReaders || host == kPublisher;
            EXPECT_EQ(told[host], has_interest ? all : std::vector<std::uint64_t>{}) << host;
            if (has_interest) continue;
            EXPECT_EQ(fragments_of(world, host), 0U) << host;
            EXPECT_EQ(world.overlay(host).node().channels().retained_bytes(), 0U) << host;
        }
        EXPECT_EQ(world.statistics().deliveries().gaps, 0U);
        EXPECT_EQ(violations_of(world), "");
    });
}

TEST(SubscriberTopics, other_topics_go_to_everybody) {
    for_each_seed(1, [](std::uint64_t seed) {
        World world(marked_world(seed, 0.1));
        ASSERT_TRUE(start_and_converge(world));
        world.run_for(5s);
        std::set<HostIndex> told;
        world.on_deliver([&told](HostIndex host, const protocol::Event&) { told.insert(host); });
        EXPECT_TRUE(world.publish(kPublisher, "news", Bytes(100, 1)));
        world.run_for(10s);
        EXPECT_EQ(told.size(), world.size());
        EXPECT_EQ(violations_of(world), "");
    });
}

TEST(SubscriberTopics, a_restarted_reader_reads_on) {
    for_each_seed(2, [](std::uint64_t seed) {
        World world(marked_world(seed, 0.1));
        ASSERT_TRUE(start_and_converge(world));
        for (HostIndex host = 0; host < kReaders; ++host) world.set_interest(host, {">"});
        world.run_for(20s);
        EXPECT_TRUE(world.publish(kPublisher, "metrics.a", Bytes(100, 1)));
        world.run_for(5s);
        world.kill(2, Crash::process);
        world.run_for(10s);
        world.start(2);
        world.run_for(10s);
        world.set_interest(2, {"metrics.a"});
        world.run_for(20s);
        Told told;
        world.on_deliver([&told](HostIndex host, const protocol::Event& event) {
            told[host].push_back(event.sequence.value());
        });
        EXPECT_TRUE(world.publish(kPublisher, "metrics.a", Bytes(100, 1)));
        world.run_for(10s);
        for (HostIndex host = 0; host < kReaders; ++host) {
            EXPECT_EQ(told[host], std::vector<std::uint64_t>{2}) << host;
        }
        EXPECT_EQ(violations_of(world), "");
    });
}

}  // namespace
}  // namespace grapevine::sim
