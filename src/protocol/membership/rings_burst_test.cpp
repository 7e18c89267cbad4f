// Pings in quick succession: what makes an observer run them at once, and what others get by
// asking.
#include <gtest/gtest.h>

#include "base/limits.hpp"
#include "protocol/membership/rings_testing.hpp"

namespace grapevine::protocol {
namespace {

using namespace std::chrono_literals;
using testing::Silence;
using testing::Stage;
using Witness = testing::Stage::Witness;

// -- Port unreachable --

TEST(Rings, port_unreachable_leaves_out_the_waiting) {
    Silence silence(50, Witness::says_dead);
    Stage& stage = silence.stage;
    // Every ping draws it, one millisecond later.
    std::size_t pings = 1;
    while (stage.times_of<Detector::Declared>().empty() && stage.now < silence.probed + 1s) {
        stage.run_for(1ms);
        const auto sent =
            stage.pings(silence.subject, true).size() + stage.pings(silence.subject, false).size();
        for (; pings <= sent; ++pings) {
            stage.rings.unreachable(stage.now, silence.subject);
            stage.settle();
        }
    }
    const auto declared = stage.times_of<Detector::Declared>();
    ASSERT_FALSE(declared.empty());
    // Three round trips, and the two gaps of the burst in which one that lives would have answered.
    EXPECT_EQ(declared.front() - silence.probed, 3ms + 2 * stage.config.burst_gap);
}

TEST(Rings, a_forged_flood_of_it_kills_nobody_that_answers) {
    Stage stage(50);
    stage.witness = Witness::says_dead;
    stage.silent = {stage.subject(0)};  // We answer for it below, a millisecond later.
    for (int step = 0; step < 5000; ++step) {
        stage.run_for(1ms);
        const auto pings = stage.sent<wire::Ping>();
        stage.log.erase(
            std::remove_if(stage.log.begin(), stage.log.end(),
                           [](const auto& entry) {
                               return std::holds_alternative<Detector::SendProbe>(entry.second);
                           }),
            stage.log.end());
        for (int packet = 0; packet < 5; ++packet) {
            stage.rings.unreachable(stage.now, stage.subject(0));
            stage.settle();
        }
        for (const auto& [to, ping] : pings) {
            if (to == stage.subject(0)) stage.hear(to, wire::Ack{ping.sequence});
        }
    }
    EXPECT_TRUE(stage.times_of<Detector::Declared>().empty());
    EXPECT_TRUE(stage.times_of<Detector::Missed>().empty());
    // And it costs little: at most two confirmations per period.
    EXPECT_GE(stage.rings.counters().confirmations, 10U);
    EXPECT_LE(stage.rings.counters().confirmations, 20U);
}

TEST(Rings, who_observes_it_not_asks_its_observers_once_per_period) {
    Stage stage(50);
    stage.run_for(1s);
    const MemberId stranger = stage.stranger();
    stage.silent = {stranger};
    stage.witness = Witness::mute;
    for (int packet = 0; packet < 1000; ++packet) {
        stage.rings.unreachable(stage.now, stranger);
        stage.settle();
    }
    EXPECT_EQ(stage.rings.counters().confirmations, 1U);
    const auto observers = stage.rings.order().observers_of(stranger, stage.rings.swim().members());
    std::vector<MemberId> asked;
    for (const auto& [to, request] : stage.sent<wire::BurstRequest>()) asked.push_back(to);
    EXPECT_EQ(asked, observers);
}

TEST(Rings, members_doubted_at_once_are_bounded) {
    Stage stage(200);
    stage.run_for(1s);
    stage.witness = Witness::mute;
    for (std::uint64_t id = 2; id <= 200; ++id) {
        stage.silent.insert(MemberId(id));
        stage.rings.unreachable(stage.now, MemberId(id));
        stage.settle();
    }
    EXPECT_EQ(stage.rings.counters().confirmations, kConfirmationsMax - stage.config.ring_count);
    // Removed by others before their turn: another may be doubted, up to the limit of those
    // remembered.
    for (std::uint64_t id = 2; id <= 200; ++id) {
        if (id % 2 == 0) stage.rings.remove(MemberId(id));
        stage.rings.unreachable(stage.now, MemberId(id));
        stage.settle();
    }
    EXPECT_LE(stage.rings.counters().confirmations, kDoubtedMax);
}

// -- Bursts for others --

wire::BurstRequest request_of(MemberId target, std::uint32_t sequence = 900) {
    return {ProbeSequence(sequence), target, Incarnation(3)};
}

TEST(Rings, a_burst_is_five_pings_and_then_a_vote) {
    Stage stage(50);
    stage.run_for(1s);
    const MemberId target = stage.stranger();
    stage.silent = {target};
    stage.log.clear();
    const Instant begin = stage.now;
    stage.hear(MemberId(5), request_of(target));
    stage.run_for(99ms);
    std::vector<Instant> expected;
    for (int ping = 0; ping < 5; ++ping) expected.push_back(begin + ping * 15ms);
    EXPECT_EQ(stage.pings(target, false), expected);
    EXPECT_TRUE(stage.sent<wire::BurstVerdict>().empty());
    stage.run_for(1ms);
    const auto verdicts = stage.sent<wire::BurstVerdict>();
    ASSERT_EQ(verdicts.size(), 1U);
    EXPECT_EQ(verdicts[0].first, MemberId(5));
    const wire::Vote vote{MemberId(1), {}};
    EXPECT_EQ(verdicts[0].second,
              (wire::BurstVerdict{ProbeSequence(900), target, Incarnation(3), false, vote}));
}

TEST(Rings, an_answer_to_any_of_them_is_told_at_once) {
    Stage stage(50);
    stage.run_for(1s);
    stage.log.clear();
    stage.hear(MemberId(5), request_of(stage.stranger()));
    const auto verdicts = stage.sent<wire::BurstVerdict>();
    ASSERT_EQ(verdicts.size(), 1U);
    EXPECT_TRUE(verdicts[0].second.is_alive);
    stage.run_for(200ms);
    EXPECT_EQ(stage.pings(stage.stranger(), false).size(), 1U);
}

TEST(Rings, asked_about_ourselves_we_live) {
    Stage stage(50);
    stage.hear(MemberId(5), request_of(MemberId(1)));
    const auto verdicts = stage.sent<wire::BurstVerdict>();
    ASSERT_EQ(verdicts.size(), 1U);
    EXPECT_TRUE(verdicts[0].second.is_alive);
}

TEST(Rings, two_who_ask_share_one_burst) {
    Stage stage(50);
    stage.run_for(1s);
    const MemberId target = stage.stranger();
    stage.silent = {target};
    stage.log.clear();
    stage.hear(MemberId(5), request_of(target, 900));
    stage.run_for(50ms);
    stage.hear(MemberId(6), request_of(target, 901));
    stage.run_for(100ms);
    EXPECT_EQ(stage.pings(target, false).size(), 5U);
    EXPECT_EQ(stage.sent<wire::BurstVerdict>().size(), 2U);
}

TEST(Rings, port_unreachable_ends_a_burst_early_but_not_at_once) {
    Stage stage(50);
    stage.run_for(1s);
    const MemberId target = stage.stranger();
    stage.silent = {target};
    stage.log.clear();
    const Instant begin = stage.now;
    stage.hear(MemberId(5), request_of(target));
    // More than pings were sent: the rest is forged.
    for (int packet = 0; packet < 100; ++packet) stage.rings.unreachable(stage.now, target);
    stage.run_for(15ms);
    for (int packet = 0; packet < 100; ++packet) stage.rings.unreachable(stage.now, target);
    stage.settle();
    EXPECT_TRUE(stage.sent<wire::BurstVerdict>().empty());
    stage.run_until(begin + 2 * stage.config.burst_gap - 1ns);
    EXPECT_TRUE(stage.sent<wire::BurstVerdict>().empty());
    stage.run_for(1ns);
    EXPECT_EQ(stage.sent<wire::BurstVerdict>().size(), 1U);
}

TEST(Rings, a_witness_that_is_not_well_keeps_silent_about_the_dead) {
    Stage stage(50);
    stage.run_for(1s);
    const MemberId target = stage.stranger();
    stage.silent = {target, stage.subject(0), stage.subject(1), stage.subject(2)};
    for (int i = 0; i < 8; ++i) stage.rings.self_refuted(stage.now);
    stage.hear(MemberId(5), request_of(target));
    stage.run_for(300ms);
    EXPECT_TRUE(stage.sent<wire::BurstVerdict>().empty());
}

TEST(Rings, a_witness_that_slept_has_seen_nothing) {
    Stage stage(50);
    stage.run_for(1s);
    const MemberId target = stage.stranger();
    stage.silent = {target};
    stage.hear(MemberId(5), request_of(target));
    stage.advance(stage.now + 10s);
    stage.run_for(300ms);
    EXPECT_TRUE(stage.sent<wire::BurstVerdict>().empty());
}

TEST(Rings, nobody_pings_a_member_that_it_does_not_know) {
    Stage stage(50);
    stage.hear(MemberId(5), request_of(MemberId(51)));
    stage.hear(MemberId(5), request_of(MemberId(5)));
    EXPECT_TRUE(stage.sent<wire::Ping>().empty());
    EXPECT_EQ(stage.rings.counters().bursts_refused, 2U);
}

TEST(Rings, bursts_and_those_who_ask_are_bounded) {
    Stage stage(200);
    stage.run_for(1s);
    for (std::uint64_t id = 2; id <= 200; ++id) stage.silent.insert(MemberId(id));
    constexpr std::size_t kForOthers = kBurstsMax - kConfirmationsMax;
    for (std::uint64_t id = 10; id < 10 + kForOthers + 1; ++id) {
        stage.hear(MemberId(5), request_of(MemberId(id)));
    }
    EXPECT_EQ(stage.rings.counters().bursts, kForOthers);
    EXPECT_EQ(stage.rings.counters().bursts_refused, 1U);
    for (std::uint64_t id = 100; id < 100 + kBurstAskersMax; ++id) {
        stage.hear(MemberId(id), request_of(MemberId(10)));
    }
    // One has asked before, and one place is ours.
    EXPECT_EQ(stage.rings.counters().bursts_refused, 1U + 2);
}

}  // namespace
}  // namespace grapevine::protocol
