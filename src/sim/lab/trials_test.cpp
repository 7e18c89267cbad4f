// The experiments beside rumors: anti-entropy, averages, and whole overlays.

#include <chrono>
#include <cmath>
#include <gtest/gtest.h>
#include <memory>
#include <string>

#include "sim/lab/run.hpp"
#include "sim/lab/theory.hpp"

using namespace std::chrono_literals;

namespace grapevine::sim::lab {
namespace {

std::unique_ptr<Run> run_of(const std::string& link) {
    auto settings = Settings::parse_link(link);
    EXPECT_TRUE(settings) << (settings ? "" : describe(settings.error()));
    auto run = Run::create(*std::move(settings));
    EXPECT_TRUE(run) << (run ? "" : describe(run.error()));
    return *std::move(run);
}

std::unique_ptr<Run> ended(const std::string& link, Duration step = 1h) {
    auto run = run_of(link);
    while (!run->has_ended()) run->run_until(run->now() + step);
    return run;
}

double value_of(const std::vector<Point>& points, std::string_view name) {
    for (const Point& point : points) {
        if (point.name == name) return point.value;
    }
    ADD_FAILURE() << "no " << name;
    return 0;
}

TEST(LabTrials, the_same_link_gives_the_same_hash_however_time_is_cut) {
    for (const std::string link : {
             "experiment=sync&members=20&loss=0.1&actions=1500:kill:3;2500:restart:3;3000:add:2",
             "experiment=average&members=50&loss=0.1&actions=500:kill:3;900:partition:0-9;1500:"
             "heal",
             "experiment=average&members=50&method=push-sum&actions=1000:add:5",
             "experiment=detection&members=12&duration_ms=6000"
             "&actions=3000:kill:3;4000:add:1;5000:restart:3",
             "experiment=group&members=12&duration_ms=6000"
             "&actions=2500:rumor:3;3000:partition:0-3;4000:clog:1:2:500;5000:heal",
         }) {
        const std::uint64_t whole = ended(link)->trace_hash();
        EXPECT_EQ(ended(link, 37ms)->trace_hash(), whole) << link;
        EXPECT_NE(ended(link + "&seed=2")->trace_hash(), whole) << link;
    }
}

// -- Anti-entropy --------------------------------------------------------------------------------

TEST(LabTrials, what_differs_is_found_and_repaired) {
    for (const char* loss : {"0", "0.2"}) {
        const auto run = ended(std::string("experiment=sync&members=30&loss=") + loss);
        const auto summary = run->summary();
        EXPECT_EQ(value_of(summary, "different"), 0);
        EXPECT_LT(value_of(summary, "rounds"), 15);
        // 200 entries, of each of which 29 members lack one.
        EXPECT_GE(value_of(summary, "copies"), 200 * 29);
        EXPECT_LT(value_of(summary, "needless"), 200 * 29 * 0.2);
    }
}

TEST(LabTrials, members_that_hold_the_same_have_nothing_to_do) {
    const auto run = ended("experiment=sync&members=30&differences=0");
    EXPECT_EQ(run->now_ms(), 0);
}

TEST(LabTrials, a_newcomer_gets_everything) {
    const auto run = ended("experiment=sync&members=10&differences=1&actions=3000:add:1");
    EXPECT_EQ(value_of(run->summary(), "different"), 0);
    EXPECT_GT(value_of(run->summary(), "copies"), 500);
}

// -- Aggregation ---------------------------------------------------------------------------------

double mean_factor(const std::string& method) {
    double sum = 0;
    constexpr int kRuns = 10;
    for (int seed = 1; seed <= kRuns; ++seed) {
        const auto run = ended("experiment=average&members=1000&method=" + method +
                               "&seed=" + std::to_string(seed));
        sum += value_of(run->summary(), "factor") / kRuns;
    }
    return sum;
}

TEST(LabTrials, the_variance_falls_as_the_theory_says) {
    const auto factor_of = [](const char* method) {
        return *theory_of(*Settings::parse_link(std::string("experiment=average&method=") + method))
                    .factor;
    };
    EXPECT_NEAR(mean_factor("push-pull"), factor_of("push-pull"), 0.015);
    EXPECT_NEAR(mean_factor("push-sum"), factor_of("push-sum"), 0.025);
}

TEST(LabTrials, without_loss_everybody_finds_the_true_mean) {
    for (const char* shape : {"uniform", "peak", "halves"}) {
        const auto run = ended(std::string("experiment=average&members=64&values=") + shape);
        const auto summary = run->summary();
        EXPECT_NEAR(value_of(summary, "mean"), value_of(summary, "true_mean"), 1e-7) << shape;
        EXPECT_LT(value_of(summary, "relative_variance"), 1e-20) << shape;
    }
}

TEST(LabTrials, two_members_need_one_exchange) {
    const auto run = ended("experiment=average&members=2&values=halves&spread=1&duration_ms=60000");
    EXPECT_NEAR(value_of(run->summary(), "mean"), 0.5, 1e-9);
}

// -- Whole overlays ------------------------------------------------------------------------------

State state_of(Run& run, HostIndex member) {
    // A frame tells what has changed: the last that was told holds.
    for (const auto& changed : run.take_frame().changed) {
        if (changed.member == member) return changed.state;
    }
    ADD_FAILURE() << "nothing has changed of " << member;
    return State::unaware;
}

TEST(LabTrials, each_detector_notices_a_death) {
    for (const char* detector : {"rings", "swim", "heartbeat", "phi"}) {
        const auto run = run_of(std::string("experiment=detection&members=16&duration_ms=40000"
                                            "&actions=8000:kill:3&detector=") +
                                detector);
        run->run_until(Moment(7900ms));
        EXPECT_EQ(value_of(run->points(), "joined"), 1) << detector;
        (void)run->take_frame();
        run->run_until(Moment(8010ms));
        EXPECT_EQ(state_of(*run, 3), State::down) << detector;
        run->run_until(Moment(1h));
        EXPECT_EQ(state_of(*run, 3), State::believed_dead) << detector;
        ASSERT_EQ(run->verdicts().size(), 1U);
        EXPECT_TRUE(run->verdicts()[0].last) << detector;
        EXPECT_EQ(value_of(run->points(), "false_deaths"), 0) << detector;
    }
}

TEST(LabTrials, who_comes_back_is_well_again) {
    const auto run = run_of(
        "experiment=detection&members=16&duration_ms=30000"
        "&actions=5000:kill:3;10000:restart:3");
    run->run_until(Moment(9s));
    EXPECT_EQ(state_of(*run, 3), State::believed_dead);
    run->run_until(Moment(1h));
    EXPECT_EQ(state_of(*run, 3), State::removed);
}

TEST(LabTrials, the_sides_of_a_partition_hold_each_other_for_dead_until_it_heals) {
    const auto run = run_of(
        "experiment=group&members=12&duration_ms=60000"
        "&actions=5000:partition:0-3;20000:heal");
    run->run_until(Moment(19s));
    EXPECT_EQ(state_of(*run, 0), State::suspected) << "its own side knows better";
    run->run_until(Moment(1h));
    EXPECT_EQ(state_of(*run, 0), State::removed);
}

TEST(LabTrials, an_event_reaches_the_group) {
    for (const char* way : {"tree", "rumor"}) {
        const auto run = ended(std::string("experiment=group&members=20&duration_ms=8000"
                                           "&actions=5000:rumor:7&dissemination=") +
                               way);
        EXPECT_EQ(value_of(run->points(), "infected"), 1) << way;
    }
}

TEST(LabTrials, newcomers_of_whole_overlays_have_a_limit) {
    const auto run = run_of("experiment=detection&members=10");
    EXPECT_FALSE(run->act(*parse_action("add:65")));
    EXPECT_TRUE(run->act(*parse_action("add:64")));
    EXPECT_FALSE(Run::create(
        *Settings::parse_link("experiment=detection&members=10&actions=1:add:64;2:add:1")));
}

}  // namespace
}  // namespace grapevine::sim::lab
