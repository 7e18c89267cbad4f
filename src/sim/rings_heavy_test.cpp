// How fast the death of a member is known to all with the default detector, and what that costs;
// with bounds from both sides. Times are until users are told, not until the view has changed.
#include <algorithm>
#include <gtest/gtest.h>

#include "sim/testing.hpp"
#include "sim/world.hpp"
#include "support/seeds.hpp"

using namespace std::chrono_literals;
using grapevine::testing::for_each_seed;
using grapevine::testing::is_soak;

namespace grapevine::sim {
namespace {

constexpr auto kFast = protocol::Profile::fast;
constexpr auto kLan = protocol::Profile::lan;

struct Times {
    std::vector<Duration> first;
    std::vector<Duration> last;

    [[nodiscard]] Duration last_quantile(double quantile) const {
        return last[static_cast<std::size_t>(static_cast<double>(last.size() - 1) * quantile)];
    }
    friend std::ostream& operator<<(std::ostream& out, const Times& times) {
        return out << times.last.size() << " crashes, first " << seconds(times.first.front())
                   << " s, all p50 " << seconds(times.last_quantile(0.5)) << ", p99 "
                   << seconds(times.last_quantile(0.99)) << ", max " << seconds(times.last.back());
    }
};

/// Kills one member after the other, at random phases, and lets it come back.
Times kill_one_by_one(World& world, int kills, Crash crash) {
    for (int i = 0; i < kills; ++i) {
        const auto host = static_cast<HostIndex>(world.random().below(world.size()));
        world.run_for(Duration(static_cast<std::int64_t>(world.random().below(1'000'000'000))));
        world.kill(host, crash);
        world.run_for(4s);
        world.start(host);
        EXPECT_TRUE(world.run_until([&] { return world.has_converged(); }, 20s, 100ms))
            << world.why_not_converged();
    }
    Times times;
    for (const Detection& detection : world.statistics().detections()) {
        EXPECT_EQ(detection.informed, detection.observers);
        if (detection.first) times.first.push_back(*detection.first);
        if (detection.last) times.last.push_back(*detection.last);
    }
    std::ranges::sort(times.first);
    std::ranges::sort(times.last);
    return times;
}

/// Bytes per second and member in 20 s without news, IP and UDP headers counted.
double idle_price(World& world) {
    world.run_for(10s);
    const std::uint64_t before = world.statistics().total().bytes_sent;
    world.run_for(20s);
    const std::uint64_t sent = world.statistics().total().bytes_sent - before;
    return static_cast<double>(sent) / static_cast<double>(world.size()) / 20;
}

struct Promise {
    Duration p50;
    Duration p99;
    double bytes;
};

void expect_known_in_time(WorldConfig config, int kills, Promise promise) {
    config.is_checked = config.hosts <= 512;  // What costs N^2 is left to the smaller worlds.
    World world(config);
    ASSERT_TRUE(start_and_converge(world));
    const double price = idle_price(world);
    EXPECT_LE(price, promise.bytes);
    EXPECT_GE(price, 100) << "nobody can watch for less";
    const Times times = kill_one_by_one(world, kills, Crash::power);
    ASSERT_EQ(times.last.size(), static_cast<std::size_t>(kills));
    EXPECT_LE(times.last_quantile(0.5), promise.p50) << times;
    EXPECT_LE(times.last_quantile(0.99), promise.p99) << times;
    // No verdict without three pings that had their time and a burst of five.
    const protocol::ProtocolConfig& protocol = config.protocol;
    EXPECT_GE(times.first.front(),
              2 * protocol.ring_timeout + 2 * protocol.ring_retry + 4 * protocol.burst_gap)
        << times;
    EXPECT_EQ(world.statistics().false_deaths(), 0U);
    EXPECT_EQ(violations_of(world), "");
    ::testing::Test::RecordProperty("bytes_per_second", std::to_string(price));
    std::cout << config.hosts << " members: " << times << "; " << price << " bytes a second\n";
}

constexpr Promise kHalfSecond = {550ms, 850ms, 1500};
constexpr Promise kSecond = {600ms, 1200ms, 800};

Promise with_a_fifth_more(Promise promise) {
    return {promise.p50 * 6 / 5, promise.p99 * 6 / 5, promise.bytes * 1.2};
}

/// `fast`, each observer asking once a second instead of twice.
WorldConfig slow_rings(std::size_t hosts, std::uint64_t seed) {
    WorldConfig config = world_config(hosts, kFast, seed);
    config.protocol.ring_period = 1s;
    config.protocol.probe_period = 2s;
    return config;
}

TEST(Rings, a_crash_among_128_is_known_to_all_in_half_a_second) {
    for_each_seed(1, [](std::uint64_t seed) {
        expect_known_in_time(world_config(128, kFast, seed), is_soak() ? 100 : 40, kHalfSecond);
    });
}
TEST(Rings, with_a_period_of_a_second_it_costs_half_and_takes_a_little_longer) {
    for_each_seed(1, [](std::uint64_t seed) {
        expect_known_in_time(slow_rings(128, seed), is_soak() ? 100 : 40, kSecond);
    });
}
TEST(Rings, a_crash_among_512_is_known_as_soon) {
    const int kills = is_soak() ? 200 : 10;
    expect_known_in_time(world_config(512, kFast, 1), kills, with_a_fifth_more(kHalfSecond));
    expect_known_in_time(slow_rings(512, 1), kills, with_a_fifth_more(kSecond));
}
TEST(Rings, a_crash_among_2048_is_known_as_soon) {
    if (!is_soak()) GTEST_SKIP() << "takes minutes: GRAPEVINE_SOAK=1";
    expect_known_in_time(world_config(2048, kFast, 1), 50, with_a_fifth_more(kHalfSecond));
    expect_known_in_time(slow_rings(2048, 1), 50, with_a_fifth_more(kSecond));
}

// The host lives and says that nobody listens.
TEST(Rings, the_end_of_a_process_among_100_is_known_to_all_within_350_ms) {
    for_each_seed(1, [](std::uint64_t seed) {
        World world(world_config(100, kFast, seed));
        ASSERT_TRUE(start_and_converge(world));
        const Times times = kill_one_by_one(world, is_soak() ? 100 : 40, Crash::process);
        EXPECT_LE(times.last_quantile(0.99), 350ms) << times;
        EXPECT_GE(times.first.front(), 2 * world.config().protocol.burst_gap) << times;
        EXPECT_EQ(world.statistics().false_deaths(), 0U);
        EXPECT_EQ(violations_of(world), "");
        std::cout << "process: " << times << '\n';
    });
}

TEST(Rings, no_word_of_a_kernel_kills_who_lives) {
    for_each_seed(2, [](std::uint64_t seed) {
        World world(world_config(32, kFast, seed));
        ASSERT_TRUE(start_and_converge(world));
        for (int i = 0; i < 3000; ++i) {
            const auto host = static_cast<HostIndex>(world.random().below(32));
            const auto about = static_cast<HostIndex>(world.random().below(32));
            if (host != about) world.refuse_falsely(host, about);
            world.run_for(10ms);
        }
        // And everybody about one, all the time.
        for (int i = 0; i < 1000; ++i) {
            for (HostIndex host = 1; host < 32; ++host) world.refuse_falsely(host, 0);
            world.run_for(10ms);
        }
        EXPECT_EQ(world.statistics().false_deaths(), 0U);
        EXPECT_TRUE(world.has_converged());
        EXPECT_EQ(violations_of(world), "");
    });
}

TEST(Rings, when_four_of_five_die_at_once_the_rest_agrees_within_five_seconds) {
    for_each_seed(2, [](std::uint64_t seed) {
        World world(world_config(100, kFast, seed));
        ASSERT_TRUE(start_and_converge(world));
        for (HostIndex host = 0; host < 100; ++host) {
            if (host % 5 != 0) world.kill(host, Crash::power);
        }
        EXPECT_TRUE(world.run_until([&] { return world.has_converged(); }, 5s))
            << world.why_not_converged();
        EXPECT_EQ(violations_of(world), "");
    });
}

/// Datagrams per member and second in 20 s without news.
double datagrams_per_second(std::size_t hosts, protocol::DetectorKind detector) {
    WorldConfig config = world_config(hosts, kLan, 1);
    config.protocol = profile_config(kLan, detector);
    World world(config);
    EXPECT_TRUE(start_and_converge(world));
    world.run_for(10s);
    const std::uint64_t before = world.statistics().total().datagrams_sent;
    world.run_for(20s);
    const std::uint64_t sent = world.statistics().total().datagrams_sent - before;
    return static_cast<double>(sent) / static_cast<double>(hosts) / 20;
}

// SWIM, section 3: the load does not grow with the group. A ping and an ack in each period of a
// second; the rings take K of both in 2 s, and one in the 2 s of the SWIM behind them.
TEST(Price, datagrams_per_member_and_period_do_not_grow_with_the_group) {
    for (const std::size_t hosts : {16U, 64U, 256U}) {  // And 1,024: see Scale.
        EXPECT_NEAR(datagrams_per_second(hosts, protocol::DetectorKind::swim), 2.0, 0.1) << hosts;
        EXPECT_NEAR(datagrams_per_second(hosts, protocol::DetectorKind::rings), 4.0, 0.1) << hosts;
    }
}

}  // namespace
}  // namespace grapevine::sim
