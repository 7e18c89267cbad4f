#include "protocol/membership/membership.hpp"

#include <algorithm>
#include <gtest/gtest.h>
#include <set>

#include "base/limits.hpp"
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

/// As far as the rule asks for: a suspicion with the vote of the accuser, a death with that of 5,
/// too.
wire::Accusation accusation_of(std::uint64_t member, std::uint32_t incarnation, Status status,
                               std::uint64_t accuser = 3) {
    auto votes = votes_of({accuser});
    if (status == Status::dead) votes.push_back(wire::Vote{MemberId(5)});
    return {MemberId(member), Incarnation(incarnation), status, MemberId(accuser), votes};
}

/// Member 1 with peers 2 .. count, everything drained.
struct View {
    Membership membership;
    Instant now{};

    explicit View(std::uint32_t count = 8, ProtocolConfig config = {})
        : membership(record_of(kSelf, 5), config) {
        for (std::uint32_t id = 2; id <= count; ++id) {
            membership.handle_record(now, kNobody, record_of(MemberId(id), 5));
        }
        drain(membership);
        now += 1s;
    }
    ~View() { membership.check_invariants(); }
    View(const View&) = delete;
    View& operator=(const View&) = delete;

    bool record(std::uint64_t from, const wire::SharedRecord& record) {
        const bool was_news = membership.handle_record(now, MemberId(from), record);
        membership.check_invariants();
        return was_news;
    }
    bool accuse(std::uint64_t from, const wire::Accusation& accusation) {
        const bool was_news = membership.handle_accusation(now, MemberId(from), accusation);
        membership.check_invariants();
        return was_news;
    }
    std::vector<Kind> changes() {
        std::vector<Kind> kinds;
        for (const auto& change : only<Membership::Change>(drain(membership))) {
            kinds.push_back(change.change.kind);
        }
        return kinds;
    }
    Status status(std::uint64_t member) { return membership.find(MemberId(member))->status; }
    void kill(std::uint64_t member, std::uint32_t incarnation = 5) {
        const auto votes = votes_of({member == 3 ? 4U : 3U, member == 5 ? 6U : 5U});
        accuse(3, {MemberId(member), Incarnation(incarnation), Status::dead, MemberId(3), votes});
        drain(membership);
    }
};

using Kinds = std::vector<Kind>;

// -- Merging -------------------------------------------------------------------------------------

TEST(Membership, a_new_record_is_a_new_member_and_news) {
    View view;
    EXPECT_TRUE(view.record(2, record_of(MemberId(50), 1)));
    const auto actions = drain(view.membership);
    ASSERT_EQ(actions.size(), 2U);
    EXPECT_EQ(std::get<Membership::Change>(actions[0]).change.kind, Kind::joined);
    EXPECT_EQ(std::get<Membership::Spread>(actions[1]).member, MemberId(50));
    EXPECT_FALSE(view.record(3, record_of(MemberId(50), 1)));
    EXPECT_TRUE(drain(view.membership).empty());
}

TEST(Membership, a_higher_incarnation_wins_and_a_lower_one_is_told_the_newer) {
    View view;
    EXPECT_TRUE(view.record(3, record_of(MemberId(2), 6)));
    EXPECT_EQ(view.changes(), Kinds{Kind::updated});
    EXPECT_FALSE(view.record(3, record_of(MemberId(2), 5)));
    const auto told = only<Membership::Tell>(drain(view.membership));
    ASSERT_EQ(told.size(), 1U);
    EXPECT_EQ(told[0].to, MemberId(3));
    EXPECT_EQ(told[0].member, MemberId(2));
    EXPECT_EQ(view.membership.counters().dropped_old, 1U);
}

TEST(Membership, at_one_incarnation_the_worse_status_wins) {
    View view;
    EXPECT_TRUE(view.accuse(3, accusation_of(2, 5, Status::suspect)));
    EXPECT_FALSE(view.record(2, record_of(MemberId(2), 5)));
    EXPECT_EQ(view.status(2), Status::suspect);
    EXPECT_TRUE(view.accuse(3, accusation_of(2, 5, Status::dead)));
    EXPECT_FALSE(view.accuse(3, accusation_of(2, 5, Status::suspect)));
    EXPECT_EQ(view.status(2), Status::dead);
    EXPECT_TRUE(view.record(2, record_of(MemberId(2), 5, 1, true)));
    EXPECT_EQ(view.status(2), Status::left);
    EXPECT_FALSE(view.accuse(3, accusation_of(2, 5, Status::dead)));
    EXPECT_EQ(view.changes(), (Kinds{Kind::suspected, Kind::died, Kind::left}));
}

