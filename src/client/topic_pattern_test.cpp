#include "client/topic_pattern.hpp"

#include <gtest/gtest.h>

#include "base/limits.hpp"

namespace grapevine::client {
namespace {

bool matches(std::string_view pattern, std::string_view topic) {
    const auto parsed = TopicPattern::parse(pattern);
    EXPECT_TRUE(parsed.has_value()) << pattern;
    return parsed && parsed->matches(topic);
}

Refusal refusal_of(std::string_view pattern) {
    const auto parsed = TopicPattern::parse(pattern);
    EXPECT_FALSE(parsed.has_value()) << pattern;
    return parsed ? Refusal{} : parsed.error();
}

TEST(TopicPattern, without_wildcards_matches_itself_only) {
    EXPECT_TRUE(matches("orders.eu", "orders.eu"));
    EXPECT_FALSE(matches("orders.eu", "orders.eu.new"));
    EXPECT_FALSE(matches("orders.eu", "orders"));
    EXPECT_FALSE(matches("orders.eu", "Orders.eu"));
    EXPECT_TRUE(matches("/any text, even / this", "/any text, even / this"));
}

TEST(TopicPattern, a_star_is_one_token) {
    EXPECT_TRUE(matches("orders.*.new", "orders.eu.new"));
    EXPECT_FALSE(matches("orders.*.new", "orders.new"));
    EXPECT_FALSE(matches("orders.*.new", "orders.eu.west.new"));
    EXPECT_TRUE(matches("*", "orders"));
    EXPECT_FALSE(matches("*", "orders.eu"));
    EXPECT_TRUE(matches("*.*", "orders.eu"));
    EXPECT_FALSE(matches("orders.*", "orders"));
}

TEST(TopicPattern, a_greater_sign_is_one_token_or_more) {
    EXPECT_TRUE(matches("orders.>", "orders.eu"));
    EXPECT_TRUE(matches("orders.>", "orders.eu.new"));
    EXPECT_FALSE(matches("orders.>", "orders"));
    EXPECT_FALSE(matches("orders.>", "order.eu"));
    EXPECT_TRUE(matches(">", "orders"));
    EXPECT_TRUE(matches(">", "a.b.c.d"));
    EXPECT_TRUE(matches("*.new.>", "eu.new.today"));
    EXPECT_FALSE(matches("*.new.>", "eu.new"));
}

TEST(TopicPattern, topics_with_empty_tokens_are_matched_by_wildcards) {
    EXPECT_TRUE(matches("a.*.b", "a..b"));
    EXPECT_TRUE(matches("a.>", "a."));
}

TEST(TopicPattern, what_cannot_be_meant_is_refused_with_a_cure) {
    EXPECT_EQ(refusal_of("").field, "topic");
    EXPECT_NE(refusal_of("a.>.b").message.find("not the last"), std::string::npos);
    EXPECT_NE(refusal_of("order*").message.find("mixes"), std::string::npos);
    EXPECT_NE(refusal_of("a.b>").message.find("mixes"), std::string::npos);
    EXPECT_NE(refusal_of("a..b").message.find("empty token"), std::string::npos);
    EXPECT_NE(refusal_of(".a").message.find("empty token"), std::string::npos);
    EXPECT_NE(refusal_of("a.").message.find("empty token"), std::string::npos);
    EXPECT_NE(refusal_of("a\nb").message.find("control"), std::string::npos);
    EXPECT_FALSE(refusal_of("a.>.b").cure.empty());
}

TEST(TopicPattern, one_byte_above_the_limit_is_refused) {
    EXPECT_TRUE(TopicPattern::parse(std::string(kTopicBytesMax, 't')).has_value());
    EXPECT_EQ(refusal_of(std::string(kTopicBytesMax + 1, 't')).code, Refusal::Code::over_limit);
}

TEST(TopicFilter, passes_what_one_of_its_patterns_matches) {
    const auto filter = TopicFilter::parse({"a.*", "b.>"});
    ASSERT_TRUE(filter.has_value());
    EXPECT_TRUE(filter->matches("a.x"));
    EXPECT_TRUE(filter->matches("b.x.y"));
    EXPECT_FALSE(filter->matches("c"));
    EXPECT_FALSE(TopicFilter{}.matches("a"));
}

TEST(TopicFilter, one_bad_pattern_refuses_all_and_so_does_one_too_many) {
    EXPECT_FALSE(TopicFilter::parse({"a", "b..c"}).has_value());
    std::vector<std::string> patterns(kTopicPatternsMax, "a");
    EXPECT_TRUE(TopicFilter::parse(patterns).has_value());
    patterns.emplace_back("a");
    EXPECT_EQ(TopicFilter::parse(patterns).error().code, Refusal::Code::over_limit);
}

}  // namespace
}  // namespace grapevine::client
