#include "crypto/replay_window.hpp"

#include <gtest/gtest.h>
#include <set>

#include "base/random.hpp"

namespace grapevine::crypto {
namespace {

/// Checks, and commits what is new, as a receiver does.
bool take(ReplayWindow& window, std::uint64_t counter) {
    if (!window.check(counter)) return false;
    window.commit(counter);
    return true;
}

TEST(ReplayWindow, accepts_in_order_from_zero) {
    ReplayWindow window;
    for (std::uint64_t counter = 0; counter < 5000; ++counter) EXPECT_TRUE(take(window, counter));
    EXPECT_EQ(window.next(), 5000U);
}

TEST(ReplayWindow, rejects_a_duplicate) {
    ReplayWindow window;
    EXPECT_TRUE(take(window, 7));
    EXPECT_FALSE(take(window, 7));
    EXPECT_TRUE(take(window, 6)) << "late, but new";
    EXPECT_FALSE(take(window, 6));
}

TEST(ReplayWindow, ends_exactly_1024_behind) {
    for (const std::uint64_t highest : {2000ULL, 2047ULL, 2048ULL, 2049ULL, 1ULL << 40}) {
        ReplayWindow window;
        EXPECT_TRUE(take(window, highest));
        EXPECT_FALSE(take(window, highest - 1024)) << highest;
        EXPECT_TRUE(take(window, highest - 1023)) << highest;
        EXPECT_FALSE(take(window, highest - 1023)) << highest;
    }
}

TEST(ReplayWindow, jumps_ahead_and_forgets_what_it_left_behind) {
    ReplayWindow window;
    for (std::uint64_t counter = 0; counter < 2000; ++counter) window.commit(counter);
    const std::uint64_t far = 2000 + (1ULL << 20);
    EXPECT_TRUE(take(window, far));
    EXPECT_FALSE(take(window, 1999));
    for (std::uint64_t counter = far - 1023; counter < far; ++counter) {
        EXPECT_TRUE(take(window, counter)) << counter;
    }
}

TEST(ReplayWindow, never_wraps_around) {
    ReplayWindow window;
    EXPECT_FALSE(window.check(UINT64_MAX));
    EXPECT_TRUE(take(window, UINT64_MAX - 1));
    EXPECT_FALSE(take(window, UINT64_MAX - 1));
    EXPECT_FALSE(window.check(UINT64_MAX));
    EXPECT_FALSE(window.check(0)) << "a counter that starts again is old";
}

TEST(ReplayWindow, a_check_changes_nothing) {
    ReplayWindow window;
    EXPECT_TRUE(window.check(1000000));
    EXPECT_TRUE(take(window, 3)) << "a forged counter that was never committed moves nothing";
}

TEST(ReplayWindow, starts_where_it_is_told) {
    for (std::uint64_t start = 0; start < 200; ++start) {
        ReplayWindow window;
        window.start_at(start);
        EXPECT_EQ(window.next(), start + 1);
        for (std::uint64_t counter = 0; counter <= start; ++counter) {
            EXPECT_FALSE(window.check(counter)) << counter << " of " << start;
        }
        for (std::uint64_t counter = start + 1; counter < start + 2500; counter += 3) {
            EXPECT_TRUE(take(window, counter)) << counter << " from " << start;
            EXPECT_TRUE(take(window, counter + 1) && !take(window, counter)) << counter;
        }
    }
}

TEST(ReplayWindow, a_new_start_forgets_the_old_life) {
    ReplayWindow window;
    window.commit(1ULL << 30);
    window.start_at(5);
    EXPECT_TRUE(take(window, 6));
    EXPECT_FALSE(take(window, 5));
}

// The window against a twin that remembers everything.
TEST(ReplayWindow, agrees_with_a_set_of_all_counters) {
    for (std::uint64_t seed = 0; seed < 50; ++seed) {
        Random random(seed);
        ReplayWindow window;
        std::set<std::uint64_t> seen;
        std::uint64_t highest = 0;
        if (random.chance(0.5)) {
            highest = random.below(3000);
            window.start_at(highest);
            for (std::uint64_t counter = 0; counter <= highest; ++counter) seen.insert(counter);
        }
        for (int step = 0; step < 5000; ++step) {
            const std::uint64_t jump = random.chance(0.01) ? random.below(5000) : random.below(4);
            const std::uint64_t back = random.below(random.chance(0.1) ? 1100 : 70);
            const std::uint64_t counter = highest + jump >= back ? highest + jump - back : 0;
            const bool is_new =
                !seen.contains(counter) && (seen.empty() || counter + 1024 > highest);
            ASSERT_EQ(take(window, counter), is_new)
                << "seed " << seed << " step " << step << " counter " << counter;
            if (is_new) {
                seen.insert(counter);
                highest = std::max(highest, counter);
            }
        }
    }
}

}  // namespace
}  // namespace grapevine::crypto