TEST(Membership, a_suspicion_is_cleared_by_the_next_incarnation) {
    View view;
    view.accuse(3, accusation_of(2, 5, Status::suspect));
    EXPECT_NE(view.membership.deadline(), kNever);
    EXPECT_TRUE(view.record(2, record_of(MemberId(2), 6)));
    EXPECT_EQ(view.changes(), (Kinds{Kind::suspected, Kind::cleared}));
    EXPECT_EQ(view.membership.deadline(), kNever);
}

TEST(Membership, the_dead_return_with_a_higher_incarnation_only) {
    View view;
    view.kill(2);
    EXPECT_FALSE(view.record(2, record_of(MemberId(2), 5)));
    // It is told, so that it can refute.
    const auto told = only<Membership::Tell>(drain(view.membership));
    ASSERT_EQ(told.size(), 1U);
    EXPECT_EQ(told[0].to, MemberId(2));
    EXPECT_TRUE(view.record(4, record_of(MemberId(2), 6)));
    EXPECT_EQ(view.changes(), Kinds{Kind::returned});
}

TEST(Membership, a_restarted_member_takes_over_at_once) {
    View view;
    EXPECT_TRUE(view.record(2, record_of(MemberId(2), 6, 99)));
    EXPECT_EQ(view.changes(), Kinds{Kind::updated});
    EXPECT_EQ(view.membership.find(MemberId(2))->record->boot, Boot(99));
}

TEST(Membership, two_lives_at_one_incarnation_are_decided_alike_in_either_order) {
    View first;
    View second;
    const auto one = record_of(MemberId(9), 7, 10);
    const auto other = record_of(MemberId(9), 7, 20);
    first.record(2, one);
    first.record(2, other);
    second.record(2, other);
    second.record(2, one);
    EXPECT_EQ(first.membership.find(MemberId(9))->record, other);
    EXPECT_EQ(second.membership.find(MemberId(9))->record, other);
}

TEST(Membership, an_accusation_of_a_stranger_is_dropped_and_counted) {
    View view;
    EXPECT_FALSE(view.accuse(2, accusation_of(77, 5, Status::dead)));
    EXPECT_TRUE(drain(view.membership).empty());
    EXPECT_EQ(view.membership.counters().dropped_unknown, 1U);
}

TEST(Membership, an_accusation_far_ahead_of_the_record_is_forged) {
    View view;
    const std::uint32_t highest = 5 + kIncarnationLeadMax;
    EXPECT_FALSE(view.accuse(2, accusation_of(4, highest + 1, Status::dead)));
    EXPECT_FALSE(view.accuse(2, accusation_of(1, UINT32_MAX, Status::dead)));
    EXPECT_EQ(view.membership.counters().dropped_forged, 2U);
    EXPECT_TRUE(view.accuse(2, accusation_of(4, highest, Status::dead)));
}

TEST(Membership, a_newcomer_may_arrive_as_one_that_has_left) {
    View view;
    EXPECT_TRUE(view.record(2, record_of(MemberId(50), 3, 1, true)));
    EXPECT_EQ(view.changes(), Kinds{Kind::left});
    EXPECT_FALSE(view.record(2, record_of(MemberId(50), 3)));
    EXPECT_EQ(view.status(50), Status::left);
    EXPECT_EQ(view.membership.peer_count(), 7U);
}

