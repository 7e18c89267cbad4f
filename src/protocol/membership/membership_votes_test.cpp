// What counts as evidence: votes, quorums, and what is passed on of them.

#include <gtest/gtest.h>

#include "base/limits.hpp"
#include "protocol/membership/membership.hpp"
#include "protocol/testing.hpp"

namespace grapevine::protocol {
namespace {

using namespace std::chrono_literals;
using testing::drain;
using testing::only;
using testing::record_of;
using testing::votes_of;
using wire::Status;
using Kind = MemberChange::Kind;

constexpr MemberId kSelf(1);

/// Member 1 with peers 2 .. count in their life 5, everything drained.
struct View {
    Membership membership;
    Instant now = Instant{} + 1s;

    explicit View(std::uint32_t count = 8) : membership(record_of(kSelf, 5), {}) {
        for (std::uint32_t id = 2; id <= count; ++id) {
            membership.handle_record(Instant{}, kNobody, record_of(MemberId(id), 5));
        }
        drain(membership);
    }
    ~View() { membership.check_invariants(); }
    View(const View&) = delete;
    View& operator=(const View&) = delete;

    bool accuse(std::uint64_t member, Status status, const std::vector<std::uint64_t>& voters,
                std::uint32_t incarnation = 5) {
        const bool is_news = membership.handle_accusation(
            now, MemberId(3),
            {MemberId(member), Incarnation(incarnation), status, MemberId(3), votes_of(voters)});
        membership.check_invariants();
        return is_news;
    }
    [[nodiscard]] Status status(std::uint64_t member) const {
        return membership.find(MemberId(member))->status;
    }
    [[nodiscard]] std::vector<std::uint64_t> voters_told(std::uint64_t member) const {
        std::vector<std::uint64_t> voters;
        const auto item = membership.item_for(MemberId(member));
        for (const wire::Vote& vote : std::get<wire::Accusation>(*item).votes) {
            voters.push_back(vote.voter.value());
        }
        return voters;
    }
};

using Voters = std::vector<std::uint64_t>;

TEST(Votes, a_death_needs_two_different_voters) {
    View view;
    EXPECT_TRUE(view.accuse(2, Status::dead, {3}));
    EXPECT_EQ(view.status(2), Status::suspect) << "one vote is one accuser";
    EXPECT_TRUE(view.accuse(2, Status::dead, {3, 4}));
    EXPECT_EQ(view.status(2), Status::dead);
}

TEST(Votes, deaths_by_one_vote_each_are_accusers_of_one_suspicion) {
    View view;
    EXPECT_TRUE(view.accuse(2, Status::dead, {3}));
    EXPECT_TRUE(view.accuse(2, Status::dead, {4}));
    EXPECT_EQ(view.status(2), Status::suspect)
        << "each is judged by what it brings, or their order would matter";
    EXPECT_EQ(view.voters_told(2), (Voters{3, 4}));
}

TEST(Votes, an_accusation_without_votes_is_nothing) {
    View view;
    EXPECT_FALSE(view.accuse(2, Status::suspect, {}));
    EXPECT_FALSE(view.accuse(2, Status::dead, {}));
    EXPECT_EQ(view.status(2), Status::alive);
    EXPECT_EQ(view.membership.counters().dropped_unproven, 2U);
}

TEST(Votes, strangers_and_the_accused_itself_bear_no_witness) {
    View view;
    EXPECT_FALSE(view.accuse(2, Status::suspect, {2, 4711}));
    EXPECT_EQ(view.status(2), Status::alive);
    EXPECT_TRUE(view.accuse(2, Status::dead, {2, 3, 4711}));
    EXPECT_EQ(view.status(2), Status::suspect);
    EXPECT_EQ(view.voters_told(2), Voters{3});
}

TEST(Votes, the_dead_and_the_left_keep_their_vote) {
    View view;
    EXPECT_TRUE(view.accuse(7, Status::dead, {3, 4}));
    view.membership.handle_record(view.now, MemberId(6), record_of(MemberId(6), 5, 1, true));
    EXPECT_TRUE(view.accuse(2, Status::dead, {6, 7}));
    EXPECT_EQ(view.status(2), Status::dead);
}

TEST(Votes, with_three_members_known_one_vote_is_a_quorum) {
    View three(3);
    EXPECT_TRUE(three.accuse(2, Status::dead, {3}));
    EXPECT_EQ(three.status(2), Status::dead);
    View four(4);
    EXPECT_TRUE(four.accuse(2, Status::dead, {3}));
    EXPECT_EQ(four.status(2), Status::suspect);
}

TEST(Votes, several_votes_at_once_shorten_the_suspicion_as_if_they_came_one_by_one) {
    View together;
    View apart;
    together.accuse(2, Status::suspect, {3, 4, 5});
    for (const std::uint64_t voter : {3, 4, 5}) apart.accuse(2, Status::suspect, {voter});
    EXPECT_EQ(together.membership.deadline(), apart.membership.deadline());
    View one;
    one.accuse(2, Status::suspect, {3});
    EXPECT_LT(together.membership.deadline(), one.membership.deadline());
}

TEST(Votes, a_suspicion_passes_on_the_latest_votes_and_ours_is_blank) {
    View view;
    view.membership.missed(view.now, MemberId(2));
    EXPECT_EQ(view.voters_told(2), Voters{1});
    view.accuse(2, Status::suspect, {3});
    view.accuse(2, Status::suspect, {4});
    view.accuse(2, Status::suspect, {5});
    EXPECT_EQ(view.voters_told(2), (Voters{3, 4, 5})) << "at most kVotesMax";
}

TEST(Votes, a_death_by_timer_carries_all_votes_and_ours) {
    View view;
    view.accuse(2, Status::suspect, {3});
    view.membership.advance(view.membership.deadline());
    view.membership.confirmed(view.now + 60s, MemberId(2), false);
    EXPECT_EQ(view.status(2), Status::dead);
    EXPECT_EQ(view.voters_told(2), (Voters{1, 3}));
}

TEST(Votes, ours_is_among_those_of_a_death_even_if_there_are_more_than_fit) {
    View view;
    for (const std::uint64_t voter : {3, 4, 5, 6}) view.accuse(2, Status::suspect, {voter});
    view.membership.advance(view.membership.deadline());
    view.membership.confirmed(view.now + 60s, MemberId(2), false);
    EXPECT_EQ(view.voters_told(2), (Voters{1, 5, 6}));
}

TEST(Votes, the_evidence_of_a_death_grows_until_it_proves_it) {
    View view;
    view.membership.missed(view.now, MemberId(2));
    view.membership.advance(view.membership.deadline());
    view.membership.confirmed(view.now + 60s, MemberId(2), false);
    drain(view.membership);
    EXPECT_EQ(view.voters_told(2), Voters{1});
    EXPECT_TRUE(view.accuse(2, Status::suspect, {4})) << "news: now others will believe it";
    EXPECT_EQ(only<Membership::Spread>(drain(view.membership)).size(), 1U);
    EXPECT_EQ(view.voters_told(2), (Voters{1, 4}));
    EXPECT_FALSE(view.accuse(2, Status::dead, {5, 6})) << "more of the same is none";
    EXPECT_TRUE(only<Membership::Spread>(drain(view.membership)).empty());
    EXPECT_EQ(view.voters_told(2), (Voters{1, 4, 5}));
}

TEST(Votes, evidence_ends_with_the_life_that_it_speaks_of) {
    View view;
    view.accuse(2, Status::dead, {3, 4});
    view.membership.handle_record(view.now, MemberId(2), record_of(MemberId(2), 6));
    EXPECT_TRUE(view.accuse(2, Status::suspect, {5}, 6));
    EXPECT_EQ(view.voters_told(2), Voters{5});
}

// -- Those who are refuted, and those who refute --------------------------------------------------

/// 3 accuses members from 10 on, each of which clears itself.
void refute_lone_accusations(View& view, std::uint64_t victims, std::uint64_t accuser = 3) {
    for (std::uint64_t victim = 10; victim < 10 + victims; ++victim) {
        EXPECT_TRUE(view.accuse(victim, Status::suspect, {accuser}));
        view.membership.handle_record(view.now, MemberId(victim), record_of(MemberId(victim), 6));
        view.now += 1s;
    }
    drain(view.membership);
}

TEST(Unreliable, who_is_refuted_by_four_members_is_not_believed_alone) {
    View view(20);
    refute_lone_accusations(view, 4);
    EXPECT_FALSE(view.accuse(2, Status::suspect, {3}));
    EXPECT_FALSE(view.accuse(2, Status::dead, {3}));
    EXPECT_EQ(view.status(2), Status::alive);
    EXPECT_EQ(view.membership.counters().dropped_unreliable, 2U);
    EXPECT_TRUE(view.accuse(2, Status::dead, {3, 4})) << "with a reliable one it counts";
    EXPECT_EQ(view.status(2), Status::dead);
}

TEST(Unreliable, its_vote_confirms_the_suspicion_of_another) {
    View view(20);
    refute_lone_accusations(view, 4);
    EXPECT_TRUE(view.accuse(2, Status::suspect, {4}));
    EXPECT_TRUE(view.accuse(2, Status::suspect, {3}));
    EXPECT_EQ(view.voters_told(2), (Voters{4, 3}));
}

TEST(Unreliable, two_of_them_are_no_quorum) {
    View view(20);
    refute_lone_accusations(view, 4, 3);
    for (std::uint64_t victim = 10; victim < 14; ++victim) {
        view.accuse(victim, Status::suspect, {4}, 6);
        view.membership.handle_record(view.now, kNobody, record_of(MemberId(victim), 7));
    }
    EXPECT_FALSE(view.accuse(2, Status::dead, {3, 4}));
    EXPECT_EQ(view.status(2), Status::alive);
}

TEST(Unreliable, a_refuted_accusation_that_others_shared_is_held_against_nobody) {
    View view(20);
    for (std::uint64_t victim = 10; victim < 16; ++victim) {
        view.accuse(victim, Status::suspect, {3, 4});
        view.membership.handle_record(view.now, kNobody, record_of(MemberId(victim), 6));
    }
    EXPECT_TRUE(view.accuse(2, Status::suspect, {3}));
}

TEST(Unreliable, a_restart_is_no_refutation) {
    View view(20);
    for (std::uint64_t victim = 10; victim < 16; ++victim) {
        view.accuse(victim, Status::suspect, {3});
        view.membership.handle_record(view.now, kNobody, record_of(MemberId(victim), 6, 99));
    }
    EXPECT_TRUE(view.accuse(2, Status::suspect, {3})) << "they had been down indeed";
    EXPECT_FALSE(view.membership.is_flapping(view.now, MemberId(10)));
}

TEST(Unreliable, we_hold_ourselves_to_the_same) {
    View view(20);
    for (std::uint64_t victim = 10; victim < 14; ++victim) {
        view.membership.missed(view.now, MemberId(victim));
        view.membership.handle_record(view.now, kNobody, record_of(MemberId(victim), 6));
    }
    view.membership.missed(view.now, MemberId(2));
    EXPECT_EQ(view.status(2), Status::alive);
    EXPECT_TRUE(view.accuse(2, Status::suspect, {3}));
    view.membership.missed(view.now, MemberId(2));
    EXPECT_EQ(view.voters_told(2), (Voters{3, 1}));
}

/// Taken for dead and back in the same life, so often.
std::uint32_t come_back(View& view, std::uint64_t member, int times, std::uint32_t incarnation) {
    for (; times > 0; --times) {
        view.accuse(member, Status::dead, {3, 4}, incarnation);
        view.membership.handle_record(view.now, kNobody,
                                      record_of(MemberId(member), ++incarnation));
    }
    return incarnation;
}

TEST(Flapping, who_keeps_coming_back_is_suspected_for_longer_and_not_declared_dead_at_once) {
    View view(20);
    const Incarnation incarnation(come_back(view, 2, 2, 5));
    EXPECT_TRUE(view.membership.is_flapping(view.now, MemberId(2)));
    view.membership.declared(view.now, MemberId(2), incarnation, votes_of({3, 4, 5}));
    EXPECT_EQ(view.status(2), Status::suspect);
    EXPECT_EQ(view.voters_told(2), (Voters{4, 5, 1}));
    // Four accusers: it would be alpha log10(20) T = 5.2 s.
    EXPECT_EQ(view.membership.deadline(), view.now + Flaps::kFirstHold);
}

// Who hears little answers late or not at all; it does not refuse.
TEST(Flapping, whose_host_says_that_nobody_listens_is_dead_at_once) {
    View view(20);
    const Incarnation incarnation(come_back(view, 2, 4, 5));
    auto votes = votes_of({3});
    votes.front().is_refused = true;
    view.membership.declared(view.now, MemberId(2), incarnation, votes);
    EXPECT_EQ(view.status(2), Status::dead);
}

TEST(Flapping, a_refusal_that_nobody_confirms_is_no_death) {
    View view(20);
    const Incarnation incarnation(come_back(view, 2, 4, 5));
    auto votes = votes_of({4711});
    votes.front().is_refused = true;
    view.membership.declared(view.now, MemberId(2), incarnation, votes);
    EXPECT_EQ(view.status(2), Status::suspect) << "nobody knows that voter";
}

TEST(Flapping, a_restart_begins_anew) {
    View view(20);
    const std::uint32_t incarnation = come_back(view, 2, 2, 5);
    EXPECT_TRUE(view.membership.is_flapping(view.now, MemberId(2)));
    view.membership.handle_record(view.now, kNobody, record_of(MemberId(2), incarnation + 1, 99));
    EXPECT_FALSE(view.membership.is_flapping(view.now, MemberId(2)));
    view.accuse(2, Status::suspect, {3}, incarnation + 1);
    view.membership.handle_record(view.now, kNobody, record_of(MemberId(2), incarnation + 2, 99));
    EXPECT_FALSE(view.membership.is_flapping(view.now, MemberId(2))) << "its first in this life";
}

// The suspicion of the new life arrives before its record does.
TEST(Flapping, a_restart_that_was_suspected_before_it_was_known_begins_anew) {
    View view(20);
    const std::uint32_t incarnation = come_back(view, 2, 2, 5);
    view.accuse(2, Status::suspect, {3}, incarnation + 1);
    view.membership.handle_record(view.now, kNobody, record_of(MemberId(2), incarnation + 1, 99));
    EXPECT_EQ(view.status(2), Status::suspect);
    EXPECT_FALSE(view.membership.is_flapping(view.now, MemberId(2)));
}

TEST(Flapping, one_return_after_a_healed_partition_costs_nothing) {
    View view(20);
    view.accuse(2, Status::dead, {3, 4});
    view.membership.handle_record(view.now, kNobody, record_of(MemberId(2), 6));
    view.membership.declared(view.now, MemberId(2), Incarnation(6), votes_of({3}));
    EXPECT_EQ(view.status(2), Status::dead);
}

// -- Verdicts of observers -----------------------------------------------------------------------

TEST(Declared, a_quorum_of_observers_is_a_death_at_once) {
    View view;
    view.membership.declared(view.now, MemberId(2), Incarnation(5), votes_of({3}));
    EXPECT_EQ(view.status(2), Status::dead);
    EXPECT_EQ(view.voters_told(2), (Voters{1, 3}));
    const auto changes = only<Membership::Change>(drain(view.membership));
    ASSERT_EQ(changes.size(), 1U) << "never suspected";
    EXPECT_EQ(changes[0].change.kind, Kind::died);
    EXPECT_EQ(view.membership.counters().deaths, 1U);
}

TEST(Declared, a_verdict_that_only_we_share_is_a_suspicion) {
    View view;
    view.membership.declared(view.now, MemberId(2), Incarnation(5), {});
    EXPECT_EQ(view.status(2), Status::suspect);
    view.membership.declared(view.now, MemberId(4), Incarnation(5), votes_of({4711, 4, 1}));
    EXPECT_EQ(view.status(4), Status::suspect);
}

TEST(Declared, who_has_spoken_up_since_is_left_alone) {
    View view;
    view.membership.handle_record(view.now, MemberId(2), record_of(MemberId(2), 6));
    drain(view.membership);
    view.membership.declared(view.now, MemberId(2), Incarnation(5), votes_of({3, 4}));
    view.membership.declared(view.now, kSelf, Incarnation(5), votes_of({3, 4}));
    view.membership.declared(view.now, MemberId(77), Incarnation(5), votes_of({3, 4}));
    EXPECT_TRUE(drain(view.membership).empty());
    EXPECT_EQ(view.status(2), Status::alive);
}

TEST(Declared, a_suspect_that_observers_find_silent_is_dead) {
    View view;
    view.accuse(2, Status::suspect, {6});
    view.membership.declared(view.now, MemberId(2), Incarnation(5), votes_of({3}));
    EXPECT_EQ(view.status(2), Status::dead);
    EXPECT_EQ(view.membership.deadline(), view.now + ProtocolConfig{}.certificate_life);
}

}  // namespace
}  // namespace grapevine::protocol
