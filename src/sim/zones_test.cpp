// Three datacenters in one overlay: what crosses, what is known everywhere, and what a cut does.
#include <fmt/core.h>
#include <gtest/gtest.h>
#include <map>
#include <set>

#include "sim/testing.hpp"
#include "sim/world.hpp"
#include "support/seeds.hpp"

using namespace std::chrono_literals;
using grapevine::testing::for_each_seed;

namespace grapevine::sim {
namespace {

constexpr Duration kAway = 40ms;  ///< One way; 80 ms there and back.

/// `zones` of `size` hosts each; host h is in zone h / size.
struct Continent {
    std::size_t zones;
    std::size_t size;
    World world;
    std::uint64_t across_bytes = 0;  ///< IP and UDP headers counted.
    std::uint64_t inside_bytes = 0;
    std::map<std::string, std::set<HostIndex>> delivered;  ///< By topic.

    Continent(std::size_t zone_count, std::size_t zone_size, std::uint64_t seed)
        : zones(zone_count), size(zone_size), world(config_of(zone_count, zone_size, seed)) {
        world.network().set_distances([this](HostIndex from, HostIndex to) -> Duration {
            return zone_of(from) == zone_of(to) ? 0ms : kAway;
        });
        world.network().on_send([this](HostIndex from, HostIndex to, std::size_t bytes) {
            (zone_of(from) == zone_of(to) ? inside_bytes : across_bytes) += bytes + 28;
        });
        world.on_deliver([this](HostIndex host, const protocol::Event& event) {
            delivered[event.topic].insert(host);
        });
    }
    static WorldConfig config_of(std::size_t zones, std::size_t size, std::uint64_t seed) {
        WorldConfig config = world_config(zones * size, protocol::Profile::lan, seed);
        config.protocol.zone_label = "dc";
        config.labels = [size](HostIndex host) {
            return std::vector<wire::Label>{{"dc", fmt::format("z{}", host / size)}};
        };
        return config;
    }
    [[nodiscard]] std::size_t zone_of(HostIndex host) const { return host / size; }
    [[nodiscard]] std::vector<HostIndex> hosts_of(std::size_t zone) const {
        std::vector<HostIndex> hosts;
        for (std::size_t at = 0; at < size; ++at) {
            hosts.push_back(static_cast<HostIndex>(zone * size + at));
        }
        return hosts;
    }
    [[nodiscard]] std::vector<HostIndex> representatives_of(std::size_t zone) const {
        std::vector<HostIndex> found;
        for (const HostIndex host : hosts_of(zone)) {
            if (!world.is_up(host)) continue;
            if (world.overlay(host).node().zones().is_representative(world.member_of(host))) {
                found.push_back(host);
            }
        }
        return found;
    }
    bool start() {
        const bool is_together = start_and_converge(world, 2s, 60s);
        world.run_for(20s);
        return is_together;
    }
    [[nodiscard]] wire::Status seen(HostIndex by, HostIndex member) const {
        return world.membership(by).find(world.member_of(member))->status;
    }
    /// Whether all living members of `zone` hold `member` for `status`.
    [[nodiscard]] bool all_see(std::size_t zone, HostIndex member, wire::Status status) const {
        return std::ranges::all_of(hosts_of(zone), [&](HostIndex by) {
            return !world.is_up(by) || by == member || seen(by, member) == status;
        });
    }
    [[nodiscard]] std::size_t delivered_to(const std::string& topic) const {
        const auto found = delivered.find(topic);
        return found == delivered.end() ? 0 : found->second.size();
    }
};

/// Bytes per second across, in the quiet.
double quiet_across(std::size_t size, std::uint64_t seed) {
    Continent continent(3, size, seed);
    EXPECT_TRUE(continent.start()) << continent.world.why_not_converged();
    continent.across_bytes = continent.inside_bytes = 0;
    continent.world.run_for(60s);
    EXPECT_EQ(violations_of(continent.world), "");
    return static_cast<double>(continent.across_bytes) / 60;
}

// docs/internals/zones.md: between two zones 2 R pings and acks per interval, some 190 bytes for
// each pair of them. Three pairs of zones, R = 3, 1 s: 3.4 kB/s, and a little for coordinates.
TEST(Zones, what_crosses_in_the_quiet_is_bounded_and_independent_of_the_size) {
    const double small = quiet_across(5, 1);
    const double large = quiet_across(20, 1);
    RecordProperty("small", std::to_string(small));
    RecordProperty("large", std::to_string(large));
    EXPECT_LE(small, 4500);
    EXPECT_LE(large, 4500);
    EXPECT_NEAR(large, small, 0.15 * small);
}

TEST(Zones, everybody_knows_everybody_and_news_cross) {
    for_each_seed(2, [](std::uint64_t seed) {
        Continent continent(3, 8, seed);
        ASSERT_TRUE(continent.start()) << continent.world.why_not_converged();
        World& world = continent.world;
        ASSERT_TRUE(world.set_record(5, "color", "blue"));
        EXPECT_TRUE(world.run_until([&] { return world.has_converged(); }, 10s))
            << world.why_not_converged();
        EXPECT_EQ(violations_of(world), "");
    });
}

TEST(Zones, a_crash_in_one_zone_is_known_in_all_and_costs_nobody_else) {
    for_each_seed(3, [](std::uint64_t seed) {
        Continent continent(3, 20, seed);
        ASSERT_TRUE(continent.start()) << continent.world.why_not_converged();
        World& world = continent.world;
        const HostIndex victim = 25;
        world.kill(victim, Crash::power);
        const Moment killed = world.now();
        const auto is_known_in = [&](std::size_t zone) {
            return continent.all_see(zone, victim, wire::Status::dead);
        };
        ASSERT_TRUE(world.run_until([&] { return is_known_in(1); }, 30s));
        const Duration inside = world.now() - killed;
        ASSERT_TRUE(world.run_until([&] { return is_known_in(0) && is_known_in(2); }, 30s));
        EXPECT_LE(world.now() - killed - inside, 6s) << "a ping crosses every second";
        world.run_for(30s);
        EXPECT_EQ(world.statistics().false_deaths(), 0U);
        EXPECT_EQ(violations_of(world), "");
    });
}

TEST(Zones, an_event_reaches_all_within_a_crossing_and_some_hops) {
    for_each_seed(3, [](std::uint64_t seed) {
        Continent continent(3, 20, seed);
        ASSERT_TRUE(continent.start()) << continent.world.why_not_converged();
        World& world = continent.world;
        // From a representative or not, the first of its stream or not.
        for (const HostIndex publisher : {0U, 7U, 25U, 44U, 7U, 25U}) {
            const std::string topic =
                fmt::format("t{}.{}", publisher, world.now().time_since_epoch().count());
            ASSERT_TRUE(world.publish(publisher, topic, Bytes{1, 2, 3}));
            const Moment published = world.now();
            EXPECT_TRUE(
                world.run_until([&] { return continent.delivered_to(topic) == 60; }, 10s, 1ms))
                << continent.delivered_to(topic);
            EXPECT_LE(world.now() - published, 400ms) << "publisher " << publisher;
            world.run_for(2s);
        }
        EXPECT_EQ(violations_of(world), "");
    });
}

TEST(Zones, copies_of_an_event_that_cross_are_bounded) {
    Continent continent(3, 20, 1);
    ASSERT_TRUE(continent.start()) << continent.world.why_not_converged();
    World& world = continent.world;
    for (int count = 0; count < 5; ++count) {  // The tree forms.
        ASSERT_TRUE(world.publish(7, "warm", Bytes(900, 1)));
        world.run_for(1s);
    }
    continent.across_bytes = 0;
    constexpr int kEvents = 100;
    for (int count = 0; count < kEvents; ++count) {
        ASSERT_TRUE(world.publish(7, "flow", Bytes(900, 1)));
        world.run_for(100ms);
    }
    world.run_for(1s);
    // A kilobyte, at most three times into each of two zones, and what crosses anyway.
    const double quiet = 4500 * 11;
    EXPECT_LE(static_cast<double>(continent.across_bytes), quiet + kEvents * 6 * 1100);
    EXPECT_EQ(violations_of(world), "");
}

TEST(Zones, all_representatives_of_a_zone_at_once_are_replaced) {
    for_each_seed(3, [](std::uint64_t seed) {
        Continent continent(3, 12, seed);
        ASSERT_TRUE(continent.start()) << continent.world.why_not_converged();
        World& world = continent.world;
        const auto victims = continent.representatives_of(1);
        ASSERT_EQ(victims.size(), 3U);
        for (const HostIndex victim : victims) world.kill(victim, Crash::power);
        EXPECT_TRUE(world.run_until(
            [&] {
                return std::ranges::all_of(victims, [&](HostIndex victim) {
                    return continent.all_see(0, victim, wire::Status::dead) &&
                           continent.all_see(1, victim, wire::Status::dead) &&
                           continent.all_see(2, victim, wire::Status::dead);
                });
            },
            60s));
        EXPECT_EQ(continent.representatives_of(1).size(), 3U);
        const std::string topic = "after";
        ASSERT_TRUE(world.publish(0, topic, Bytes{1}));
        EXPECT_TRUE(world.run_until([&] { return continent.delivered_to(topic) == 33; }, 5s));
        EXPECT_EQ(world.statistics().false_deaths(), 0U) << "the others of that zone are well";
        EXPECT_EQ(violations_of(world), "");
    });
}

TEST(Zones, a_zone_that_is_cut_off_is_dead_to_the_others_and_whole_in_itself) {
    for_each_seed(3, [](std::uint64_t seed) {
        Continent continent(3, 8, seed);
        ASSERT_TRUE(continent.start()) << continent.world.why_not_converged();
        World& world = continent.world;
        std::uint64_t suspicions_inside = 0;
        world.partition(continent.hosts_of(1));
        const auto is_cut_off = [&] {
            return std::ranges::all_of(continent.hosts_of(1), [&](HostIndex host) {
                return continent.all_see(0, host, wire::Status::dead) &&
                       continent.all_see(2, host, wire::Status::dead);
            });
        };
        // Ten intervals, then at most 6 * 4 log10(24) s of suspicion, and the news.
        bool is_known = false;
        for (int second = 0; second < 60 && !is_known; ++second) {
            world.run_for(1s);
            is_known = is_cut_off();
            for (const HostIndex host : continent.hosts_of(1)) {
                for (const HostIndex other : continent.hosts_of(1)) {
                    suspicions_inside +=
                        host != other && continent.seen(host, other) != wire::Status::alive ? 1 : 0;
                }
                EXPECT_EQ(continent.seen(0, 3), wire::Status::alive);
                EXPECT_EQ(continent.seen(0, 20), wire::Status::alive);
            }
        }
        EXPECT_TRUE(is_known);
        world.run_for(20s);
        world.heal();
        const Moment healed = world.now();
        bool is_whole = false;
        for (int step = 0; step < 300 && !is_whole; ++step) {
            world.run_for(100ms);
            is_whole = world.has_converged();
            for (std::size_t zone = 0; zone < 3; ++zone) {
                for (const HostIndex host : continent.hosts_of(zone)) {
                    for (const HostIndex other : continent.hosts_of(zone)) {
                        suspicions_inside +=
                            host != other && continent.seen(host, other) != wire::Status::alive;
                    }
                }
            }
        }
        EXPECT_TRUE(is_whole) << world.why_not_converged();
        RecordProperty("healed_after", std::to_string(seconds(world.now() - healed)));
        EXPECT_EQ(suspicions_inside, 0U) << "nobody doubts a member of its own zone";
        EXPECT_EQ(violations_of(world), "");
    });
}

TEST(Zones, a_broken_line_between_two_of_three_zones_kills_nobody) {
    Continent continent(3, 6, 1);
    ASSERT_TRUE(continent.start()) << continent.world.why_not_converged();
    World& world = continent.world;
    world.cut(continent.hosts_of(0), continent.hosts_of(1));
    world.cut(continent.hosts_of(1), continent.hosts_of(0));
    world.run_for(180s);
    EXPECT_EQ(world.statistics().false_deaths(), 0U);
    EXPECT_TRUE(continent.all_see(0, 7, wire::Status::alive));
    EXPECT_TRUE(continent.all_see(1, 1, wire::Status::alive));
    // News go round.
    ASSERT_TRUE(world.publish(1, "round", Bytes{1}));
    EXPECT_TRUE(world.run_until([&] { return continent.delivered_to("round") == 18; }, 15s))
        << continent.delivered_to("round");
    EXPECT_EQ(violations_of(world), "");
}

TEST(Zones, a_zone_of_one_member_is_missed_as_a_whole) {
    Continent continent(3, 1, 1);
    ASSERT_TRUE(continent.start()) << continent.world.why_not_converged();
    World& world = continent.world;
    world.kill(1, Crash::power);
    EXPECT_TRUE(world.run_until(
        [&] {
            return continent.seen(0, 1) == wire::Status::dead &&
                   continent.seen(2, 1) == wire::Status::dead;
        },
        60s));
    EXPECT_EQ(continent.seen(0, 2), wire::Status::alive);
}

}  // namespace
}  // namespace grapevine::sim
