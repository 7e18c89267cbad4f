#include "protocol/state/floor.hpp"

#include <gtest/gtest.h>

#include "protocol/state/clock.hpp"

namespace grapevine::protocol {
namespace {

constexpr std::uint64_t kHour = 3'600'000;
constexpr std::uint64_t kStart = 1'700'000'000'000;
constexpr Duration kDay = std::chrono::hours(24);

Stamp hour(double hours) {
    return stamp_at(kStart + static_cast<std::uint64_t>(hours * kHour));
}

/// A floor that was born at hour 0, raised every three hours up to `last`, and in sync at the end.
Floor raised(double last, std::uint32_t members = 5, MemberId by = MemberId(1)) {
    Floor floor(kDay);
    floor.note_birth(hour(0));
    for (double at = 3; at <= last; at += 3) floor.raise(hour(at), by, members);
    floor.note_synced(hour(last));
    return floor;
}

TEST(Floor, lets_go_of_what_is_dead_for_longer_than_the_grace) {
    EXPECT_EQ(raised(48).collected(), hour(24));
    EXPECT_EQ(Floor(kDay).collected(), Stamp{});
}

TEST(Floor, who_was_away_for_half_the_grace_catches_up_and_for_longer_is_reset) {
    const Floor group = raised(72);
    EXPECT_EQ(raised(60).compare(group.view()), Floor::Verdict::adopt);
    EXPECT_EQ(raised(57).compare(group.view()), Floor::Verdict::reset);
    EXPECT_EQ(group.compare(raised(57).view()), Floor::Verdict::refuse);
    EXPECT_EQ(group.compare(raised(60).view()), Floor::Verdict::same);
}

TEST(Floor, an_empty_map_has_nothing_to_drop) {
    Floor fresh(kDay);
    EXPECT_EQ(fresh.compare(raised(72).view()), Floor::Verdict::adopt);
    EXPECT_EQ(raised(72).compare(fresh.view()), Floor::Verdict::same);
}

TEST(Floor, writes_made_before_the_first_contact_are_kept) {
    Floor fresh(kDay);
    fresh.note_birth(hour(71));
    EXPECT_EQ(fresh.compare(raised(72).view()), Floor::Verdict::adopt);
    EXPECT_EQ(raised(72).compare(fresh.view()), Floor::Verdict::same);
}

TEST(Floor, raises_without_data_deceive_nobody) {
    // It has taken every raise, and held the same as others at hour 30 for the last time.
    Floor behind(kDay);
    behind.note_birth(hour(0));
    behind.note_synced(hour(30));
    FloorView view = raised(60).view();
    view.synced = hour(30);
    view.birth = hour(0);
    behind.restore(view);
    EXPECT_EQ(behind.compare(raised(63).view()), Floor::Verdict::reset);
}

TEST(Floor, of_two_groups_that_were_apart_for_long_the_smaller_resets) {
    Floor large = raised(24);
    Floor small = raised(24);
    for (double at = 27; at <= 60; at += 3) {
        large.raise(hour(at), MemberId(1), 4);
        small.raise(hour(at), MemberId(9), 2);
    }
    large.note_synced(hour(60));
    small.note_synced(hour(60));
    EXPECT_EQ(small.compare(large.view()), Floor::Verdict::reset);
    EXPECT_EQ(large.compare(small.view()), Floor::Verdict::refuse);
}

TEST(Floor, two_that_raise_at_once_in_one_group_agree) {
    Floor one = raised(24);
    Floor other = raised(24);
    one.raise(hour(27), MemberId(1), 5);
    other.raise(hour(27.001), MemberId(2), 5);
    EXPECT_EQ(one.compare(other.view()), Floor::Verdict::adopt);
    EXPECT_EQ(other.compare(one.view()), Floor::Verdict::same);
    one.follow(other.view());
    EXPECT_EQ(one.collected(), other.collected());
}

TEST(Floor, after_a_week_without_power_nobody_is_reset) {
    Floor first = raised(24);
    const Floor second = raised(24);
    first.raise(hour(24 + 7 * 24), MemberId(1), 2);
    EXPECT_EQ(second.compare(first.view()), Floor::Verdict::adopt);
    EXPECT_EQ(first.collected(), hour(6)) << "no more than a quarter of the grace at once";
}

TEST(Floor, a_raise_is_due_every_eighth_of_the_grace_and_later_for_others) {
    Floor floor = raised(24);
    EXPECT_FALSE(floor.is_due(hour(24.5), 0));
    EXPECT_FALSE(floor.is_due(hour(26.9), 0));
    EXPECT_TRUE(floor.is_due(hour(27.1), 0));
    EXPECT_FALSE(floor.is_due(hour(27.1), 1));
    EXPECT_TRUE(floor.is_due(hour(27.9), 1));
}

TEST(Floor, remembers_a_limited_number_of_raises_and_they_span_more_than_half_the_grace) {
    const Floor floor = raised(200);
    EXPECT_EQ(floor.view().raises.size(), kFloorRaisesMax);
    EXPECT_LT(floor.view().raises.front().at, hour(200 - 12));
}

}  // namespace
}  // namespace grapevine::protocol
