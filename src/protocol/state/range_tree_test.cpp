#include "protocol/state/range_tree.hpp"

#include <gtest/gtest.h>

#include "protocol/state/range_testing.hpp"

namespace grapevine::protocol {
namespace {

using testing::NaiveRanges;
using testing::sample_item;
using testing::stamp_at;
using wire::kStateBegin;
using wire::kStateEnd;
using wire::StatePosition;

RangeTree::Item item_at(std::uint64_t stamp, std::uint64_t low, std::uint64_t high = 1) {
    return {Stamp(stamp), {high, low}, 7};
}

TEST(RangeTree, an_empty_one_has_nothing_anywhere) {
    RangeTree tree;
    EXPECT_EQ(tree.count(), 0U);
    EXPECT_EQ(tree.in(kStateBegin, kStateEnd), RangeSum{});
    EXPECT_EQ(tree.from(kStateBegin).next(), std::nullopt);
    EXPECT_EQ(tree.erase({Stamp(1), 1}), std::nullopt);
    EXPECT_EQ(tree.find({Stamp(1), 1}), std::nullopt);
    tree.check_invariants();
}

TEST(RangeTree, a_place_is_given_once) {
    RangeTree tree;
    EXPECT_TRUE(tree.insert(item_at(1, 5, 1)));
    EXPECT_FALSE(tree.insert(item_at(1, 5, 2)));
    EXPECT_EQ(tree.find({Stamp(1), 5})->hash, (StateHash{1, 5}));
    EXPECT_EQ(tree.total(), (RangeSum{1, {1, 5}}));
    EXPECT_TRUE(tree.insert(item_at(1, 6)));
    EXPECT_TRUE(tree.insert(item_at(2, 5)));
}

TEST(RangeTree, the_order_is_by_stamp_and_then_by_id) {
    RangeTree tree;
    tree.insert(item_at(2, 1));
    tree.insert(item_at(1, 9));
    tree.insert(item_at(1, 8));
    const auto items = tree.items(kStateBegin, kStateEnd, 10);
    ASSERT_EQ(items.size(), 3U);
    EXPECT_EQ(items[0].position(), (StatePosition{Stamp(1), 8}));
    EXPECT_EQ(items[1].position(), (StatePosition{Stamp(1), 9}));
    EXPECT_EQ(items[2].position(), (StatePosition{Stamp(2), 1}));
}

TEST(RangeTree, a_range_has_its_lower_bound_and_not_its_upper) {
    RangeTree tree;
    for (std::uint64_t stamp = 1; stamp <= 9; ++stamp) tree.insert(item_at(stamp, 0));
    EXPECT_EQ(tree.in({Stamp(3), 0}, {Stamp(6), 0}).count, 3U);
    EXPECT_EQ(tree.in({Stamp(3), 1}, {Stamp(6), 1}).count, 3U);
    EXPECT_EQ(tree.items({Stamp(3), 0}, {Stamp(6), 0}, 99).size(), 3U);
    EXPECT_EQ(tree.items({Stamp(3), 0}, {Stamp(6), 0}, 2).size(), 2U);
    EXPECT_EQ(tree.in({Stamp(6), 0}, {Stamp(3), 0}), RangeSum{});
}

TEST(RangeTree, sums_carry_from_the_low_half_to_the_high) {
    StateHash sum{1, UINT64_MAX};
    sum += StateHash{2, 3};
    EXPECT_EQ(sum, (StateHash{4, 2}));
    sum -= StateHash{2, 3};
    EXPECT_EQ(sum, (StateHash{1, UINT64_MAX}));
    sum += StateHash{UINT64_MAX, 1};
    EXPECT_EQ(sum, (StateHash{1, 0}));
}

// XOR would not tell an entry that is there twice from one that is not there at all.
TEST(RangeTree, a_fingerprint_is_of_the_sum_and_the_count) {
    const RangeSum one{1, {3, 4}};
    EXPECT_EQ(fingerprint_of(one), fingerprint_of(one));
    EXPECT_NE(fingerprint_of(one), fingerprint_of(one + one));
    EXPECT_NE(fingerprint_of(one), fingerprint_of({2, {3, 4}}));
    EXPECT_NE(fingerprint_of(one), fingerprint_of({1, {4, 4}}));
    EXPECT_NE(fingerprint_of(one), fingerprint_of({1, {3, 5}}));
    EXPECT_NE(fingerprint_of({0, {0, 0}}), fingerprint_of({0, {1, 0}}));
}

/// A place near others, so that inserts collide and ranges are found empty.
RangeTree::Item near_item(Random& random, std::uint64_t spread) {
    RangeTree::Item item = sample_item(random, Stamp(random.below(spread)));
    item.hash.low = random.below(4);
    return item;
}

void compare_some(const RangeTree& tree, const NaiveRanges& naive, Random& random,
                  std::uint64_t spread) {
    tree.check_invariants();
    ASSERT_EQ(tree.items(kStateBegin, kStateEnd, SIZE_MAX), naive.items());
    for (int turn = 0; turn < 20; ++turn) {
        const StatePosition lower{Stamp(random.below(spread)), random.below(4)};
        const StatePosition upper{Stamp(random.below(spread)), random.below(4)};
        ASSERT_EQ(tree.in(lower, upper), naive.in(lower, upper));
        if (tree.count() == 0) continue;
        const std::uint64_t index = random.below(tree.count());
        ASSERT_EQ(tree.from_index(index).next(), naive.items()[index]);
        ASSERT_EQ(tree.before(naive.items()[index].position()).count, index);
    }
}

// Inserts outweigh erasures, then the reverse, until nothing is left.
TEST(RangeTree, agrees_with_a_naive_one_over_random_operations) {
    for (std::uint64_t seed = 1; seed <= 60; ++seed) {
        Random random(seed);
        const std::uint64_t spread = 20 + random.below(3000);
        RangeTree tree;
        NaiveRanges naive;
        for (int turn = 0; turn < 6000; ++turn) {
            const bool is_growing = turn < 3000;
            if (random.chance(is_growing ? 0.8 : 0.2)) {
                const auto item = near_item(random, spread);
                ASSERT_EQ(tree.insert(item), naive.insert(item)) << "seed " << seed;
            } else if (!naive.items().empty()) {
                const auto position = naive.items()[random.below(naive.items().size())].position();
                ASSERT_EQ(tree.erase(position), naive.erase(position)) << "seed " << seed;
                ASSERT_EQ(tree.erase(position), std::nullopt);
            }
            if (turn % 500 == 0) compare_some(tree, naive, random, spread);
            if (::testing::Test::HasFatalFailure()) FAIL() << "seed " << seed;
        }
        compare_some(tree, naive, random, spread);
    }
}

// As entries come in life: new ones at the end, and what they replace goes from anywhere.
TEST(RangeTree, agrees_with_a_naive_one_when_entries_are_rewritten) {
    for (std::uint64_t seed = 1; seed <= 20; ++seed) {
        Random random(seed);
        RangeTree tree;
        NaiveRanges naive;
        for (std::uint64_t turn = 1; turn < 4000; ++turn) {
            const auto item = sample_item(random, stamp_at(turn));
            ASSERT_EQ(tree.insert(item), naive.insert(item));
            if (turn < 1500) continue;
            const auto position = naive.items()[random.below(naive.items().size())].position();
            ASSERT_EQ(tree.erase(position), naive.erase(position)) << "seed " << seed;
            if (turn % 500 == 0) compare_some(tree, naive, random, 4000);
            if (::testing::Test::HasFatalFailure()) FAIL() << "seed " << seed;
        }
    }
}

TEST(RangeTree, erasing_all_from_either_end_leaves_an_empty_one) {
    for (const bool is_from_the_front : {true, false}) {
        RangeTree tree;
        for (std::uint64_t stamp = 1; stamp <= 5000; ++stamp) tree.insert(item_at(stamp, 0));
        for (std::uint64_t step = 0; step < 5000; ++step) {
            const std::uint64_t stamp = is_from_the_front ? step + 1 : 5000 - step;
            ASSERT_TRUE(tree.erase({Stamp(stamp), 0}));
            if (step % 97 == 0) tree.check_invariants();
        }
        EXPECT_EQ(tree.total(), RangeSum{});
        tree.check_invariants();
    }
}

TEST(RangeTree, memory_of_erased_entries_is_used_again) {
    RangeTree tree;
    Random random(1);
    std::vector<StatePosition> places;
    for (int turn = 0; turn < 20'000; ++turn) {
        const auto item = sample_item(random, Stamp(random.below(1U << 30)));
        if (tree.insert(item)) places.push_back(item.position());
    }
    const std::size_t before = tree.memory_bytes();
    for (const auto& place : places) tree.erase(place);
    for (int turn = 0; turn < 20'000; ++turn) {
        tree.insert(sample_item(random, Stamp(random.below(1U << 30))));
    }
    EXPECT_LE(tree.memory_bytes(), before * 11 / 10);
}

}  // namespace
}  // namespace grapevine::protocol
