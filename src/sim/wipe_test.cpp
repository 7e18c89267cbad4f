// What an operator has wiped does not come back, whoever still had it.
#include <gtest/gtest.h>
#include <set>
#include <string>

#include "protocol/notices.hpp"
#include "sim/testing.hpp"
#include "sim/world.hpp"
#include "support/seeds.hpp"

using namespace std::chrono_literals;
using grapevine::testing::for_each_seed;

namespace grapevine::sim {
namespace {

const crypto::Identity& chief() {
    static const auto identity = crypto::Identity::from_seed(std::array<std::uint8_t, 32>{7});
    return identity;
}

WorldConfig operated(std::size_t hosts, protocol::Profile profile, std::uint64_t seed) {
    WorldConfig config = world_config(hosts, profile, seed);
    config.operators = {chief().public_key()};
    return config;
}

/// A host that holds a key "bad", of whomever.
std::string why_not_clean(const World& world, const std::vector<HostIndex>& hosts) {
    for (const HostIndex host : hosts) {
        for (const auto& [member, record] : world.overlay(host).node().records().all()) {
            const auto item = record.items.find("bad");
            if (item == record.items.end() || item->second.is_tombstone) continue;
            return "m" + std::to_string(host) + " holds it of m" +
                   std::to_string(world.host_of(member));
        }
    }
    return {};
}

std::vector<HostIndex> all_but(const World& world, HostIndex left_out) {
    std::vector<HostIndex> hosts = world.members();
    std::erase(hosts, left_out);
    return hosts;
}

// Protocols, section 7.3: a wipe while 1 of 50 members is partitioned away with the bad state.
TEST(Wipes, records_do_not_come_back_with_one_who_was_away) {
    for_each_seed(2, [](std::uint64_t seed) {
        World world(operated(50, protocol::Profile::lan, seed));
        ASSERT_TRUE(start_and_converge(world));
        for (const HostIndex host : {3U, 7U, 20U}) ASSERT_TRUE(world.set_record(host, "bad", "1"));
        ASSERT_TRUE(world.set_record(20, "good", "1"));
        world.run_for(5s);
        EXPECT_NE(why_not_clean(world, {30}), "");
        world.partition({7});
        world.run_for(5s);
        ASSERT_TRUE(world.set_record(7, "bad", "2"));
        world.run_for(10ms);  // The wipe takes what was written before it, by civil time.
        ASSERT_TRUE(world.wipe(0, "records", chief()));
        ASSERT_TRUE(
            world.run_until([&] { return why_not_clean(world, all_but(world, 7)).empty(); }, 10s))
            << why_not_clean(world, all_but(world, 7));
        ASSERT_TRUE(world.set_record(3, "later", "1"));
        world.run_for(15s);
        world.heal();
        for (int step = 0; step < 600; ++step) {
            world.run_for(100ms);
            ASSERT_EQ(why_not_clean(world, all_but(world, 7)), "");
        }
        EXPECT_EQ(why_not_clean(world, {7}), "");
        EXPECT_EQ(world.why_not_converged(), "");
        const auto* copy = world.overlay(7).node().records().find(world.member_of(3));
        ASSERT_NE(copy, nullptr);
        EXPECT_TRUE(copy->items.contains("later")) << "what comes after the wipe is told";
        EXPECT_EQ(violations_of(world), "");
    });
}

TEST(Wipes, are_kept_over_restarts_and_crashes_in_the_middle) {
    for_each_seed(20, [](std::uint64_t seed) {
        World world(operated(6, protocol::Profile::fast, seed));
        ASSERT_TRUE(start_and_converge(world));
        for (HostIndex host = 0; host < 6; ++host) {
            ASSERT_TRUE(world.set_record(host, "bad", "1"));
        }
        world.run_for(3s);
        for (HostIndex host = 1; host < 6; ++host) {
            world.kill_after(host, world.random().below(40), Crash::torn);
        }
        ASSERT_TRUE(world.wipe(0, "records", chief()));
        world.run_for(2s);
        for (HostIndex host = 1; host < 6; ++host) world.kill(host, Crash::power);
        world.start_all(500ms);
        ASSERT_TRUE(world.run_until([&] { return world.has_converged(); }, 60s));
        EXPECT_EQ(why_not_clean(world, world.members()), "");
    });
}

TEST(Wipes, events_are_not_given_to_newcomers_any_more) {
    WorldConfig config = operated(8, protocol::Profile::fast, 1);
    World world(config);
    std::set<HostIndex> told;
    world.on_deliver([&](HostIndex host, const protocol::Event& event) {
        if (event.topic == "bad") told.insert(host);
    });
    for (HostIndex host = 0; host < 6; ++host) world.start(host);
    world.run_for(5s);
    ASSERT_TRUE(world.publish(2, "bad", Bytes(10, 1)));
    world.run_for(2s);
    EXPECT_EQ(told.size(), 6U);
    world.partition({5});
    world.run_for(1s);
    ASSERT_TRUE(world.wipe(0, "events", chief()));
    world.run_for(2s);
    world.start(6);
    world.run_for(10s);
    world.heal();
    world.start(7);
    world.run_for(20s);
    EXPECT_FALSE(told.contains(6));
    EXPECT_FALSE(told.contains(7));
    for (const HostIndex host : world.members()) {
        EXPECT_EQ(world.overlay(host).node().events().retained_bytes(), 0U) << host;
    }
    EXPECT_EQ(world.why_not_converged(), "");
}

TEST(Wipes, take_an_operator) {
    World world(operated(3, protocol::Profile::fast, 1));
    ASSERT_TRUE(start_and_converge(world));
    const auto stranger = crypto::Identity::from_seed(std::array<std::uint8_t, 32>{8});
    EXPECT_EQ(world.wipe(0, "records", stranger).error().code, Refusal::Code::forbidden);
    EXPECT_EQ(world.wipe(0, "everything", chief()).error().code, Refusal::Code::invalid);
    EXPECT_EQ(world.wipe(0, "state:", chief()).error().code, Refusal::Code::invalid);
    World open(world_config(3, protocol::Profile::fast, 1));
    ASSERT_TRUE(start_and_converge(open));
    EXPECT_EQ(open.wipe(0, "records", chief()).error().code, Refusal::Code::forbidden);
}

TEST(Wipes, of_the_shared_map_reach_everybody_and_hold_against_who_was_away) {
    for_each_seed(3, [](std::uint64_t seed) {
        World world(operated(6, protocol::Profile::fast, seed));
        ASSERT_TRUE(start_and_converge(world));
        for (const std::string_view key : {"cache/a", "cache/b", "other"}) {
            world.put_state(1, key, "x");
        }
        world.run_for(3s);
        world.partition({5});
        world.put_state(5, "cache/c", "x");
        world.run_for(5s);
        const auto order = world.wipe(0, "state:cache/", chief());
        ASSERT_TRUE(order);
        world.run_for(3s);
        world.put_state(2, "cache/d", "written later");
        world.run_for(3s);
        world.heal();
        ASSERT_TRUE(world.run_until([&] { return world.has_converged(); }, 60s));
        ASSERT_TRUE(world.run_until([&] { return world.has_equal_state(); }, 60s));
        for (const HostIndex host : world.members()) {
            const auto& map = world.state(host);
            for (const std::string_view gone : {"cache/a", "cache/b", "cache/c"}) {
                EXPECT_FALSE(map.find({}, gone)) << gone << " at " << host;
            }
            EXPECT_TRUE(map.find({}, "cache/d"));
            EXPECT_TRUE(map.find({}, "other"));
            const auto& notices = world.overlay(host).node().notices();
            EXPECT_EQ(notices.wiped_before("state:cache/"), order->before);
        }
        EXPECT_EQ(violations_of(world), "");
    });
}

}  // namespace
}  // namespace grapevine::sim
