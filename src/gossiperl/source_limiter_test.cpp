#include "gossiperl/source_limiter.hpp"

#include <gtest/gtest.h>

using namespace std::chrono_literals;

namespace grapevine::gossiperl {
namespace {

using Kind = SourceLimiter::Kind;

Endpoint host(std::size_t number, std::uint16_t port = 6666) {
    return Endpoint::v4(10, static_cast<std::uint8_t>(number >> 16U),
                        static_cast<std::uint8_t>(number >> 8U), static_cast<std::uint8_t>(number),
                        port);
}

std::size_t taken(SourceLimiter& limiter, Instant now, const Endpoint& from, Kind kind,
                  std::size_t tries) {
    std::size_t count = 0;
    for (std::size_t i = 0; i < tries; ++i) count += limiter.take(now, from, kind) ? 1 : 0;
    return count;
}

TEST(SourceLimiter, a_burst_passes_and_not_one_more) {
    SourceLimiter limiter;
    EXPECT_EQ(taken(limiter, Instant(5s), host(1), Kind::message, 5000), kOldSourceBurst);
}

TEST(SourceLimiter, in_the_long_run_the_rate_passes) {
    SourceLimiter limiter;
    taken(limiter, Instant(0s), host(1), Kind::message, 5000);
    std::size_t count = 0;
    for (int i = 1; i <= 1000; ++i) {
        count += taken(limiter, Instant(i * 10ms), host(1), Kind::message, 100);
    }
    EXPECT_EQ(count, 10 * kOldSourceRatePerSecond);
}

TEST(SourceLimiter, silence_never_earns_more_than_a_burst) {
    SourceLimiter limiter;
    taken(limiter, Instant(0s), host(1), Kind::message, 1);
    EXPECT_EQ(taken(limiter, Instant(24h), host(1), Kind::message, 5000), kOldSourceBurst);
}

TEST(SourceLimiter, a_storm_of_messages_does_not_eat_the_digests) {
    SourceLimiter limiter;
    taken(limiter, Instant(0s), host(1), Kind::message, 5000);
    EXPECT_TRUE(limiter.take(Instant(0s), host(1), Kind::digest));
    EXPECT_TRUE(limiter.take(Instant(0s), host(1), Kind::table));
}

TEST(SourceLimiter, another_port_of_the_same_host_is_the_same_source) {
    SourceLimiter limiter;
    taken(limiter, Instant(0s), host(1, 1), Kind::message, 5000);
    EXPECT_FALSE(limiter.take(Instant(0s), host(1, 2), Kind::message));
    EXPECT_TRUE(limiter.take(Instant(0s), host(2, 1), Kind::message));
}

TEST(SourceLimiter, one_above_the_limit_the_longest_unheard_is_forgotten) {
    SourceLimiter limiter(3);
    taken(limiter, Instant(0s), host(1), Kind::message, 5000);
    taken(limiter, Instant(0s), host(2), Kind::message, 5000);
    EXPECT_TRUE(limiter.take(Instant(0s), host(3), Kind::message));
    EXPECT_FALSE(limiter.take(Instant(0s), host(1), Kind::message));
    EXPECT_TRUE(limiter.take(Instant(0s), host(4), Kind::message));  // Displaces 2.
    EXPECT_EQ(limiter.size(), 3U);
    EXPECT_FALSE(limiter.take(Instant(0s), host(1), Kind::message));
    EXPECT_TRUE(limiter.take(Instant(0s), host(2), Kind::message));
}

}  // namespace
}  // namespace grapevine::gossiperl
