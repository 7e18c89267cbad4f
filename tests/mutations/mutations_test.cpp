// Can the simulator's checkers fail at all? Each bug of base/mutant.hpp is switched on in turn, and
// some scenario has to notice it within 200 seeds; with none switched on, nothing may be noticed.
//
// A mutant runs in a process of its own, because some are noticed by an assertion of the machine
// itself, which is as good an answer as a violation.
#include <algorithm>
#include <chrono>
#include <csignal>
#include <cstdio>
#include <gtest/gtest.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/mutant.hpp"
#include "gossiperl_scenarios.hpp"
#include "overlay/rollout.hpp"
#include "overlay/rotation.hpp"
#include "sim/chaos.hpp"
#include "sim/testing.hpp"
#include "sim/world.hpp"
#include "support/seeds.hpp"

using namespace std::chrono_literals;

namespace grapevine::sim {
namespace {

constexpr std::uint64_t kSeedsMax = 200;
constexpr std::uint64_t kHealthySeeds = 5;
/// Two members that answer each other for ever are noticed by never coming to an end. A healthy
/// seed takes a third of a second.
constexpr unsigned kSecondsPerSeedMax = 30;
/// Members that correct each other for ever end with the right view, at any price. A hundred times
/// what an idle member of `fast` says.
constexpr std::uint32_t kDatagramsPerSecondMax = 1000;

WorldConfig config_of(std::size_t hosts, protocol::Profile profile, std::uint64_t seed) {
    WorldConfig config = world_config(hosts, profile, seed);
    config.datagrams_per_second_max = kDatagramsPerSecondMax;
    return config;
}

/// From here on they are bugs of src/gossiperl, and looked for in worlds of that protocol.
constexpr Mutant kFirstOld = Mutant::old_reforward;

/// What went wrong in a run, or nothing.
using Finding = std::string;

Finding found_in(World& world) {
    const auto& violations = world.checkers().violations();
    return violations.empty() ? Finding() : violations.front().property;
}

/// It has not converged; perhaps there is a better word for why.
Finding failed(World& world) {
    const Finding finding = found_in(world);
    return finding.empty() ? "converges" : finding;
}

/// Faults of all kinds, with knobs that let collections and expiries happen within the minute.
Finding chaos(std::uint64_t seed) {
    WorldConfig config = config_of(4 + seed % 4, protocol::Profile::fast, seed);
    config.protocol.tombstone_life = 5s;
    config.network.duplicate = 0.05;
    World world(config);
    world.network().record(5000);
    world.start_all(500ms);
    Chaos chaos(world, config.network);
    chaos.run_for(45s);
    world.run_for(45s);
    if (!world.run_until([&] { return world.has_converged(); }, 60s, 100ms)) return failed(world);
    world.run_for(40s);
    world.check_settled();
    return found_in(world);
}

/// A few crashes and stalls, and a network that loses a little: nobody may be called dead who
/// lives, everybody who does not.
Finding calm(std::uint64_t seed) {
    WorldConfig config = config_of(12, protocol::Profile::lan, seed);
    // Behind the rings, what SWIM does alone would hardly ever show.
    const auto detector =
        seed % 2 == 0 ? protocol::DetectorKind::rings : protocol::DetectorKind::swim;
    config.protocol = profile_config(protocol::Profile::lan, detector);
    config.network.loss = 0.05;
    World world(config);
    if (!start_and_converge(world, 500ms, 30s)) return failed(world);
    for (HostIndex host = 0; host < 5; ++host) {
        // Less than half a second, the bound, because the ping before it may have been lost.
        world.stall(host, 400ms);
        world.run_for(10s);
        if (Finding finding = found_in(world); !finding.empty()) return finding;
    }
    if (world.statistics().false_deaths() > 0) return "false deaths";
    world.kill(7, Crash::power);
    world.run_for(60s);
    if (world.statistics().false_deaths() > 0) return "false deaths";
    world.check_settled();
    return found_in(world);
}

/// Events over a lossy network, and a partition longer than the retention.
Finding events(std::uint64_t seed) {
    WorldConfig config = config_of(8, protocol::Profile::fast, seed);
    config.protocol.retention_age = 5s;
    World world(config);
    if (!start_and_converge(world, 500ms, 30s)) return failed(world);
    world.run_for(2s);
    NetworkConfig lossy = config.network;
    lossy.loss = 0.3;
    world.network().configure(lossy);
    const auto publish = [&] {
        for (int i = 0; i < 60; ++i) {
            const auto host = static_cast<HostIndex>(world.random().below(8));
            if (!world.is_up(host)) return;
            static_cast<void>(world.publish(host, "news", Bytes(100, 1)));
            world.run_for(50ms);
        }
    };
    publish();
    world.run_for(20s);
    const Statistics::Deliveries deliveries = world.statistics().deliveries();
    if (deliveries.delivered != deliveries.expected) return "undelivered events";
    world.network().configure(config.network);
    world.partition({0, 1, 2});
    publish();
    world.run_for(30s);
    world.heal();
    world.run_for(20s);
    publish();
    world.run_for(20s);
    return found_in(world);
}

/// Keys are deleted while some are cut off, and the tombstones are collected before it heals; the
/// dead are forgotten, and old news of them is about.
Finding records(std::uint64_t seed) {
    WorldConfig config = config_of(6, protocol::Profile::fast, seed);
    config.protocol.tombstone_life = 5s;
    World world(config);
    if (!start_and_converge(world, 500ms, 30s)) return failed(world);
    const auto write = [&](HostIndex host, std::string_view key) {
        if (!world.is_up(host)) return;
        static_cast<void>(world.set_record(host, key, std::to_string(world.random().next())));
    };
    for (const std::string_view key : {"a", "b", "c", "d"}) write(1, key);
    world.run_for(3s);
    world.partition({4, 5});
    if (!world.is_up(1)) return failed(world);
    static_cast<void>(world.erase_record(1, "b"));
    world.run_for(2s);
    write(1, "c");
    world.run_for(15s);
    world.heal();
    if (!world.run_until([&] { return world.has_converged(); }, 60s, 100ms)) return failed(world);
    // Half of them forget a dead member that the other half remembers as alive.
    world.partition({0, 1, 2});
    world.run_for(3s);
    world.kill(1, Crash::power);
    world.run_for(5s);
    for (const HostIndex host : {0U, 2U}) {
        if (!world.is_up(host)) return failed(world);
        static_cast<void>(world.forget(host, world.member_of(1)));
        static_cast<void>(world.forget(host, world.member_of(4)));
    }
    world.heal();
    world.run_for(40s);
    world.check_settled();
    return found_in(world);
}

/// Events along trees: one copy for each member, also again after a link has broken, and then
/// nobody has to ask.
Finding trees(std::uint64_t seed) {
    World world(config_of(40, protocol::Profile::fast, seed));
    if (!start_and_converge(world, 500ms, 30s)) return failed(world);
    world.run_for(2s);
    const auto publish = [&](int count) {
        for (int i = 0; i < count && world.is_up(0); ++i) {
            static_cast<void>(world.publish(0, "news", Bytes(100, 1)));
            world.run_for(300ms);
        }
    };
    /// Of all: fragments sent unasked, and asked for.
    const auto sums = [&] {
        std::pair<std::uint64_t, std::uint64_t> sum;
        for (HostIndex host = 0; host < world.size(); ++host) {
            if (!world.is_up(host)) continue;
            const auto& counters = world.overlay(host).node().events().counters();
            sum.first += counters.pushed;
            sum.second += counters.requested;
        }
        return sum;
    };
    publish(6);
    auto before = sums();
    publish(10);
    if (sums().first - before.first > 39 * 10 * 105 / 100) return "copies that nobody needs";
    const HostIndex child = 1 + static_cast<HostIndex>(world.random().below(39));
    if (!world.is_up(0) || !world.is_up(child)) return failed(world);
    const MemberId publisher = world.member_of(0);
    const wire::StreamId stream{publisher, world.epoch_of(0)};
    const MemberId parent = world.overlay(child).node().events().spreader().upstream(stream);
    if (world.host_of(parent) == kNoHost) return "a member without a parent";
    world.cut({world.host_of(parent)}, {child});
    publish(4);
    before = sums();
    publish(10);
    if (sums().second > before.second) return "a tree that stays broken";
    return found_in(world);
}

/// A new key while some are cut off: nobody may seal with what another does not hold.
Finding rotations(std::uint64_t seed) {
    World world(config_of(6, protocol::Profile::fast, seed));
    if (!start_and_converge(world, 500ms, 30s)) return failed(world);
    world.partition({4, 5});
    if (!world.rotate_keys(0)) return "a rotation that does not begin";
    for (int step = 0; step < 1500; ++step) {
        if (step == 500) world.heal();
        world.run_for(20ms);
        if (!world.why_no_common_key().empty()) return "members without a common key";
    }
    for (const HostIndex host : world.members()) {
        if (world.overlay(host).rotation().ring().size() != 1) return "a rotation without an end";
    }
    return found_in(world);
}

constexpr Duration kTrialInterval = 4s;

const crypto::Identity& chief() {
    static const auto identity = crypto::Identity::from_seed(std::array<std::uint8_t, 32>{7});
    return identity;
}

WorldConfig operated(std::uint64_t seed) {
    WorldConfig config = config_of(12, protocol::Profile::fast, seed);
    config.protocol = profile_config(protocol::Profile::fast, protocol::DetectorKind::heartbeat);
    config.operators = {chief().public_key()};
    return config;
}

bool propose(World& world, std::string_view name, std::uint64_t value) {
    overlay::RolloutOrder order;
    order.changes[overlay::find_live_setting(name)->id] = value;
    order.canary_share = 200;
    order.health_interval = kTrialInterval;
    return world.propose_settings(0, order, chief()).has_value();
}

bool all_run(const World& world, std::uint64_t epoch, overlay::RolloutStage stage) {
    return std::ranges::all_of(world.members(), [&](HostIndex host) {
        const overlay::Rollout& rollout = world.overlay(host).rollout();
        return rollout.running() == epoch && rollout.plan() && rollout.plan()->stage == stage;
    });
}

/// For so long, nobody but its canaries runs the first roll-out.
bool stays_with_canaries(World& world, Duration duration) {
    for (Duration passed{}; passed < duration; passed += 20ms) {
        world.run_for(20ms);
        for (const HostIndex host : world.members()) {
            const overlay::Rollout& rollout = world.overlay(host).rollout();
            if (rollout.running() != 1 || !rollout.plan()) continue;
            if (!rollout.plan()->is_canary(world.member_of(host))) return false;
        }
    }
    return true;
}

/// A setting that breaks the detector stays with the canaries, and goes.
Finding bad_rollouts(std::uint64_t seed) {
    World world(operated(seed));
    if (!start_and_converge(world, 500ms, 30s)) return failed(world);
    world.run_for(20s);
    // A canary that suspects everybody, or one that everybody suspects.
    const bool has_begun = seed % 2 == 0 ? propose(world, "heartbeat_fail", 20)
                                         : propose(world, "heartbeat_interval", 60'000);
    if (!has_begun) return "a roll-out that does not begin";
    if (!stays_with_canaries(world, 3 * kTrialInterval)) return "a bad setting beyond its canaries";
    if (!all_run(world, 0, overlay::RolloutStage::returned)) return "a bad setting that stays";
    return found_in(world);
}

/// A good one comes to all, but not before its canaries had their time.
Finding good_rollouts(std::uint64_t seed) {
    World world(operated(seed));
    if (!start_and_converge(world, 500ms, 30s)) return failed(world);
    world.run_for(10s);
    if (!propose(world, "retention_age", 600'000)) return "a roll-out that does not begin";
    if (!stays_with_canaries(world, 3 * kTrialInterval - 1s)) {
        return "a setting that nobody has proven";
    }
    world.run_for(3 * kTrialInterval);
    if (!all_run(world, 1, overlay::RolloutStage::everywhere)) {
        return "a good setting that does not come";
    }
    return found_in(world);
}

/// A key of the shared map is deleted while some are cut off, for longer than deletions are
/// remembered.
Finding shared_state(std::uint64_t seed) {
    WorldConfig config = config_of(6, protocol::Profile::fast, seed);
    config.protocol.tombstone_life = 40s;
    World world(config);
    if (!start_and_converge(world, 500ms, 30s)) return failed(world);
    for (const std::string_view key : {"a", "b", "c"}) world.put_state(1, key, "x");
    world.run_for(10s);
    world.partition({4, 5});
    world.erase_state(1, "b");
    world.put_state(4, "d", "x");
    world.run_for(100s);
    world.heal();
    if (!world.run_until([&] { return world.has_converged(); }, 60s, 100ms)) return failed(world);
    if (!world.run_until([&] { return world.has_equal_state(); }, 60s, 100ms)) {
        return "maps that stay different";
    }
    for (const HostIndex host : world.members()) {
        if (world.state(host).find({}, "b")) return "a deletion undone";
    }
    return found_in(world);
}

Finding any_finding(std::uint64_t seed) {
    const bool is_old = active_mutant >= kFirstOld;
    if (is_old || active_mutant == Mutant::none) {
        if (Finding finding = any_gossiperl_finding(seed); !finding.empty() || is_old) {
            return finding;
        }
    }
    for (const auto scenario : {rotations, bad_rollouts, good_rollouts, records, shared_state, calm,
                                trees, events, chaos}) {
        if (Finding finding = scenario(seed); !finding.empty()) return finding;
    }
    return {};
}

enum Exit : int { kNothing = 0, kCaught = 3 };

/// Looks for the mutant in a child process. True if it is caught.
bool is_caught(Mutant mutant) {
    std::fflush(nullptr);
    const pid_t child = fork();
    if (child == 0) {
        active_mutant = mutant;
        for (std::uint64_t seed = 1; seed <= kSeedsMax; ++seed) {
            ::alarm(kSecondsPerSeedMax);
            const Finding finding = any_finding(seed);
            if (finding.empty()) continue;
            std::printf("mutant %d: %s, seed %llu\n", static_cast<int>(mutant), finding.c_str(),
                        static_cast<unsigned long long>(seed));
            std::fflush(nullptr);
            _exit(kCaught);
        }
        _exit(kNothing);
    }
    int status = 0;
    EXPECT_EQ(waitpid(child, &status, 0), child);
    if (WIFSIGNALED(status) && WTERMSIG(status) == SIGABRT) {
        std::printf("mutant %d: an assertion\n", static_cast<int>(mutant));
        return true;
    }
    if (WIFSIGNALED(status) && WTERMSIG(status) == SIGALRM) {
        std::printf("mutant %d: a run without end\n", static_cast<int>(mutant));
        return true;
    }
    return WIFEXITED(status) && WEXITSTATUS(status) == kCaught;
}

TEST(Mutations, without_one_nothing_is_found) {
    active_mutant = Mutant::none;
    grapevine::testing::for_each_seed(kHealthySeeds,
                                      [](std::uint64_t seed) { EXPECT_EQ(any_finding(seed), ""); });
}

class EachMutant : public ::testing::TestWithParam<int> {};

TEST_P(EachMutant, is_caught) {
    EXPECT_TRUE(is_caught(static_cast<Mutant>(GetParam())))
        << "nothing in " << kSeedsMax << " seeds notices mutant " << GetParam();
}

INSTANTIATE_TEST_SUITE_P(Mutations, EachMutant,
                         ::testing::Range(1, static_cast<int>(Mutant::count_)));

}  // namespace
}  // namespace grapevine::sim
