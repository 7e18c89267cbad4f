#include "sim/network.hpp"

#include <algorithm>
#include <gtest/gtest.h>

#include "sim/dice.hpp"

using namespace std::chrono_literals;

namespace grapevine::sim {
namespace {

Datagram datagram(HostIndex from, HostIndex to, Bytes bytes = {1, 2, 3}) {
    return {Network::endpoint_of(from), Network::endpoint_of(to), std::move(bytes)};
}

std::vector<Network::Arrival> drain(Network& network, Moment until) {
    std::vector<Network::Arrival> arrivals;
    while (network.next() <= until) {
        if (auto arrival = network.pop(network.next())) arrivals.push_back(std::move(*arrival));
    }
    return arrivals;
}

TEST(Network, an_endpoint_names_its_host_and_no_other) {
    const Network network(70'000, {}, 1);
    for (const HostIndex host : {0U, 1U, 254U, 255U, 256U, 65'535U, 69'999U}) {
        EXPECT_EQ(network.host_of(Network::endpoint_of(host)), host);
    }
    EXPECT_EQ(network.host_of(Network::endpoint_of(70'000)), kNoHost);
    EXPECT_EQ(network.host_of(Endpoint::v4(11, 0, 0, 1, 9471)), kNoHost);
    EXPECT_EQ(network.host_of(Endpoint::v4(10, 0, 0, 1, 9472)), kNoHost);
}

TEST(Network, nothing_arrives_before_the_least_delay) {
    Network network(2, {.delay_min = 5ms, .delay_mean = 1ms}, 1);
    network.send(Moment(1s), datagram(0, 1));
    EXPECT_GE(network.next(), Moment(1s + 5ms));
    EXPECT_EQ(drain(network, Moment(2s)).size(), 1U);
}

TEST(Network, datagrams_overtake_each_other) {
    Network network(2, {.delay_min = 0ms, .delay_mean = 1ms}, 1);
    for (std::uint8_t i = 0; i < 100; ++i) network.send(Moment(0s), datagram(0, 1, {i}));
    const auto arrivals = drain(network, Moment(1s));
    ASSERT_EQ(arrivals.size(), 100U);
    EXPECT_FALSE(std::ranges::is_sorted(
        arrivals, {}, [](const Network::Arrival& a) { return a.datagram.bytes[0]; }));
}

TEST(Network, loss_and_duplication_have_the_stated_rates) {
    Network network(2, {.loss = 0.1, .duplicate = 0.05}, 7);
    for (int i = 0; i < 20'000; ++i) network.send(Moment(0s), datagram(0, 1));
    EXPECT_NEAR(static_cast<double>(network.counters().lost), 2000, 150);
    EXPECT_NEAR(static_cast<double>(network.counters().repeated), 900, 100);
    EXPECT_EQ(drain(network, Moment(10s)).size(),
              20'000 - network.counters().lost + network.counters().repeated);
}

TEST(Network, a_damaged_datagram_differs_in_at_most_four_bits) {
    Network network(2, {.corrupt = 1}, 3);
    network.send(Moment(0s), datagram(0, 1, Bytes(100, 0)));
    const auto arrivals = drain(network, Moment(1s));
    ASSERT_EQ(arrivals.size(), 1U);
    int bits = 0;
    for (const std::uint8_t byte : arrivals[0].datagram.bytes) bits += std::popcount(byte);
    EXPECT_LE(bits, 4);
}

TEST(Network, a_cut_works_one_way_and_takes_what_is_in_flight) {
    Network network(3, {}, 1);
    network.send(Moment(0s), datagram(0, 1));
    network.cut({0}, {1});
    network.send(Moment(0s), datagram(0, 1));
    network.send(Moment(0s), datagram(1, 0));
    network.send(Moment(0s), datagram(0, 2));
    EXPECT_EQ(drain(network, Moment(1s)).size(), 2U);
    EXPECT_EQ(network.counters().lost, 2U);
}

TEST(Network, a_partition_cuts_both_ways_until_it_heals) {
    Network network(4, {}, 1);
    network.partition({0, 1});
    EXPECT_TRUE(network.is_cut(0, 2));
    EXPECT_TRUE(network.is_cut(3, 1));
    EXPECT_FALSE(network.is_cut(0, 1));
    EXPECT_FALSE(network.is_cut(2, 3));
    network.heal(Moment(1s));
    EXPECT_FALSE(network.is_cut(0, 2));
}

TEST(Network, a_clogged_link_holds_up_to_its_capacity_and_then_lets_go) {
    Network network(2, {}, 1);
    network.clog(0, 1, Moment(5s), 3);
    for (int i = 0; i < 5; ++i) network.send(Moment(1s), datagram(0, 1));
    EXPECT_TRUE(drain(network, Moment(4999ms)).empty());
    EXPECT_EQ(drain(network, Moment(6s)).size(), 3U);
    EXPECT_EQ(network.counters().lost, 2U);
    network.send(Moment(6s), datagram(0, 1));
    EXPECT_EQ(drain(network, Moment(7s)).size(), 1U);
}

TEST(Network, a_full_link_loses_the_newest) {
    Network network(2, {.link_capacity = 2}, 1);
    for (int i = 0; i < 5; ++i) network.send(Moment(0s), datagram(0, 1));
    EXPECT_EQ(drain(network, Moment(1s)).size(), 2U);
    network.send(Moment(2s), datagram(0, 1));
    EXPECT_EQ(drain(network, Moment(3s)).size(), 1U);
}

TEST(Network, the_same_seed_delivers_the_same_in_the_same_order) {
    const auto run = [](std::uint64_t seed) {
        Network network(5, {.loss = 0.2, .duplicate = 0.2, .corrupt = 0.2}, seed);
        std::vector<std::pair<std::int64_t, Bytes>> seen;
        for (std::uint8_t i = 0; i < 200; ++i) {
            network.send(Moment(Duration(i)), datagram(i % 5, (i + 1) % 5, {i, 0, 0}));
        }
        while (network.next() != kEndOfTime) {
            const Moment at = network.next();
            if (auto arrival = network.pop(at)) {
                seen.emplace_back(at.time_since_epoch().count(), arrival->datagram.bytes);
            }
        }
        return seen;
    };
    EXPECT_EQ(run(1), run(1));
    EXPECT_NE(run(1), run(2));
}

TEST(Dice, the_exponential_has_its_mean_and_its_tail) {
    Random random(1);
    double sum = 0;
    int above_three_means = 0;
    constexpr int kDraws = 100'000;
    for (int i = 0; i < kDraws; ++i) {
        const Duration drawn = exponential(random, 1ms);
        ASSERT_GE(drawn, 0ns);
        sum += static_cast<double>(drawn.count());
        if (drawn > 3ms) ++above_three_means;
    }
    EXPECT_NEAR(sum / kDraws, 1e6, 1e4);
    EXPECT_NEAR(above_three_means, kDraws * 0.0498, 300);
}

TEST(HostClock, shows_its_drift_and_finds_the_moment_of_an_instant) {
    for (const std::int32_t drift : {-10'000, -37, 0, 1, 100, 10'000}) {
        const HostClock clock(Moment(3s), drift);
        EXPECT_EQ(clock.at(Moment(3s)), Instant(0s));
        EXPECT_EQ(clock.at(Moment(1'000'003s)), Instant(1'000'000s + 1s * drift));
        for (const Duration shown : {0ns, 1ns, 999'999'999ns, 86'400'000'000'001ns}) {
            const Moment moment = clock.when(Instant(shown));
            EXPECT_GE(clock.at(moment), Instant(shown));
            EXPECT_LE(clock.at(moment), Instant(shown + 4ns));
        }
        EXPECT_EQ(clock.when(kNever), kEndOfTime);
    }
}

}  // namespace
}  // namespace grapevine::sim
