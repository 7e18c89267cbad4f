#include "base/random.hpp"

#include <algorithm>
#include <gtest/gtest.h>
#include <limits>
#include <numeric>

namespace grapevine {
namespace {

// Computed by an independent program from the definitions of splitmix64 and xoshiro256**. Whoever
// breaks these breaks the replay of every recorded seed.
TEST(Random, gives_the_known_numbers_of_its_seed) {
    Random zero(0);
    for (const std::uint64_t expected : {0x99ec5f36cb75f2b4ULL, 0xbf6e1f784956452aULL,
                                         0x1a5f849d4933e6e0ULL, 0x6aa594f1262d2d2cULL}) {
        EXPECT_EQ(zero.next(), expected);
    }
    Random other(42);
    for (const std::uint64_t expected : {0x15780b2e0c2ec716ULL, 0x6104d9866d113a7eULL,
                                         0xae17533239e499a1ULL, 0xecb8ad4703b360a1ULL}) {
        EXPECT_EQ(other.next(), expected);
    }
}

TEST(Random, below_stays_below_for_every_bound) {
    Random random(1);
    for (unsigned bit = 0; bit < 64; ++bit) {
        for (const std::uint64_t bound : {1ULL << bit, (1ULL << bit) + 1}) {
            for (int round = 0; round < 100; ++round) EXPECT_LT(random.below(bound), bound);
        }
    }
    EXPECT_LT(random.below(std::numeric_limits<std::uint64_t>::max()),
              std::numeric_limits<std::uint64_t>::max());
    EXPECT_EQ(random.below(1), 0U);
}

TEST(RandomDeathTest, below_zero_is_a_bug) {
    Random random(1);
    EXPECT_DEATH((void)random.below(0), "bound > 0");
}

// Chi-square over 10 cells, 9 degrees of freedom: 27.9 is exceeded once in 1,000 runs by an honest
// source. Both bounds: numbers that are too even are not random either (1.15 at the other end).
TEST(Random, below_is_uniform) {
    for (const std::uint64_t seed : {1U, 2U, 3U}) {
        constexpr int kDraws = 100'000;
        std::array<int, 10> cells{};
        Random random(seed);
        for (int draw = 0; draw < kDraws; ++draw) ++cells[random.below(cells.size())];
        double chi_square = 0;
        for (const int count : cells) {
            const double difference = count - kDraws / 10.0;
            chi_square += difference * difference / (kDraws / 10.0);
        }
        EXPECT_LT(chi_square, 27.9) << "seed " << seed;
        EXPECT_GT(chi_square, 1.15) << "seed " << seed;
    }
}

// A bound of two thirds of the range is where a modulo would show: the lower half of the results
// would come twice as often as the upper half.
TEST(Random, below_has_no_modulo_bias) {
    constexpr std::uint64_t kBound = std::numeric_limits<std::uint64_t>::max() / 3 * 2;
    Random random(5);
    int low = 0;
    for (int draw = 0; draw < 10'000; ++draw) low += random.below(kBound) < kBound / 2 ? 1 : 0;
    EXPECT_GT(low, 4'800);
    EXPECT_LT(low, 5'200);
}

TEST(Random, unit_fills_its_interval_and_never_reaches_one) {
    Random random(9);
    double least = 1;
    double most = 0;
    double sum = 0;
    for (int draw = 0; draw < 100'000; ++draw) {
        const double value = random.unit();
        least = std::min(least, value);
        most = std::max(most, value);
        sum += value;
    }
    EXPECT_GE(least, 0.0);
    EXPECT_LT(least, 0.001);
    EXPECT_LT(most, 1.0);
    EXPECT_GT(most, 0.999);
    EXPECT_NEAR(sum / 100'000, 0.5, 0.005);
}

TEST(Random, chance_is_certain_at_its_ends_and_fair_between) {
    Random random(3);
    int hits = 0;
    for (int draw = 0; draw < 10'000; ++draw) {
        EXPECT_FALSE(random.chance(0));
        EXPECT_FALSE(random.chance(-1));
        EXPECT_TRUE(random.chance(1));
        hits += random.chance(0.1) ? 1 : 0;
    }
    EXPECT_GT(hits, 880);
    EXPECT_LT(hits, 1'120);
}

TEST(Random, exponential_has_its_mean_and_its_bounds) {
    Random random(4);
    double sum = 0;
    for (int draw = 0; draw < 100'000; ++draw) {
        const double value = random.exponential(3);
        EXPECT_GE(value, 0.0);
        EXPECT_LT(value, 120.0);
        sum += value;
    }
    EXPECT_NEAR(sum / 100'000, 3.0, 0.05);
}

TEST(Random, shuffle_keeps_every_item_and_reaches_every_order) {
    Random random(6);
    std::vector<int> counts(6, 0);
    for (int round = 0; round < 6'000; ++round) {
        std::array<int, 3> items = {0, 1, 2};
        random.shuffle(std::span<int>(items));
        const auto sum = std::accumulate(items.begin(), items.end(), 0);
        ASSERT_EQ(sum, 3);
        ++counts[static_cast<std::size_t>(items[0] * 2 + (items[1] > items[2] ? 1 : 0))];
    }
    for (const int count : counts) {
        EXPECT_GT(count, 850);
        EXPECT_LT(count, 1'150);
    }
}

TEST(Random, a_fork_goes_its_own_way) {
    Random parent(8);
    Random first = parent.fork();
    Random second = parent.fork();
    Random again(8);
    Random replayed = again.fork();
    EXPECT_EQ(first.next(), replayed.next());
    EXPECT_NE(first.next(), second.next());
    EXPECT_NE(first.next(), parent.next());
}

}  // namespace
}  // namespace grapevine
