#include "control/event_id.hpp"

#include <gtest/gtest.h>

namespace grapevine::control {
namespace {

TEST(EventId, is_read_as_it_was_written) {
    const EventId plain{"0123456789abcdef", 3, 42};
    EXPECT_EQ(format_event_id(plain), "0123456789abcdef-3-42");
    EXPECT_EQ(parse_event_id("0123456789abcdef-3-42", "event"), plain);
    const EventId channel{"0123456789abcdef", 3, 42, 4294967295};
    EXPECT_EQ(format_event_id(channel), "0123456789abcdef-3-42-4294967295");
    EXPECT_EQ(parse_event_id(format_event_id(channel), "event"), channel);
}

TEST(EventId, everything_else_is_refused) {
    for (const char* const text :
         {"", "-", "0123456789abcdef", "0123456789abcdef-3", "0123456789abcdef-3-",
          "0123456789abcdef-3-0", "0123456789abcdef-3-042", "0123456789abcdef-3-+2",
          "0123456789abcdef-3-42-", "0123456789abcdef-3-42-0", "0123456789abcdef-3-42-1-1",
          "0123456789abcdeF-3-42", "0123456789abcde-3-42", "0123456789abcdef-4294967296-42",
          "0123456789abcdef-3-18446744073709551616", "0123456789abcdef-3-42-4294967296",
          "0123456789abcdef-3-42 "}) {
        const auto parsed = parse_event_id(text, "event");
        ASSERT_FALSE(parsed) << text;
        EXPECT_EQ(parsed.error().field, "event");
    }
}

}  // namespace
}  // namespace grapevine::control
