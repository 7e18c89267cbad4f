#include "cli/lab_run.hpp"

#include <algorithm>
#include <boost/json/parse.hpp>
#include <boost/json/value.hpp>
#include <gtest/gtest.h>
#include <sstream>
#include <string>
#include <vector>

#include "cli/run.hpp"

namespace grapevine::cli {
namespace {

struct Answer {
    int code = 0;
    std::string out;
    std::string err;
};

Answer lab_run(std::vector<std::string> words) {
    std::ostringstream out;
    std::ostringstream err;
    std::istringstream in;
    Console console{out, err, in, {{"HOME", "/nonexistent"}}, false, false, false};
    words.insert(words.begin(), {"lab", "run"});
    Answer answer;
    answer.code = run(words, console);
    answer.out = out.str();
    answer.err = err.str();
    return answer;
}

constexpr const char* kLink = "experiment=rumor&members=40&actions=500:kill:3";

TEST(LabRunCommand, prints_the_rounds_the_theory_and_the_hash) {
    const Answer answer = lab_run({kLink});
    EXPECT_EQ(answer.code, 0) << answer.err;
    EXPECT_NE(answer.out.find("ROUND"), std::string::npos);
    EXPECT_NE(answer.out.find("residue: "), std::string::npos);
    EXPECT_NE(answer.out.find("theory: residue 0.0368"), std::string::npos) << answer.out;
    EXPECT_NE(answer.out.find("trace hash "), std::string::npos);
    EXPECT_NE(answer.err.find("simulated seconds"), std::string::npos);
}

TEST(LabRunCommand, json_is_json_and_the_same_again) {
    const auto of = [] { return boost::json::parse(lab_run({kLink, "--json"}).out); };
    const auto first = of();
    const auto second = of();
    EXPECT_EQ(first.at("trace_hash"), second.at("trace_hash"));
    EXPECT_EQ(first.at("rounds"), second.at("rounds"));
    EXPECT_EQ(first.at("actions").at(0).as_string(), "500:kill:3");
    EXPECT_GT(first.at("rounds").as_array().size(), 5U);
    EXPECT_TRUE(first.at("summary").at("residue").is_number());
}

TEST(LabRunCommand, csv_has_a_line_per_round) {
    const Answer answer = lab_run({kLink, "--csv"});
    std::istringstream lines(answer.out);
    std::string line;
    ASSERT_TRUE(std::getline(lines, line));
    EXPECT_TRUE(line.starts_with("at_ms,round,infected,"));
    const auto commas = std::ranges::count(line, ',');
    std::size_t rows = 0;
    for (; std::getline(lines, line); ++rows) EXPECT_EQ(std::ranges::count(line, ','), commas);
    EXPECT_GT(rows, 5U);
}

TEST(LabRunCommand, each_experiment_has_its_picture) {
    for (const char* link :
         {"experiment=rumor&members=30", "experiment=average&members=30",
          "experiment=sync&members=10", "experiment=detection&members=8&duration_ms=3000",
          "experiment=group&members=8&duration_ms=3000"}) {
        const auto settings = sim::lab::Settings::parse_link(link);
        const auto run = *sim::lab::Run::create(*settings);
        const std::string picture = lab_svg(*run, run_and_measure(*run));
        EXPECT_TRUE(picture.starts_with("<svg ") && picture.ends_with("</svg>\n"));
        EXPECT_EQ(picture.find("nan"), std::string::npos) << picture;
        EXPECT_NE(picture.find("measured"), std::string::npos);
    }
}

TEST(LabRunCommand, mistakes_are_explained) {
    const Answer answer = lab_run({"experiment=rumor&membres=4"});
    EXPECT_NE(answer.code, 0);
    EXPECT_NE(answer.err.find("did you mean members?"), std::string::npos) << answer.err;
    EXPECT_NE(lab_run({kLink, "--json", "--csv"}).code, 0);
    EXPECT_NE(lab_run({}).code, 0);
}

}  // namespace
}  // namespace grapevine::cli
