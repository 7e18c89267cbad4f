#include "protocol/rumor/mongering.hpp"

#include <algorithm>
#include <gtest/gtest.h>
#include <memory>
#include <set>

#include "base/limits.hpp"
#include "protocol/rumor/event_network.hpp"
#include "protocol/testing.hpp"

namespace grapevine::protocol {
namespace {

using namespace std::chrono_literals;
using testing::drain;
using testing::only;
using Direction = MongeringConfig::Direction;
using Actions = std::vector<Spreader::Action>;

const wire::StreamId kStream{MemberId{77}, Epoch{1}};

EventKey event(std::uint64_t sequence) {
    return {kStream, EventSequence{sequence}};
}

std::vector<wire::EventPull> pulls_in(const Actions& actions) {
    std::vector<wire::EventPull> pulls;
    for (const auto& tell : only<Spreader::Tell>(actions)) {
        if (const auto* pull = std::get_if<wire::EventPull>(&tell.section)) pulls.push_back(*pull);
    }
    return pulls;
}

std::vector<wire::EventFeedback> answers_in(const Actions& actions) {
    std::vector<wire::EventFeedback> answers;
    for (const auto& tell : only<Spreader::Tell>(actions)) {
        if (const auto* answer = std::get_if<wire::EventFeedback>(&tell.section)) {
            answers.push_back(*answer);
        }
    }
    return answers;
}

/// One machine among `peer_count` peers, whose parts the test plays. Rounds are two intervals
/// apart, so that jitter does not matter.
class MongeringTest : public ::testing::Test {
protected:
    MongeringConfig config;

    Mongering& make(std::size_t peer_count = 100) {
        std::vector<MemberId> peers;
        for (std::size_t id = 1; id <= peer_count; ++id) peers.emplace_back(id);
        peers_.set(std::move(peers));
        machine_ = std::make_unique<Mongering>(config, peers_, 1);
        return *machine_;
    }
    Actions drained() {
        Actions actions = drain(*machine_);
        machine_->check_invariants();
        return actions;
    }
    Actions add(std::uint64_t sequence, MemberId from = kNobody) {
        machine_->added(now, {event(sequence), from});
        return drained();
    }
    Actions again(std::uint64_t sequence, MemberId from) {
        machine_->duplicate(now, {event(sequence), from});
        return drained();
    }
    Actions next_round() {
        now += 2 * config.interval;
        machine_->advance(now);
        return drained();
    }
    Actions wake() {
        now = machine_->deadline();
        machine_->advance(now);
        return drained();
    }
    Actions hear(MemberId from, const wire::Section& section) {
        machine_->handle(now, from, section);
        return drained();
    }
    void answer(MemberId from, std::uint64_t sequence, bool was_known,
                std::uint8_t counter = MongeringRules::kIndifferent) {
        hear(from, wire::EventFeedback{{{kStream, EventSequence{sequence}, was_known, counter}}});
    }
    /// Everybody who was pushed to in `actions` answers.
    void answer_all(const Actions& actions, bool was_known) {
        for (const auto& push : only<Spreader::Push>(actions)) {
            answer(push.to, push.event.sequence.value(), was_known);
        }
    }

