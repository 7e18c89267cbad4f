#include "protocol/coordinates/coordinates.hpp"

#include <gtest/gtest.h>

namespace grapevine::protocol {
namespace {

using namespace std::chrono_literals;

constexpr MemberId kSelf(1);
constexpr MemberId kA(10);
constexpr MemberId kB(20);

wire::Coordinate at_ms(std::int16_t milliseconds) {
    wire::Coordinate place;
    place.position[0] = static_cast<std::int16_t>(milliseconds * 50);
    place.error = 100;
    return place;
}

TEST(Coordinates, the_wire_keeps_a_place_to_a_step_and_an_extreme_one_stays_extreme) {
    Place place;
    place.position[0] = 0.012'345;
    place.position[1] = -3;
    place.height = 0.001;
    place.adjustment = -0.000'5;
    place.error = 0.25;
    const Place back = from_wire(to_wire(place), VivaldiConfig{});
    EXPECT_NEAR(back.position[0], place.position[0], 10e-6);
    EXPECT_NEAR(back.position[1], -0.655, 0.001);
    EXPECT_NEAR(back.height, place.height, 10e-6);
    EXPECT_NEAR(back.adjustment, place.adjustment, 10e-6);
    EXPECT_NEAR(back.error, place.error, 0.000'5);
}

TEST(Coordinates, what_no_honest_member_says_is_brought_into_range) {
    wire::Coordinate liar;
    liar.height = 0;
    liar.error = 65'535;
    const Place place = from_wire(liar, VivaldiConfig{});
    EXPECT_EQ(place.height, 10e-6);
    EXPECT_EQ(place.error, 1.5);
}

TEST(Coordinates, of_a_member_that_we_never_met_nothing_is_known) {
    const Coordinates coordinates(kSelf, 1);
    const auto trip = coordinates.between(kSelf, kA);
    EXPECT_FALSE(trip.estimate);
    EXPECT_FALSE(trip.measured);
    EXPECT_FALSE(coordinates.distance_to(kA));
    EXPECT_TRUE(coordinates.nearest(3).empty());
}

TEST(Coordinates, one_stray_round_trip_does_not_show) {
    Coordinates coordinates(kSelf, 1);
    coordinates.measured(Instant{} + 1s, kA, 10ms);
    coordinates.measured(Instant{} + 2s, kA, 900ms);
    coordinates.measured(Instant{} + 3s, kA, 12ms);
    EXPECT_EQ(coordinates.between(kSelf, kA).measured, Duration(12ms));
    EXPECT_EQ(coordinates.between(kA, kSelf).measured, Duration(12ms));
    EXPECT_EQ(coordinates.between(kSelf, kA).measured_at, Instant{} + 3s);
    coordinates.measured(Instant{} + 4s, kA, 10ms);
    EXPECT_EQ(coordinates.between(kSelf, kA).measured, Duration(12ms));
}

TEST(Coordinates, a_round_trip_that_cannot_be_is_not_taken) {
    Coordinates coordinates(kSelf, 1);
    coordinates.measured(Instant{}, kA, 11s);
    coordinates.measured(Instant{}, kA, -1ns);
    EXPECT_EQ(coordinates.count(), 0U);
}

TEST(Coordinates, two_others_are_as_far_apart_as_their_places) {
    Coordinates coordinates(kSelf, 1);
    coordinates.heard(Instant{}, kA, at_ms(0));
    EXPECT_FALSE(coordinates.between(kA, kB).estimate);
    coordinates.heard(Instant{}, kB, at_ms(30));
    const auto trip = coordinates.between(kA, kB);
    ASSERT_TRUE(trip.estimate);
    EXPECT_NEAR(std::chrono::duration<double>(*trip.estimate).count(), 0.030, 0.000'1);
    EXPECT_NEAR(trip.error, 0.1, 0.001);
    EXPECT_FALSE(trip.measured);
}

TEST(Coordinates, our_place_comes_to_fit_what_was_measured) {
    Coordinates coordinates(kSelf, 1);
    Instant now{};
    for (int round = 0; round < 200; ++round) {
        now += 1s;
        coordinates.heard(now, kA, at_ms(0));
        coordinates.measured(now, kA, 20ms);
        coordinates.heard(now, kB, at_ms(30));
        coordinates.measured(now, kB, 15ms);
    }
    EXPECT_EQ(coordinates.samples(), 400U);
    const auto to_a = coordinates.between(kSelf, kA);
    EXPECT_NEAR(std::chrono::duration<double>(*to_a.estimate).count(), 0.020, 0.001);
    EXPECT_EQ(coordinates.nearest(1), std::vector<MemberId>{kB});
    EXPECT_EQ(coordinates.nearest(9), (std::vector<MemberId>{kB, kA}));
    coordinates.check_invariants();
}

TEST(Coordinates, a_place_is_told_once_in_five_seconds_and_sooner_after_a_move) {
    Coordinates coordinates(kSelf, 1);
    Instant now = Instant{} + 1s;
    EXPECT_TRUE(coordinates.to_tell(now, kA));
    EXPECT_FALSE(coordinates.to_tell(now + 4999ms, kA));
    EXPECT_TRUE(coordinates.to_tell(now + 4999ms, kB));
    EXPECT_TRUE(coordinates.to_tell(now + 5s, kA));
    now += 6s;
    coordinates.heard(now, kB, at_ms(40));
    coordinates.measured(now, kB, 5ms);
    EXPECT_TRUE(coordinates.to_tell(now + 1ms, kA));
    EXPECT_FALSE(coordinates.to_tell(now + 2ms, kA));
}

TEST(Coordinates, at_the_limit_the_one_heard_of_longest_ago_is_displaced) {
    Coordinates coordinates(kSelf, 1);
    Instant now{};
    for (std::uint64_t id = 2; id < 2 + kPlacesMax; ++id) {
        now += 1ms;
        coordinates.measured(now, MemberId(id), 1ms);
    }
    coordinates.measured(now + 1ms, MemberId(2), 1ms);
    EXPECT_EQ(coordinates.count(), kPlacesMax);
    coordinates.measured(now + 2ms, MemberId(9'999'999), 1ms);
    EXPECT_EQ(coordinates.count(), kPlacesMax);
    EXPECT_TRUE(coordinates.distance_to(MemberId(2)));
    EXPECT_FALSE(coordinates.distance_to(MemberId(3)));
    coordinates.check_invariants();
}

TEST(Coordinates, who_is_gone_is_forgotten) {
    Coordinates coordinates(kSelf, 1);
    coordinates.measured(Instant{}, kA, 1ms);
    coordinates.forget(kA);
    coordinates.forget(kB);
    EXPECT_EQ(coordinates.count(), 0U);
}

}  // namespace
}  // namespace grapevine::protocol
