#include "control/member_filter.hpp"

#include <gtest/gtest.h>

#include "base/limits.hpp"

namespace grapevine::control {
namespace {

/// A member web-1 with dc=ams and name=x among its labels.
bool matches(const std::vector<std::string>& texts) {
    const auto filter = MemberFilter::parse(texts, "filter");
    EXPECT_TRUE(filter);
    return filter->matches("00000000000000aa", "web-1",
                           [](std::string_view key) -> std::optional<std::string_view> {
                               if (key == "dc") return "ams";
                               if (key == "name") return "x";
                               return std::nullopt;
                           });
}

TEST(MemberFilter, without_conditions_means_everybody) {
    EXPECT_TRUE(matches({}));
}

TEST(MemberFilter, looks_at_labels_name_and_id) {
    EXPECT_TRUE(matches({"dc=ams"}));
    EXPECT_FALSE(matches({"dc=fra"}));
    EXPECT_TRUE(matches({"name=web-*"}));
    EXPECT_FALSE(matches({"name=db-*"}));
    EXPECT_TRUE(matches({"id=00000000000000aa"}));
    EXPECT_TRUE(matches({"label:name=x"}));
}

TEST(MemberFilter, takes_all_conditions_together) {
    EXPECT_TRUE(matches({"dc=ams", "name=web-*"}));
    EXPECT_FALSE(matches({"dc=ams", "name=db-*"}));
}

TEST(MemberFilter, of_a_label_that_is_not_there_holds_only_when_negated) {
    EXPECT_FALSE(matches({"rack=*"}));
    EXPECT_FALSE(matches({"rack="}));
    EXPECT_TRUE(matches({"rack!=r1"}));
    EXPECT_TRUE(matches({"dc!=fra"}));
    EXPECT_FALSE(matches({"dc!=ams"}));
}

TEST(MemberFilter, that_is_no_condition_is_refused) {
    for (const std::string text : {"dc", "", "=ams", "!=ams", "label:=x"}) {
        EXPECT_FALSE(MemberFilter::parse({text}, "filter")) << text;
    }
    EXPECT_TRUE(MemberFilter::parse({"k=" + std::string(kQueryFilterBytesMax - 2, 'v')}, "f"));
    EXPECT_FALSE(MemberFilter::parse({"k=" + std::string(kQueryFilterBytesMax - 1, 'v')}, "f"));
    const std::vector<std::string> most(kQueryFiltersMax, "a=b");
    EXPECT_TRUE(MemberFilter::parse(most, "f"));
    const std::vector<std::string> too_many(kQueryFiltersMax + 1, "a=b");
    EXPECT_EQ(MemberFilter::parse(too_many, "f").error().code, Refusal::Code::over_limit);
}

TEST(Pattern, stars_stand_for_any_letters) {
    EXPECT_TRUE(fits_pattern("", ""));
    EXPECT_TRUE(fits_pattern("", "*"));
    EXPECT_TRUE(fits_pattern("abc", "a*c"));
    EXPECT_TRUE(fits_pattern("abcbc", "a*bc"));
    EXPECT_TRUE(fits_pattern("a*c", "a*c"));
    EXPECT_TRUE(fits_pattern("abc", "**a**c**"));
    EXPECT_FALSE(fits_pattern("abc", "a*b"));
    EXPECT_FALSE(fits_pattern("ab", "abc"));
    EXPECT_FALSE(fits_pattern("", "a"));
    // What backtracks without bound does not end.
    EXPECT_FALSE(fits_pattern(std::string(200, 'a'), "*a*a*a*a*a*a*a*a*a*a*b"));
}

}  // namespace
}  // namespace grapevine::control
