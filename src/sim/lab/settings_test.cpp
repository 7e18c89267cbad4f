#include "sim/lab/settings.hpp"

#include <gtest/gtest.h>
#include <string>

#include "base/limits.hpp"

namespace grapevine::sim::lab {
namespace {

std::string why_not(const std::string& link) {
    const auto settings = Settings::parse_link(link);
    return settings ? "" : describe(settings.error());
}

TEST(LabSettings, what_is_left_out_has_its_default) {
    const auto settings = Settings::parse_link("experiment=rumor&members=1000&k=3");
    ASSERT_TRUE(settings);
    EXPECT_EQ(settings->members(), 1000U);
    EXPECT_EQ(settings->whole("k"), 3U);
    EXPECT_EQ(settings->choice("algorithm"), "push");
    EXPECT_TRUE(settings->truth("feedback"));
    EXPECT_EQ(settings->interval(), std::chrono::milliseconds(200));
}

TEST(LabSettings, a_link_with_everything_reads_as_itself) {
    for (const Experiment& experiment : catalogue()) {
        const std::string link = Settings(experiment.kind).to_link();
        const auto settings = Settings::parse_link(link);
        ASSERT_TRUE(settings) << link;
        EXPECT_EQ(settings->to_link(), link);
        EXPECT_EQ(*settings, Settings(experiment.kind));
    }
}

TEST(LabSettings, each_default_is_in_its_range) {
    for (const Experiment& experiment : catalogue()) {
        Settings settings(experiment.kind);
        for (std::size_t index = 0; index < experiment.settings.size(); ++index) {
            const Setting& setting = experiment.settings[index];
            EXPECT_TRUE(settings.set(setting.name, settings.text(index))) << setting.name;
        }
    }
}

TEST(LabSettings, a_link_may_be_a_whole_address_and_percent_encoded) {
    const auto settings = Settings::parse_link(
        "http://127.0.0.1:9470/ui#experiment=rumor&algorithm=push%2Dpull&actions=5%3Akill%3A3");
    ASSERT_TRUE(settings);
    EXPECT_EQ(settings->choice("algorithm"), "push-pull");
    ASSERT_EQ(settings->actions().size(), 1U);
    EXPECT_EQ(to_string(settings->actions()[0]), "5:kill:3");
}

TEST(LabSettings, what_is_unknown_is_refused_with_its_neighbour) {
    EXPECT_EQ(why_not("experiment=rumors"),
              "experiment: there is no experiment \"rumors\"; did you mean rumor?");
    EXPECT_EQ(why_not("experiment=rumor&membres=5"),
              "membres: rumor has no setting \"membres\"; did you mean members?");
    EXPECT_EQ(why_not("experiment=rumor&algorithm=pul"),
              "algorithm: algorithm cannot be \"pul\"; did you mean pull?");
    EXPECT_EQ(why_not("experiment=rumor&actions=5:kil:3"),
              "action: there is no action \"kil\"; did you mean kill?");
    EXPECT_NE(why_not("members=5"), "");
    EXPECT_NE(why_not(""), "");
}

TEST(LabSettings, numbers_have_ranges) {
    EXPECT_EQ(why_not("experiment=rumor&members=10000"), "");
    EXPECT_EQ(why_not("experiment=rumor&members=10001"),
              "members: members cannot be \"10001\"; give a whole number from 2 to 10000");
    for (const char* pair : {"members=1", "members=2.5", "members=", "members=x", "members=nan",
                             "loss=0.91", "loss=-0.1", "loss=1e999", "k=0", "seed=9007199254740992",
                             "feedback=yes", "interval_ms=9"}) {
        EXPECT_NE(why_not(std::string("experiment=rumor&") + pair), "") << pair;
    }
}

TEST(LabSettings, what_is_given_twice_is_refused) {
    EXPECT_NE(why_not("experiment=rumor&k=1&k=2"), "");
    EXPECT_NE(why_not("experiment=rumor&experiment=sync"), "");
}

TEST(LabSettings, a_link_over_the_limit_is_refused) {
    const std::string link = "experiment=rumor";
    EXPECT_EQ(why_not(link + std::string(kLabLinkBytesMax - link.size(), '&')), "");
    EXPECT_NE(why_not(link + std::string(kLabLinkBytesMax - link.size() + 1, '&')), "");
}

TEST(LabSettings, actions_over_the_limit_are_refused) {
    std::string link = "experiment=rumor&actions=";
    for (std::size_t count = 0; count < kLabActionsMax; ++count) link += "1:heal;";
    EXPECT_EQ(why_not(link), "");
    EXPECT_NE(why_not(link + "1:heal"), "");
}

TEST(LabSettings, however_much_is_done_the_link_can_be_read) {
    Settings settings(Kind::rumor);
    Action action{Action::Do::partition};
    for (HostIndex member = 0; member < 10'000; member += 2) action.members.push_back(member);
    std::size_t count = 0;
    while (settings.add({3'599'999, action})) ++count;
    EXPECT_GE(count, 2U);
    EXPECT_LT(count, 5U);
    while (settings.add({3'599'999, Action{}})) ++count;
    EXPECT_LE(settings.to_link().size(), kLabLinkBytesMax);
    EXPECT_EQ(*Settings::parse_link(settings.to_link()), settings);
}

TEST(LabSettings, actions_stand_in_order_of_time) {
    const auto settings = Settings::parse_link(
        "experiment=rumor&members=9&actions=9:heal;5:kill:1;9:kill:2;5:kill:0");
    ASSERT_TRUE(settings);
    EXPECT_TRUE(settings->to_link().ends_with("&actions=5:kill:1;5:kill:0;9:heal;9:kill:2"));
}

TEST(LabSettings, each_action_reads_as_its_text) {
    for (const char* text : {"rumor:5", "kill:3", "restart:3", "partition:0-9,12,14-15", "heal",
                             "clog:1:2:2000", "add:10"}) {
        const auto action = parse_action(text);
        ASSERT_TRUE(action) << text;
        EXPECT_EQ(to_string(*action), text);
    }
    EXPECT_EQ(to_string(*parse_action("partition:5,3,4,3-4")), "partition:3-5");
}

TEST(LabSettings, broken_actions_are_refused) {
    for (const char* text :
         {"", "kill", "kill:", "kill:x", "kill:-1", "kill:10000", "kill:3:4", "heal:1", "partition",
          "partition:", "partition:5-3", "partition:0-10000", "clog:1:2", "clog:1:2:3600001",
          "add:10001", "rumor:5,6"}) {
        EXPECT_FALSE(parse_action(text)) << text;
    }
    for (const char* text : {"heal", "x:heal", "-1:heal", "3600001:heal", ":heal"}) {
        EXPECT_FALSE(parse_timed_action(text)) << text;
    }
}

TEST(LabSettings, an_action_that_the_experiment_does_not_know_is_refused) {
    EXPECT_EQ(why_not("experiment=rumor&actions=5:rumor:1"), "");
    EXPECT_NE(why_not("experiment=detection&actions=5:rumor:1"), "");
}

}  // namespace
}  // namespace grapevine::sim::lab
