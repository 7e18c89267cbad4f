#include "daemon/reachability_view.hpp"

#include <gtest/gtest.h>

#include "protocol/query/reachability.hpp"
#include "protocol/testing.hpp"

namespace grapevine::daemon {
namespace {

using protocol::Path;
using protocol::ReachAnswer;
using protocol::testing::record_of;
using namespace std::chrono_literals;

struct ReachabilityTable : ::testing::Test {
    protocol::Membership membership{record_of(MemberId(1), 1), {}};
    protocol::Gather::Gathered gathered;

    ReachabilityTable() {
        for (std::uint64_t id = 2; id <= 4; ++id) {
            membership.handle_record(Instant{}, kNobody, record_of(MemberId(id), 1));
        }
    }
    void answer(std::uint64_t id, std::vector<ReachAnswer::Row> rows) {
        gathered.answers.push_back(
            {MemberId(id), encode(ReachAnswer{{}, std::move(rows)}), std::nullopt, {}});
    }
};

TEST_F(ReachabilityTable, each_row_has_a_mark_for_each_member) {
    answer(1, {{MemberId(2), Path::both, 10ms, 50}, {MemberId(3), Path::in_only, 10ms, {}}});
    answer(2, {{MemberId(1), Path::both, 10ms, {}}});
    answer(3, {{MemberId(1), Path::relayed, 10ms, {}}, {MemberId(2), Path::none, 10ms, {}}});
    const auto view = reachability_view(gathered, membership);
    ASSERT_EQ(view.members.size(), 3U);
    EXPECT_EQ(view.members[0].name, "m1");
    EXPECT_EQ(view.members[0].paths, ".+<");
    EXPECT_EQ(view.members[0].rtt_us[1], 1000);
    EXPECT_FALSE(view.members[0].rtt_us[2]);
    EXPECT_EQ(view.members[1].paths, "+.?");
    EXPECT_EQ(view.members[2].paths, ">x.") << "1 hears 3, so 3 is heard";
    ASSERT_EQ(view.troubles.size(), 2U);
    EXPECT_EQ(view.troubles[0].kind, "one_way");
    EXPECT_EQ(view.troubles[0].text, "nothing gets from m1 to m3; the other way works");
    EXPECT_EQ(view.troubles[1].kind, "doubtful");
}

TEST_F(ReachabilityTable, the_silent_and_those_that_talk_nonsense_have_no_row) {
    answer(1, {{MemberId(2), Path::both, 10ms, {}}});
    gathered.answers.push_back({MemberId(2), Bytes{1, 2, 3}, std::nullopt, {}});
    gathered.silent = {MemberId(4)};
    const auto view = reachability_view(gathered, membership);
    ASSERT_EQ(view.members.size(), 3U);
    EXPECT_TRUE(view.members[0].has_answered);
    EXPECT_EQ(view.members[0].paths, ".+?");
    EXPECT_FALSE(view.members[1].has_answered);
    EXPECT_FALSE(view.members[2].has_answered);
    EXPECT_EQ(view.members[2].name, "m4");
    EXPECT_EQ(view.members[2].paths, "");
}

TEST_F(ReachabilityTable, what_is_said_of_members_that_we_do_not_know_is_left_out) {
    answer(1, {{MemberId(99), Path::none, 10ms, {}}});
    const auto view = reachability_view(gathered, membership);
    EXPECT_EQ(view.members.size(), 1U);
    EXPECT_TRUE(view.troubles.empty());
}

}  // namespace
}  // namespace grapevine::daemon
