#include "client/seen_ids.hpp"

#include <gtest/gtest.h>
#include <string>

namespace grapevine::client {
namespace {

TEST(SeenIds, an_id_is_new_once) {
    SeenIds seen;
    EXPECT_TRUE(seen.insert("a"));
    EXPECT_FALSE(seen.insert("a"));
    EXPECT_TRUE(seen.insert("b"));
    EXPECT_EQ(seen.size(), 2U);
}

TEST(SeenIds, a_question_does_not_make_it_seen) {
    SeenIds seen;
    EXPECT_FALSE(seen.contains("a"));
    EXPECT_TRUE(seen.insert("a"));
    EXPECT_TRUE(seen.contains("a"));
}

TEST(SeenIds, an_empty_id_is_an_id) {
    SeenIds seen;
    EXPECT_TRUE(seen.insert(""));
    EXPECT_FALSE(seen.insert(""));
}

TEST(SeenIds, the_oldest_is_forgotten_at_one_above_the_limit) {
    SeenIds seen;
    for (std::size_t i = 0; i < kSeenIdsMax; ++i) ASSERT_TRUE(seen.insert(std::to_string(i)));
    EXPECT_TRUE(seen.contains("0"));
    EXPECT_TRUE(seen.insert("one more"));
    EXPECT_EQ(seen.size(), kSeenIdsMax);
    EXPECT_FALSE(seen.contains("0"));
    EXPECT_TRUE(seen.contains("1"));
    seen.check_invariants();
}

TEST(SeenIds, an_id_that_keeps_coming_round_is_not_forgotten) {
    SeenIds seen(3);
    EXPECT_TRUE(seen.insert("loop"));
    for (int i = 0; i < 100; ++i) {
        EXPECT_TRUE(seen.insert(std::to_string(i)));
        EXPECT_TRUE(seen.insert(std::to_string(i) + "b"));
        EXPECT_FALSE(seen.insert("loop"));
        seen.check_invariants();
    }
}

TEST(SeenIds, can_be_moved) {
    SeenIds first(2);
    EXPECT_TRUE(first.insert("a"));
    SeenIds second(std::move(first));
    EXPECT_FALSE(second.insert("a"));
    EXPECT_TRUE(second.insert("b"));
    EXPECT_TRUE(second.insert("c"));
    EXPECT_FALSE(second.contains("a"));
    second.check_invariants();
}

}  // namespace
}  // namespace grapevine::client
