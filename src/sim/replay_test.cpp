// A recorded datagram, replayed at any later time to any member from any address, changes nothing
// (protocols.md, 10.3).
#include <fmt/core.h>
#include <gtest/gtest.h>

#include "sim/testing.hpp"
#include "sim/world.hpp"
#include "support/seeds.hpp"

using namespace std::chrono_literals;
using grapevine::testing::for_each_seed;

namespace grapevine::sim {
namespace {

constexpr std::size_t kHosts = 6;

/// All that a user or another member could notice of a host.
std::string state_of(const World& world, HostIndex host) {
    const overlay::Overlay& overlay = world.overlay(host);
    std::string text =
        fmt::format("m{} view {:x} sessions {} deadline {}\n", host, overlay.view_fingerprint(),
                    overlay.session_count(), overlay.deadline().time_since_epoch().count());
    world.membership(host).for_each([&](const protocol::Member& member) {
        text += fmt::format("  {:x} {} {}\n", member.record->member.value(),
                            static_cast<int>(member.status), member.incarnation.value());
    });
    for (const auto& [member, record] : overlay.node().records().all()) {
        text += fmt::format("  record {:x} {} {}\n", member.value(), record.version.value(),
                            record.collected.value());
    }
    for (const auto& [stream, view] : world.statistics().streams(host)) {
        text += fmt::format("  stream {:x} {} {}\n", stream.publisher.value(), view.last.value(),
                            view.gaps.size());
    }
    const protocol::Membership::Counters& counters = world.membership(host).counters();
    text += fmt::format("  refutations {} suspicions {} deaths {} delivered {}\n",
                        counters.refutations, counters.suspicions, counters.deaths,
                        overlay.node().events().counters().delivered);
    return text;
}

enum class From : std::uint8_t { sender, stranger, another_member };
enum class To : std::uint8_t { receiver, another_member };

/// Injects everything recorded so far, in one moment, so that nothing else can be the cause of a
/// change; what is sent in answer is under way when we look, and is looked at a second later by
/// the checkers.
void replay_everything(World& world, From from, To to) {
    const std::vector<Datagram> recorded = world.network().recorded();
    ASSERT_GT(recorded.size(), 500U);
    std::size_t number = 0;
    for (Datagram datagram : recorded) {
        const HostIndex receiver = world.network().host_of(datagram.to);
        if (receiver == kNoHost) continue;
        const HostIndex sender = world.network().host_of(datagram.from);
        if (from == From::stranger) datagram.from = Endpoint::v4(192, 0, 2, 66, 6666);
        if (from == From::another_member) {
            datagram.from = Network::endpoint_of((sender + 1) % kHosts);
        }
        const HostIndex target = to == To::receiver ? receiver : (receiver + 1) % kHosts;
        datagram.to = Network::endpoint_of(target);
        if (!world.is_up(target)) continue;
        const std::string before = state_of(world, target);
        world.inject(std::move(datagram));
        world.run_until(world.now());
        ASSERT_EQ(state_of(world, target), before) << "datagram " << number;
        ++number;
    }
}

void run_a_while(World& world) {
    for (int i = 0; i < 20; ++i) {
        const auto host = static_cast<HostIndex>(i % kHosts);
        if (!world.is_up(host)) continue;
        EXPECT_TRUE(world.publish(host, "news", Bytes(50, 1)));
        EXPECT_TRUE(world.set_record(host, "key", std::to_string(i)));
        world.run_for(200ms);
    }
}

/// A life with everything in it: joining, a death, a return, a partition, events, records.
std::unique_ptr<World> eventful_world(std::uint64_t seed) {
    auto world = std::make_unique<World>(world_config(kHosts, protocol::Profile::fast, seed));
    world->network().record(3000);
    world->start_all(500ms);
    world->run_for(2s);
    run_a_while(*world);
    world->kill(2, Crash::power);
    world->run_for(3s);
    world->start(2);
    world->run_for(2s);
    world->partition({0, 1});
    world->run_for(4s);
    world->heal();
    EXPECT_TRUE(world->run_until([&] { return world->has_converged(); }, 30s));
    run_a_while(*world);
    world->network().record(0);
    return world;
}

void nothing_changes(Duration later, From from, To to) {
    for_each_seed(2, [&](std::uint64_t seed) {
        const std::unique_ptr<World> world = eventful_world(seed);
        world->run_for(later);
        replay_everything(*world, from, to);
        world->run_for(2s);
        EXPECT_TRUE(world->has_converged()) << world->why_not_converged();
        EXPECT_EQ(violations_of(*world), "");
    });
}

TEST(Replay, at_once_changes_nothing) {
    nothing_changes(0s, From::sender, To::receiver);
}
TEST(Replay, after_a_minute_changes_nothing) {
    nothing_changes(60s, From::sender, To::receiver);
}
TEST(Replay, from_a_strange_address_changes_nothing) {
    nothing_changes(1s, From::stranger, To::receiver);
}
TEST(Replay, from_the_address_of_another_changes_nothing) {
    nothing_changes(1s, From::another_member, To::receiver);
}
TEST(Replay, to_another_member_changes_nothing) {
    nothing_changes(1s, From::sender, To::another_member);
}

TEST(Replay, after_a_restart_of_everybody_changes_nothing) {
    for_each_seed(2, [](std::uint64_t seed) {
        const std::unique_ptr<World> world = eventful_world(seed);
        for (HostIndex host = 0; host < kHosts; ++host) world->kill(host, Crash::power);
        for (HostIndex host = 0; host < kHosts; ++host) world->start(host);
        ASSERT_TRUE(world->run_until([&] { return world->has_converged(); }, 30s));
        world->run_for(2s);
        replay_everything(*world, From::sender, To::receiver);
        world->run_for(2s);
        EXPECT_TRUE(world->has_converged());
        EXPECT_EQ(violations_of(*world), "");
    });
}

// The first moments of a life are the most dangerous ones: it has no sessions that would remember.
TEST(Replay, into_the_first_moments_of_a_life_changes_nothing_for_good) {
    for_each_seed(3, [](std::uint64_t seed) {
        const std::unique_ptr<World> world = eventful_world(seed);
        const std::uint64_t deaths_before = world->statistics().false_deaths();
        world->kill(3, Crash::power);
        world->run_for(100ms);
        world->start(3);
        for (Datagram datagram : std::vector(world->network().recorded())) {
            if (world->network().host_of(datagram.to) == 3) world->inject(std::move(datagram));
        }
        EXPECT_TRUE(world->run_until([&] { return world->has_converged(); }, 30s))
            << world->why_not_converged();
        EXPECT_EQ(world->statistics().false_deaths(), deaths_before);
        EXPECT_EQ(violations_of(*world), "");
    });
}

}  // namespace
}  // namespace grapevine::sim
