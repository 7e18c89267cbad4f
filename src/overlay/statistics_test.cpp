#include "overlay/statistics.hpp"

#include <algorithm>
#include <chrono>
#include <gtest/gtest.h>
#include <iterator>

#include "base/limits.hpp"
#include "base/random.hpp"

namespace grapevine::overlay {
namespace {

using namespace std::chrono_literals;
using Direction = Statistics::Direction;
using control::gossiperl::Series;

std::uint64_t packets(const Statistics& statistics, Duration now, std::string_view window,
                      std::string_view name = "digest-in") {
    const auto all = statistics.view(Instant(now), window);
    const auto found = std::ranges::find(*all, name, &Series::name);
    return found == all->end() ? 0 : found->packets;
}

TEST(Statistics, what_passes_is_counted_by_kind_and_direction) {
    Statistics statistics;
    statistics.count(Instant(1s), "digest", Direction::in, 100);
    statistics.count(Instant(1s), "digest", Direction::in, 20);
    statistics.count(Instant(1s), "digest", Direction::out, 7);
    statistics.count(Instant(1s), "an-event", Direction::in, 0);
    statistics.count_failure(Instant(1s), "message-failed-decode-in");
    const auto all = *statistics.view(Instant(1s), "total");
    ASSERT_EQ(all.size(), 4U);
    EXPECT_EQ(all[0].name, "an-event-in");
    EXPECT_EQ(all[0].bytes, 0U);
    EXPECT_EQ(all[1].name, "digest-in");
    EXPECT_EQ(all[1].packets, 2U);
    EXPECT_EQ(all[1].bytes, 120U);
    EXPECT_EQ(all[2].name, "digest-out");
    EXPECT_EQ(all[2].bytes, 7U);
    EXPECT_EQ(all[3].name, "message-failed-decode-in");
    EXPECT_EQ(all[3].packets, 1U);
    EXPECT_EQ(all[3].bytes, std::nullopt);
}

struct Edge {
    const char* window;
    Duration length;
    Duration bucket;
};
constexpr Edge kEdges[] = {
    {"1m", 1min, 1s}, {"10m", 10min, 1min}, {"30m", 30min, 1min}, {"1h", 1h, 1min},
    {"3h", 3h, 5min}, {"6h", 6h, 5min},     {"12h", 12h, 5min},   {"1d", 24h, 5min},
};

TEST(Statistics, a_window_never_misses_what_is_younger_than_its_length_less_a_bucket) {
    for (const Edge& edge : kEdges) {
        // Whatever the place of both in their buckets.
        for (int part = 0; part < 16; ++part) {
            Statistics statistics;
            const Duration seen = edge.length + edge.bucket * part / 16;
            statistics.count(Instant(seen), "digest", Direction::in, 1);
            EXPECT_EQ(packets(statistics, seen, edge.window), 1U);
            EXPECT_EQ(packets(statistics, seen + edge.length - edge.bucket, edge.window), 1U)
                << edge.window << ' ' << part;
        }
    }
}

TEST(Statistics, a_window_never_counts_what_is_as_old_as_its_length) {
    for (const Edge& edge : kEdges) {
        for (int part = 0; part < 16; ++part) {
            Statistics statistics;
            const Duration seen = edge.bucket * part / 16;
            statistics.count(Instant(seen), "digest", Direction::in, 1);
            EXPECT_EQ(packets(statistics, seen + edge.length, edge.window), 0U) << edge.window;
            EXPECT_EQ(packets(statistics, seen + edge.length, "total"), 1U);
        }
    }
}

TEST(Statistics, every_window_is_that_of_a_naive_count_within_a_bucket) {
    Random random(7);
    Statistics statistics;
    std::vector<Duration> seen;
    Duration now{};
    for (int step = 0; step < 5000; ++step) {
        // Pauses from milliseconds to more than a day.
        now += std::chrono::milliseconds(random.below(random.chance(0.01) ? 100'000'000 : 60'000));
        seen.push_back(now);
        statistics.count(Instant(now), "digest", Direction::in, 10);
        if (step % 10 != 0) continue;
        for (const Edge& edge : kEdges) {
            const auto younger_than = [&](Duration age) {
                const auto first = std::ranges::upper_bound(seen, now - age);
                return static_cast<std::uint64_t>(seen.end() - first);
            };
            const std::uint64_t counted = packets(statistics, now, edge.window);
            ASSERT_LE(counted, younger_than(edge.length));
            ASSERT_GE(counted, younger_than(edge.length - edge.bucket));
        }
    }
}

TEST(Statistics, the_windows_are_those_that_the_vocabulary_names) {
    const Statistics statistics;
    for (const char* window : control::gossiperl::kWindows) {
        EXPECT_TRUE(statistics.view(Instant(), window)) << window;
    }
    EXPECT_FALSE(statistics.view(Instant(), "2d"));
    EXPECT_FALSE(statistics.view(Instant(), ""));
}

TEST(Statistics, a_window_that_is_none_is_refused) {
    EXPECT_EQ(view_of({}, Instant(), "1h")->window, "1h");
    EXPECT_EQ(view_of({}, Instant(), "2d").error().code, Refusal::Code::invalid);
}

TEST(Statistics, a_series_without_messages_in_the_window_is_still_named) {
    Statistics statistics;
    statistics.count(Instant(), "digest", Direction::in, 5);
    const auto all = *statistics.view(Instant(2h), "1h");
    ASSERT_EQ(all.size(), 1U);
    EXPECT_EQ(all[0].packets, 0U);
}

TEST(Statistics, kinds_beyond_the_limit_are_counted_together) {
    Statistics statistics;
    for (std::size_t index = 0; index + 1 < kStatisticsSeriesMax; ++index) {
        statistics.count(Instant(), "kind" + std::to_string(index), Direction::in, 1);
    }
    EXPECT_EQ(packets(statistics, 0s, "total", "other-in"), 0U);
    statistics.count(Instant(), "one more", Direction::in, 1);
    statistics.count(Instant(), "and another", Direction::in, 1);
    statistics.count(Instant(), "kind0", Direction::in, 1);
    EXPECT_EQ(packets(statistics, 0s, "total", "other-in"), 2U);
    EXPECT_EQ(packets(statistics, 0s, "total", "kind0-in"), 2U);
    EXPECT_EQ(statistics.view(Instant(), "total")->size(), kStatisticsSeriesMax);
    // The other direction has room of its own.
    statistics.count(Instant(), "digest", Direction::out, 1);
    EXPECT_EQ(packets(statistics, 0s, "total", "digest-out"), 1U);
}

TEST(Statistics, a_clock_that_goes_back_loses_nothing) {
    Statistics statistics;
    statistics.count(Instant(100s), "digest", Direction::in, 1);
    statistics.count(Instant(10s), "digest", Direction::in, 1);
    EXPECT_EQ(packets(statistics, 100s, "1m"), 2U);
    EXPECT_EQ(packets(statistics, 0s, "1m"), 2U);
}

TEST(Statistics, what_is_new_is_taken_once) {
    Statistics statistics;
    statistics.count(Instant(), "digest", Direction::in, 5);
    statistics.count_failure(Instant(), "message-failed-decode-in");
    EXPECT_EQ(statistics.take_new().size(), 2U);
    EXPECT_TRUE(statistics.take_new().empty());
    statistics.count(Instant(), "digest", Direction::in, 6);
    const auto fresh = statistics.take_new();
    ASSERT_EQ(fresh.size(), 1U);
    EXPECT_EQ(fresh[0].packets, 1U);
    EXPECT_EQ(fresh[0].bytes, 6U);
    EXPECT_EQ(packets(statistics, 0s, "total"), 2U);
}

}  // namespace
}  // namespace grapevine::overlay
