#include "daemon/topology_view.hpp"

#include <cmath>
#include <gtest/gtest.h>
#include <set>

#include "base/page_limits.hpp"

namespace grapevine::daemon {
namespace {

Placed placed(std::uint64_t member, std::string zone = {}) {
    return {MemberId(member), std::move(zone), std::nullopt};
}

std::vector<Placed> crowd(std::size_t count) {
    std::vector<Placed> members;
    for (std::size_t index = 1; index <= count; ++index) members.push_back(placed(index));
    return members;
}

Placed at(std::uint64_t member, double x, double y, double z) {
    Placed one = placed(member);
    one.place = protocol::Place();
    one.place->position[2] = x;
    one.place->position[4] = y;
    one.place->position[5] = z;
    return one;
}

double distance(const control::TopologyView& view, std::size_t from, std::size_t to) {
    const double x = static_cast<double>(*view.members[from].x_us - *view.members[to].x_us);
    const double y = static_cast<double>(*view.members[from].y_us - *view.members[to].y_us);
    return std::hypot(x, y);
}

TEST(TopologyView, everybody_watches_and_is_watched_once_per_ring) {
    const auto view = topology_of(crowd(50), 3, false);
    std::vector<int> watching(50);
    std::vector<int> watched(50);
    for (const auto& [from, to] : view.links) {
        EXPECT_NE(from, to);
        ++watching[from];
        ++watched[to];
    }
    // Two rings may have the same pair, which is one link.
    for (std::size_t index = 0; index < 50; ++index) {
        EXPECT_GE(watching[index], 1);
        EXPECT_LE(watching[index], 3);
        EXPECT_GE(watched[index], 1);
        EXPECT_LE(watched[index], 3);
    }
}

TEST(TopologyView, zones_watch_their_own) {
    std::vector<Placed> members;
    for (std::uint64_t index = 1; index <= 20; ++index) {
        members.push_back(placed(index, index % 2 == 0 ? "ams" : "fra"));
    }
    const auto view = topology_of(members, 3, true);
    ASSERT_FALSE(view.links.empty());
    for (const auto& [from, to] : view.links) {
        EXPECT_EQ(view.members[from].zone, view.members[to].zone);
    }
}

TEST(TopologyView, one_member_and_no_rings_have_no_links) {
    EXPECT_TRUE(topology_of(crowd(1), 3, false).links.empty());
    EXPECT_TRUE(topology_of(crowd(9), 0, false).links.empty());
    EXPECT_TRUE(topology_of({}, 3, false).members.empty());
}

TEST(TopologyView, places_in_a_plane_keep_their_distances) {
    const auto view = topology_of(
        {at(1, 0, 0, 0), at(2, 0.030, 0, 0), at(3, 0, 0.010, 0), at(4, 0.030, 0.010, 0)}, 0, false);
    EXPECT_NEAR(distance(view, 0, 1), 30'000, 10);
    EXPECT_NEAR(distance(view, 0, 2), 10'000, 10);
    EXPECT_NEAR(distance(view, 0, 3), std::hypot(30'000, 10'000), 10);
}

TEST(TopologyView, the_plane_is_the_one_in_which_they_lie_farthest_apart) {
    const auto view =
        topology_of({at(1, 0, 0, 0), at(2, 0.030, 0, 0.001), at(3, 0, 0.010, 0.001)}, 0, false);
    EXPECT_NEAR(distance(view, 0, 1), 30'000, 100);
    EXPECT_NEAR(distance(view, 0, 2), 10'000, 100);
}

TEST(TopologyView, members_without_a_place_have_none_and_do_not_move_the_others) {
    const auto view = topology_of({at(1, 0, 0, 0), placed(2), at(3, 0.020, 0, 0)}, 0, false);
    EXPECT_FALSE(view.members[1].x_us);
    EXPECT_NEAR(distance(view, 0, 2), 20'000, 10);
}

TEST(TopologyView, links_above_the_limit_are_left_out_and_counted) {
    const auto view = topology_of(crowd(kTopologyLinksMax / 3 + 10), 3, false);
    EXPECT_EQ(view.links.size(), kTopologyLinksMax);
    EXPECT_GT(view.links_left_out, 0U);
    const auto whole = topology_of(crowd(kTopologyLinksMax / 3 - 10), 3, false);
    EXPECT_EQ(whole.links_left_out, 0U);
}

}  // namespace
}  // namespace grapevine::daemon
