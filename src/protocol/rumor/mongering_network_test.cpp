// Whole networks of `Events` machines that spread by rumor mongering: what is promised of events
// holds in every variant, whatever the datagrams suffer.

#include <algorithm>
#include <chrono>
#include <gtest/gtest.h>
#include <vector>

#include "base/limits.hpp"
#include "protocol/rumor/event_network.hpp"
#include "protocol/rumor/mongering.hpp"
#include "support/seeds.hpp"

namespace grapevine::protocol {
namespace {

using namespace std::chrono_literals;
using grapevine::testing::for_each_seed;
using test::EventNetwork;
using Direction = MongeringConfig::Direction;

ProtocolConfig rumor_config() {
    ProtocolConfig config;
    config.dissemination = Dissemination::rumor;
    return config;
}

bool all_have(EventNetwork& network, std::size_t count) {
    return std::ranges::all_of(network.nodes(), [count](const auto& node) {
        return !node->is_up || node->told.events.size() >= count;
    });
}

void expect_each_once_in_order(EventNetwork& network, std::size_t count) {
    for (const auto& node : network.nodes()) {
        if (!node->is_up) continue;
        EXPECT_EQ(node->told.events.size(), count) << "member " << node->id.value();
        EXPECT_EQ(node->told.disorder, 0U) << "member " << node->id.value();
        EXPECT_TRUE(node->told.gaps.empty()) << "member " << node->id.value();
    }
}

/// `count` events in turn by all members, `pause` apart.
void publish(EventNetwork& network, std::size_t count, Duration pause, std::size_t bytes = 100) {
    for (std::size_t index = 0; index < count; ++index) {
        network.publish(1 + index % network.nodes().size(), "t", Bytes(bytes));
        network.run_for(pause);
    }
}

Duration slowest(EventNetwork& network) {
    Duration worst{};
    for (const auto& node : network.nodes()) {
        for (const Duration took : node->told.took) worst = std::max(worst, took);
    }
    return worst;
}

TEST(MongeringNetwork, twenty_five_members_get_each_event_once_and_in_order_at_any_loss) {
    for_each_seed(2, [](std::uint64_t seed) {
        for (const double loss : {0.0, 0.1, 0.3}) {
            EventNetwork network(25, seed, rumor_config());
            network.faults.loss = loss;
            network.faults.duplication = 0.05;
            network.run_for(100ms);
            publish(network, 500, 4ms);
            EXPECT_TRUE(network.run_until([&] { return all_have(network, 500); }, 20s))
                << "seed " << seed << ", loss " << loss;
            network.run_for(2s);
            expect_each_once_in_order(network, 500);
        }
    });
}

TEST(MongeringNetwork, every_variant_delivers_everything) {
    for (const Direction direction : {Direction::push, Direction::pull, Direction::push_pull}) {
        for (const bool has_feedback : {true, false}) {
            for (const bool has_counter : {true, false}) {
                ProtocolConfig config = rumor_config();
                config.mongering.direction = direction;
                config.mongering.has_feedback = has_feedback;
                config.mongering.has_counter = has_counter;
                EventNetwork network(12, 3, config);
                network.faults.loss = 0.05;
                network.run_for(100ms);
                publish(network, 60, 10ms);
                EXPECT_TRUE(network.run_until([&] { return all_have(network, 60); }, 20s));
                network.run_for(2s);
                expect_each_once_in_order(network, 60);
            }
        }
    }
}

// No interval of waiting on the way of an event that finds the group silent.
TEST(MongeringNetwork, a_lone_event_crosses_the_group_at_the_speed_of_the_links) {
    for_each_seed(5, [](std::uint64_t seed) {
        EventNetwork network(100, seed, rumor_config());
        network.run_for(10s);
        network.publish(1, "t", Bytes(100));
        network.run_for(90ms);  // Less than an interval with its jitter.
        std::size_t have = 0;
        for (const auto& node : network.nodes()) have += node->told.events.size();
        EXPECT_GE(have, 85U) << "seed " << seed;
        EXPECT_TRUE(network.run_until([&] { return all_have(network, 1); }, 2s));
    });
}

TEST(MongeringNetwork, copies_per_member_are_a_handful_and_talk_dies_out) {
    for_each_seed(3, [](std::uint64_t seed) {
        EventNetwork network(50, seed, rumor_config());
        network.run_for(10s);
        const std::uint64_t before = network.fragments_delivered;
        publish(network, 20, 1s);
        network.run_for(3s);
        const double copies = static_cast<double>(network.fragments_delivered - before);
        EXPECT_LE(copies / 20 / 50, 14);
        EXPECT_GE(copies / 20 / 50, 3);
        for (const auto& node : network.nodes()) {
            const auto& machine = dynamic_cast<const Mongering&>(node->events->spreader());
            EXPECT_EQ(machine.hot_count(), 0U);
            EXPECT_EQ(machine.deadline(), kNever);
        }
        EXPECT_LE(slowest(network), 500ms) << "nobody had to wait for the digest";
    });
}

TEST(MongeringNetwork, large_events_arrive_whole) {
    EventNetwork network(10, 4, rumor_config());
    network.faults.loss = 0.05;
    network.run_for(10s);
    for (std::uint64_t id = 1; id <= 3; ++id) {
        network.publish(id, "t", Bytes(20 * kFragmentBytesMax, static_cast<std::uint8_t>(id)));
    }
    EXPECT_TRUE(network.run_until([&] { return all_have(network, 3); }, 20s));
    network.run_for(2s);
    expect_each_once_in_order(network, 3);
}

// While one member after the other crashes and comes back with an empty memory, those who stay up
// miss nothing.
TEST(MongeringNetwork, churn_costs_those_who_stay_nothing) {
    for_each_seed(3, [](std::uint64_t seed) {
        EventNetwork network(20, seed, rumor_config());
        network.faults.loss = 0.05;
        network.run_for(5s);
        std::size_t published = 0;
        for (std::uint64_t victim = 11; victim <= 20; ++victim) {
            network.crash(MemberId{victim});
            for (int event = 0; event < 10; ++event, ++published) {
                network.publish(1 + published % 10, "t", Bytes(100));
                network.run_for(20ms);
            }
            network.restart(MemberId{victim}, Epoch{2});
            network.run_for(200ms);
        }
        network.run_for(5s);
        for (std::uint64_t id = 1; id <= 10; ++id) {
            EXPECT_EQ(network.at(id).told.events.size(), published) << "seed " << seed;
            EXPECT_EQ(network.at(id).told.disorder, 0U);
            EXPECT_TRUE(network.at(id).told.gaps.empty());
        }
        for (std::uint64_t id = 11; id <= 20; ++id) {
            EXPECT_EQ(network.at(id).told.disorder, 0U);
            EXPECT_TRUE(network.at(id).told.gaps.empty());
        }
    });
}

TEST(MongeringNetwork, a_tree_and_rumors_in_one_group_still_deliver_everything) {
    EventNetwork network(10, 6, rumor_config());
    ProtocolConfig tree;
    for (std::uint64_t id = 1; id <= 5; ++id) {
        network.config = tree;
        network.restart(MemberId{id}, Epoch{2});
    }
    network.run_for(5s);
    publish(network, 50, 20ms);
    EXPECT_TRUE(network.run_until([&] { return all_have(network, 50); }, 20s));
    network.run_for(2s);
    expect_each_once_in_order(network, 50);
}

TEST(MongeringNetwork, the_same_seed_sends_the_same_bytes) {
    std::vector<std::uint64_t> bytes;
    for (int run = 0; run < 2; ++run) {
        EventNetwork network(10, 7, rumor_config());
        network.faults.loss = 0.2;
        publish(network, 50, 5ms);
        network.run_for(3s);
        bytes.push_back(network.bytes_sent);
    }
    EXPECT_EQ(bytes[0], bytes[1]);
}

}  // namespace
}  // namespace grapevine::protocol
