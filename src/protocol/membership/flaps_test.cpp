#include "protocol/membership/flaps.hpp"

#include <gtest/gtest.h>

#include "base/limits.hpp"

namespace grapevine::protocol {
namespace {

using namespace std::chrono_literals;

constexpr MemberId kDeaf(7);
constexpr Instant kStart{};

TEST(Flaps, the_first_return_is_free_and_each_further_one_doubles_the_time) {
    Flaps flaps;
    const Duration expected[] = {0s, 0s, 15s, 30s, 60s, 60s, 60s};
    for (const Duration hold : expected) {
        EXPECT_EQ(flaps.hold(kStart, kDeaf), hold);
        flaps.returned(kStart, kDeaf);
    }
    EXPECT_EQ(flaps.hold(kStart, MemberId(8)), Duration{});
}

TEST(Flaps, returns_are_forgotten_after_five_minutes) {
    Flaps flaps;
    for (int minute = 0; minute < 3; ++minute) flaps.returned(kStart + 1min * minute, kDeaf);
    EXPECT_EQ(flaps.hold(kStart + 5min, kDeaf), 30s);
    EXPECT_EQ(flaps.hold(kStart + 5min + 1ns, kDeaf), 15s);
    EXPECT_EQ(flaps.hold(kStart + 6min + 1ns, kDeaf), Duration{});
}

TEST(Flaps, the_one_that_returned_longest_ago_is_displaced) {
    Flaps flaps;
    for (int times = 0; times < 2; ++times) flaps.returned(kStart, kDeaf);
    for (std::size_t other = 0; other < kFlapsMax; ++other) {
        flaps.returned(kStart + 1s, MemberId(1000 + other));
    }
    EXPECT_EQ(flaps.size(), kFlapsMax);
    EXPECT_EQ(flaps.hold(kStart + 1s, kDeaf), Duration{});
}

}  // namespace
}  // namespace grapevine::protocol
