#include "protocol/aggregate/zone_bodies.hpp"

#include <fmt/core.h>
#include <gtest/gtest.h>

#include "base/limits.hpp"

namespace grapevine::protocol {
namespace {

SharedRow row_of(std::string name, Bytes attributes) {
    return std::make_shared<const ZoneRow>(ZoneRow{
        std::move(name), {1'700'000'000'000'000'000, 77}, std::move(attributes), 3, {MemberId(9)}});
}

TEST(ZoneBodies, are_read_as_they_were_written) {
    const auto offer = decode_offer(encode_offer({3, 0xfeed, true}));
    ASSERT_TRUE(offer);
    EXPECT_EQ(offer->level, 3U);
    EXPECT_EQ(offer->fingerprint, 0xfeedU);
    EXPECT_TRUE(offer->is_reply);

    const auto digests = decode_digests(encode_digests({2, {{1, "eu", {5, 6}}, {2, "fra", {}}}}));
    ASSERT_TRUE(digests);
    EXPECT_EQ(digests->level, 2U);
    ASSERT_EQ(digests->rows.size(), 2U);
    EXPECT_EQ(digests->rows[0].name, "eu");
    EXPECT_EQ(digests->rows[0].issue, (ZoneIssue{5, 6}));

    const auto want = decode_want(encode_want({{{1, "eu"}, {2, "fra"}}}));
    ASSERT_TRUE(want);
    EXPECT_EQ(want->rows[1].name, "fra");

    const auto attributes = encode_attributes({{"load", "3.5"}, {"users", "12"}});
    const SharedRow row = row_of("eu", attributes);
    const auto rows = decode_rows(encode_rows({{{1, row}}}));
    ASSERT_TRUE(rows);
    EXPECT_EQ(*rows->rows[0].row, *row);
    EXPECT_EQ(decode_attributes(attributes)->at("load"), "3.5");
}

template <typename Decode>
void expect_no_part_is_read(const Bytes& whole, Decode decode) {
    EXPECT_TRUE(decode(whole));
    for (std::size_t size = 0; size < whole.size(); ++size) {
        EXPECT_FALSE(decode(ByteView(whole).first(size))) << size;
    }
    Bytes longer = whole;
    longer.push_back(0);
    EXPECT_FALSE(decode(longer));
}

TEST(ZoneBodies, cut_short_or_too_long_they_are_refused) {
    const Bytes attributes = encode_attributes({{"a", "b"}});
    expect_no_part_is_read(attributes, decode_attributes);
    expect_no_part_is_read(encode_offer({1, 2, false}), decode_offer);
    expect_no_part_is_read(encode_digests({1, {{1, "eu", {5, 6}}}}), decode_digests);
    expect_no_part_is_read(encode_want({{{1, "eu"}}}), decode_want);
    expect_no_part_is_read(encode_rows({{{1, row_of("eu", attributes)}}}), decode_rows);
}

TEST(ZoneBodies, what_does_not_fit_is_left_out_and_the_rest_is_whole) {
    Astrolabe::Want want;
    Astrolabe::Rows rows;
    Astrolabe::Digests digests{1, {}};
    const std::string name(kSummaryNameBytesMax, 'n');
    const Bytes large =
        encode_attributes({{"sketch", std::string(kSummaryAttributesBytesMax - 20, 's')}});
    for (std::size_t index = 0; index < kSummaryLevelsMax * kSummaryRowsMax; ++index) {
        want.rows.push_back({1, name});
        digests.rows.push_back({1, name, {1, 1}});
        if (index < 10) rows.rows.push_back({1, row_of(name, large)});
    }
    EXPECT_LE(encode_want(want).size(), kQuestionBytesMax);
    EXPECT_EQ(decode_want(encode_want(want))->rows.size(),
              (kQuestionBytesMax - 2) / (kSummaryNameBytesMax + 3));
    EXPECT_LE(encode_digests(digests).size(), kAnswerBytesMax);
    EXPECT_GT(decode_digests(encode_digests(digests))->rows.size(), 450U);
    EXPECT_LE(encode_rows(rows).size(), kAnswerBytesMax);
    EXPECT_EQ(decode_rows(encode_rows(rows))->rows.size(), 5U);
}

TEST(ZoneBodies, attributes_have_limits_in_number_and_size) {
    ZoneAttributes many;
    for (std::size_t index = 0; index <= kSummaryAttributesMax; ++index) {
        many[fmt::format("k{:03}", index)] = "1";
    }
    EXPECT_EQ(decode_attributes(encode_attributes(many))->size(), kSummaryAttributesMax);
    const ZoneAttributes large = {{"a", "1"}, {"b", std::string(kSummaryAttributesBytesMax, 'x')}};
    EXPECT_EQ(decode_attributes(encode_attributes(large))->size(), 1U);
}

TEST(ZoneBodies, what_breaks_a_rule_is_refused) {
    EXPECT_FALSE(decode_offer(encode_offer({0, 1, false})));
    EXPECT_FALSE(decode_offer(encode_offer({kSummaryLevelsMax + 1, 1, false})));
    EXPECT_FALSE(decode_want(encode_want({{{1, ""}}})));
    EXPECT_FALSE(decode_want(encode_want({{{1, "a\nb"}}})));
    EXPECT_FALSE(decode_want(encode_want({{{1, std::string(kSummaryNameBytesMax + 1, 'n')}}})));
    EXPECT_FALSE(decode_rows(encode_rows({{{1, row_of("eu", {9, 9})}}})));
    ZoneRow unspoken{"eu", {1, 1}, encode_attributes({}), 1, {}};
    EXPECT_FALSE(decode_rows(encode_rows({{{1, std::make_shared<const ZoneRow>(unspoken)}}})));
    const Bytes twice = {2, 1, 'a', 1, 'x', 1, 'a', 1, 'y'};
    EXPECT_FALSE(decode_attributes(twice));
}

TEST(ZoneBodies, a_statement_is_the_body_of_a_notice) {
    SummaryStatement statement{"load", std::string(kSummarySqlBytesMax, 's'), WallTime{5000}, 7};
    const wire::Notice notice = notice_of(statement);
    EXPECT_LE(notice.body.size(), kNoticeBodyBytesMax);
    EXPECT_EQ(statement_of(notice), statement);
    wire::Notice later = notice;
    later.body[0] = 2;
    EXPECT_FALSE(statement_of(later));
    wire::Notice other = notice;
    other.kind = static_cast<std::uint8_t>(wire::NoticeKind::wipe);
    EXPECT_FALSE(statement_of(other));
}

}  // namespace
}  // namespace grapevine::protocol
