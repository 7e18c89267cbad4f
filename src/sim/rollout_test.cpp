// Settings of a whole overlay: a bad one stays with the canaries and goes, a good one comes to all.
#include "overlay/rollout.hpp"

#include <algorithm>
#include <gtest/gtest.h>
#include <set>
#include <string>

#include "sim/testing.hpp"
#include "sim/world.hpp"
#include "support/seeds.hpp"

using namespace std::chrono_literals;
using grapevine::testing::for_each_seed;

namespace grapevine::sim {
namespace {

using overlay::RolloutOrder;
using overlay::RolloutStage;

constexpr Duration kInterval = 4s;

const crypto::Identity& chief() {
    static const auto identity = crypto::Identity::from_seed(std::array<std::uint8_t, 32>{7});
    return identity;
}

WorldConfig operated(std::size_t hosts, std::uint64_t seed,
                     protocol::DetectorKind detector = protocol::DetectorKind::rings) {
    WorldConfig config = world_config(hosts, protocol::Profile::fast, seed);
    config.protocol = protocol::profile_config(protocol::Profile::fast, detector);
    config.operators = {chief().public_key()};
    return config;
}

std::uint8_t id_of(std::string_view name) {
    return overlay::find_live_setting(name)->id;
}

RolloutOrder order_of(std::string_view name, std::uint64_t value, std::uint16_t share = 100) {
    RolloutOrder order;
    order.changes[id_of(name)] = value;
    order.canary_share = share;
    order.health_interval = kInterval;
    return order;
}

/// A canary that suspects everybody, or one that everybody suspects.
RolloutOrder bad_order(std::uint64_t seed) {
    return seed % 2 == 0 ? order_of("heartbeat_fail", 20) : order_of("heartbeat_interval", 60'000);
}

const overlay::Rollout& rollout(const World& world, HostIndex host) {
    return world.overlay(host).rollout();
}

std::vector<HostIndex> canaries(const World& world, HostIndex teller = 0) {
    std::vector<HostIndex> hosts;
    for (const HostIndex host : world.members()) {
        if (rollout(world, teller).plan()->is_canary(world.member_of(host))) hosts.push_back(host);
    }
    return hosts;
}

HostIndex some_other(const World& world, const std::vector<HostIndex>& but) {
    for (const HostIndex host : world.members()) {
        if (host != 0 && std::ranges::find(but, host) == but.end()) return host;
    }
    return kNoHost;
}

bool all_run(const World& world, std::uint64_t epoch, RolloutStage stage) {
    return std::ranges::all_of(world.members(), [&](HostIndex host) {
        const auto& here = rollout(world, host);
        return here.running() == epoch && here.plan() && here.plan()->stage == stage;
    });
}

/// Runs until `done`, and notes who ran `epoch` on the way; how long it took, or kNever's.
struct Course {
    std::set<HostIndex> ran;
    Duration took{};
    bool is_done = false;
};
Course follow(World& world, std::uint64_t epoch, Duration limit,
              const std::function<bool()>& done) {
    Course course;
    const Moment begun = world.now();
    while (world.now() - begun < limit) {
        world.run_for(20ms);
        for (const HostIndex host : world.members()) {
            if (rollout(world, host).running() == epoch) course.ran.insert(host);
        }
        if (!done()) continue;
        course.is_done = true;
        break;
    }
    course.took = world.now() - begun;
    return course;
}

std::string progress_of(const World& world) {
    std::string text;
    for (const HostIndex host : world.members()) {
        text += "m" + std::to_string(host) + ": " + to_text(rollout(world, host).state()) + "\n";
    }
    return text;
}

// Protocols, section 7.3: a bad parameter epoch with canaries of one tenth.
TEST(Rollouts, a_bad_setting_is_taken_back_in_three_intervals_and_never_leaves_the_canaries) {
    for_each_seed(6, [](std::uint64_t seed) {
        WorldConfig config = operated(40, seed, protocol::DetectorKind::heartbeat);
        config.network.loss = 0.02;
        World world(config);
        ASSERT_TRUE(start_and_converge(world));
        world.run_for(20s);
        ASSERT_TRUE(world.propose_settings(0, bad_order(seed), chief()));
        world.run_for(20ms);
        const auto chosen = canaries(world);
        EXPECT_GE(chosen.size(), 1U);
        EXPECT_LE(chosen.size(), 13U) << "40 x 1/10 is 4, with a deviation of 1.9";
        const Course course = follow(world, 1, 3 * kInterval,
                                     [&] { return all_run(world, 0, RolloutStage::returned); });
        EXPECT_TRUE(course.is_done) << progress_of(world);
        EXPECT_FALSE(course.ran.empty()) << "it was tried";
        for (const HostIndex host : course.ran) {
            EXPECT_NE(std::ranges::find(chosen, host), chosen.end()) << "m" << host;
        }
        const Course after = follow(world, 1, 40s, [] { return false; });
        EXPECT_TRUE(after.ran.empty()) << "and it stays away";
    });
}

TEST(Rollouts, a_bad_setting_goes_though_the_one_who_proposed_it_is_dead) {
    for_each_seed(4, [](std::uint64_t seed) {
        World world(operated(30, seed, protocol::DetectorKind::heartbeat));
        ASSERT_TRUE(start_and_converge(world));
        world.run_for(20s);
        ASSERT_TRUE(world.propose_settings(0, bad_order(seed), chief()));
        world.run_for(200ms);
        world.kill(0, Crash::power);
        const Course course = follow(world, 1, 3 * kInterval,
                                     [&] { return all_run(world, 0, RolloutStage::returned); });
        EXPECT_TRUE(course.is_done) << progress_of(world);
    });
}

TEST(Rollouts, a_canary_that_vanishes_takes_the_setting_with_it) {
    for_each_seed(6, [](std::uint64_t seed) {
        World world(operated(20, seed));
        ASSERT_TRUE(start_and_converge(world));
        world.run_for(10s);
        ASSERT_TRUE(world.propose_settings(0, order_of("retention_age", 600'000), chief()));
        world.run_for(2s);
        const HostIndex victim = canaries(world).back();
        world.kill(victim, Crash::power);
        const Course course = follow(world, 1, 3 * kInterval,
                                     [&] { return all_run(world, 0, RolloutStage::returned); });
        EXPECT_TRUE(course.is_done) << progress_of(world);
        EXPECT_LT(course.ran.size(), 20U);
    });
}

TEST(Rollouts, a_canary_that_is_restarted_runs_without_it_at_once) {
    for_each_seed(6, [](std::uint64_t seed) {
        World world(operated(20, seed));
        ASSERT_TRUE(start_and_converge(world));
        ASSERT_TRUE(world.propose_settings(0, order_of("retention_age", 600'000), chief()));
        world.run_for(2s);
        const HostIndex victim = canaries(world).back();
        world.kill(victim, Crash::process);
        world.start(victim);
        EXPECT_EQ(rollout(world, victim).running(), 0U);
        const Course course = follow(world, 1, 3 * kInterval,
                                     [&] { return all_run(world, 0, RolloutStage::returned); });
        EXPECT_TRUE(course.is_done) << progress_of(world);
        EXPECT_EQ(rollout(world, victim).state().reason, overlay::RolloutState::Reason::restarted);
    });
}

TEST(Rollouts, a_good_setting_comes_to_all_and_to_one_who_was_away) {
    for_each_seed(6, [](std::uint64_t seed) {
        WorldConfig config = operated(24, seed);
        config.network.loss = 0.05;
        World world(config);
        ASSERT_TRUE(start_and_converge(world));
        world.run_for(10s);
        const HostIndex away = 23;
        world.partition({away});
        world.run_for(5s);
        ASSERT_TRUE(world.propose_settings(0, order_of("retention_age", 600'000), chief()));
        world.run_for(500ms);
        const auto chosen = canaries(world);
        const HostIndex fallen = some_other(world, chosen);
        world.kill(fallen, Crash::power);
        const auto is_there = [&] {
            return std::ranges::all_of(world.members(), [&](HostIndex host) {
                return host == away || rollout(world, host).running() == 1;
            });
        };
        const Course before = follow(world, 1, 3 * kInterval - 1s, is_there);
        EXPECT_FALSE(before.is_done) << "three intervals are to be well";
        EXPECT_LE(before.ran.size(), chosen.size());
        const Course course = follow(world, 1, 3 * kInterval, is_there);
        EXPECT_TRUE(course.is_done) << progress_of(world);
        EXPECT_EQ(rollout(world, away).running(), 0U);
        world.start(fallen);
        world.heal();
        ASSERT_TRUE(world.run_until([&] { return world.has_converged(); }, 60s));
        EXPECT_TRUE(all_run(world, 1, RolloutStage::everywhere)) << progress_of(world);
        for (const HostIndex host : world.members()) {
            EXPECT_EQ(world.overlay(host).node().config().retention_age, 10min) << host;
        }
        EXPECT_EQ(violations_of(world), "");
    });
}

TEST(Rollouts, one_who_is_cut_off_as_no_canary_ends_nothing) {
    for_each_seed(6, [](std::uint64_t seed) {
        World world(operated(16, seed));
        ASSERT_TRUE(start_and_converge(world));
        world.run_for(10s);
        ASSERT_TRUE(world.propose_settings(0, order_of("retention_age", 600'000), chief()));
        world.run_for(1s);
        const HostIndex lonely = some_other(world, canaries(world));
        world.partition({lonely});
        ASSERT_TRUE(follow(world, 1, 6 * kInterval, [&] {
                        return rollout(world, 0).plan()->stage != RolloutStage::canary;
                    }).is_done);
        world.heal();
        ASSERT_TRUE(world.run_until([&] { return world.has_converged(); }, 60s));
        EXPECT_TRUE(all_run(world, 1, RolloutStage::everywhere)) << progress_of(world);
    });
}

TEST(Rollouts, a_user_takes_back_what_is_everywhere_and_proposes_the_next) {
    World world(operated(8, 1));
    ASSERT_TRUE(start_and_converge(world));
    EXPECT_EQ(world.take_settings_back(0).error().code, Refusal::Code::conflict);
    ASSERT_TRUE(world.propose_settings(0, order_of("retention_age", 600'000, 1000), chief()));
    world.run_for(500ms);
    const auto second = world.propose_settings(1, order_of("rumor_k", 5), chief());
    ASSERT_FALSE(second) << "one is under way";
    EXPECT_EQ(second.error().code, Refusal::Code::conflict);
    ASSERT_TRUE(world.run_until([&] { return all_run(world, 1, RolloutStage::everywhere); },
                                6 * kInterval));
    ASSERT_TRUE(world.propose_settings(3, order_of("rumor_k", 5), chief()));
    world.run_for(500ms);
    ASSERT_TRUE(world.take_settings_back(5));
    ASSERT_TRUE(world.run_until([&] { return all_run(world, 1, RolloutStage::returned); }, 5s));
    EXPECT_EQ(world.overlay(2).node().config().retention_age, 10min) << "what was before";
    RolloutOrder back = order_of("rumor_k", 5);
    back.changes[id_of("retention_age")] = std::nullopt;
    ASSERT_TRUE(world.propose_settings(6, back, chief()));
    ASSERT_TRUE(world.run_until([&] { return all_run(world, 3, RolloutStage::everywhere); },
                                6 * kInterval));
    for (const HostIndex host : world.members()) {
        EXPECT_EQ(world.overlay(host).node().config().retention_age, 5min) << "the member's own";
        EXPECT_EQ(world.overlay(host).node().config().mongering.k, 5);
    }
}

TEST(Rollouts, survive_restarts_and_power_failures) {
    for_each_seed(10, [](std::uint64_t seed) {
        World world(operated(6, seed));
        ASSERT_TRUE(start_and_converge(world));
        ASSERT_TRUE(world.propose_settings(0, order_of("retention_age", 600'000, 300), chief()));
        ASSERT_TRUE(world.run_until([&] { return all_run(world, 1, RolloutStage::everywhere); },
                                    6 * kInterval))
            << progress_of(world);
        for (HostIndex host = 0; host < 6; ++host) world.kill(host, Crash::torn);
        world.start_all(500ms);
        ASSERT_TRUE(world.run_until([&] { return world.has_converged(); }, 60s));
        EXPECT_TRUE(all_run(world, 1, RolloutStage::everywhere)) << progress_of(world);
        for (const HostIndex host : world.members()) {
            EXPECT_EQ(world.overlay(host).node().config().retention_age, 10min);
        }
    });
}

TEST(Rollouts, of_two_at_once_all_take_the_same_and_the_other_one_is_told) {
    for_each_seed(10, [](std::uint64_t seed) {
        World world(operated(12, seed));
        ASSERT_TRUE(start_and_converge(world));
        world.run_for(5s);
        ASSERT_TRUE(world.propose_settings(0, order_of("retention_age", 600'000), chief()));
        ASSERT_TRUE(world.propose_settings(7, order_of("retention_age", 700'000), chief()));
        ASSERT_TRUE(world.run_until([&] { return all_run(world, 1, RolloutStage::everywhere); },
                                    6 * kInterval))
            << progress_of(world);
        const auto& winner = rollout(world, 0).plan();
        for (const HostIndex host : world.members()) {
            EXPECT_EQ(rollout(world, host).plan()->next, winner->next);
        }
        EXPECT_NE(rollout(world, 0).is_overruled(), rollout(world, 7).is_overruled());
    });
}

TEST(Rollouts, take_an_operator) {
    World world(operated(3, 1));
    ASSERT_TRUE(start_and_converge(world));
    const auto stranger = crypto::Identity::from_seed(std::array<std::uint8_t, 32>{8});
    EXPECT_EQ(world.propose_settings(0, order_of("rumor_k", 5), stranger).error().code,
              Refusal::Code::forbidden);
    World open(world_config(3, protocol::Profile::fast, 1));
    ASSERT_TRUE(start_and_converge(open));
    EXPECT_EQ(open.propose_settings(0, order_of("rumor_k", 5), chief()).error().code,
              Refusal::Code::forbidden);
    world.run_for(5s);
    EXPECT_EQ(rollout(world, 1).running(), 0U);
    EXPECT_FALSE(rollout(world, 1).plan());
}

TEST(Rollouts, of_another_profile_go_through_while_events_flow) {
    for_each_seed(3, [](std::uint64_t seed) {
        World world(operated(20, seed));
        ASSERT_TRUE(start_and_converge(world));
        world.run_for(10s);
        ASSERT_TRUE(world.propose_settings(0, order_of("profile", 1), chief()));
        for (int step = 0; step < 300; ++step) {
            ASSERT_TRUE(world.publish(static_cast<HostIndex>(step % 20), "t", Bytes(50, 1)));
            world.run_for(100ms);
        }
        EXPECT_TRUE(all_run(world, 1, RolloutStage::everywhere)) << progress_of(world);
        EXPECT_EQ(world.overlay(3).node().config().ring_period, 2s);
        world.run_for(20s);
        world.check_settled();
        EXPECT_EQ(violations_of(world), "");
    });
}

}  // namespace
}  // namespace grapevine::sim
