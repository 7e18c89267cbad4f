#include "base/nearest.hpp"

#include <array>
#include <gtest/gtest.h>
#include <string>

namespace grapevine {
namespace {

constexpr std::array<std::string_view, 4> kKnown = {"bind", "seeds", "profile", "member_name"};

TEST(EditDistance, counts_each_kind_of_edit_once) {
    EXPECT_EQ(edit_distance("seeds", "seeds"), 0U);
    EXPECT_EQ(edit_distance("seds", "seeds"), 1U);    // insert
    EXPECT_EQ(edit_distance("seeeds", "seeds"), 1U);  // delete
    EXPECT_EQ(edit_distance("seads", "seeds"), 1U);   // replace
    EXPECT_EQ(edit_distance("sedes", "seeds"), 1U);   // swap
}

TEST(EditDistance, from_or_to_nothing_is_the_length) {
    EXPECT_EQ(edit_distance("", "seeds"), 5U);
    EXPECT_EQ(edit_distance("seeds", ""), 5U);
    EXPECT_EQ(edit_distance("", ""), 0U);
}

TEST(EditDistance, is_symmetric) {
    EXPECT_EQ(edit_distance("kitten", "sitting"), 3U);
    EXPECT_EQ(edit_distance("sitting", "kitten"), 3U);
}

TEST(NearestName, finds_what_was_meant) {
    EXPECT_EQ(nearest_name("sede", kKnown), std::nullopt);  // Two of four letters are wrong.
    EXPECT_EQ(nearest_name("seed", kKnown), "seeds");
    EXPECT_EQ(nearest_name("profiel", kKnown), "profile");
    EXPECT_EQ(nearest_name("membername", kKnown), "member_name");
}

TEST(NearestName, a_foreign_word_is_near_to_nothing) {
    EXPECT_EQ(nearest_name("encryption", kKnown), std::nullopt);
    EXPECT_EQ(nearest_name("", kKnown), std::nullopt);
    EXPECT_EQ(nearest_name("x", kKnown), std::nullopt);
}

TEST(NearestName, of_equally_near_names_the_first_wins) {
    constexpr std::array<std::string_view, 2> known = {"cat", "bat"};
    EXPECT_EQ(nearest_name("rat", known), "cat");
}

TEST(NearestName, a_name_above_the_limit_is_not_compared) {
    const std::string at(kNearestNameBytesMax, 'a');
    const std::string above(kNearestNameBytesMax + 1, 'a');
    const std::array<std::string_view, 1> known = {at};
    EXPECT_EQ(nearest_name(at, known), at);
    EXPECT_EQ(nearest_name(above, known), std::nullopt);
}

TEST(NearestCure, names_the_nearest_or_lists_all) {
    EXPECT_EQ(nearest_cure("seed", kKnown), "did you mean seeds?");
    EXPECT_EQ(nearest_cure("encryption", kKnown), "known are: bind, seeds, profile, member_name");
    EXPECT_EQ(nearest_cure("seed", {}), "none is known here");
}

}  // namespace
}  // namespace grapevine
