#include "sql/exact_sum.hpp"

#include <algorithm>
#include <bit>
#include <cmath>
#include <gtest/gtest.h>
#include <limits>
#include <vector>

#include "base/random.hpp"

namespace grapevine::sql {
namespace {

double sum_of(const std::vector<double>& numbers) {
    ExactSum sum;
    for (const double number : numbers) sum.add(number);
    return sum.value();
}

TEST(ExactSum, of_nothing_is_zero) {
    EXPECT_EQ(ExactSum().value(), 0.0);
    EXPECT_EQ(ExactSum().whole(), 0);
}

TEST(ExactSum, loses_nothing_between_large_and_small) {
    EXPECT_EQ(sum_of({1e100, 1.0, -1e100}), 1.0);
    EXPECT_EQ(sum_of({1e308, 1e308, -1e308}), 1e308);
    EXPECT_EQ(sum_of({0.1, 0.2, 0.3, -0.3, -0.2, -0.1}), 0.0);
    EXPECT_EQ(sum_of({5e-324, 5e-324}), 1e-323);
    EXPECT_EQ(sum_of({-5e-324, 1.0, -1.0}), -5e-324);
}

TEST(ExactSum, is_rounded_once_to_the_nearest_and_ties_to_even) {
    const double one_and_a_half_ulp = 1.0 + 0x1p-52;
    EXPECT_EQ(sum_of({1.0, 0x1p-53}), 1.0);
    EXPECT_EQ(sum_of({1.0, 0x1p-53, 0x1p-200}), one_and_a_half_ulp);
    EXPECT_EQ(sum_of({one_and_a_half_ulp, 0x1p-53}), 1.0 + 0x1p-51);
    EXPECT_EQ(sum_of({0.1, 0.1, 0.1, 0.1, 0.1, 0.1, 0.1, 0.1, 0.1, 0.1}), 1.0);
}

TEST(ExactSum, has_the_same_bytes_in_every_order) {
    Random random(7);
    std::vector<double> numbers;
    for (int count = 0; count < 1000; ++count) {
        const auto mantissa = static_cast<double>(random.below(1U << 30U)) - double{1U << 29U};
        numbers.push_back(std::ldexp(mantissa, static_cast<int>(random.below(400)) - 200));
    }
    const auto expected = std::bit_cast<std::uint64_t>(sum_of(numbers));
    for (int round = 0; round < 20; ++round) {
        random.shuffle(std::span(numbers));
        EXPECT_EQ(std::bit_cast<std::uint64_t>(sum_of(numbers)), expected);
    }
}

TEST(ExactSum, gives_back_what_is_taken_out) {
    ExactSum sum;
    sum.add(0.1);
    sum.add(std::int64_t{7});
    sum.add(1e300);
    sum.remove(1e300);
    sum.remove(std::int64_t{7});
    EXPECT_EQ(sum.value(), 0.1);
    sum.remove(0.1);
    EXPECT_EQ(sum.value(), 0.0);
}

TEST(ExactSum, of_whole_numbers_is_whole_up_to_64_bits) {
    constexpr std::int64_t kMost = std::numeric_limits<std::int64_t>::max();
    constexpr std::int64_t kLeast = std::numeric_limits<std::int64_t>::min();
    ExactSum sum;
    sum.add(kMost);
    EXPECT_EQ(sum.whole(), kMost);
    sum.add(std::int64_t{1});
    EXPECT_EQ(sum.whole(), std::nullopt);
    EXPECT_EQ(sum.value(), 0x1p63);
    sum.add(kLeast);
    EXPECT_EQ(sum.whole(), 0);
    sum.add(kLeast);
    EXPECT_EQ(sum.whole(), kLeast);
    sum.add(std::int64_t{-1});
    EXPECT_EQ(sum.whole(), std::nullopt);
    sum.remove(std::int64_t{-1});
    sum.add(0.5);
    EXPECT_EQ(sum.whole(), std::nullopt);
}

TEST(ExactSum, adds_infinities_as_ieee_does) {
    const double infinity = std::numeric_limits<double>::infinity();
    EXPECT_EQ(sum_of({1.0, infinity}), infinity);
    EXPECT_EQ(sum_of({1.0, -infinity}), -infinity);
    EXPECT_TRUE(std::isnan(sum_of({infinity, -infinity})));
    EXPECT_EQ(sum_of({1.7e308, 1.7e308}), infinity);
    ExactSum sum;
    sum.add(infinity);
    sum.add(2.0);
    sum.remove(infinity);
    EXPECT_EQ(sum.value(), 2.0);
}

}  // namespace
}  // namespace grapevine::sql
