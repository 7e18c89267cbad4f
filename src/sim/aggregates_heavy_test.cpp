// Estimates by a hundred members over a bad network, against the error that they state.
#include <cmath>
#include <gtest/gtest.h>
#include <iostream>
#include <string>

#include "sim/testing.hpp"
#include "sim/world.hpp"
#include "support/seeds.hpp"

using namespace std::chrono_literals;
using grapevine::testing::for_each_seed;

namespace grapevine::sim {
namespace {

using Method = protocol::Aggregates::Method;
using Of = protocol::Aggregates::Of;
using Estimate = protocol::Aggregates::Estimate;

constexpr std::size_t kMembers = 100;

/// Everybody has set load to 1 .. 100, and a tenth of all datagrams is lost.
void prepare(World& world) {
    ASSERT_TRUE(start_and_converge(world));
    for (HostIndex host = 0; host < kMembers; ++host) {
        ASSERT_TRUE(world.set_record(host, "load", std::to_string(host + 1)));
    }
    NetworkConfig bad = world.config().network;
    bad.loss = 0.1;
    world.network().configure(bad);
}

Estimate ask(World& world, Method method, Of of, const std::string& key) {
    const auto run = world.estimate(0, method, of, key);
    EXPECT_TRUE(run);
    EXPECT_TRUE(world.run_until([&] { return world.estimated(0, *run) != nullptr; }, 30s));
    return *world.estimated(0, *run);
}

/// Deviations over many seeds against what was stated: not larger, and no more than four of them.
class Deviation {
public:
    void add(const Estimate& estimate, double truth) {
        ASSERT_TRUE(estimate.value);
        const double deviation = *estimate.value / truth - 1;
        EXPECT_LE(std::abs(deviation), 4 * estimate.error) << *estimate.value;
        squares_ += deviation * deviation;
        stated_ += estimate.error;
        ++count_;
    }
    void expect_as_stated(const char* name) const {
        const double measured = std::sqrt(squares_ / count_);
        std::cout << name << ": " << measured << " measured, " << stated_ / count_ << " stated\n";
        EXPECT_LE(measured, 1.3 * stated_ / count_);
    }

private:
    double squares_ = 0;
    double stated_ = 0;
    int count_ = 0;
};

TEST(Estimates, of_100_members_at_ten_percent_loss_are_as_wrong_as_they_say) {
    Deviation count;
    Deviation mean;
    Deviation sum;
    Deviation push_sum;
    Deviation extrema;
    for_each_seed(8, [&](std::uint64_t seed) {
        WorldConfig config = world_config(kMembers, protocol::Profile::fast, seed);
        config.is_checked = false;
        World world(config);
        prepare(world);
        count.add(ask(world, Method::push_pull, Of::count, ""), kMembers);
        mean.add(ask(world, Method::push_pull, Of::mean, "load"), 50.5);
        sum.add(ask(world, Method::push_pull, Of::sum, "load"), 5050);
        push_sum.add(ask(world, Method::push_sum, Of::mean, "load"), 50.5);
        extrema.add(ask(world, Method::extrema, Of::count, ""), kMembers);
        EXPECT_EQ(ask(world, Method::extrema, Of::max, "load").value, 100);
        EXPECT_EQ(ask(world, Method::extrema, Of::min, "load").value, 1);
        EXPECT_EQ(world.statistics().false_deaths(), 0U);
    });
    count.expect_as_stated("push-pull count");
    mean.expect_as_stated("push-pull mean");
    sum.expect_as_stated("push-pull sum");
    push_sum.expect_as_stated("push-sum mean");
    extrema.expect_as_stated("extrema count");
}

TEST(Estimates, while_members_die_are_those_of_the_living) {
    for_each_seed(3, [](std::uint64_t seed) {
        World world(world_config(kMembers, protocol::Profile::fast, seed));
        prepare(world);
        const auto run = world.estimate(0, Method::push_pull, Of::count, "");
        ASSERT_TRUE(run);
        world.run_for(500ms);
        for (HostIndex host = 90; host < kMembers; ++host) world.kill(host, Crash::power);
        ASSERT_TRUE(world.run_until([&] { return world.estimated(0, *run) != nullptr; }, 30s));
        EXPECT_NEAR(*world.estimated(0, *run)->value, 90, 5);
    });
}

}  // namespace
}  // namespace grapevine::sim
