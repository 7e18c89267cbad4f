#include "sim/scenario.hpp"

#include <filesystem>
#include <fstream>
#include <gtest/gtest.h>
#include <sstream>

#include "support/seeds.hpp"

using namespace std::chrono_literals;

namespace grapevine::sim {
namespace {

Scenario load(const std::string& name) {
    const std::string path = std::string(GRAPEVINE_SOURCE_DIR) + "/lab/scenarios/" + name + ".toml";
    std::ifstream file(path);
    EXPECT_TRUE(file.good()) << path;
    std::stringstream text;
    text << file.rdbuf();
    auto scenario = parse_scenario(text.str(), path);
    EXPECT_TRUE(scenario) << describe(scenario.error());
    return scenario ? *scenario : Scenario{};
}

void comes_true(const std::string& name, std::uint64_t seeds, std::size_t members = 0) {
    const Scenario scenario = load(name);
    EXPECT_EQ(scenario.name, name);
    grapevine::testing::for_each_seed(seeds, [&](std::uint64_t seed) {
        Overrides overrides;
        overrides.seed = seed;
        if (members > 0) overrides.members = members;
        const Report report = run_scenario(scenario, overrides, nullptr);
        for (const std::string& unmet : report.unmet) ADD_FAILURE() << name << ": " << unmet;
        for (const Violation& violation : report.violations) {
            ADD_FAILURE() << name << ": " << violation.property << ": " << violation.text;
        }
    });
}

/// A scenario with events as rumors in place of the tree.
void rumors_hold(const std::string& name, std::uint64_t seeds) {
    Scenario scenario = load(name);
    scenario.dissemination = protocol::Dissemination::rumor;
    grapevine::testing::for_each_seed(seeds, [&](std::uint64_t seed) {
        Overrides overrides;
        overrides.seed = seed;
        const Report report = run_scenario(scenario, overrides, nullptr);
        for (const std::string& unmet : report.unmet) ADD_FAILURE() << name << ": " << unmet;
        EXPECT_TRUE(report.converged_after) << name;
        for (const Violation& violation : report.violations) {
            ADD_FAILURE() << name << ": " << violation.property << ": " << violation.text;
        }
    });
}

/// The properties that hold at all times, and that all agree in the end, whoever finds the failed.
/// How soon is another matter, and not asked.
void holds_with(protocol::DetectorKind detector, const std::string& name, std::uint64_t seeds) {
    Scenario scenario = load(name);
    scenario.expect = {};
    scenario.profile = protocol::Profile::fast;
    scenario.detector = detector;
    grapevine::testing::for_each_seed(seeds, [&](std::uint64_t seed) {
        Overrides overrides;
        overrides.seed = seed;
        const Report report = run_scenario(scenario, overrides, nullptr);
        EXPECT_TRUE(report.converged_after) << name;
        EXPECT_TRUE(report.healed_after) << name;
        for (const Violation& violation : report.violations) {
            ADD_FAILURE() << name << ": " << violation.property << ": " << violation.text;
        }
    });
}

TEST(Scenario, every_detector_keeps_the_properties_through_chaos) {
    holds_with(protocol::DetectorKind::swim, "chaos", 2);
    holds_with(protocol::DetectorKind::heartbeat, "chaos", 4);
    holds_with(protocol::DetectorKind::phi, "chaos", 4);
}
TEST(Scenario, every_detector_survives_churn) {
    holds_with(protocol::DetectorKind::swim, "churn", 1);
    holds_with(protocol::DetectorKind::heartbeat, "churn", 1);
    holds_with(protocol::DetectorKind::phi, "churn", 1);
}
TEST(Scenario, every_detector_lets_a_partition_heal) {
    holds_with(protocol::DetectorKind::swim, "partition_heal", 1);
    holds_with(protocol::DetectorKind::heartbeat, "partition_heal", 2);
    holds_with(protocol::DetectorKind::phi, "partition_heal", 2);
}
TEST(Scenario, rumor_mongering_keeps_the_properties_through_chaos_and_churn) {
    rumors_hold("chaos", 3);
    rumors_hold("churn", 1);
    rumors_hold("lossy_events", 1);
}
TEST(Scenario, every_detector_finds_half_of_the_group_dead) {
    holds_with(protocol::DetectorKind::heartbeat, "mass_failure", 1);
    holds_with(protocol::DetectorKind::phi, "mass_failure", 1);
}
TEST(Scenario, first_light) {
    comes_true("first_light", 5);
}
TEST(Scenario, partition_heal) {
    comes_true("partition_heal", 2);
}
TEST(Scenario, lossy_events) {
    comes_true("lossy_events", 1);
}
TEST(Scenario, stalls) {
    comes_true("stalls", 2);
}
TEST(Scenario, mass_failure) {
    comes_true("mass_failure", 1);
}
TEST(Scenario, churn) {
    comes_true("churn", 3);
}
TEST(Scenario, chaos) {
    comes_true("chaos", 10);
}
TEST(Scenario, asymmetric_loss) {
    comes_true("asymmetric_loss", 1);
}
TEST(Scenario, replay_attack) {
    comes_true("replay_attack", 2);
}
TEST(Scenario, big_join) {
    comes_true("big_join", 1, 200);
}

TEST(ScenarioFile, every_shipped_file_has_a_test_and_a_description) {
    std::size_t count = 0;
    for (const auto& entry : std::filesystem::directory_iterator(std::string(GRAPEVINE_SOURCE_DIR) +
                                                                 "/lab/scenarios")) {
        if (entry.path().extension() != ".toml") continue;
        EXPECT_FALSE(load(entry.path().stem()).description.empty());
        ++count;
    }
    EXPECT_EQ(count, 10U);
}

std::string refusal_of(std::string_view toml) {
    const auto scenario = parse_scenario(toml, "x.toml");
    return scenario ? "accepted" : describe(scenario.error());
}

TEST(ScenarioFile, an_unknown_key_is_refused_with_the_nearest_one) {
    const std::string refusal = refusal_of("name = \"x\"\nmebmers = 3\n");
    EXPECT_NE(refusal.find("x.toml:2"), std::string::npos) << refusal;
    EXPECT_NE(refusal.find("members"), std::string::npos) << refusal;
}

TEST(ScenarioFile, an_unknown_step_is_refused_with_the_nearest_one) {
    const std::string refusal = refusal_of("[[step]]\nat = \"1s\"\ndo = \"kil\"\n");
    EXPECT_NE(refusal.find("kill"), std::string::npos) << refusal;
}

TEST(ScenarioFile, what_is_no_toml_is_refused_with_its_line) {
    EXPECT_NE(refusal_of("name = \"x\"\n= 3\n").find("x.toml:2"), std::string::npos);
}

TEST(ScenarioFile, bad_values_are_refused) {
    for (const std::string_view toml : {"members = -1",
                                        "members = 1.5",
                                        "members = \"five\"",
                                        "duration = 3",
                                        "duration = \"3\"",
                                        "duration = \"3 parsecs\"",
                                        "profile = \"slow\"",
                                        "[network]\nloss = 1.5",
                                        "[network]\nloss = nan",
                                        "network = 3",
                                        "expect = 3",
                                        "step = 3",
                                        "step = [3]",
                                        "[[step]]\ndo = \"heal\"",
                                        "[[step]]\nat = \"1s\"",
                                        "[[step]]\nat = \"61s\"\ndo = \"heal\"",
                                        "[[step]]\nat = \"50s\"\nfor = \"11s\"\ndo = \"chaos\"",
                                        "[[step]]\nat = \"1s\"\ndo = \"kill\"\ntarget = -1",
                                        "[[step]]\nat = \"1s\"\ndo = \"kill\"\ntarget = \"some\"",
                                        "[[step]]\nat = \"1s\"\ndo = \"kill\"\ntarget = \"101%\"",
                                        "[[step]]\nat = \"1s\"\ndo = \"kill\"\ntarget = [\"a\"]"}) {
        EXPECT_NE(refusal_of(toml), "accepted") << toml;
    }
    EXPECT_EQ(refusal_of("members = 7\n[[step]]\nat = \"1s\"\ndo = \"heal\""), "accepted");
}

TEST(ScenarioFile, a_run_reports_what_happened_and_writes_a_trace) {
    const Scenario scenario = load("first_light");
    std::ostringstream trace;
    const Report report = run_scenario(scenario, {.seed = 7, .members = 6}, &trace);
    EXPECT_EQ(report.members, 6U);
    EXPECT_EQ(report.simulated_seconds, 40);
    EXPECT_GT(report.datagrams, 100U);
    EXPECT_GT(report.events_published, 100U);
    EXPECT_EQ(report.events_delivered, report.events_expected);
    ASSERT_EQ(report.detections.size(), 1U);
    EXPECT_EQ(report.detections[0].informed, 5U);
    EXPECT_NE(trace.str().find("\"what\":\"died\""), std::string::npos);
    // Looking on changes nothing.
    EXPECT_EQ(run_scenario(scenario, {.seed = 7, .members = 6}, nullptr).trace_hash,
              report.trace_hash);
}

}  // namespace
}  // namespace grapevine::sim