TEST(Membership, the_table_is_bounded_and_refuses_the_newest) {
    Membership membership(record_of(kSelf, 1), {});
    for (std::uint64_t id = 2; id <= kMembersMax; ++id) {
        ASSERT_TRUE(membership.handle_record(Instant{}, kNobody, record_of(MemberId(id), 1)));
        drain(membership);
    }
    EXPECT_FALSE(membership.handle_record(Instant{}, kNobody, record_of(MemberId(900'000), 1)));
    EXPECT_EQ(membership.counters().dropped_full, 1U);
    EXPECT_EQ(membership.member_count(), kMembersMax);
    EXPECT_TRUE(membership.handle_record(Instant{}, kNobody, record_of(MemberId(2), 2)))
        << "those inside still change";
    membership.check_invariants();
}

// -- Ourselves -----------------------------------------------------------------------------------

TEST(Membership, an_accusation_is_refuted_on_disk_first_and_then_to_the_accuser) {
    View view;
    EXPECT_TRUE(view.accuse(2, accusation_of(1, 5, Status::suspect, 3)));
    const auto actions = drain(view.membership);
    ASSERT_EQ(actions.size(), 6U);
    EXPECT_EQ(std::get<Membership::Persist>(actions[0]).incarnation, Incarnation(6));
    EXPECT_EQ(std::get<Membership::Change>(actions[1]).change.kind, Kind::updated);
    EXPECT_EQ(std::get<Membership::Spread>(actions[2]).member, kSelf);
    EXPECT_TRUE(std::holds_alternative<Membership::SelfRefuted>(actions[3]));
    EXPECT_EQ(std::get<Membership::Tell>(actions[4]).to, MemberId(2));
    EXPECT_EQ(std::get<Membership::Tell>(actions[5]).to, MemberId(3));
    EXPECT_EQ(view.membership.self_record()->incarnation, Incarnation(6));
}

TEST(Membership, a_death_of_ours_in_a_later_life_is_refuted_above_it) {
    View view;
    EXPECT_TRUE(view.accuse(2, accusation_of(1, 40, Status::dead)));
    EXPECT_EQ(view.membership.self_record()->incarnation, Incarnation(41));
}

TEST(Membership, an_old_accusation_of_ours_is_answered_with_our_record) {
    View view;
    EXPECT_FALSE(view.accuse(2, accusation_of(1, 4, Status::dead)));
    const auto actions = drain(view.membership);
    ASSERT_EQ(actions.size(), 1U);
    EXPECT_EQ(std::get<Membership::Tell>(actions[0]).member, kSelf);
    EXPECT_EQ(view.membership.counters().refutations, 0U);
}

TEST(Membership, our_own_record_coming_back_is_nothing_and_an_unknown_one_is_outranked) {
    View view;
    EXPECT_FALSE(view.record(2, record_of(kSelf, 5)));
    EXPECT_TRUE(drain(view.membership).empty());
    EXPECT_TRUE(view.record(2, record_of(kSelf, 5, 77)));
    EXPECT_EQ(view.membership.self_record()->incarnation, Incarnation(6));
    EXPECT_TRUE(view.record(2, record_of(kSelf, 9, 1, true)));
    EXPECT_EQ(view.membership.self_record()->incarnation, Incarnation(10));
    EXPECT_TRUE(only<Membership::SelfRefuted>(drain(view.membership)).empty())
        << "a second life says nothing about our health";
}

TEST(Membership, after_leaving_nothing_is_refuted) {
    View view;
    view.membership.leave(view.now);
    const auto actions = drain(view.membership);
    ASSERT_EQ(actions.size(), 2U);
    EXPECT_EQ(std::get<Membership::Change>(actions[0]).change.kind, Kind::left);
    EXPECT_TRUE(view.membership.self_record()->leaving);
    EXPECT_FALSE(view.accuse(2, accusation_of(1, 9, Status::dead)));
    view.membership.change_self(view.now, {});
    EXPECT_TRUE(drain(view.membership).empty());
    EXPECT_EQ(view.membership.alive_count(), 7U);
}

TEST(Membership, a_change_of_ours_raises_the_incarnation_and_keeps_who_we_are) {
    View view;
    wire::MemberRecord next;
    next.member = MemberId(999);
    next.name = "renamed";
    view.membership.change_self(view.now, next);
    const auto& own = *view.membership.self_record();
    EXPECT_EQ(own.name, "renamed");
    EXPECT_EQ(own.member, kSelf);
    EXPECT_EQ(own.boot, Boot(1));
    EXPECT_EQ(own.incarnation, Incarnation(6));
    EXPECT_TRUE(std::holds_alternative<Membership::Persist>(drain(view.membership).front()));
}

// -- Suspicion, last chance, death ---------------------------------------------------------------

TEST(Membership, a_missed_member_is_suspected_told_and_spread) {
    View view;
    view.membership.missed(view.now, MemberId(2));
    const auto actions = drain(view.membership);
    ASSERT_EQ(actions.size(), 3U);
    EXPECT_EQ(std::get<Membership::Change>(actions[0]).change.kind, Kind::suspected);
    EXPECT_EQ(std::get<Membership::Spread>(actions[1]).member, MemberId(2));
    EXPECT_EQ(std::get<Membership::Tell>(actions[2]).to, MemberId(2));
    EXPECT_EQ(std::get<wire::Accusation>(*view.membership.item_for(MemberId(2))),
              accusation_of(2, 5, Status::suspect, 1));
}

TEST(Membership, death_comes_after_timer_and_last_chance_and_not_before) {
    View view;
    view.membership.missed(view.now, MemberId(2));
    drain(view.membership);
    const Instant due = view.membership.deadline();
    // alpha = 4, beta = 6, T = 1 s, below ten members.
    EXPECT_EQ(due, view.now + 24s);
    view.membership.advance(due - 1ns);
    EXPECT_TRUE(drain(view.membership).empty());
    view.membership.advance(due);
    const auto actions = drain(view.membership);
    ASSERT_EQ(actions.size(), 1U);
    EXPECT_EQ(std::get<Membership::Confirm>(actions[0]).member, MemberId(2));
    EXPECT_EQ(view.membership.deadline(), kNever);
    view.membership.confirmed(due + 1s, MemberId(2), false);
    EXPECT_EQ(view.changes(), Kinds{Kind::died});
    EXPECT_EQ(view.membership.counters().deaths, 1U);
}

TEST(Membership, who_answers_its_last_chance_stays_suspect_and_is_told_again) {
    View view;
    view.membership.missed(view.now, MemberId(2));
    view.membership.advance(view.now + 24s);
    drain(view.membership);
    view.membership.confirmed(view.now + 25s, MemberId(2), true);
    const auto actions = drain(view.membership);
    ASSERT_EQ(actions.size(), 1U);
    EXPECT_EQ(std::get<Membership::Tell>(actions[0]).to, MemberId(2));
    EXPECT_EQ(view.status(2), Status::suspect);
    EXPECT_EQ(view.membership.deadline(), view.now + 25s + 24s);
    EXPECT_EQ(view.membership.counters().last_chances_saved, 1U);
}

TEST(Membership, without_last_chances_the_timer_kills) {
    ProtocolConfig config;
    config.last_chance_probe = false;
    View view(8, config);
    view.membership.missed(view.now, MemberId(2));
    view.membership.advance(view.now + 24s);
    EXPECT_EQ(view.changes(), (Kinds{Kind::suspected, Kind::died}));
}

TEST(Membership, a_verdict_that_comes_after_the_refutation_is_ignored) {
    View view;
    view.membership.missed(view.now, MemberId(2));
    view.membership.advance(view.now + 24s);
    view.record(2, record_of(MemberId(2), 6));
    drain(view.membership);
    view.membership.confirmed(view.now + 25s, MemberId(2), false);
    EXPECT_TRUE(drain(view.membership).empty());
    EXPECT_EQ(view.status(2), Status::alive);
}

TEST(Membership, a_suspect_that_speaks_is_told_once_per_period) {
    View view;
    view.membership.heard_from(view.now, MemberId(2));
    EXPECT_TRUE(drain(view.membership).empty()) << "the living need not be told";
    view.kill(2);
    for (int packet = 0; packet < 100; ++packet) {
        view.membership.heard_from(view.now + 1ms * packet, MemberId(2));
    }
    EXPECT_EQ(only<Membership::Tell>(drain(view.membership)).size(), 1U);
    view.membership.heard_from(view.now + 1s, MemberId(2));
    EXPECT_EQ(only<Membership::Tell>(drain(view.membership)).size(), 1U);
}

// -- Certificates --------------------------------------------------------------------------------

TEST(Membership, the_dead_are_remembered_for_their_certificates_life) {
    View view;
    view.kill(2);
    const Duration life = ProtocolConfig{}.certificate_life;
    EXPECT_EQ(view.membership.deadline(), view.now + life);
    view.membership.advance(view.now + life - 1ns);
    EXPECT_NE(view.membership.find(MemberId(2)), nullptr);
    view.membership.advance(view.now + life);
    EXPECT_EQ(view.membership.find(MemberId(2)), nullptr);
    EXPECT_EQ(view.changes(), Kinds{Kind::forgotten});
}

TEST(Membership, nothing_old_brings_back_who_was_forgotten) {
    View view;
    EXPECT_FALSE(view.membership.forget(view.now, MemberId(2))) << "alive";
    EXPECT_FALSE(view.membership.forget(view.now, MemberId(77))) << "unknown";
    EXPECT_FALSE(view.membership.forget(view.now, kSelf));
    view.kill(2, 7);
    EXPECT_TRUE(view.membership.forget(view.now, MemberId(2)));
    drain(view.membership);
    EXPECT_EQ(view.membership.forgotten_at(MemberId(2)), Incarnation(7));
    EXPECT_FALSE(view.record(3, record_of(MemberId(2), 5)));
    EXPECT_FALSE(view.record(3, record_of(MemberId(2), 7)));
    EXPECT_FALSE(view.accuse(3, accusation_of(2, 7, Status::dead)));
    EXPECT_TRUE(drain(view.membership).empty());
    EXPECT_TRUE(view.record(3, record_of(MemberId(2), 8)));
    EXPECT_EQ(view.changes(), Kinds{Kind::joined});
    EXPECT_EQ(view.membership.forgotten_at(MemberId(2)), std::nullopt);
}

TEST(Membership, who_was_forgotten_and_speaks_is_told_that_it_is_dead) {
    View view;
    view.kill(2, 7);
    view.membership.forget(view.now, MemberId(2));
    drain(view.membership);
    for (int packet = 0; packet < 100; ++packet) view.membership.heard_from(view.now, MemberId(2));
    EXPECT_EQ(only<Membership::Tell>(drain(view.membership)).size(), 1U);
    EXPECT_EQ(std::get<wire::Accusation>(*view.membership.item_for(MemberId(2))),
              (wire::Accusation{MemberId(2), Incarnation(7), Status::dead, kSelf}))
        << "told to nobody but itself, so it needs no evidence";
}

TEST(Membership, a_floor_ends_with_its_own_life) {
    View view;
    view.kill(2);
    view.membership.forget(view.now, MemberId(2));
    view.membership.advance(view.now + ProtocolConfig{}.certificate_life);
    drain(view.membership);
    EXPECT_EQ(view.membership.deadline(), kNever);
    EXPECT_TRUE(view.record(3, record_of(MemberId(2), 5)));
}

// -- Questions -----------------------------------------------------------------------------------

TEST(Membership, picking_is_uniform_distinct_and_leaves_out_whom_it_is_told_to) {
    View view(40);
    for (std::uint64_t id = 30; id <= 40; ++id) view.kill(id);
    Random random(1);
    std::map<MemberId, int> picked;
    for (int round = 0; round < 9000; ++round) {
        const auto peers = view.membership.pick(random, 3, MemberId(5));
        EXPECT_EQ(std::set<MemberId>(peers.begin(), peers.end()).size(), 3U);
        for (const MemberId peer : peers) ++picked[peer];
    }
    // 28 peers are left, one of them excepted.
    EXPECT_EQ(picked.size(), 27U);
    EXPECT_FALSE(picked.contains(MemberId(5)));
    for (const auto& [peer, count] : picked) EXPECT_NEAR(count, 1000, 150) << peer.value();
    EXPECT_EQ(view.membership.pick(random, 100).size(), 28U);
}

TEST(Membership, one_of_the_dead_is_picked_and_never_one_that_left) {
    View view;
    Random random(1);
    EXPECT_EQ(view.membership.pick_dead(random), std::nullopt);
    view.record(2, record_of(MemberId(2), 5, 1, true));
    EXPECT_EQ(view.membership.pick_dead(random), std::nullopt);
    view.kill(3);
    view.kill(4);
    std::set<MemberId> picked;
    for (int round = 0; round < 50; ++round) picked.insert(*view.membership.pick_dead(random));
    EXPECT_EQ(picked, (std::set<MemberId>{MemberId(3), MemberId(4)}));
    drain(view.membership);
}

TEST(Membership, what_is_told_of_a_member_is_its_record_or_an_accusation) {
    View view;
    EXPECT_EQ(view.membership.item_for(MemberId(77)), std::nullopt);
    EXPECT_TRUE(std::holds_alternative<wire::SharedRecord>(*view.membership.item_for(MemberId(2))));
    view.kill(2);
    EXPECT_EQ(
        std::get<wire::Accusation>(*view.membership.item_for(MemberId(2))),
        (wire::Accusation{MemberId(2), Incarnation(5), Status::dead, kSelf, votes_of({3, 5})}));
}

TEST(Membership, members_are_visited_by_id) {
    View view(30);
    std::vector<MemberId> seen;
    view.membership.for_each([&](const Member& member) { seen.push_back(member.record->member); });
    EXPECT_EQ(seen.size(), 30U);
    EXPECT_TRUE(std::ranges::is_sorted(seen));
}

}  // namespace
}  // namespace grapevine::protocol
