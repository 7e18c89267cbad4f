// Runs of the lab: the same link gives the same run, and what is done to it is in its link.

#include "sim/lab/run.hpp"

#include <chrono>
#include <gtest/gtest.h>
#include <string>
#include <vector>

#include "base/limits.hpp"
#include "sim/lab/text.hpp"

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

/// To the end, in steps of this length.
std::uint64_t hash_of(const std::string& link, Duration step = 1h) {
    const auto run = run_of(link);
    while (!run->has_ended()) run->run_until(run->now() + step);
    return run->trace_hash();
}

constexpr const char* kLinks[] = {
    "experiment=rumor&members=100&loss=0.1",
    "experiment=rumor&members=100&rounds=own&algorithm=push-pull&fanout=3",
    "experiment=rumor&members=100&algorithm=pull",
    "experiment=rumor&members=100&algorithm=tree&loss=0.05",
};
constexpr const char* kActions =
    "&actions=300:kill:3;500:partition:0-9;700:clog:11:12:400;900:rumor:20;1100:heal;"
    "1500:restart:3;1600:add:10;1700:rumor:105";

TEST(LabRun, the_same_link_gives_the_same_hash) {
    for (const std::string link : kLinks) {
        EXPECT_EQ(hash_of(link), hash_of(link)) << link;
        EXPECT_EQ(hash_of(link + kActions), hash_of(link + kActions)) << link;
        EXPECT_NE(hash_of(link), hash_of(link + "&seed=2")) << link;
        EXPECT_NE(hash_of(link), hash_of(link + kActions)) << link;
    }
}

TEST(LabRun, how_time_is_cut_into_calls_changes_nothing) {
    for (const std::string link : kLinks) {
        const std::uint64_t whole = hash_of(link + kActions);
        EXPECT_EQ(hash_of(link + kActions, 1ms), whole) << link;
        EXPECT_EQ(hash_of(link + kActions, 170ms), whole) << link;
    }
}

TEST(LabRun, frames_change_nothing) {
    const std::string link = std::string(kLinks[0]) + kActions;
    const auto run = run_of(link);
    while (!run->has_ended()) {
        run->run_until(run->now() + 33ms);
        (void)run->take_frame();
    }
    EXPECT_EQ(run->trace_hash(), hash_of(link));
}

TEST(LabRun, what_was_done_live_is_in_the_link_and_replays) {
    for (const std::string link : kLinks) {
        const auto live = run_of(link);
        live->run_until(Moment(123ms + 456us));
        EXPECT_TRUE(live->act(*parse_action("kill:7")));
        live->run_until(Moment(300ms));
        EXPECT_TRUE(live->act(*parse_action("add:5")));
        EXPECT_TRUE(live->act(*parse_action("rumor:9")));
        live->run_until(Moment(2s));
        EXPECT_TRUE(live->act(*parse_action("restart:7")));
        while (!live->has_ended()) live->run_until(live->now() + 50ms);
        // After its end, too.
        EXPECT_TRUE(live->act(*parse_action("rumor:7")));
        EXPECT_FALSE(live->has_ended());
        while (!live->has_ended()) live->run_until(live->now() + 50ms);
        EXPECT_EQ(hash_of(live->settings().to_link()), live->trace_hash()) << link;
    }
}

TEST(LabRun, to_begin_anew_and_go_to_a_moment_gives_the_same_state) {
    const std::string link = std::string(kLinks[0]) + kActions;
    const auto first = run_of(link);
    for (Moment moment{}; moment <= Moment(1s); moment += 10ms) first->run_until(moment);
    const auto second = run_of(link);
    second->run_until(Moment(1s));
    EXPECT_EQ(first->trace_hash(), second->trace_hash());
    EXPECT_EQ(first->points(), second->points());
}

TEST(LabRun, an_action_before_the_first_event_replays_too) {
    const auto live = run_of("experiment=rumor&members=50&source=-1");
    const auto timed = live->act(*parse_action("rumor:3"));
    ASSERT_TRUE(timed);
    EXPECT_EQ(timed->at_ms, 0);
    while (!live->has_ended()) live->run_until(live->now() + 1s);
    EXPECT_EQ(hash_of(live->settings().to_link()), live->trace_hash());
}

TEST(LabRun, without_a_rumor_it_goes_on_until_its_duration) {
    const auto run = run_of("experiment=rumor&members=50&source=-1&duration_ms=5000");
    run->run_until(Moment(1h));
    EXPECT_TRUE(run->has_ended());
    EXPECT_EQ(run->now_ms(), 5000);
    EXPECT_FALSE(run->act(*parse_action("rumor:3")));
}

