// Whole networks of `Events` machines: what must hold whatever the datagrams suffer.

#include <chrono>
#include <gtest/gtest.h>
#include <set>
#include <string>
#include <vector>

#include "base/limits.hpp"
#include "protocol/rumor/event_network.hpp"

namespace grapevine::protocol {
namespace {

using namespace std::chrono_literals;
using test::EventNetwork;

Bytes payload_of(std::size_t size, std::uint8_t seed) {
    Bytes bytes(size);
    for (std::size_t i = 0; i < size; ++i) bytes[i] = static_cast<std::uint8_t>(seed + i * 7);
    return bytes;
}

bool all_have(EventNetwork& network, std::size_t count) {
    return std::ranges::all_of(network.nodes(), [count](const auto& node) {
        return !node->is_up || node->told.events.size() >= count;
    });
}

void expect_each_once_in_order(EventNetwork& network, std::size_t count, std::size_t gaps = 0) {
    for (const auto& node : network.nodes()) {
        if (!node->is_up) continue;
        EXPECT_EQ(node->told.events.size(), count) << "member " << node->id.value();
        EXPECT_EQ(node->told.disorder, 0U) << "member " << node->id.value();
        EXPECT_EQ(node->told.gaps.size(), gaps) << "member " << node->id.value();
    }
}

/// 1,000 events, 25 members, everybody publishes 40 of them.
void publish_thousand(EventNetwork& network, std::size_t size) {
    for (int round = 0; round < 40; ++round) {
        for (std::uint64_t id = 1; id <= 25; ++id) {
            network.publish(id, "load", payload_of(size, static_cast<std::uint8_t>(round)));
            network.run_for(2ms);
        }
    }
}

class UnderLoss : public ::testing::TestWithParam<std::tuple<double, std::uint64_t>> {};

TEST_P(UnderLoss, everybody_gets_each_event_once_and_in_order) {
    const auto [loss, seed] = GetParam();
    EventNetwork network(25, seed);
    network.faults.loss = loss;
    network.faults.duplication = 0.05;
    network.run_for(100ms);
    publish_thousand(network, 100);
    EXPECT_TRUE(network.run_until([&] { return all_have(network, 1000); }, 20s)) << "seed " << seed;
    network.run_for(5s);
    expect_each_once_in_order(network, 1000);
    const std::uint64_t summary = network.at(1).events->summary();
    for (const auto& node : network.nodes()) EXPECT_EQ(node->events->summary(), summary);
}

INSTANTIATE_TEST_SUITE_P(Events, UnderLoss,
                         ::testing::Combine(::testing::Values(0.0, 0.1, 0.3),
                                            ::testing::Values(1, 2)));

TEST(EventsNetwork, the_same_seed_sends_the_same_bytes) {
    std::vector<std::uint64_t> bytes;
    for (int run = 0; run < 2; ++run) {
        EventNetwork network(10, 7);
        network.faults.loss = 0.2;
        for (std::uint64_t i = 0; i < 50; ++i) network.publish(1 + i % 10, "t", payload_of(20, 0));
        network.run_for(3s);
        bytes.push_back(network.bytes_sent);
    }
    EXPECT_EQ(bytes[0], bytes[1]);
}

// One member alone hears of the last event of a burst, whose publisher dies, and no later one
// reveals the loss. Only the frontier digest can. Push-pull with one partner takes 3.5 to 6.5
// rounds between 10 and 100 members; rounds here are a second, give or take a quarter.
TEST(EventsNetwork, the_last_event_of_a_burst_is_found_by_digests) {
    for (std::uint64_t seed = 1; seed <= 20; ++seed) {
        EventNetwork network(25, seed);
        network.run_for(10s);
        for (int i = 0; i < 10; ++i) network.publish(1, "burst", payload_of(50, 0));
        network.run_for(2s);
        MemberId holder = kNobody;
        network.is_lost = [&holder](MemberId to, const wire::Section& section) {
            if (!std::holds_alternative<wire::EventFragment>(section)) return false;
            if (holder == kNobody) holder = to;
            return to != holder;
        };
        network.publish(1, "burst", payload_of(50, 1));
        network.run_for(20ms);
        network.is_lost = [](MemberId, const wire::Section&) { return false; };
        network.crash(MemberId{1});
        EXPECT_FALSE(all_have(network, 11));
        EXPECT_TRUE(network.run_until([&] { return all_have(network, 11); }, 6s))
            << "seed " << seed;
        expect_each_once_in_order(network, 11);
    }
}

TEST(EventsNetwork, a_partition_shorter_than_retention_heals_with_nothing_missing) {
    for (std::uint64_t seed = 1; seed <= 5; ++seed) {
        ProtocolConfig config;
        config.retention_age = 60s;
        EventNetwork network(10, seed, config);
        network.faults.loss = 0.05;
        network.run_for(5s);
        const auto publish_for = [&](int rounds) {
            for (int round = 0; round < rounds; ++round) {
                for (std::uint64_t id = 1; id <= 10; ++id) {
                    network.publish(id, "t", payload_of(400, static_cast<std::uint8_t>(round)));
                    network.run_for(2ms);
                }
                network.run_for(180ms);
            }
        };
        publish_for(10);
        network.is_cut = [](MemberId a, MemberId b) {
            return (a.value() <= 3) != (b.value() <= 3);
        };
        publish_for(100);
        network.is_cut = [](MemberId, MemberId) { return false; };
        EXPECT_TRUE(network.run_until([&] { return all_have(network, 1100); }, 20s))
            << "seed " << seed;
        network.run_for(3s);
        expect_each_once_in_order(network, 1100);
    }
}

// One member is away and misses 300 events of 800 bytes. What it receives after the cut is healed
// is little more than that: nobody pushes to it what it asks for, nobody is asked twice.
TEST(EventsNetwork, a_healed_partition_costs_what_was_missed) {
    EventNetwork network(10, 3);
    network.run_for(5s);
    network.publish(1, "t", payload_of(800, 0));
    network.run_for(1s);
    network.is_cut = [](MemberId a, MemberId b) { return a == MemberId{10} || b == MemberId{10}; };
    for (int i = 0; i < 300; ++i) {
        network.publish(1 + static_cast<std::uint64_t>(i % 3), "t", payload_of(800, 1));
        network.run_for(20ms);
    }
    network.run_for(10s);
    network.is_cut = [](MemberId, MemberId) { return false; };
    const std::uint64_t before = network.fragment_bytes_delivered;
    EXPECT_TRUE(network.run_until([&] { return all_have(network, 301); }, 10s));
    network.run_for(3s);
    expect_each_once_in_order(network, 301);
    const std::uint64_t cost = network.fragment_bytes_delivered - before;
    EXPECT_GE(cost, 300U * 800U);
    EXPECT_LE(cost, 300U * 800U * 6 / 5);
}

TEST(EventsNetwork, a_partition_longer_than_retention_gives_one_gap_per_publisher) {
    for (std::uint64_t seed = 1; seed <= 5; ++seed) {
        ProtocolConfig config;
        config.retention_age = 10s;
        EventNetwork network(8, seed, config);
        network.run_for(5s);
        const auto publish_for = [&](int rounds) {
            for (int round = 0; round < rounds; ++round) {
                for (std::uint64_t id = 1; id <= 3; ++id) {
                    network.publish(id, "t", payload_of(100, 0));
                    network.run_for(1ms);
                }
                network.run_for(97ms);
            }
        };
        publish_for(20);
        network.run_for(1s);
        network.is_cut = [](MemberId a, MemberId b) {
            return a == MemberId{8} || b == MemberId{8};
        };
        publish_for(300);
        network.is_cut = [](MemberId, MemberId) { return false; };
        publish_for(50);
        network.run_for(5s);
        const EventNetwork::Told& told = network.at(8).told;
        ASSERT_EQ(told.gaps.size(), 3U) << "seed " << seed;
        EXPECT_EQ(told.disorder, 0U);
        std::set<MemberId> publishers;
        std::uint64_t lost = 0;
        for (const Events::Gap& gap : told.gaps) {
            publishers.insert(gap.stream.publisher);
            lost += gap.last.value() - gap.first.value() + 1;
            EXPECT_EQ(gap.first, EventSequence{21});
            // Published ten a second: of 30 s away, what is older than 10 s is gone.
            EXPECT_GT(gap.last.value(), 180U);
            EXPECT_LT(gap.last.value(), 260U);
        }
        EXPECT_EQ(publishers.size(), 3U);
        EXPECT_EQ(told.events.size() + lost, 3U * 370U);
        for (std::uint64_t id = 1; id < 8; ++id) EXPECT_TRUE(network.at(id).told.gaps.empty());
    }
}

// The same, but the publishers fall silent before the cut is healed and nothing of it is retained
// any more. The loss is told all the same: frontiers outlive what they speak of.
TEST(EventsNetwork, a_loss_is_told_even_if_nothing_is_retained_any_more) {
    ProtocolConfig config;
    config.retention_age = 10s;
    EventNetwork network(6, 4, config);
    network.run_for(5s);
    for (int i = 0; i < 5; ++i) network.publish(1, "t", payload_of(10, 0));
    network.run_for(2s);
    network.is_cut = [](MemberId a, MemberId b) { return a == MemberId{6} || b == MemberId{6}; };
    for (int i = 0; i < 7; ++i) network.publish(1, "t", payload_of(10, 0));
    network.run_for(30s);
    network.is_cut = [](MemberId, MemberId) { return false; };
    network.run_for(1s);
    network.compare(6, 2);
    network.run_for(3s);
    ASSERT_EQ(network.at(6).told.gaps.size(), 1U);
    EXPECT_EQ(network.at(6).told.gaps[0].first, EventSequence{6});
    EXPECT_EQ(network.at(6).told.gaps[0].last, EventSequence{12});
}

TEST(EventsNetwork, a_megabyte_reaches_everybody_through_loss) {
    EventNetwork network(8, 5);
    network.faults.loss = 0.1;
    network.run_for(1s);
    const Bytes payload = payload_of(kEventPayloadBytesMax, 9);
    network.publish(1, "large", payload);
    network.publish(1, "small", payload_of(10, 0));
    EXPECT_TRUE(network.run_until([&] { return all_have(network, 2); }, 30s));
    expect_each_once_in_order(network, 2);
    for (const auto& node : network.nodes()) {
        EXPECT_EQ(*node->told.events[0]->payload, payload);
        EXPECT_EQ(node->told.events[1]->topic, "small") << "order holds across sizes and topics";
    }
}

// The publisher dies right after publishing: either nobody has heard of the event, or all will.
TEST(EventsNetwork, a_publisher_that_dies_leaves_no_difference_behind) {
    for (std::uint64_t seed = 1; seed <= 10; ++seed) {
        EventNetwork network(12, seed);
        network.faults.loss = 0.3;
        network.run_for(1s);
        for (int i = 0; i < 5; ++i) network.publish(1, "last", payload_of(30, 0));
        network.crash(MemberId{1});
        // Whatever is open is settled within the patience for one who is out of reach.
        network.run_for(Events::kUnreachablePatience * network.config.gap_patience + 10s);
        const std::uint64_t summary = network.at(2).events->summary();
        const std::size_t count = network.at(2).told.events.size();
        for (const auto& node : network.nodes()) {
            if (!node->is_up) continue;
            EXPECT_EQ(node->events->summary(), summary) << "seed " << seed;
            EXPECT_EQ(node->told.events.size(), count) << "seed " << seed;
        }
    }
}

TEST(EventsNetwork, a_new_epoch_does_not_wait_for_the_old_one_nor_lose_it) {
    EventNetwork network(6, 8);
    network.run_for(10s);
    network.publish(1, "old", payload_of(10, 0));
    network.run_for(1s);
    // Member 6 misses the second event of the old epoch; the publisher restarts at once.
    network.is_cut = [](MemberId, MemberId b) { return b == MemberId{6}; };
    network.publish(1, "old", payload_of(10, 1));
    network.run_for(50ms);
    network.is_cut = [](MemberId, MemberId) { return false; };
    network.restart(MemberId{1}, Epoch{2});
    network.publish(1, "new", payload_of(10, 2));
    EXPECT_TRUE(network.run_until([&] { return network.at(6).told.events.size() == 3; }, 10s));
    EXPECT_TRUE(network.at(6).told.gaps.empty());
    EXPECT_EQ(network.at(6).told.disorder, 0U);
    network.run_for(3s);
    EXPECT_EQ(network.at(1).told.events.size(), 3U) << "the restarted one refills from its peers";
}

TEST(EventsNetwork, a_newcomer_gets_what_is_retained_and_no_gap_below) {
    ProtocolConfig config;
    config.retention_age = 10s;
    EventNetwork network(6, 9, config);
    network.run_for(5s);
    for (int i = 0; i < 100; ++i) {
        network.publish(1, "t", payload_of(10, 0));
        network.run_for(200ms);
    }
    auto& newcomer = network.add();
    network.run_for(2s);
    network.publish(1, "t", payload_of(10, 1));
    network.run_for(3s);
    EXPECT_TRUE(newcomer.told.gaps.empty());
    EXPECT_EQ(newcomer.told.disorder, 0U);
    EXPECT_GE(newcomer.told.events.size(), 40U);
    EXPECT_LE(newcomer.told.events.size(), 60U);
    EXPECT_EQ(newcomer.told.events.back()->sequence, EventSequence{101});
}

TEST(EventsNetwork, a_newcomer_that_wants_no_replay_gets_what_comes) {
    EventNetwork network(6, 10);
    network.run_for(5s);
    for (int i = 0; i < 20; ++i) network.publish(1, "t", payload_of(10, 0));
    network.run_for(2s);
    auto& newcomer = network.add(Events::Replay::none);
    network.run_for(3s);
    EXPECT_TRUE(newcomer.told.events.empty());
    network.publish(1, "t", payload_of(10, 1));
    network.run_for(3s);
    ASSERT_EQ(newcomer.told.events.size(), 1U);
    EXPECT_EQ(newcomer.told.events[0]->sequence, EventSequence{21});
    EXPECT_TRUE(newcomer.told.gaps.empty());
}

// Member 6 was up all the time, but cut off when a publisher first spoke. It gets everything.
TEST(EventsNetwork, a_stream_that_began_behind_a_partition_is_had_from_its_first_event) {
    EventNetwork network(6, 11);
    network.run_for(10s);
    network.is_cut = [](MemberId a, MemberId b) { return a == MemberId{6} || b == MemberId{6}; };
    for (int i = 0; i < 30; ++i) network.publish(1, "t", payload_of(10, 0));
    network.run_for(5s);
    network.is_cut = [](MemberId, MemberId) { return false; };
    network.run_for(5s);
    expect_each_once_in_order(network, 30);
}

TEST(EventsNetwork, an_idle_network_sends_next_to_nothing) {
    EventNetwork network(10, 12);
    network.publish(1, "t", payload_of(10, 0));
    network.run_for(60s);
    const std::uint64_t before = network.bytes_sent;
    network.run_for(60s);
    // Per member and second; the digest of one stream every eighth second.
    EXPECT_LT((network.bytes_sent - before) / (10 * 60), 20U);
    EXPECT_GT(network.bytes_sent, before);
}

}  // namespace
}  // namespace grapevine::protocol
