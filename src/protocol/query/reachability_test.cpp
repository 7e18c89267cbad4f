#include "protocol/query/reachability.hpp"

#include <gtest/gtest.h>

namespace grapevine::protocol {
namespace {

using namespace std::chrono_literals;
using Kind = ReachTrouble::Kind;

constexpr MemberId kA(1);
constexpr MemberId kB(2);
constexpr MemberId kC(3);

ReachAnswer sample() {
    ReachAnswer answer;
    answer.place.position[7] = -300;
    answer.place.height = 12;
    answer.place.adjustment = -4;
    answer.place.error = 250;
    answer.rows = {{kA, Path::both, 1200ms, 15},
                   {kB, Path::in_only, 0ms, {}},
                   {MemberId(0xffff'ffff'ffff'ffff), Path::none, 999'999ms, 500'000}};
    return answer;
}

TEST(Reachability, a_question_comes_back_as_it_was) {
    const ReachQuestion question{5000ms, kB};
    const auto decoded = decode_reach_question(encode(question));
    ASSERT_TRUE(decoded);
    EXPECT_EQ(*decoded, question);
}

TEST(Reachability, an_answer_comes_back_as_it_was) {
    const auto decoded = decode_reach_answer(encode(sample()));
    ASSERT_TRUE(decoded);
    EXPECT_EQ(*decoded, sample());
}

TEST(Reachability, a_cut_body_is_refused_at_every_length_that_splits_a_field) {
    const Bytes question = encode(ReachQuestion{5000ms, kB});
    for (std::size_t size = 0; size < question.size(); ++size) {
        EXPECT_FALSE(decode_reach_question(ByteView(question).first(size)));
    }
    const Bytes answer = encode(sample());
    std::size_t accepted = 0;
    for (std::size_t size = 0; size < answer.size(); ++size) {
        accepted += decode_reach_answer(ByteView(answer).first(size)) ? 1 : 0;
    }
    EXPECT_EQ(accepted, 3U) << "behind the place, and behind each row but the last";
}

TEST(Reachability, what_the_format_forbids_is_refused) {
    Bytes unknown_path = encode(sample());
    unknown_path[22 + 8] = 6;
    EXPECT_EQ(decode_reach_answer(unknown_path).error().field, "reach.how");
    Bytes unspoken_path = encode(sample());
    unspoken_path[22 + 8] = 3;
    EXPECT_EQ(decode_reach_answer(unspoken_path).error().field, "reach.how");
    Bytes unknown_bit = encode(sample());
    unknown_bit[22 + 8] = 0x11;
    EXPECT_EQ(decode_reach_answer(unknown_bit).error().field, "reach.how");

    ReachAnswer falling = sample();
    std::swap(falling.rows[0], falling.rows[1]);
    EXPECT_EQ(decode_reach_answer(encode(falling)).error().field, "reach.member");
    ReachAnswer twice = sample();
    twice.rows[1] = twice.rows[0];
    EXPECT_EQ(decode_reach_answer(encode(twice)).error().field, "reach.member");
    ReachAnswer slow = sample();
    slow.rows[0].round_trip = 500'001;
    EXPECT_EQ(decode_reach_answer(encode(slow)).error().code, Error::Code::over_limit);
    EXPECT_EQ(decode_reach_question(encode(ReachQuestion{3'600'001ms, kNobody})).error().code,
              Error::Code::over_limit);
}

TEST(Reachability, more_rows_than_the_limit_are_refused) {
    ReachAnswer answer;
    for (std::uint64_t id = 1; id <= kReachRowsMax; ++id) {
        answer.rows.push_back({MemberId(id), Path::both, 0ms, {}});
    }
    Bytes body = encode(answer);
    EXPECT_TRUE(decode_reach_answer(body));
    EXPECT_LE(body.size(), kAnswerBytesMax);
    const Bytes one_more = encode(ReachAnswer{{}, {{MemberId(1U << 30U), Path::both, 0ms, {}}}});
    body.insert(body.end(), one_more.begin() + 22, one_more.end());
    EXPECT_EQ(decode_reach_answer(body).error().code, Error::Code::over_limit);
}

/// What each of two says of the other; nothing: it has not answered.
std::vector<ReachTrouble> between(std::optional<Path> a_of_b, std::optional<Path> b_of_a) {
    std::vector<ReachReport> reports;
    if (a_of_b) reports.push_back({kA, ReachAnswer{{}, {{kB, *a_of_b, 0ms, {}}}}});
    if (b_of_a) reports.push_back({kB, ReachAnswer{{}, {{kA, *b_of_a, 0ms, {}}}}});
    return troubles_of(reports);
}
std::vector<ReachTrouble> one(Kind kind, MemberId from, MemberId to) {
    return {{kind, from, to}};
}

TEST(Reachability, a_healthy_pair_is_no_trouble) {
    EXPECT_TRUE(between(Path::both, Path::both).empty());
    EXPECT_TRUE(between(Path::both, Path::unknown).empty());
    EXPECT_TRUE(between(Path::unknown, std::nullopt).empty());
}

TEST(Reachability, who_hears_and_is_not_answered_cannot_get_through) {
    EXPECT_EQ(between(Path::in_only, Path::relayed), one(Kind::one_way, kA, kB));
    EXPECT_EQ(between(Path::none, Path::in_only), one(Kind::one_way, kB, kA));
    EXPECT_EQ(between(Path::out_only, Path::in_only), one(Kind::one_way, kB, kA));
    EXPECT_EQ(between(Path::in_only, std::nullopt), one(Kind::one_way, kA, kB));
}

TEST(Reachability, two_that_do_not_hear_each_other_are_cut_both_ways) {
    EXPECT_EQ(between(Path::relayed, Path::relayed), one(Kind::both_ways, kA, kB));
    EXPECT_EQ(between(Path::none, Path::relayed), one(Kind::both_ways, kA, kB));
}

TEST(Reachability, words_that_do_not_fit_together_are_doubtful) {
    EXPECT_EQ(between(Path::both, Path::relayed), one(Kind::doubtful, kA, kB));
    EXPECT_EQ(between(Path::in_only, Path::in_only), one(Kind::doubtful, kA, kB));
    EXPECT_EQ(between(Path::relayed, std::nullopt), one(Kind::doubtful, kA, kB));
    EXPECT_EQ(between(std::nullopt, Path::relayed), one(Kind::doubtful, kB, kA));
}

TEST(Reachability, that_somebody_hears_us_follows_from_what_it_says) {
    std::vector<ReachReport> reports = {
        {kA, ReachAnswer{{}, {{kB, Path::relayed, 0ms, {}}, {kC, Path::relayed, 0ms, {}}}}},
        {kB, ReachAnswer{{}, {{kA, Path::in_only, 0ms, {}}, {kC, Path::both, 0ms, {}}}}},
        {kC, ReachAnswer{{}, {{kA, Path::relayed, 0ms, {}}, {kB, Path::both, 0ms, {}}}}},
    };
    complete(reports);
    EXPECT_EQ(reports[0].answer.rows[0].path, Path::out_only);
    EXPECT_EQ(reports[0].answer.rows[1].path, Path::relayed);
    EXPECT_EQ(reports[1].answer.rows[0].path, Path::in_only);
    EXPECT_EQ(troubles_of(reports),
              (std::vector<ReachTrouble>{{Kind::one_way, kB, kA}, {Kind::both_ways, kA, kC}}));
}

TEST(Reachability, each_pair_is_told_once_in_the_order_of_ids) {
    const std::vector<ReachReport> reports = {
        {kC, ReachAnswer{{}, {{kA, Path::relayed, 0ms, {}}, {kB, Path::in_only, 0ms, {}}}}},
        {kA, ReachAnswer{{}, {{kB, Path::both, 0ms, {}}, {kC, Path::relayed, 0ms, {}}}}},
        {kB, ReachAnswer{{}, {{kA, Path::both, 0ms, {}}, {kC, Path::none, 0ms, {}}}}},
    };
    EXPECT_EQ(troubles_of(reports),
              (std::vector<ReachTrouble>{{Kind::both_ways, kA, kC}, {Kind::one_way, kC, kB}}));
}

}  // namespace
}  // namespace grapevine::protocol
