#include "cli/event_lines.hpp"

#include <gtest/gtest.h>

namespace grapevine::cli {
namespace {

TEST(EventLines, an_event_ends_with_an_empty_line) {
    EventLines lines;
    EXPECT_FALSE(lines.take("id: 7-12"));
    EXPECT_FALSE(lines.take("event: member"));
    EXPECT_FALSE(lines.take("data: {\"a\":1}"));
    const auto event = lines.take("");
    ASSERT_TRUE(event);
    EXPECT_EQ(event->id, "7-12");
    EXPECT_EQ(event->kind, "member");
    EXPECT_EQ(event->data, "{\"a\":1}");
    EXPECT_FALSE(lines.take("")) << "nothing stands between two empty lines";
}

TEST(EventLines, a_bare_id_moves_the_cursor_and_is_no_event) {
    EventLines lines;
    lines.take("retry: 1000");
    lines.take("id: 7-13");
    const auto event = lines.take("");
    ASSERT_TRUE(event);
    EXPECT_TRUE(event->kind.empty());
    EXPECT_EQ(lines.cursor(), "7-13");
}

TEST(EventLines, comments_and_unknown_fields_are_ignored) {
    EventLines lines;
    lines.take(": heartbeat");
    lines.take("colour: red");
    EXPECT_FALSE(lines.take(""));
}

TEST(EventLines, several_data_lines_are_one_text) {
    EventLines lines;
    lines.take("data:a");
    lines.take("data:  b");
    EXPECT_EQ(lines.take("")->data, "a\n b");
}

TEST(EventLines, the_cursor_outlives_the_event) {
    EventLines lines;
    lines.take("id: 1");
    lines.take("data: x");
    lines.take("");
    lines.take("data: y");
    EXPECT_EQ(lines.take("")->id, "1");
}

}  // namespace
}  // namespace grapevine::cli
