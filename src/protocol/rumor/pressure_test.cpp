// When a member says that it cannot keep up, and what a publisher makes of it.

#include "protocol/rumor/pressure.hpp"

#include <gtest/gtest.h>

#include "base/limits.hpp"

namespace grapevine::protocol {
namespace {

using namespace std::chrono_literals;

constexpr MemberId kSelf{1};
constexpr Duration kInterval = 500ms;

Instant at(Duration since_start) {
    return Instant{} + since_start;
}

TEST(Backlog, is_told_when_it_does_not_shrink_in_two_samples) {
    Backlog backlog;
    EXPECT_FALSE(backlog.sample(at(1s), kInterval, kSelf, 200, 1000));
    EXPECT_FALSE(backlog.sample(at(1s) + kInterval - 1ns, kInterval, kSelf, 300, 1010));
    const auto told = backlog.sample(at(1s) + kInterval, kInterval, kSelf, 300, 1050);
    ASSERT_TRUE(told);
    EXPECT_EQ(*told, (Shortfall{kSelf, 300, 100}));
}

TEST(Backlog, is_not_told_while_it_shrinks) {
    Backlog backlog;
    for (int i = 0; i < 10; ++i) {
        const auto missing = static_cast<std::uint64_t>(1000 - i);
        EXPECT_FALSE(backlog.sample(at(i * kInterval), kInterval, kSelf, missing, 0));
    }
}

TEST(Backlog, is_not_told_below_its_least_size_nor_if_more_came_than_is_missing) {
    Backlog small;
    Backlog busy;
    std::uint64_t arrived = 0;
    for (int i = 0; i < 10; ++i) {
        arrived += 500;
        EXPECT_FALSE(
            small.sample(at(i * kInterval), kInterval, kSelf, Backlog::kMissingMin - 1, 0));
        EXPECT_FALSE(busy.sample(at(i * kInterval), kInterval, kSelf, 500, arrived));
    }
}

TEST(Backlog, begins_anew_after_a_time_in_order) {
    Backlog backlog;
    EXPECT_FALSE(backlog.sample(at(1s), kInterval, kSelf, 200, 0));
    EXPECT_FALSE(backlog.sample(at(10s), kInterval, kSelf, 300, 0));
    EXPECT_TRUE(backlog.sample(at(10s) + kInterval, kInterval, kSelf, 300, 0));
}

/// How many events get through from `from` to `to` if there is always one more.
int flood(Pace& pace, Instant from, Instant to) {
    int count = 0;
    for (Instant now = from; now < to; now += 1ms) {
        while (pace.ready_at(now) <= now && count < 100'000) {
            if (!pace.state(now)) return 100'000;
            pace.published(now);
            ++count;
        }
        pace.held_up();
    }
    return count;
}

TEST(Pace, nobody_waits_until_somebody_complains) {
    Pace pace(kInterval);
    for (int i = 0; i < 1000; ++i) {
        EXPECT_LE(pace.ready_at(at(1s)), at(1s));
        pace.published(at(1s));
    }
    EXPECT_FALSE(pace.state(at(1s)));
}

TEST(Pace, a_tenth_less_than_what_gets_through) {
    Pace pace(kInterval);
    for (int i = 0; i < 10; ++i) {
        const Instant now = at(1s) + i * kInterval;
        EXPECT_TRUE(pace.heard(now, {MemberId{7}, 500, 200}));
        const int count = flood(pace, now, now + kInterval);
        EXPECT_GE(count, 85);
        EXPECT_LE(count, i == 0 ? 90 + 46 : 91) << "and a burst at the beginning";
    }
    const auto state = pace.state(at(6s));
    ASSERT_TRUE(state);
    EXPECT_EQ(state->slowest.slowest, MemberId{7});
    EXPECT_EQ(state->limit, 180U);
    EXPECT_EQ(state->since, at(1s));
}

TEST(Pace, the_slowest_decides) {
    Pace pace(kInterval);
    pace.heard(at(1s), {MemberId{7}, 500, 200});
    pace.heard(at(1s), {MemberId{8}, 100, 400});
    EXPECT_EQ(pace.state(at(1s))->slowest.slowest, MemberId{7});
    pace.heard(at(1s), {MemberId{9}, 100, 50});
    EXPECT_EQ(pace.state(at(1s))->slowest.slowest, MemberId{9});
    EXPECT_EQ(pace.state(at(1s))->limit, 45U);
}

TEST(Pace, nobody_slows_it_below_the_floor) {
    Pace pace(kInterval);
    pace.heard(at(1s), {MemberId{7}, 500, 0});
    EXPECT_EQ(pace.state(at(1s))->limit, Pace::kRateMin);
}

TEST(Pace, a_word_expires_by_itself_at_once_if_nobody_waits) {
    Pace pace(kInterval);
    pace.heard(at(1s), {MemberId{7}, 500, 100});
    EXPECT_TRUE(pace.state(at(1s) + Pace::kWordIntervals * kInterval - 1ns));
    EXPECT_FALSE(pace.state(at(1s) + Pace::kWordIntervals * kInterval));
}

TEST(Pace, it_climbs_by_a_quarter_per_interval_while_events_wait) {
    Pace pace(kInterval);
    pace.heard(at(1s), {MemberId{7}, 500, 1000});
    const Instant over = at(1s) + Pace::kWordIntervals * kInterval;
    flood(pace, at(1s), over);
    EXPECT_EQ(pace.state(over)->limit, 1125U);
    flood(pace, over, over + kInterval);
    EXPECT_EQ(pace.state(over + kInterval)->limit, 1406U);
}

TEST(Pace, a_member_that_has_slowed_it_for_its_patience_is_left_behind_for_a_while) {
    Pace pace(kInterval);
    Instant now = at(1s);
    for (; now < at(1s) + Pace::kPatience; now += kInterval) {
        EXPECT_TRUE(pace.heard(now, {MemberId{7}, 500, 100}));
        pace.held_up();
    }
    EXPECT_FALSE(pace.heard(now, {MemberId{7}, 500, 100}));
    EXPECT_EQ(pace.left_behind(now), 1U);
    EXPECT_TRUE(pace.heard(now, {MemberId{8}, 500, 100})) << "another may still speak";
    EXPECT_FALSE(pace.heard(now + Pace::kIgnored - 1ns, {MemberId{7}, 500, 100}));
    EXPECT_TRUE(pace.heard(now + Pace::kIgnored, {MemberId{7}, 500, 100}));
    EXPECT_EQ(pace.left_behind(now + Pace::kIgnored), 0U);
}

TEST(Pace, who_names_another_laggard_every_time_is_heard_for_a_third_of_the_time) {
    Pace pace(kInterval);
    Duration slowed{};
    std::uint64_t next = 100;
    for (Instant now = at(1s); now < at(1801s); now += kInterval) {
        pace.heard(now, {MemberId{next++ % 1000 + 100}, 500, 0});
        pace.held_up();
        if (pace.state(now)) slowed += kInterval;
    }
    EXPECT_LE(slowed, 1800s / 3 + 10s);
}

TEST(Pace, one_laggard_above_the_limit_is_not_believed) {
    Pace pace(kInterval);
    for (std::uint64_t id = 1; id <= Pace::kLaggardsMax; ++id) {
        EXPECT_TRUE(pace.heard(at(1s), {MemberId{id}, 500, 100}));
    }
    EXPECT_FALSE(pace.heard(at(1s), {MemberId{1000}, 500, 100}));
}

}  // namespace
}  // namespace grapevine::protocol
