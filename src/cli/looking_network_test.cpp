#include <boost/json/parse.hpp>
#include <boost/json/serialize.hpp>
#include <fmt/core.h>
#include <gtest/gtest.h>
#include <string>
#include <vector>

#include "cli/commands.hpp"
#include "cli/text.hpp"

namespace grapevine::cli {
namespace {

namespace json = boost::json;

std::string page_of(const std::string& answer) {
    return reachability_page(json::parse(answer), Paint(false));
}

/// `rows`: name and marks; empty marks: it has not answered.
std::string answer_of(const std::vector<std::pair<std::string, std::string>>& rows,
                      const std::string& troubles = "[]") {
    json::array members;
    for (const auto& [name, marks] : rows) {
        members.push_back(
            json::object{{"name", name}, {"has_answered", !marks.empty()}, {"paths", marks}});
    }
    return fmt::format(R"({{"members":{},"troubles":{}}})", json::serialize(members), troubles);
}

TEST(ReachabilityPage, a_healthy_overlay_is_a_matrix_and_one_sentence) {
    const std::string page = page_of(answer_of({{"web-1", ".+"}, {"web-2", "+."}}));
    EXPECT_NE(page.find("#  FROM   1  2\n1  web-1  .  +\n2  web-2  +  .\n"), std::string::npos)
        << page;
    EXPECT_NE(page.find("2 of 2 members have answered\nall of them reach all others\n"),
              std::string::npos)
        << page;
}

TEST(ReachabilityPage, trouble_is_said_in_words_and_the_silent_are_named) {
    const std::string page =
        page_of(answer_of({{"a", ".<+"}, {"b", ">.+"}, {"c", ""}},
                          R"([{"kind":"one_way","text":"nothing gets from a to b; ..."}])"));
    EXPECT_NE(page.find("3  c (no answer)"), std::string::npos) << page;
    EXPECT_NE(page.find("2 of 3 members have answered; not c\n"), std::string::npos) << page;
    EXPECT_NE(page.find("nothing gets from a to b; ...\n"), std::string::npos) << page;
    EXPECT_EQ(page.find("all of them"), std::string::npos);
}

TEST(ReachabilityPage, of_many_members_only_those_with_trouble_are_shown) {
    std::vector<std::pair<std::string, std::string>> rows;
    for (std::size_t row = 0; row < 31; ++row) {
        std::string marks(31, '+');
        marks[row] = '.';
        rows.emplace_back(fmt::format("m{:02}", row), marks);
    }
    EXPECT_EQ(page_of(answer_of(rows)).find("FROM"), std::string::npos);
    rows[4].second[20] = '~';
    const std::string page = page_of(answer_of(rows));
    EXPECT_NE(page.find(" #  FROM  5  21\n 5  m04   .   ~\n21  m20   +   .\n"), std::string::npos)
        << page;
}

TEST(ReachabilityPage, an_answer_of_another_shape_does_not_crash) {
    EXPECT_FALSE(page_of("{}").empty());
    EXPECT_FALSE(page_of(answer_of({{"a", ".++++++"}, {"b", "+"}})).empty());
    const std::string page = page_of(answer_of({{"a\x1b[2J", "."}, {"b", "\x1b"}}));
    EXPECT_EQ(page.find('\x1b'), std::string::npos) << "names must not move the cursor";
}

}  // namespace
}  // namespace grapevine::cli
