#include "daemon/query_run.hpp"

#include <gtest/gtest.h>
#include <memory>
#include <optional>

#include "base/limits.hpp"
#include "protocol/query/reachability.hpp"

namespace grapevine::daemon {
namespace {

using namespace std::chrono_literals;
using State = protocol::QueryReply::State;

constexpr MemberId kSelf{1};
constexpr MemberId kBeta{2};
constexpr MemberId kGamma{3};

wire::MemberRecord record(MemberId member, std::string name) {
    wire::MemberRecord made;
    made.member = member;
    made.incarnation = Incarnation(1);
    made.boot = Boot(1);
    made.name = std::move(name);
    made.addresses = {Endpoint::v4(10, 0, 0, static_cast<std::uint8_t>(member.value()), 9471)};
    return made;
}

struct Asked {
    protocol::Membership membership{
        std::make_shared<const wire::MemberRecord>(record(kSelf, "alpha")),
        protocol::profile_config(protocol::Profile::lan)};
    std::vector<control::QueryAnswer> answers;
    std::optional<control::QueryEnd> end;
    std::optional<Refusal> refusal;

    Asked() {
        for (const auto& [id, name] : {std::pair(kBeta, "beta"), std::pair(kGamma, "gamma")}) {
            membership.handle_record(Instant{}, id,
                                     std::make_shared<const wire::MemberRecord>(record(id, name)));
        }
    }
    QueryRun run(const std::string& name, std::vector<MemberId> excluded = {}) {
        return {1, name, Instant{} + 10s, std::move(excluded),
                [this](Outcome<control::QueryItem> item) {
                    if (!item) {
                        refusal = item.error();
                    } else if (auto* answer = std::get_if<control::QueryAnswer>(&*item)) {
                        answers.push_back(*answer);
                    } else {
                        end = std::get<control::QueryEnd>(*item);
                    }
                }};
    }
    void answer(QueryRun& run, MemberId from, const protocol::QueryReply& reply,
                std::int64_t wall_zero_us = 0) {
        run.answered(membership, wall_zero_us, {from, encode(reply), 4ms, Instant{} + 10s + 5ms});
    }
};

Bytes bytes_of(std::string_view text) {
    const ByteView view = as_bytes(text);
    return {view.begin(), view.end()};
}

TEST(QueryRun, tells_answers_as_they_come_and_then_who_is_in_which_list) {
    Asked asked;
    QueryRun run = asked.run("disk", {kGamma});
    asked.answer(run, kBeta, {State::answered, {7}});
    ASSERT_EQ(asked.answers.size(), 1U);
    EXPECT_EQ(asked.answers[0].member.name, "beta");
    EXPECT_EQ(asked.answers[0].after_us, 5000);
    EXPECT_EQ(asked.answers[0].round_trip_us, 4000);
    EXPECT_FALSE(asked.end);
    asked.answer(run, kSelf, {State::not_served, {}});
    run.ended(Instant{} + 12s, asked.membership, {});
    ASSERT_TRUE(asked.end);
    ASSERT_EQ(asked.end->answered.size(), 1U);
    EXPECT_TRUE(asked.end->missing.empty());
    ASSERT_EQ(asked.end->not_expected.size(), 2U);
    EXPECT_EQ(asked.end->not_expected[0].member.name, "alpha");
    EXPECT_EQ(asked.end->not_expected[0].reason, "not_served");
    EXPECT_EQ(asked.end->not_expected[1].reason, "filtered");
    EXPECT_EQ(asked.end->took_us, 2'000'000);
}

TEST(QueryRun, says_why_somebody_is_missing) {
    Asked asked;
    QueryRun run = asked.run("disk");
    asked.answer(run, kSelf, {State::abandoned, {}});
    asked.answer(run, kBeta, {State::busy, {}});
    // One that is not known any more.
    run.ended(Instant{} + 12s, asked.membership, {kGamma, MemberId(9)});
    std::vector<std::string> reasons;
    for (const auto& without : asked.end->missing) reasons.push_back(without.reason);
    EXPECT_EQ(reasons, (std::vector<std::string>{"gone", "abandoned", "busy", "silent"}));
    EXPECT_TRUE(asked.answers.empty());
}

TEST(QueryRun, names_who_sends_what_cannot_be_read) {
    Asked asked;
    QueryRun run = asked.run("disk");
    run.answered(asked.membership, 0, {kBeta, {200}, {}, Instant{} + 11s});
    run.ended(Instant{} + 12s, asked.membership, {});
    EXPECT_EQ(asked.end->missing.at(0).reason, "unreadable");
}

TEST(QueryRun, tells_answers_up_to_the_limit_of_bytes) {
    Asked asked;
    QueryRun run = asked.run("disk");
    const std::size_t whole = kQueryTotalBytesMax / kQueryAnswerBytesMax;
    for (std::size_t count = 0; count < whole + 1; ++count) {
        asked.answer(run, kBeta, {State::answered, Bytes(kQueryAnswerBytesMax)});
    }
    EXPECT_EQ(asked.answers.size(), whole);
    // What still fits is told.
    asked.answer(run, kGamma, {State::answered, {1}});
    run.ended(Instant{} + 12s, asked.membership, {});
    EXPECT_EQ(asked.answers.size(), whole + 1);
    ASSERT_EQ(asked.end->missing.size(), 1U);
    EXPECT_EQ(asked.end->missing[0].reason, "too_large");
}

TEST(QueryRun, holds_a_clock_against_the_middle_of_the_round_trip) {
    Asked asked;
    QueryRun run = asked.run("clock");
    // Read 2 ms before 10.005 s after our zero, which was at 1,000,000 us; it is 500 us ahead.
    asked.answer(run, kBeta, {State::answered, bytes_of(R"({"wall_us":11003500})")}, 1'000'000);
    const std::string text(as_text(ByteView(asked.answers.at(0).payload)));
    EXPECT_EQ(text, R"({"wall_us":11003500,"offset_us":500,"error_us":2000})");
}

TEST(QueryRun, passes_on_a_clock_that_it_cannot_read) {
    Asked asked;
    QueryRun run = asked.run("clock");
    for (const std::string_view text : {"", "{}", "[1]", R"({"wall_us":"x"})", "\xff"}) {
        asked.answers.clear();
        asked.answer(run, kBeta, {State::answered, bytes_of(text)}, 1'000'000);
        EXPECT_EQ(as_text(ByteView(asked.answers.at(0).payload)), text);
    }
}

TEST(QueryRun, names_those_that_a_member_does_not_reach) {
    Asked asked;
    QueryRun run = asked.run("reachability");
    protocol::ReachAnswer told;
    told.rows = {{kSelf, protocol::Path::both, 0ms, {}},
                 {kGamma, protocol::Path::in_only, 0ms, {}}};
    run.answered(asked.membership, 0, {kBeta, encode(told), 4ms, Instant{} + 11s});
    EXPECT_EQ(as_text(ByteView(asked.answers.at(0).payload)),
              R"({"both":1,"others":[{"id":"0000000000000003","name":"gamma","path":"in only"}]})");
}

TEST(QueryRun, is_broken_off_with_a_refusal) {
    Asked asked;
    asked.run("disk").break_off();
    ASSERT_TRUE(asked.refusal);
    EXPECT_EQ(asked.refusal->code, Refusal::Code::unavailable);
}

}  // namespace
}  // namespace grapevine::daemon
