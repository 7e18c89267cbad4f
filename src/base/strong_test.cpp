#include "base/strong.hpp"

#include <concepts>
#include <gtest/gtest.h>
#include <limits>
#include <type_traits>
#include <unordered_set>

#include "base/ids.hpp"
#include "base/time.hpp"

namespace grapevine {
namespace {

template <typename A, typename B>
concept Comparable = requires(A a, B b) { a == b; };
template <typename A, typename B>
concept Ordered = requires(A a, B b) { a < b; };
template <typename A, typename B>
concept Addable = requires(A a, B b) { a + b; };
template <typename Clock>
concept Readable = requires { &Clock::now; };

// Two kinds never mix, and neither does a bare number, even where the representation is the same.
static_assert(!std::is_convertible_v<std::uint64_t, MemberId>);
static_assert(!std::is_convertible_v<MemberId, std::uint64_t>);
static_assert(!std::is_constructible_v<MemberId, Boot>);
static_assert(!std::is_assignable_v<MemberId&, Version>);
static_assert(!Comparable<MemberId, Boot>);
static_assert(!Comparable<MemberId, std::uint64_t>);
static_assert(!Ordered<Incarnation, Epoch>);
static_assert(Comparable<MemberId, MemberId> && Ordered<Incarnation, Incarnation>);
static_assert(!Addable<Incarnation, Incarnation> && !Addable<Incarnation, int>);
static_assert(sizeof(MemberId) == 8 && sizeof(Incarnation) == 4 && sizeof(KeyId) == 1);
static_assert(std::is_trivially_copyable_v<MemberId>);

// Time is told, never read.
static_assert(!Readable<NodeClock>);

TEST(Strong, starts_at_zero_and_counts_by_next) {
    EXPECT_EQ(Incarnation().value(), 0U);
    EXPECT_EQ(Incarnation().next(), Incarnation(1));
    EXPECT_EQ(kNobody, MemberId(0));
}

TEST(Strong, next_wraps_in_the_width_of_its_representation) {
    EXPECT_EQ(KeyId(255).next(), KeyId(0));
    EXPECT_EQ(Incarnation(std::numeric_limits<std::uint32_t>::max()).next(), Incarnation(0));
}

TEST(Strong, is_ordered_by_its_value) {
    EXPECT_LT(Version(1), Version(2));
    EXPECT_GT(Epoch(3), Epoch(2));
}

TEST(Strong, can_be_looked_up) {
    const std::unordered_set<MemberId> members = {MemberId(1), MemberId(2), MemberId(1)};
    EXPECT_EQ(members.size(), 2U);
    EXPECT_TRUE(members.contains(MemberId(2)));
    EXPECT_FALSE(members.contains(MemberId(3)));
}

TEST(Time, never_is_later_than_every_instant_in_reach) {
    EXPECT_GT(kNever, Instant() + std::chrono::hours(24 * 365 * 100));
}

}  // namespace
}  // namespace grapevine
