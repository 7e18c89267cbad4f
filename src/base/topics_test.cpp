#include "base/topics.hpp"

#include <gtest/gtest.h>
#include <string>
#include <vector>

namespace grapevine {
namespace {

TEST(Topics, patterns_that_share_a_topic_overlap) {
    EXPECT_TRUE(patterns_overlap("a.b", "a.b"));
    EXPECT_TRUE(patterns_overlap("a.*", "a.b"));
    EXPECT_TRUE(patterns_overlap("a.*.c", "*.b.*"));
    EXPECT_TRUE(patterns_overlap("a.>", "a.b.c"));
    EXPECT_TRUE(patterns_overlap("a.>", "*.*"));
    EXPECT_TRUE(patterns_overlap("a.>", "a.b.>"));
    EXPECT_TRUE(patterns_overlap(">", "x"));
}

TEST(Topics, patterns_without_a_common_topic_do_not) {
    EXPECT_FALSE(patterns_overlap("a", "b"));
    EXPECT_FALSE(patterns_overlap("a.>", "a"));
    EXPECT_FALSE(patterns_overlap("a.*", "a"));
    EXPECT_FALSE(patterns_overlap("a.*", "a.b.c"));
    EXPECT_FALSE(patterns_overlap("a.>", "b.>"));
    EXPECT_FALSE(patterns_overlap("a.*.c", "a.b.d"));
}

/// All rows of one to three of these tokens.
std::vector<std::string> rows_of(const std::vector<std::string>& tokens, bool has_tail) {
    std::vector<std::string> rows;
    std::vector<std::string> last = {""};
    for (int length = 1; length <= 3; ++length) {
        std::vector<std::string> longer;
        for (const std::string& row : last) {
            const std::string head = row.empty() ? "" : row + ".";
            for (const std::string& token : tokens) longer.push_back(head + token);
            if (has_tail) rows.push_back(head + ">");
        }
        rows.insert(rows.end(), longer.begin(), longer.end());
        last = longer;
    }
    return rows;
}

TEST(Topics, overlap_is_what_trying_all_topics_finds) {
    const std::vector<std::string> patterns = rows_of({"a", "b", "*"}, true);
    const std::vector<std::string> topics = rows_of({"a", "b", "c"}, false);
    for (const std::string& one : patterns) {
        for (const std::string& other : patterns) {
            bool is_shared = false;
            for (const std::string& topic : topics) {
                is_shared |= topic_matches(one, topic) && topic_matches(other, topic);
            }
            EXPECT_EQ(patterns_overlap(one, other), is_shared) << one << " and " << other;
        }
    }
}

TEST(Topics, any_text_may_be_asked_about) {
    for (const char* text : {"", ".", "..", ">.>", "*>", "a..b"}) {
        EXPECT_TRUE(patterns_overlap(">", text)) << text;
        EXPECT_TRUE(patterns_overlap(text, text)) << text;
    }
}

}  // namespace
}  // namespace grapevine
