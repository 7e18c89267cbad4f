#include "protocol/membership/ring_order.hpp"

#include <algorithm>
#include <gtest/gtest.h>
#include <map>
#include <set>

#include "base/random.hpp"

namespace grapevine::protocol {
namespace {

constexpr std::uint8_t kRings = 3;

std::vector<MemberId> members_up_to(std::uint64_t count) {
    std::vector<MemberId> members;
    for (std::uint64_t id = 1; id <= count; ++id) members.emplace_back(id);
    return members;
}

std::vector<MemberId> without(std::vector<MemberId> members, MemberId member) {
    std::erase(members, member);
    return members;
}

RingOrder order_of(MemberId self, const std::vector<MemberId>& all) {
    RingOrder order(self, kRings);
    for (const MemberId member : all) order.add(member);
    return order;
}

/// The naive way: sort everybody.
MemberId subject_by_sorting(MemberId self, std::uint8_t ring, std::vector<MemberId> all) {
    std::ranges::sort(all, {}, [&](MemberId member) { return RingOrder::place(member, ring); });
    const auto own = std::ranges::find(all, self);
    return own + 1 == all.end() ? all.front() : *(own + 1);
}

TEST(RingOrder, every_ring_is_one_circle_through_all) {
    const auto all = members_up_to(50);
    for (std::uint8_t ring = 0; ring < kRings; ++ring) {
        std::set<MemberId> visited;
        MemberId at = all.front();
        for (std::size_t step = 0; step < all.size(); ++step) {
            EXPECT_TRUE(visited.insert(at).second);
            at = order_of(at, all).subject(ring);
        }
        EXPECT_EQ(at, all.front());
    }
}

TEST(RingOrder, whom_i_observe_says_that_i_observe_it) {
    const auto all = members_up_to(50);
    for (const MemberId self : all) {
        const RingOrder order = order_of(self, all);
        for (std::uint8_t ring = 0; ring < kRings; ++ring) {
            EXPECT_EQ(order_of(order.subject(ring), all).observer(ring), self);
            const auto observers = order.observers_of(order.subject(ring), without(all, self));
            EXPECT_EQ(std::ranges::count(observers, self), 1);
        }
    }
}

TEST(RingOrder, all_members_name_the_same_observers) {
    const auto all = members_up_to(30);
    const MemberId subject(7);
    std::vector<MemberId> expected;
    for (const MemberId self : all) {
        if (self == subject) continue;
        const auto named = order_of(self, all).observers_of(subject, without(all, self));
        if (expected.empty()) expected = named;
        EXPECT_EQ(named, expected);
    }
    EXPECT_EQ(expected.size(), kRings);
}

TEST(RingOrder, neighbours_stay_right_while_members_come_and_go) {
    Random random(1);
    const MemberId self(1000);
    RingOrder order(self, kRings);
    std::vector<MemberId> others;
    for (int step = 0; step < 3000; ++step) {
        const MemberId member(1 + random.below(60));
        const auto held = std::ranges::find(others, member);
        if (held == others.end()) {
            others.push_back(member);
            order.add(member);
        } else {
            others.erase(held);
            order.remove(member, others);
        }
        auto all = others;
        all.push_back(self);
        for (std::uint8_t ring = 0; ring < kRings; ++ring) {
            const MemberId expected = subject_by_sorting(self, ring, all);
            EXPECT_EQ(order.subject(ring), others.empty() ? kNobody : expected);
            if (!others.empty()) {
                EXPECT_EQ(subject_by_sorting(order.observer(ring), ring, all), self);
            }
        }
    }
}

// The observers of a member are spread as if drawn at random: no pair of rings is alike, and few
// members have fewer than three different observers.
TEST(RingOrder, the_rings_have_little_to_do_with_each_other) {
    const auto all = members_up_to(1000);
    std::array<std::vector<MemberId>, kRings> ring_of;
    for (std::uint8_t ring = 0; ring < kRings; ++ring) {
        ring_of[ring] = all;
        std::ranges::sort(ring_of[ring], {},
                          [&](MemberId member) { return RingOrder::place(member, ring); });
    }
    std::map<MemberId, std::set<MemberId>> observers;
    for (const auto& ring : ring_of) {
        for (std::size_t at = 0; at < ring.size(); ++at) {
            observers[ring[(at + 1) % ring.size()]].insert(ring[at]);
        }
    }
    std::size_t with_fewer = 0;
    for (const auto& [member, who] : observers) with_fewer += who.size() < kRings ? 1 : 0;
    EXPECT_LE(with_fewer, 12U);  // Expected: three pairs of rings, each alike at 1 of 1,000.
}

TEST(RingOrder, two_members_observe_each_other_and_one_nobody) {
    RingOrder order(MemberId(1), kRings);
    EXPECT_EQ(order.subject(0), kNobody);
    EXPECT_EQ(order.observer(0), kNobody);
    order.add(MemberId(1));
    EXPECT_EQ(order.subject(0), kNobody);
    order.add(MemberId(2));
    for (std::uint8_t ring = 0; ring < kRings; ++ring) {
        EXPECT_EQ(order.subject(ring), MemberId(2));
        EXPECT_EQ(order.observer(ring), MemberId(2));
    }
    EXPECT_EQ(order.observers_of(MemberId(2), std::vector{MemberId(2)}), std::vector{MemberId(1)});
    order.remove(MemberId(2), {});
    EXPECT_EQ(order.subject(0), kNobody);
}

}  // namespace
}  // namespace grapevine::protocol
