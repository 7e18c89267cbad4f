// What members find out about the network between them.
#include <gtest/gtest.h>

#include "sim/testing.hpp"
#include "sim/world.hpp"
#include "support/seeds.hpp"

using namespace std::chrono_literals;
using grapevine::protocol::Path;
using grapevine::testing::for_each_seed;

namespace grapevine::sim {
namespace {

Path path_of(const World& world, HostIndex from, HostIndex to) {
    const auto& paths = world.overlay(from).node().paths();
    return paths.of(world.clock(from), world.member_of(to)).path;
}

std::uint64_t path_changes(const World& world) {
    std::uint64_t changes = 0;
    for (const HostIndex host : world.members()) {
        changes += world.overlay(host).node().paths().counters().changes;
    }
    return changes;
}

wire::Status status_of(const World& world, HostIndex from, HostIndex to) {
    return world.membership(from).find(world.member_of(to))->status;
}

TEST(Paths, members_learn_how_far_apart_they_are_without_asking) {
    for_each_seed(3, [](std::uint64_t seed) {
        // Two sites of six hosts, 80 ms there and back.
        World world(world_config(12, protocol::Profile::lan, seed));
        world.network().set_distances([](HostIndex from, HostIndex to) -> Duration {
            return (from < 6) == (to < 6) ? 0ms : 40ms;
        });
        ASSERT_TRUE(start_and_converge(world));
        world.run_for(180s);
        const auto& coordinates = world.overlay(0).node().coordinates();
        // In one site a round trip is twice 200 us and a mean of 300 us each way.
        const auto near = coordinates.between(world.member_of(1), world.member_of(2));
        const auto far = coordinates.between(world.member_of(1), world.member_of(8));
        ASSERT_TRUE(near.estimate && far.estimate);
        EXPECT_LT(*near.estimate, 5ms);
        EXPECT_NEAR(seconds(*far.estimate), 0.081, 0.012);
        const auto measured = coordinates.between(world.member_of(0), world.member_of(9));
        ASSERT_TRUE(measured.measured && measured.estimate);
        EXPECT_NEAR(seconds(*measured.measured), 0.081, 0.004);
        EXPECT_NEAR(seconds(*measured.estimate), 0.081, 0.012);
        for (const MemberId member : coordinates.nearest(5)) {
            EXPECT_LT(world.host_of(member), 6U) << "the nearest five are those of our own site";
        }
        EXPECT_EQ(violations_of(world), "");
    });
}

TEST(Paths, a_whole_network_has_no_trouble_to_tell) {
    for_each_seed(3, [](std::uint64_t seed) {
        WorldConfig config = world_config(10, protocol::Profile::lan, seed);
        config.network.loss = 0.1;
        World world(config);
        ASSERT_TRUE(start_and_converge(world));
        world.run_for(300s);
        EXPECT_EQ(path_changes(world), 0U);
        EXPECT_EQ(path_of(world, 0, 1), Path::both);
    });
}

TEST(Paths, a_link_that_is_cut_both_ways_is_relayed_and_nobody_is_suspected) {
    for_each_seed(5, [](std::uint64_t seed) {
        World world(world_config(6, protocol::Profile::lan, seed));
        ASSERT_TRUE(start_and_converge(world));
        world.run_for(10s);
        const std::uint64_t suspicions = world.membership(0).counters().suspicions;
        world.cut({0}, {1});
        world.cut({1}, {0});
        EXPECT_TRUE(world.run_until(
            [&] {
                return path_of(world, 0, 1) == Path::relayed &&
                       path_of(world, 1, 0) == Path::relayed;
            },
            40s));
        world.run_for(120s);
        EXPECT_EQ(path_changes(world), 2U) << "told once by each, not over and over";
        EXPECT_EQ(world.membership(0).counters().suspicions, suspicions);
        EXPECT_EQ(status_of(world, 0, 1), wire::Status::alive);
        EXPECT_EQ(path_of(world, 0, 2), Path::both);
        EXPECT_EQ(path_of(world, 2, 1), Path::both);
        world.heal();
        EXPECT_TRUE(world.run_until(
            [&] {
                return path_of(world, 0, 1) == Path::both && path_of(world, 1, 0) == Path::both;
            },
            10s));
        // An examination that ends in the moment of healing may call it "in only" on the way.
        EXPECT_GE(path_changes(world), 4U);
        EXPECT_LE(path_changes(world), 6U);
        EXPECT_EQ(world.statistics().false_deaths(), 0U);
        EXPECT_EQ(violations_of(world), "");
    });
}

TEST(Paths, a_link_that_is_cut_one_way_is_in_only_at_one_end_and_relayed_at_the_other) {
    for_each_seed(5, [](std::uint64_t seed) {
        World world(world_config(6, protocol::Profile::lan, seed));
        ASSERT_TRUE(start_and_converge(world));
        world.run_for(10s);
        world.cut({0}, {1});  // 1 does not hear 0; 0 hears 1.
        EXPECT_TRUE(world.run_until(
            [&] {
                return path_of(world, 0, 1) == Path::in_only &&
                       path_of(world, 1, 0) == Path::relayed;
            },
            40s))
            << to_string(path_of(world, 0, 1)) << ", " << to_string(path_of(world, 1, 0));
        const std::uint64_t changes = path_changes(world);
        world.run_for(180s);
        EXPECT_EQ(path_changes(world), changes);
        EXPECT_EQ(path_of(world, 0, 1), Path::in_only);
        EXPECT_EQ(status_of(world, 0, 1), wire::Status::alive);
        EXPECT_EQ(status_of(world, 1, 0), wire::Status::alive);
        EXPECT_EQ(world.statistics().false_deaths(), 0U);
        world.heal();
        EXPECT_TRUE(world.run_until(
            [&] {
                return path_of(world, 0, 1) == Path::both && path_of(world, 1, 0) == Path::both;
            },
            10s));
        EXPECT_EQ(violations_of(world), "");
    });
}

/// Asks all whom they reach, as `grapevine reachability` does, and puts together what they say.
std::vector<protocol::ReachTrouble> troubles_seen_by(World& world, HostIndex host,
                                                     std::vector<MemberId>* silent = nullptr) {
    std::vector<MemberId> all;
    for (const HostIndex each : world.members()) all.push_back(world.member_of(each));
    const auto number = world.ask(host, all, protocol::QuestionKind::reachability,
                                  encode(protocol::ReachQuestion{0ms, kNobody}), 6s);
    EXPECT_TRUE(number);
    EXPECT_TRUE(world.run_until([&] { return world.gathered(host, *number) != nullptr; }, 7s));
    const protocol::Gather::Gathered& gathered = *world.gathered(host, *number);
    if (silent != nullptr) *silent = gathered.silent;
    std::vector<protocol::ReachReport> reports;
    for (const auto& answer : gathered.answers) {
        reports.push_back({answer.member, *protocol::decode_reach_answer(answer.body)});
    }
    return troubles_of(reports);
}

TEST(Paths, all_that_is_cut_is_found_by_one_question_and_nothing_else) {
    for_each_seed(5, [](std::uint64_t seed) {
        World world(world_config(9, protocol::Profile::lan, seed));
        ASSERT_TRUE(start_and_converge(world));
        world.run_for(10s);
        EXPECT_TRUE(troubles_seen_by(world, 0).empty());
        world.run_for(6s);
        world.cut({1}, {2});  // One way.
        world.cut({3}, {4});
        world.cut({4}, {3});
        auto troubles = troubles_seen_by(world, 0);
        using Kind = protocol::ReachTrouble::Kind;
        ASSERT_EQ(troubles.size(), 2U);
        if (troubles[0].kind != Kind::one_way) std::swap(troubles[0], troubles[1]);
        EXPECT_EQ(troubles[0].kind, Kind::one_way);
        EXPECT_EQ(troubles[0].from, world.member_of(1));
        EXPECT_EQ(troubles[0].to, world.member_of(2));
        EXPECT_EQ(troubles[1].kind, Kind::both_ways);
        EXPECT_EQ(std::min(world.member_of(3), world.member_of(4)), troubles[1].from);
        world.heal();
        world.run_for(6s);
        EXPECT_TRUE(troubles_seen_by(world, 0).empty());
        EXPECT_EQ(violations_of(world), "");
    });
}

TEST(Paths, who_does_not_answer_is_named_and_what_others_say_of_it_is_told) {
    // SWIM, because the rings would find it dead before the question is answered.
    WorldConfig config = world_config(5, protocol::Profile::lan, 1);
    config.protocol = profile_config(protocol::Profile::lan, protocol::DetectorKind::swim);
    World world(config);
    ASSERT_TRUE(start_and_converge(world));
    world.run_for(10s);
    world.stall(4, 8s);
    std::vector<MemberId> silent;
    const auto troubles = troubles_seen_by(world, 0, &silent);
    EXPECT_EQ(silent, std::vector<MemberId>{world.member_of(4)});
    // The four others see it, each for itself.
    EXPECT_EQ(troubles.size(), 4U);
}

// A closed firewall in front of one host: what it sends gets out, nothing gets in.
TEST(Paths, a_member_whose_door_is_closed_dies_and_is_in_only) {
    for_each_seed(3, [](std::uint64_t seed) {
        World world(world_config(5, protocol::Profile::lan, seed));
        ASSERT_TRUE(start_and_converge(world));
        world.cut({0, 1, 2, 3}, {4});
        EXPECT_TRUE(world.run_until(
            [&] {
                return status_of(world, 0, 4) == wire::Status::dead &&
                       path_of(world, 0, 4) == Path::in_only;
            },
            120s));
        world.heal();
        EXPECT_TRUE(world.run_until([&] { return world.has_converged(); }, 60s));
    });
}

}  // namespace
}  // namespace grapevine::sim
