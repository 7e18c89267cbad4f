#include "api/text.hpp"

#include <gtest/gtest.h>

#include "base/limits.hpp"

namespace grapevine::api {
namespace {

TEST(Utf8, takes_the_first_and_last_of_each_length) {
    for (const std::string_view text :
         {"\x01", "\x7f", "\xc2\x80", "\xdf\xbf", "\xe0\xa0\x80", "\xef\xbf\xbf",
          "\xf0\x90\x80\x80", "\xf4\x8f\xbf\xbf", "\xed\x9f\xbf", "\xee\x80\x80"}) {
        EXPECT_TRUE(is_utf8(text));
    }
}

TEST(Utf8, refuses_overlong_surrogate_truncated_and_too_high) {
    for (const std::string_view text :
         {"\x80", "\xc0\x80", "\xc1\xbf", "\xc2", "\xe0\x9f\xbf", "\xed\xa0\x80", "\xe2\x82",
          "\xf0\x8f\xbf\xbf", "\xf4\x90\x80\x80", "\xf5\x80\x80\x80", "\xff", "a\xe2\x28\xa1"}) {
        EXPECT_FALSE(is_utf8(text));
    }
}

TEST(Utf8, replaces_each_ill_formed_byte_and_keeps_the_rest) {
    EXPECT_EQ(to_utf8("a\xff\xc3\xa9z"), "a\xef\xbf\xbd\xc3\xa9z");
    EXPECT_TRUE(is_utf8(to_utf8("\xf0\x9f")));
}

TEST(PercentDecode, undoes_what_percent_encode_does) {
    const std::string name = "a/b c+d%e\xc3\xa9~";
    EXPECT_EQ(percent_decode(percent_encode(name), Plus::is_plus, "path"), name);
}

TEST(PercentDecode, refuses_stray_escapes_control_characters_and_bad_utf8) {
    for (const std::string_view text : {"%", "%4", "%zz", "a%2", "%00", "%0a", "%7f", "%ff"}) {
        const auto decoded = percent_decode(text, Plus::is_plus, "path");
        ASSERT_FALSE(decoded) << text;
        EXPECT_EQ(decoded.error().field, "path");
    }
}

TEST(PercentDecode, reads_plus_as_a_space_in_queries_only) {
    EXPECT_EQ(percent_decode("a+b", Plus::is_space, "q"), "a b");
    EXPECT_EQ(percent_decode("a+b", Plus::is_plus, "q"), "a+b");
}

TEST(Target, splits_segments_before_it_decodes_them) {
    const auto target = parse_target("/v1/a%2Fb?x=1&y&z=%3D&x=2");
    ASSERT_TRUE(target);
    EXPECT_EQ(target->segments, (std::vector<std::string>{"v1", "a/b"}));
    const std::vector<std::pair<std::string, std::string>> query = {
        {"x", "1"}, {"y", ""}, {"z", "="}, {"x", "2"}};
    EXPECT_EQ(target->query, query);
}

TEST(Target, refuses_fragments_absolute_forms_and_nothing) {
    EXPECT_FALSE(parse_target("/v1#x"));
    EXPECT_FALSE(parse_target("http://host/v1"));
    EXPECT_FALSE(parse_target("*"));
    EXPECT_FALSE(parse_target(""));
}

TEST(Target, is_bounded) {
    const std::string at = "/" + std::string(kTargetBytesMax - 1, 'a');
    EXPECT_TRUE(parse_target(at));
    const auto above = parse_target(at + "a");
    ASSERT_FALSE(above);
    EXPECT_EQ(above.error().code, Refusal::Code::over_limit);
}

TEST(ParseWhole, takes_digits_only) {
    EXPECT_EQ(parse_whole("0"), 0U);
    EXPECT_EQ(parse_whole("18446744073709551615"), UINT64_MAX);
    for (const std::string_view text :
         {"", "00", "01", "+1", "-1", "1 ", "1.0", "0x1", "18446744073709551616"}) {
        EXPECT_EQ(parse_whole(text), std::nullopt) << text;
    }
}

TEST(CursorText, is_read_as_it_is_written) {
    const auto cursor = parse_cursor(to_string(Cursor{"ab-cd", 7}), "cursor");
    ASSERT_TRUE(cursor);
    EXPECT_EQ(cursor->life, "ab-cd");
    EXPECT_EQ(cursor->offset, 7U);
}

TEST(CursorText, refuses_what_is_no_cursor) {
    for (const std::string_view text : {"", "-", "7", "-7", "life-", "life-x", "life-07"}) {
        EXPECT_FALSE(parse_cursor(text, "cursor")) << text;
    }
}

TEST(HeaderLists, are_split_and_trimmed) {
    EXPECT_EQ(split_list(" a ,,b;q=1 , "), (std::vector<std::string_view>{"a", "b;q=1"}));
    EXPECT_EQ(media_type(" Application/JSON ; charset=utf-8"), "application/json");
}

}  // namespace
}  // namespace grapevine::api
