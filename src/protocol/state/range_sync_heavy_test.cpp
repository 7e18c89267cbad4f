// A million entries: what an exchange costs, and the limit of an order.

#include <fmt/core.h>
#include <gtest/gtest.h>
#include <set>

#include "protocol/state/range_sync_testing.hpp"

namespace grapevine::protocol {
namespace {

using testing::make_pair;
using testing::Pair;
using testing::run;
using testing::Traffic;

constexpr std::size_t kMillion = 1'000'000;

Traffic expect_found(Pair& pair, Random& random) {
    RangeExchange exchange(7);
    const Traffic traffic = run(exchange, pair.asker, pair.answerer, random);
    EXPECT_EQ(testing::take(exchange, pair.answerer), pair.truth);
    EXPECT_LE(traffic.largest_bytes, testing::kBudget);
    // 2 + 2 ceil(log_16 n) - floor(log_16 32)
    EXPECT_LE(traffic.messages, 2U + 2 * 5 - 1);
    fmt::print("{} differences: {} bytes asked, {} answered, {} messages, {} sections\n",
               pair.truth.needs.size() + pair.truth.haves.size(), traffic.asked_bytes,
               traffic.answered_bytes, traffic.messages, traffic.sections);
    return traffic;
}

Traffic strewn(std::size_t count) {
    Random random(1);
    std::set<std::size_t> places;
    while (places.size() < count) places.insert(random.below(kMillion));
    Pair pair =
        make_pair(kMillion, random, [&](std::size_t index) { return places.contains(index); });
    return expect_found(pair, random);
}

Traffic newest(std::size_t count) {
    Random random(1);
    Pair pair =
        make_pair(kMillion + count, random, [](std::size_t index) { return index >= kMillion; });
    return expect_found(pair, random);
}

TEST(RangeMillion, equal_ones_cost_one_message_of_400_bytes_with_its_confirmation) {
    const Traffic traffic = strewn(0);
    EXPECT_LE(traffic.bytes(), 400U);
    EXPECT_EQ(traffic.sections, 2U);
}

TEST(RangeMillion, one_difference_costs_2_kB) {
    const Traffic traffic = strewn(1);
    EXPECT_LE(traffic.bytes(), 2000U);
    EXPECT_LE(traffic.messages, 6U);
}

TEST(RangeMillion, a_hundred_strewn_differences_cost_110_kB) {
    const Traffic traffic = strewn(100);
    EXPECT_LE(traffic.bytes(), 110'000U);
    EXPECT_LE(traffic.messages, 6U);
}

TEST(RangeMillion, a_hundred_newest_differences_cost_5_kB) {
    EXPECT_LE(newest(100).bytes(), 5000U);
}

TEST(RangeMillion, a_thousand_newest_differences_cost_32_kB) {
    EXPECT_LE(newest(1000).bytes(), 32'000U);
}

/// All on one side, which makes for other shapes of the tree.
Traffic newest_of(Pair::Side side, std::size_t count) {
    Random random(1);
    Pair pair = make_pair(kMillion, random, [](std::size_t) { return false; });
    const auto start = wire::milliseconds_of(pair.items.back().stamp) + 1;
    for (std::size_t index = 0; index < count; ++index) {
        pair.add(testing::sample_item(random, testing::stamp_at(start + index * 86)), side);
    }
    return expect_found(pair, random);
}

TEST(RangeMillion, the_newest_cost_as_little_if_only_one_has_them) {
    EXPECT_LE(newest_of(Pair::Side::asker, 100).bytes(), 5000U);
    EXPECT_LE(newest_of(Pair::Side::answerer, 100).bytes(), 5000U);
    EXPECT_LE(newest_of(Pair::Side::asker, 1000).bytes(), 32'000U);
    EXPECT_LE(newest_of(Pair::Side::answerer, 1000).bytes(), 32'000U);
}

TEST(RangeMillion, an_entry_takes_30_bytes_in_order_and_48_at_random) {
    Random random(1);
    RangeTree ordered;
    RangeTree strewn;
    for (std::size_t index = 0; index < kMillion; ++index) {
        ordered.insert(testing::sample_item(random, testing::stamp_at(index + 1)));
        strewn.insert(testing::sample_item(random, Stamp(random.next() >> 1U)));
    }
    const auto bytes = [](const RangeTree& tree) {
        return static_cast<double>(tree.memory_bytes()) / static_cast<double>(tree.count());
    };
    fmt::print("{:.1f} bytes in order, {:.1f} at random\n", bytes(ordered), bytes(strewn));
    EXPECT_LE(bytes(ordered), 30.0);
    EXPECT_LE(bytes(strewn), 48.0);
}

TEST(RangeMillion, an_order_has_as_many_entries_as_the_limit_says) {
    RangeTree tree;
    for (std::uint64_t stamp = 1; stamp <= kStateCellsMax; ++stamp) {
        ASSERT_TRUE(tree.insert({Stamp(stamp), {stamp, 1}, 0}));
    }
    const RangeSum total = tree.total();
    EXPECT_FALSE(tree.insert({Stamp(kStateCellsMax + 1), {1, 1}, 0}));
    EXPECT_EQ(tree.total(), total);
    tree.check_invariants();
    tree.erase({Stamp(5), 1});
    EXPECT_TRUE(tree.insert({Stamp(kStateCellsMax + 1), {1, 1}, 0}));
}

}  // namespace
}  // namespace grapevine::protocol
