#include "cli/trace_tree.hpp"

#include <boost/json/array.hpp>
#include <boost/json/parse.hpp>
#include <boost/json/serialize.hpp>
#include <fmt/core.h>
#include <gtest/gtest.h>

namespace grapevine::cli {
namespace {

namespace json = boost::json;

json::value answer(const std::string& nodes, const std::string& more = "") {
    return json::parse(R"({"id":"00000000000000aa-1-42","duplicates":3,"repairs":1,"nodes":[)" +
                       nodes + "]" + more + "}");
}

std::string node(const std::string& id, const std::string& from, int after_us, int hop_us,
                 const std::string& more = R"("repair":"none","duplicates":0)") {
    const std::string parent =
        from.empty() ? "" : fmt::format(R"("from":"{}","hop_us":{},)", from, hop_us);
    return fmt::format(
        R"({{"id":"{}","name":"{}","after_us":{},"is_skewed":{},{}"clock":"agreed",{}}})", id, id,
        after_us, hop_us < 0, parent, more);
}

const std::string kTree =
    node("alpha", "", 0, 0) + "," +
    node("beta", "alpha", 410, 410, R"("repair":"none","duplicates":2)") + "," +
    node("gamma", "beta", 980, 570, R"("repair":"asked","duplicates":0)") + "," +
    node("delta", "alpha", 1'930, 1'930, R"("repair":"frontier","duplicates":1)");

TEST(TraceTree, children_hang_below_the_one_who_told_them) {
    const std::string text =
        trace_text(answer(kTree, R"(,"silent":[{"id":"0e","name":"eps"},{"id":"0f","name":""}])"),
                   Paint(false));
    EXPECT_EQ(text,
              "00000000000000aa-1-42: 4 members within 1.93 ms, 3 duplicates, 1 repair\n"
              "\n"
              "MEMBER         AFTER      HOP  AGAIN  REPAIR    CLOCK\n"
              "alpha        0.00 ms        -      -  -         -\n"
              "├─ beta      0.41 ms  0.41 ms      2  -         -\n"
              "│  └─ gamma  0.98 ms  0.57 ms      -  asked     -\n"
              "└─ delta     1.93 ms  1.93 ms      1  frontier  -\n"
              "\n"
              "silent: eps, 0f\n");
}

TEST(TraceTree, a_hop_below_zero_is_explained) {
    const std::string text = trace_text(
        answer(node("alpha", "", 0, 0) + "," + node("beta", "alpha", -300, -300)), Paint(false));
    EXPECT_NE(text.find("-0.30 ms"), std::string::npos);
    EXPECT_NE(text.find("disagree"), std::string::npos);
}

TEST(TraceTree, members_that_name_each_other_are_drawn_once) {
    const auto lines =
        trace_lines(answer(node("alpha", "", 0, 0) + "," + node("beta", "gamma", 1, 1) + "," +
                           node("gamma", "beta", 2, 1) + "," + node("delta", "delta", 3, 1)));
    ASSERT_EQ(lines.size(), 4U);
    EXPECT_EQ(lines[0].name, "alpha");
    EXPECT_FALSE(lines[1].parent) << "delta is its own parent, which is none";
    EXPECT_FALSE(lines[2].parent);
    EXPECT_EQ(lines[3].parent, 2U);
}

TEST(TraceTree, a_long_chain_is_drawn) {
    std::string nodes = node("n0", "", 0, 0);
    for (int place = 1; place < 3000; ++place) {
        nodes += "," + node(fmt::format("n{}", place), fmt::format("n{}", place - 1), place, 1);
    }
    const json::value chain = answer(nodes);
    const auto lines = trace_lines(chain);
    ASSERT_EQ(lines.size(), 3000U);
    EXPECT_EQ(lines.back().parent, 2998U);
    EXPECT_LT(lines.back().stem.size(), 100U);
    EXPECT_FALSE(trace_svg(chain).empty());
}

TEST(TraceTree, an_answer_of_another_shape_is_an_empty_tree) {
    EXPECT_TRUE(trace_lines(json::parse("{}")).empty());
    EXPECT_TRUE(trace_lines(json::parse("[]")).empty());
    EXPECT_FALSE(trace_svg(json::parse("{}")).empty());
}

TEST(TraceSvg, holds_every_member_in_its_colour_and_nothing_unescaped) {
    const std::string picture = trace_svg(answer(
        kTree + "," + node("<b>&x", "alpha", 2'000, -1, R"("repair":"none","duplicates":0)")));
    EXPECT_TRUE(picture.starts_with("<svg "));
    EXPECT_TRUE(picture.ends_with("</svg>\n"));
    for (const char* const name : {"alpha", "beta", "gamma", "delta", "&lt;b&gt;&amp;x"}) {
        EXPECT_NE(picture.find(name), std::string::npos) << name;
    }
    EXPECT_EQ(picture.find("<b>"), std::string::npos);
    EXPECT_NE(picture.find("#e69f00"), std::string::npos) << "asked";
    EXPECT_NE(picture.find("#d55e00"), std::string::npos) << "frontier";
    EXPECT_NE(picture.find("stroke-dasharray"), std::string::npos) << "skewed";
}

TEST(TraceTree, delays_have_two_places) {
    EXPECT_EQ(format_delay(0), "0.00 ms");
    EXPECT_EQ(format_delay(412), "0.41 ms");
    EXPECT_EQ(format_delay(-1'300), "-1.30 ms");
    EXPECT_EQ(format_delay(2'100'000), "2.10 s");
}

}  // namespace
}  // namespace grapevine::cli
