#include "runtime/clock.hpp"

#include <gtest/gtest.h>

#include "runtime/os_random.hpp"

namespace grapevine::runtime {
namespace {

TEST(SteadyClock, time_never_goes_back) {
    const SteadyClock clock;
    Instant last = clock.now();
    EXPECT_GE(last, Instant());
    for (int round = 0; round < 1000; ++round) {
        const Instant now = clock.now();
        ASSERT_GE(now, last);
        last = now;
    }
}

TEST(SteadyClock, a_copy_shares_the_origin) {
    const SteadyClock clock;
    const SteadyClock copy = clock;
    const Instant instant(std::chrono::seconds(7));
    EXPECT_EQ(clock.to_system(instant), copy.to_system(instant));
}

TEST(SteadyClock, never_is_never_for_the_system_too) {
    const SteadyClock clock;
    EXPECT_EQ(clock.to_system(kNever), std::chrono::steady_clock::time_point::max());
}

TEST(WallClock, this_program_runs_after_it_was_written) {
    constexpr std::int64_t kStartOf2025 = 1'735'689'600'000;
    EXPECT_GT(wall_now().unix_ms, kStartOf2025);
}

TEST(OsRandom, two_seeds_differ) {
    EXPECT_NE(os_random_seed(), os_random_seed());
}

TEST(OsRandom, every_byte_of_a_large_buffer_is_filled) {
    // 256 rounds leave a byte at zero every time with probability 2^-2048.
    std::array<std::uint8_t, 1000> seen{};
    for (int round = 0; round < 256; ++round) {
        std::array<std::uint8_t, 1000> bytes{};
        os_random(bytes);
        for (std::size_t index = 0; index < bytes.size(); ++index) seen[index] |= bytes[index];
    }
    for (const std::uint8_t byte : seen) EXPECT_NE(byte, 0);
}

}  // namespace
}  // namespace grapevine::runtime