TEST(LabRun, actions_on_members_that_are_not_there_are_refused) {
    const auto run = run_of("experiment=rumor&members=50");
    for (const char* action : {"kill:50", "rumor:50", "restart:99", "clog:1:50:5", "clog:1:1:5",
                               "partition:0-50", "add:9951"}) {
        EXPECT_FALSE(run->act(*parse_action(action))) << action;
    }
    EXPECT_TRUE(run->settings().actions().empty());
    EXPECT_FALSE(Run::create(*Settings::parse_link("experiment=rumor&members=5&actions=1:kill:5")));
    EXPECT_FALSE(
        Run::create(*Settings::parse_link("experiment=rumor&duration_ms=1000&actions=1000:heal")));
}

TEST(LabRun, the_number_of_actions_is_bounded) {
    const auto run = run_of("experiment=rumor&members=50");
    for (std::size_t count = 0; count < kLabActionsMax; ++count) {
        ASSERT_TRUE(run->act(*parse_action("heal")));
    }
    const auto refused = run->act(*parse_action("heal"));
    ASSERT_FALSE(refused);
    EXPECT_EQ(refused.error().code, Refusal::Code::over_limit);
}

TEST(LabRun, a_frame_tells_what_happened_since_the_last_one) {
    const auto run = run_of("experiment=rumor&members=50");
    const Frame first = run->take_frame();
    EXPECT_EQ(first.number, 1U);
    EXPECT_EQ(first.changed.size(), 50U) << "the first has everybody";
    run->run_until(Moment(210ms));
    const Frame second = run->take_frame();
    EXPECT_EQ(second.at_ms, 210);
    EXPECT_EQ(second.round, 1);
    EXPECT_EQ(second.changed.size(), 1U);
    EXPECT_EQ(second.sent_total, 1U);
    ASSERT_EQ(second.notes.size(), 1U);
    EXPECT_EQ(second.notes[0].kind, "learned");
    EXPECT_EQ(second.notes[0].other, 0U);
}

TEST(LabRun, frames_that_are_not_fetched_grow_to_a_limit) {
    const auto run = run_of("experiment=rumor&members=2000&algorithm=pull");
    run->run_until(Moment(5s));
    const Frame frame = run->take_frame();
    EXPECT_EQ(frame.sent.size(), kLabSentShownMax);
    EXPECT_GT(frame.sent_total, kLabSentShownMax);
    EXPECT_EQ(frame.notes.size(), kLabNotesMax);
    EXPECT_GT(frame.notes_left_out, 0U);
}

TEST(LabRun, a_partition_holds_a_rumor_until_it_is_healed) {
    const auto run = run_of(
        "experiment=rumor&members=40&algorithm=pull&k=20&loss=0"
        "&actions=0:partition:0-19");
    run->run_until(Moment(5s));
    for (const auto& changed : run->take_frame().changed) {
        EXPECT_EQ(changed.state == State::unaware, changed.member >= 20) << changed.member;
    }
}

TEST(LabRun, who_is_restarted_has_forgotten_and_can_hear_again) {
    const auto run = run_of(
        "experiment=rumor&members=20&algorithm=pull&k=20"
        "&actions=1500:kill:3;2000:restart:3");
    run->run_until(Moment(1900ms));
    Frame frame = run->take_frame();
    EXPECT_EQ(frame.changed[3].state, State::down);
    run->run_until(Moment(2001ms));
    frame = run->take_frame();
    EXPECT_EQ(frame.changed[0].member, 3U);
    EXPECT_EQ(frame.changed[0].state, State::unaware);
}

// Not to one exactly: an announcement may overtake the event, and is asked for at once.
TEST(LabRun, without_loss_a_tree_comes_near_one_copy_per_member) {
    const auto run = run_of(
        "experiment=rumor&members=200&algorithm=tree"
        "&actions=1000:rumor:0;2000:rumor:0;3000:rumor:0;4000:rumor:0;5000:rumor:0");
    run->run_until(Moment(4900ms));
    const double before = run->points()[4].value;
    run->run_until(Moment(1h));
    const auto points = run->points();
    EXPECT_EQ(points[4].name, "copies_per_member");
    EXPECT_NEAR(points[4].value - before, 1, 0.1);
    EXPECT_EQ(points[0].value, 1);
}

}  // namespace
}  // namespace grapevine::sim::lab