    Instant now{1s};

private:
    test::FixedPeers peers_;
    std::unique_ptr<Mongering> machine_;
};

TEST_F(MongeringTest, what_finds_us_idle_is_told_at_once_to_distinct_partners) {
    Mongering& machine = make();
    EXPECT_TRUE(add(1).empty());
    ASSERT_EQ(machine.deadline(), now);
    machine.advance(now);
    std::set<MemberId> partners;
    for (const auto& push : only<Spreader::Push>(drained())) {
        EXPECT_EQ(push.event, event(1));
        partners.insert(push.to);
    }
    EXPECT_EQ(partners.size(), config.fanout);
}

TEST_F(MongeringTest, what_comes_between_rounds_waits_for_the_next) {
    Mongering& machine = make();
    add(1);
    machine.advance(now);
    drained();
    now += 10ms;
    add(2);
    EXPECT_GE(machine.deadline(), now - 10ms + config.interval * 9 / 10);
    EXPECT_LE(machine.deadline(), now - 10ms + config.interval * 11 / 10);
    machine.advance(now);
    EXPECT_TRUE(drained().empty());
    EXPECT_EQ(only<Spreader::Push>(wake()).size(), 2U * config.fanout);
}

TEST_F(MongeringTest, partners_are_pushed_to_and_asked) {
    make();
    add(1);
    EXPECT_EQ(pulls_in(next_round()).size(), config.fanout);
}

TEST_F(MongeringTest, who_only_pushes_asks_nobody) {
    config.direction = Direction::push;
    make();
    add(1);
    const Actions actions = next_round();
    EXPECT_EQ(only<Spreader::Push>(actions).size(), config.fanout);
    EXPECT_TRUE(pulls_in(actions).empty());
}

TEST_F(MongeringTest, who_only_pulls_tells_nobody_unasked) {
    config.direction = Direction::pull;
    make();
    add(1);
    const Actions actions = next_round();
    EXPECT_TRUE(only<Spreader::Push>(actions).empty());
    EXPECT_EQ(pulls_in(actions).size(), config.fanout);
}

TEST_F(MongeringTest, who_only_pulls_asks_for_ever_and_others_fall_silent) {
    config.direction = Direction::pull;
    EXPECT_NE(make().deadline(), kNever);
    for (int round = 0; round < 20; ++round) EXPECT_EQ(pulls_in(wake()).size(), config.fanout);
    config.direction = Direction::push_pull;
    EXPECT_EQ(make().deadline(), kNever);
}

TEST_F(MongeringTest, interest_is_lost_after_k_useless_contacts_in_a_row) {
    config.fanout = 1;
    Mongering& machine = make();
    add(1);
    for (int count = 1; count < config.k; ++count) answer_all(next_round(), true);
    EXPECT_TRUE(machine.is_hot(event(1)));
    answer_all(next_round(), false);
    for (int count = 1; count < config.k; ++count) answer_all(next_round(), true);
    EXPECT_TRUE(machine.is_hot(event(1)));
    answer_all(next_round(), true);
    EXPECT_FALSE(machine.is_hot(event(1)));
    EXPECT_EQ(machine.deadline(), kNever);
}

TEST_F(MongeringTest, the_blind_send_k_copies_and_ask_for_no_answer) {
    config.fanout = 1;
    config.has_feedback = false;
    config.k = 4;
    Mongering& machine = make();
    EXPECT_TRUE(answers_in(add(1, MemberId{5})).empty());
    for (int count = 0; count < 4; ++count) {
        EXPECT_TRUE(machine.is_hot(event(1)));
        EXPECT_EQ(only<Spreader::Push>(next_round()).size(), 1U);
    }
    EXPECT_FALSE(machine.is_hot(event(1)));
    again(1, MemberId{6});
    EXPECT_EQ(machine.deadline(), kNever);
}

TEST_F(MongeringTest, by_coin_a_useless_contact_ends_it_once_in_k) {
    config.fanout = 1;
    config.has_counter = false;
    config.k = 4;
    Mongering& machine = make();
    int useless = 0;
    for (std::uint64_t sequence = 1; sequence <= 1000; ++sequence) {
        add(sequence);
        while (machine.is_hot(event(sequence))) {
            const Actions actions = next_round();
            useless += static_cast<int>(only<Spreader::Push>(actions).size());
            answer_all(actions, true);
        }
    }
    EXPECT_NEAR(useless / 1000.0, 4, 0.5);
}

TEST_F(MongeringTest, with_equal_counters_both_count_and_else_the_smaller) {
    config.fanout = 1;
    config.k = 2;
    Mongering& machine = make();
    add(1);
    answer_all(next_round(), true);  // Our counter is 1.
    const auto pushes = only<Spreader::Push>(next_round());
    ASSERT_EQ(pushes.size(), 1U);
    answer(pushes[0].to, 1, true, 0);
    EXPECT_TRUE(machine.is_hot(event(1)));
    const auto more = only<Spreader::Push>(next_round());
    ASSERT_EQ(more.size(), 1U);
    answer(more[0].to, 1, true, 1);
    EXPECT_FALSE(machine.is_hot(event(1)));
}

TEST_F(MongeringTest, silence_counts_for_nothing_up_to_a_ceiling) {
    config.fanout = 1;
    Mongering& machine = make();
    add(1);
    for (int round = 0; round < 20; ++round) next_round();
    EXPECT_TRUE(machine.is_hot(event(1)));
    // 4 (k + bits of 100)
    for (int round = 20; round < 41; ++round) next_round();
    EXPECT_FALSE(machine.is_hot(event(1)));
    EXPECT_EQ(machine.counters().removed_unheard, 1U);
}

TEST_F(MongeringTest, a_receiver_says_whether_it_knew_for_an_interval) {
    make();
    add(1, MemberId{5});
    auto answers = answers_in(wake());
    EXPECT_TRUE(answers.empty());  // The first wake tells it on.
    now += config.interval / 2;
    again(1, MemberId{6});
    now += config.interval;
    again(1, MemberId{7});
    answers = answers_in(wake());
    ASSERT_EQ(answers.size(), 3U);
    EXPECT_FALSE(answers[0].items.at(0).was_known);
    EXPECT_FALSE(answers[1].items.at(0).was_known);
    EXPECT_TRUE(answers[2].items.at(0).was_known);
}

TEST_F(MongeringTest, who_has_lost_interest_says_that_it_knew_and_does_not_care) {
    make();
    again(1, MemberId{6});
    const auto answers = answers_in(wake());
    ASSERT_EQ(answers.size(), 1U);
    EXPECT_EQ(answers[0].items,
              (std::vector<wire::EventFeedback::Item>{{kStream, EventSequence{1}, true, 255}}));
}

TEST_F(MongeringTest, answers_are_gathered_up_to_their_limit) {
    make();
    std::size_t sent = 0;
    for (std::uint64_t sequence = 1; sequence <= kEventFeedbackMax + 1; ++sequence) {
        const auto answers = answers_in(again(sequence, MemberId{6}));
        sent += answers.size();
        EXPECT_EQ(sent, sequence >= kEventFeedbackMax ? 1U : 0U);
    }
    const auto rest = answers_in(wake());
    ASSERT_EQ(rest.size(), 1U);
    EXPECT_EQ(rest[0].items.size(), 1U);
}

TEST_F(MongeringTest, an_event_of_many_fragments_is_answered_once) {
    make();
    for (int fragment = 0; fragment < 5; ++fragment) again(1, MemberId{6});
    const auto answers = answers_in(wake());
    ASSERT_EQ(answers.size(), 1U);
    EXPECT_EQ(answers[0].items.size(), 1U);
}

TEST_F(MongeringTest, who_is_known_to_know_is_not_told) {
    config.fanout = 10;
    make(4);
    add(1, MemberId{3});
    for (const auto& push : only<Spreader::Push>(next_round())) EXPECT_NE(push.to, MemberId{3});
}

TEST_F(MongeringTest, when_everybody_is_known_to_know_the_talk_ends) {
    config.fanout = 10;
    Mongering& machine = make(4);
    add(1);
    const Actions actions = next_round();
    EXPECT_EQ(only<Spreader::Push>(actions).size(), 4U);
    answer_all(actions, false);
    EXPECT_FALSE(machine.is_hot(event(1)));
}

TEST_F(MongeringTest, what_was_repaired_is_not_spread) {
    Mongering& machine = make();
    machine.added(now, {event(1), MemberId{5}, 1, true, false});
    EXPECT_TRUE(drained().empty());
    EXPECT_EQ(machine.hot_count(), 0U);
    EXPECT_EQ(machine.deadline(), kNever);
}

TEST_F(MongeringTest, a_pull_is_answered_with_what_is_hot_once_a_round) {
    make();
    for (std::uint64_t sequence = 1; sequence <= 5; ++sequence) add(sequence);
    next_round();
    EXPECT_EQ(only<Spreader::Push>(hear(MemberId{500}, wire::EventPull{3})).size(), 3U);
    EXPECT_TRUE(hear(MemberId{500}, wire::EventPull{3}).empty());
    next_round();
    EXPECT_EQ(only<Spreader::Push>(hear(MemberId{500}, wire::EventPull{10})).size(), 5U);
}

TEST_F(MongeringTest, a_pull_that_was_needed_by_one_keeps_the_round_useful) {
    config.direction = Direction::pull;
    config.k = 1;
    Mongering& machine = make();
    add(1);
    next_round();
    for (std::uint64_t id = 1; id <= 3; ++id) hear(MemberId{id}, wire::EventPull{1});
    answer(MemberId{1}, 1, true);
    answer(MemberId{2}, 1, false);
    answer(MemberId{3}, 1, true);
    next_round();
    EXPECT_TRUE(machine.is_hot(event(1)));
    hear(MemberId{10}, wire::EventPull{1});
    answer(MemberId{10}, 1, true);
    EXPECT_TRUE(machine.is_hot(event(1)));
    next_round();
    EXPECT_FALSE(machine.is_hot(event(1)));
}

TEST_F(MongeringTest, so_many_pulls_are_answered_in_a_round) {
    Mongering& machine = make(1000);
    add(1);
    next_round();
    std::size_t answered = 0;
    for (std::uint64_t id = 1001; id <= 1001 + kPullsAnsweredMax; ++id) {
        answered += hear(MemberId{id}, wire::EventPull{1}).size();
    }
    EXPECT_EQ(answered, kPullsAnsweredMax);
    EXPECT_EQ(machine.counters().pulls_refused, 1U);
}

TEST_F(MongeringTest, a_partner_is_told_so_many_events_in_a_round) {
    config.fanout = 1;
    make();
    for (std::uint64_t sequence = 1; sequence <= kEventsPerContactMax + 1U; ++sequence) {
        add(sequence);
    }
    EXPECT_EQ(only<Spreader::Push>(next_round()).size(), kEventsPerContactMax);
    EXPECT_EQ(only<Spreader::Push>(hear(MemberId{500}, wire::EventPull{65'535})).size(),
              kEventsPerContactMax);
}

TEST_F(MongeringTest, at_the_limit_the_event_told_most_makes_room) {
    config.fanout = 1;
    Mongering& machine = make();
    add(1);
    next_round();
    for (std::uint64_t sequence = 2; sequence <= kHotEventsMax; ++sequence) {
        machine.added(now, {event(sequence), kNobody});
    }
    EXPECT_TRUE(machine.is_hot(event(1)));
    add(kHotEventsMax + 1);
    EXPECT_FALSE(machine.is_hot(event(1)));
    EXPECT_EQ(machine.hot_count(), kHotEventsMax);
    EXPECT_EQ(machine.counters().displaced, 1U);
}

TEST_F(MongeringTest, an_answer_to_what_was_not_told_changes_nothing) {
    config.k = 1;
    Mongering& machine = make();
    add(1);
    for (std::uint64_t id = 1; id <= 100; ++id) answer(MemberId{id}, 1, true);
    answer(MemberId{1}, 99, true);
    EXPECT_TRUE(machine.is_hot(event(1)));
    EXPECT_EQ(machine.counters().dropped_unexpected, 100U);
}

TEST_F(MongeringTest, answers_awaited_beyond_the_limit_displace_the_oldest) {
    config.fanout = static_cast<std::uint8_t>(kAnswersAwaitedMax + 1);
    Mongering& machine = make();
    add(1);
    const auto pushes = only<Spreader::Push>(next_round());
    ASSERT_EQ(pushes.size(), kAnswersAwaitedMax + 1);
    answer(pushes.front().to, 1, true);
    EXPECT_EQ(machine.counters().dropped_unexpected, 1U);
    answer(pushes.back().to, 1, true);
    EXPECT_EQ(machine.counters().useless, 1U);
}

TEST_F(MongeringTest, with_nobody_there_the_hot_list_is_emptied) {
    Mongering& machine = make(0);
    add(1);
    next_round();
    EXPECT_EQ(machine.hot_count(), 0U);
    EXPECT_EQ(machine.deadline(), kNever);
}

TEST_F(MongeringTest, a_forgotten_stream_is_not_told) {
    Mongering& machine = make();
    add(1);
    add(2);
    machine.added(now, {{{MemberId{78}, Epoch{1}}, EventSequence{1}}, kNobody});
    drained();
    machine.forget(kStream);
    EXPECT_EQ(machine.hot_count(), 1U);
    machine.check_invariants();
}

// -- Common rounds, as the paper's simulator has them --------------------------------------------

class MongeringRounds : public ::testing::Test {
protected:
    MongeringRounds() {
        config.interval = 100ms;
        config.fanout = 1;
        config.k = 1;
        std::vector<MemberId> peers;
        for (std::size_t id = 1; id <= 100; ++id) peers.emplace_back(id);
        peers_.set(std::move(peers));
    }
    Mongering make() { return Mongering(config, peers_, 1, Mongering::Rounds::common); }

    MongeringConfig config;
    test::FixedPeers peers_;
};

TEST_F(MongeringRounds, news_is_told_from_the_next_multiple_of_the_interval_on) {
    config.direction = Direction::push;
    Mongering machine = make();
    machine.added(Instant(130ms), {event(1), kNobody});
    EXPECT_EQ(machine.deadline(), Instant(200ms));
    machine.advance(Instant(199ms));
    EXPECT_TRUE(only<Spreader::Push>(drain(machine)).empty());
    machine.advance(Instant(200ms));
    EXPECT_EQ(only<Spreader::Push>(drain(machine)).size(), 1U);
    EXPECT_EQ(machine.deadline(), Instant(300ms));
}

TEST_F(MongeringRounds, all_copies_of_one_round_were_needed) {
    config.direction = Direction::push;
    Mongering machine = make();
    machine.added(Instant(201ms), {event(1), MemberId{5}});
    machine.duplicate(Instant(203ms), {event(1), MemberId{6}});
    machine.advance(Instant(299ms));
    auto answers = answers_in(drain(machine));
    ASSERT_EQ(answers.size(), 2U);
    EXPECT_FALSE(answers[1].items[0].was_known);
    machine.duplicate(Instant(301ms), {event(1), MemberId{7}});
    machine.advance(Instant(320ms));
    answers = answers_in(drain(machine));
    ASSERT_EQ(answers.size(), 1U);
    EXPECT_TRUE(answers[0].items[0].was_known);
}

TEST_F(MongeringRounds, who_asks_is_given_what_was_known_when_the_round_began) {
    config.direction = Direction::pull;
    Mongering machine = make();
    machine.added(Instant(201ms), {event(1), MemberId{5}});
    drain(machine);
    machine.handle(Instant(250ms), MemberId{9}, wire::EventPull{10});
    EXPECT_TRUE(only<Spreader::Push>(drain(machine)).empty());
    machine.advance(Instant(300ms));
    drain(machine);
    machine.handle(Instant(302ms), MemberId{9}, wire::EventPull{10});
    EXPECT_EQ(only<Spreader::Push>(drain(machine)).size(), 1U);
}

TEST_F(MongeringRounds, with_push_pull_members_without_news_ask_too) {
    config.direction = Direction::push_pull;
    Mongering machine = make();
    EXPECT_EQ(machine.deadline(), Instant{});
    machine.advance(Instant(100ms));
    EXPECT_EQ(pulls_in(drain(machine)).size(), 1U);
    EXPECT_EQ(machine.deadline(), Instant(200ms));
}

}  // namespace
}  // namespace grapevine::protocol
