#include "protocol/membership/accusers.hpp"

#include <gtest/gtest.h>

namespace grapevine::protocol {
namespace {

using namespace std::chrono_literals;

constexpr MemberId kSick(7);
constexpr Instant kStart{};

/// After so many different victims, a second each.
Accusers after(std::size_t victims, MemberId accuser = kSick) {
    Accusers accusers(120s, 300s);
    for (std::size_t victim = 0; victim < victims; ++victim) {
        accusers.refuted(kStart + 1s * static_cast<int>(victim), accuser, MemberId(100 + victim));
    }
    return accusers;
}

TEST(Accusers, four_different_victims_make_an_accuser_unreliable_and_three_do_not) {
    EXPECT_FALSE(after(3).is_unreliable(kStart + 3s, kSick, 64));
    EXPECT_TRUE(after(4).is_unreliable(kStart + 3s, kSick, 64));
    EXPECT_FALSE(after(4).is_unreliable(kStart + 3s, MemberId(8), 64));
}

TEST(Accusers, one_victim_is_one_victim_however_often) {
    Accusers accusers(120s, 300s);
    for (int times = 0; times < 100; ++times) {
        accusers.refuted(kStart + 1s * times, kSick, MemberId(100));
    }
    EXPECT_FALSE(accusers.is_unreliable(kStart + 100s, kSick, 64));
}

TEST(Accusers, victims_of_long_ago_do_not_count) {
    Accusers accusers = after(3);
    accusers.refuted(kStart + 121s, kSick, MemberId(200));
    EXPECT_FALSE(accusers.is_unreliable(kStart + 121s, kSick, 64));
}

TEST(Accusers, a_sentence_ends) {
    const Accusers accusers = after(4);
    EXPECT_TRUE(accusers.is_unreliable(kStart + 3s + 300s - 1ns, kSick, 64));
    EXPECT_FALSE(accusers.is_unreliable(kStart + 3s + 300s, kSick, 64));
}

TEST(Accusers, when_more_than_a_quarter_are_unreliable_nobody_is) {
    Accusers accusers(120s, 300s);
    const auto spoil = [&](std::uint64_t accuser) {
        for (std::uint64_t victim = 100; victim < 104; ++victim) {
            accusers.refuted(kStart, MemberId(accuser), MemberId(victim));
        }
    };
    spoil(1);
    spoil(2);
    EXPECT_TRUE(accusers.is_unreliable(kStart, MemberId(1), 8));
    EXPECT_FALSE(accusers.is_unreliable(kStart, MemberId(1), 7));
    spoil(3);
    EXPECT_FALSE(accusers.is_unreliable(kStart, MemberId(1), 8));
}

TEST(Accusers, the_one_refuted_longest_ago_is_displaced) {
    Accusers accusers = after(4);
    for (std::size_t other = 0; other < kAccusersMax; ++other) {
        accusers.refuted(kStart + 10s, MemberId(1000 + other), MemberId(5));
    }
    EXPECT_EQ(accusers.size(), kAccusersMax);
    EXPECT_FALSE(accusers.is_unreliable(kStart + 10s, kSick, 64));
}

}  // namespace
}  // namespace grapevine::protocol
