// HyperLogLog (Flajolet et al. 2007; Ertl 2017) and DDSketch (Masson et al. 2019) against their
// formulas.

#include <algorithm>
#include <cmath>
#include <gtest/gtest.h>
#include <vector>

#include "base/random.hpp"
#include "sql/dd_sketch.hpp"
#include "sql/hyper_log_log.hpp"

namespace grapevine::sql {
namespace {

// -- HyperLogLog --

HyperLogLog sketch_of(std::uint64_t count, Random& random) {
    HyperLogLog sketch;
    for (std::uint64_t index = 0; index < count; ++index) sketch.add(random.next());
    return sketch;
}

TEST(HyperLogLog, of_100000_has_a_relative_deviation_of_1_6_percent) {
    constexpr std::uint64_t kThings = 100'000;
    constexpr int kTrials = 300;
    Random random(1);
    double sum = 0;
    double squares = 0;
    for (int trial = 0; trial < kTrials; ++trial) {
        const double ratio = sketch_of(kThings, random).estimate() / kThings;
        sum += ratio;
        squares += (ratio - 1) * (ratio - 1);
    }
    EXPECT_NEAR(sum / kTrials, 1, 0.003);
    EXPECT_NEAR(std::sqrt(squares / kTrials), 0.016, 0.002);
}

TEST(HyperLogLog, is_right_for_few_and_for_none) {
    EXPECT_EQ(HyperLogLog().estimate(), 0);
    Random random(2);
    for (const std::uint64_t count : {1U, 10U, 100U, 1000U, 10'000U}) {
        double sum = 0;
        for (int trial = 0; trial < 20; ++trial) sum += sketch_of(count, random).estimate();
        EXPECT_NEAR(sum / 20 / static_cast<double>(count), 1, 0.02) << count;
    }
}

TEST(HyperLogLog, is_the_same_in_whatever_order_and_however_often_it_was_merged) {
    Random random(3);
    std::vector<HyperLogLog> parts;
    HyperLogLog all;
    for (int part = 0; part < 10; ++part) {
        HyperLogLog sketch;
        for (int index = 0; index < 500; ++index) {
            const std::uint64_t hash = random.next();
            sketch.add(hash);
            all.add(hash);
        }
        parts.push_back(sketch);
    }
    for (int trial = 0; trial < 5; ++trial) {
        random.shuffle(std::span(parts));
        HyperLogLog merged;
        for (const HyperLogLog& part : parts) merged.merge(part);
        for (const HyperLogLog& part : parts) merged.merge(part);
        EXPECT_EQ(merged.encode(), all.encode());
    }
}

TEST(HyperLogLog, comes_back_as_it_was_encoded) {
    Random random(4);
    const HyperLogLog sketch = sketch_of(50'000, random);
    const Bytes bytes = sketch.encode();
    EXPECT_EQ(bytes.size(), HyperLogLog::kBytes);
    const auto decoded = HyperLogLog::decode(bytes);
    ASSERT_TRUE(decoded);
    EXPECT_EQ(*decoded, sketch);
    EXPECT_FALSE(HyperLogLog::decode(ByteView(bytes).first(bytes.size() - 1)));
    Bytes longer = bytes;
    longer.push_back(0);
    EXPECT_FALSE(HyperLogLog::decode(longer));
    Bytes impossible = bytes;
    impossible[0] = 0xff;
    EXPECT_FALSE(HyperLogLog::decode(impossible)) << "no hash has so many bits";
}

TEST(HyperLogLog, counts_equal_things_once) {
    HyperLogLog sketch;
    for (int times = 0; times < 1000; ++times) {
        sketch.add(HyperLogLog::hash_of(as_bytes("the same")));
    }
    EXPECT_NEAR(sketch.estimate(), 1, 0.01);
}

// -- DDSketch --

TEST(DdSketch, has_the_buckets_of_the_paper) {
    // ln gamma = .02000067 for 1%.
    EXPECT_EQ(DdSketch::bucket_of(100), 231);
    EXPECT_NEAR(DdSketch::value_of(231), 100.4946, 0.0001);
    // From 80 us to a year.
    EXPECT_NEAR(DdSketch::bucket_of(31'536'000) - DdSketch::bucket_of(80e-6) + 1, 1335, 1);
}

double exact(const std::vector<double>& sorted, double q) {
    return sorted[static_cast<std::size_t>(q * static_cast<double>(sorted.size() - 1))];
}

TEST(DdSketch, has_every_quantile_within_one_percent) {
    Random random(5);
    const auto distributions = {
        +[](Random& source) { return source.unit() * 1000; },
        +[](Random& source) { return source.exponential(3); },
        +[](Random& source) { return std::exp(20 * source.unit() - 10); },
        +[](Random& source) { return source.exponential(1) - 1; },
    };
    for (const auto draw : distributions) {
        DdSketch sketch;
        std::vector<double> values;
        for (int index = 0; index < 20'000; ++index) {
            values.push_back(draw(random));
            EXPECT_TRUE(sketch.add(values.back()));
        }
        std::ranges::sort(values);
        for (double q = 0; q <= 1; q += 0.005) {
            const double expected = exact(values, q);
            EXPECT_NEAR(*sketch.quantile(q), expected, std::abs(expected) * 0.0100001) << q;
        }
    }
}

TEST(DdSketch, is_the_same_in_whatever_order_it_was_merged) {
    Random random(6);
    std::vector<DdSketch> parts(12);
    DdSketch all;
    for (DdSketch& part : parts) {
        for (int index = 0; index < 300; ++index) {
            // Further apart than the window is wide.
            const double value = std::exp(120 * random.unit() - 60) * (random.chance(0.3) ? -1 : 1);
            part.add(value);
            all.add(value);
        }
    }
    for (int trial = 0; trial < 10; ++trial) {
        random.shuffle(std::span(parts));
        // Pairwise, as a tree.
        std::vector<DdSketch> level = parts;
        while (level.size() > 1) {
            std::vector<DdSketch> above;
            for (std::size_t index = 0; index < level.size(); index += 2) {
                DdSketch merged = level[index];
                if (index + 1 < level.size()) merged.merge(level[index + 1]);
                above.push_back(std::move(merged));
            }
            level = std::move(above);
        }
        EXPECT_EQ(level[0].encode(), all.encode());
    }
    EXPECT_EQ(all.count(), 3600U);
}

TEST(DdSketch, beyond_its_window_keeps_the_largest_magnitudes_right) {
    DdSketch sketch;
    for (int exponent = -100; exponent <= 100; ++exponent) sketch.add(std::pow(10.0, exponent));
    EXPECT_NEAR(*sketch.quantile(1), 1e100, 1e98);
    EXPECT_NEAR(*sketch.quantile(0.95), 1e90, 1e88);
    EXPECT_GT(*sketch.quantile(0), 1e80);
    EXPECT_EQ(sketch.count(), 201U);
}

TEST(DdSketch, takes_zero_the_infinite_and_no_nan) {
    DdSketch sketch;
    EXPECT_FALSE(sketch.quantile(0.5));
    EXPECT_TRUE(sketch.add(0));
    EXPECT_TRUE(sketch.add(-0.0));
    EXPECT_TRUE(sketch.add(1e-310));
    EXPECT_EQ(sketch.quantile(1), 0.0);
    EXPECT_TRUE(sketch.add(std::numeric_limits<double>::infinity()));
    EXPECT_NEAR(*sketch.quantile(1), DdSketch::kMagnitudeMax, 1e298);
    EXPECT_FALSE(sketch.add(std::numeric_limits<double>::quiet_NaN()));
    EXPECT_EQ(sketch.count(), 4U);
}

TEST(DdSketch, comes_back_as_it_was_encoded_and_garbage_does_not) {
    Random random(7);
    DdSketch sketch;
    for (int index = 0; index < 500; ++index) sketch.add(random.exponential(10) - 4);
    sketch.add(0, 9);
    const Bytes bytes = sketch.encode();
    const auto decoded = DdSketch::decode(bytes);
    ASSERT_TRUE(decoded);
    EXPECT_EQ(*decoded, sketch);
    for (std::size_t size = 0; size < bytes.size(); ++size) {
        EXPECT_FALSE(DdSketch::decode(ByteView(bytes).first(size))) << size;
    }
    EXPECT_TRUE(DdSketch::decode(Bytes{0, 0, 0}));
    EXPECT_FALSE(DdSketch::decode(Bytes{0, 0, 0, 0})) << "a rest";
    EXPECT_FALSE(DdSketch::decode(Bytes{0, 1, 2, 0, 0, 0})) << "a bucket without a number";
    EXPECT_FALSE(DdSketch::decode(Bytes{0, 1, 2, 1, 1, 0})) << "two ways to write one thing";
    EXPECT_FALSE(DdSketch::decode(Bytes{0, 2, 2, 0, 1, 0, 1, 0})) << "the same bucket twice";
    EXPECT_FALSE(DdSketch::decode(Bytes{0, 0x81, 0x10})) << "2,049 buckets";
    // Any bytes are refused or legal, and never more.
    for (int trial = 0; trial < 2000; ++trial) {
        Bytes noise(random.below(30));
        for (std::uint8_t& byte : noise) byte = static_cast<std::uint8_t>(random.next());
        const auto read = DdSketch::decode(noise);
        if (!read) continue;
        EXPECT_EQ(read->encode(), noise);
    }
}

}  // namespace
}  // namespace grapevine::sql
