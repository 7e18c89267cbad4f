// The workloads of the broadcast challenges (fly.io's "Gossip Glomers"), in virtual time, with the
// targets that we have set ourselves; and that of the counter.

#include "maelstrom/workload.hpp"

#include <algorithm>
#include <functional>
#include <gtest/gtest.h>

#include "maelstrom/modes.hpp"
#include "maelstrom/report.hpp"
#include "support/seeds.hpp"

namespace grapevine::maelstrom {
namespace {

using namespace std::chrono_literals;

/// All five seeds that the published table has, of which a quick run plays two.
void for_seeds(const std::function<void(std::uint64_t)>& run) {
    const std::uint64_t last = grapevine::testing::is_soak() ? 5 : 2;
    for (std::uint64_t seed = 1; seed <= last; ++seed) run(seed);
}

void expect_complete(const BroadcastReport& report) {
    EXPECT_EQ(report.lost, 0U);
    EXPECT_EQ(report.invented, 0U);
    EXPECT_EQ(report.stable_latencies.size(), report.broadcasts);
}

TEST(Workload, broadcast_3d_takes_12_5_messages_per_operation_and_one_trip) {
    for_seeds([](std::uint64_t seed) {
        const auto report = run_broadcast({}, settings_of(Mode::direct), seed);
        expect_complete(report);
        EXPECT_LE(report.messages_per_operation(), 12.5) << "seed " << seed;
        EXPECT_GE(report.messages_per_operation(), 11.5) << "24 per broadcast, half the operations";
        EXPECT_LE(report.stable_latency(0.5), 300ms);
        EXPECT_LE(report.stable_latency(1), 500ms);
        EXPECT_GE(report.stable_latency(0.5), 100ms);
    });
}

TEST(Workload, broadcast_3e_takes_2_messages_per_operation_and_less_than_a_second) {
    for_seeds([](std::uint64_t seed) {
        const auto report = run_broadcast({}, settings_of(Mode::gathered), seed);
        expect_complete(report);
        EXPECT_LE(report.messages_per_operation(), 2.0) << "seed " << seed;
        EXPECT_LE(report.stable_latency(0.5), 600ms);
        EXPECT_LE(report.stable_latency(1), 1s);
        EXPECT_GE(report.stable_latency(0.5), 200ms);
    });
}

TEST(Workload, rumors_deliver_everything_too) {
    BroadcastPlan plan;
    plan.nodes = 15;
    plan.duration = 3s;
    plan.quiet = 3s;
    const auto report = run_broadcast(plan, settings_of(Mode::rumor), 1);
    expect_complete(report);
    EXPECT_LE(report.stable_latency(1), 1500ms);
}

BroadcastPlan partitions() {
    BroadcastPlan plan;
    plan.nodes = 5;
    plan.operations_per_second = 10;
    plan.partition = 5s;
    return plan;
}

TEST(Workload, broadcast_3c_is_stable_within_two_seconds_of_healing) {
    for (std::uint64_t seed = 1; seed <= 10; ++seed) {
        const auto report = run_broadcast(partitions(), settings_of(Mode::direct), seed);
        expect_complete(report);
        EXPECT_LE(report.stable_latency(1), 2s) << "seed " << seed;
    }
}

TEST(Workload, partitions_lose_nothing_in_any_mode) {
    for (const Mode mode : {Mode::direct, Mode::gathered, Mode::rumor}) {
        expect_complete(run_broadcast(partitions(), settings_of(mode), 3));
    }
}

TEST(Workload, the_counter_is_right_behind_partitions) {
    for (const Mode mode : {Mode::direct, Mode::gathered, Mode::rumor}) {
        const auto report = run_counter({}, settings_of(mode), 1);
        EXPECT_GT(report.sum, 1000U);
        for (const std::uint64_t total : report.totals) EXPECT_EQ(total, report.sum);
        EXPECT_EQ(report.decreases, 0U);
        EXPECT_EQ(report.excesses, 0U);
    }
}

TEST(Workload, one_node_alone_needs_nobody) {
    BroadcastPlan plan;
    plan.nodes = 1;
    plan.operations_per_second = 10;
    plan.duration = 5s;
    const auto report = run_broadcast(plan, settings_of(Mode::direct), 1);
    expect_complete(report);
    EXPECT_EQ(report.messages, 0U);
}

TEST(Workload, the_same_seed_gives_the_same_figures) {
    BroadcastPlan plan;
    plan.duration = 3s;
    const auto first = run_broadcast(plan, settings_of(Mode::direct), 4);
    const auto again = run_broadcast(plan, settings_of(Mode::direct), 4);
    EXPECT_EQ(first.messages, again.messages);
    EXPECT_EQ(first.stable_latencies, again.stable_latencies);
}

TEST(Report, a_line_for_each_mode_and_seed) {
    const std::string table = simulate(Workload::counter, std::nullopt, 2);
    EXPECT_EQ(std::ranges::count(table, '\n'), 1 + 3 * 2);
    EXPECT_EQ(std::ranges::count(simulate(Workload::counter, Mode::direct, 1), '\n'), 2);
}

TEST(Report, names_are_found_and_others_are_not) {
    EXPECT_EQ(parse_mode("gathered"), Mode::gathered);
    EXPECT_FALSE(parse_mode("fast"));
    EXPECT_EQ(parse_workload("partitions"), Workload::partitions);
    EXPECT_FALSE(parse_workload(""));
}

}  // namespace
}  // namespace grapevine::maelstrom
