#include "protocol/membership/rings.hpp"

#include <gtest/gtest.h>

#include "base/limits.hpp"
#include "protocol/membership/rings_testing.hpp"

namespace grapevine::protocol {
namespace {

using namespace std::chrono_literals;
using testing::Silence;
using testing::Stage;
using Witness = testing::Stage::Witness;

// What is done for others, and what "port unreachable" does, are in rings_burst_test.cpp.

// -- Standing probes --

TEST(Rings, every_subject_is_probed_once_per_period_and_nobody_else) {
    Stage stage(50);
    stage.run_for(10s);
    for (std::uint64_t id = 2; id <= 50; ++id) {
        const MemberId member(id);
        const auto probes = stage.pings(member, true);
        EXPECT_TRUE(stage.pings(member, false).empty());
        if (!stage.is_subject(member)) {
            EXPECT_TRUE(probes.empty());
            continue;
        }
        ASSERT_GE(probes.size(), 19U);
        EXPECT_LE(probes.front(), Instant{} + stage.config.ring_period / 4);
        for (std::size_t at = 1; at < probes.size(); ++at) {
            EXPECT_EQ(probes[at] - probes[at - 1], stage.config.ring_period);
        }
    }
    EXPECT_EQ(stage.rings.counters().unanswered, 0U);
}

TEST(Rings, a_slow_swim_works_behind_them) {
    Stage stage(50);
    stage.run_for(30s);
    EXPECT_NEAR(static_cast<double>(stage.rings.swim().counters().probes), 30, 1);
}

TEST(Rings, a_subject_moves_its_probe_by_a_quarter_of_the_period_at_most) {
    for (const int shift_ms : {-32768, -100, 0, 100, 32767}) {
        Stage stage(50);
        stage.silent = {stage.subject(0)};
        stage.run_for(stage.config.ring_period / 4);
        const auto pings = stage.sent<wire::Ping>();
        const auto probe = std::ranges::find_if(pings, [&](const auto& ping) {
            return ping.first == stage.subject(0) && ring_of(ping.second.sequence) == 0;
        });
        ASSERT_NE(probe, pings.end());
        const Instant first = stage.pings(stage.subject(0), true).front();
        stage.silent.clear();
        stage.hear(stage.subject(0),
                   wire::Ack{probe->second.sequence, static_cast<std::int16_t>(shift_ms)});
        stage.run_for(2 * stage.config.ring_period);
        const Duration bound = stage.config.ring_period / 4;
        const Duration shift = std::clamp<Duration>(1ms * shift_ms, -bound, bound);
        EXPECT_EQ(stage.pings(stage.subject(0), true)[1], first + stage.config.ring_period + shift);
    }
}

TEST(Rings, the_observers_pings_are_told_where_to_move_and_no_others) {
    Stage stage(50);
    stage.run_for(1s);
    std::vector<std::int16_t> shifts;
    const auto shift_told = [&](MemberId from, ProbeSequence sequence) {
        stage.log.clear();
        stage.hear(from, wire::Ping{sequence, {}});
        return stage.sent<wire::Ack>().at(0).second.shift_ms;
    };
    const auto observer = [&](std::uint8_t ring) { return stage.rings.order().observer(ring); };
    EXPECT_EQ(shift_told(observer(0), ring_sequence(0, 1)), 0);
    stage.now += 20ms;
    // Halfway between 0 and 500 ms, from 20 ms: 230, but a quarter at most.
    EXPECT_EQ(shift_told(observer(1), ring_sequence(kNoRing, 1)), 0);
    EXPECT_EQ(shift_told(observer(1), ProbeSequence(5)), 0);
    EXPECT_EQ(shift_told(observer(2), ring_sequence(1, 1)), 0) << "not the observer on ring 1";
    EXPECT_EQ(shift_told(observer(1), ring_sequence(1, 1)), 125);
}

TEST(Rings, a_new_subject_is_probed_within_a_quarter_of_the_period) {
    Stage stage(50);
    stage.run_for(1s);
    for (int removal = 0; removal < 40; ++removal) {
        stage.rings.remove(stage.subject(0));
        const MemberId subject = stage.subject(0);
        stage.log.clear();
        stage.run_for(stage.config.ring_period / 4);
        EXPECT_FALSE(stage.pings(subject, true).empty());
    }
}

// -- Confirmations --

TEST(Rings, who_does_not_answer_and_whom_nobody_reaches_is_declared_dead_and_not_before) {
    Silence silence(50, Witness::says_dead);
    Stage& stage = silence.stage;
    stage.run_until(silence.probed + 1s);
    const auto declared = stage.times_of<Detector::Declared>();
    ASSERT_FALSE(declared.empty());
    // 40 for the probe, 20 each for two more pings, 60 for five in a burst, 40 for the last of
    // them.
    EXPECT_EQ(declared.front() - silence.probed, 180ms);
    EXPECT_TRUE(stage.times_of<Detector::Missed>().empty());
    EXPECT_EQ(stage.rings.local_health(), 0U) << "a death is no sign that we are ill";
}

TEST(Rings, the_votes_are_those_of_the_other_observers) {
    Silence silence(50, Witness::says_dead);
    Stage& stage = silence.stage;
    stage.run_until(silence.probed + 300ms);
    std::vector<MemberId> expected =
        stage.rings.order().observers_of(silence.subject, stage.rings.swim().members());
    std::erase(expected, MemberId(1));
    ASSERT_FALSE(stage.log.empty());
    for (const auto& [at, action] : stage.log) {
        const auto* declared = std::get_if<Detector::Declared>(&action);
        if (declared == nullptr) continue;
        std::vector<MemberId> voters;
        for (const wire::Vote& vote : declared->votes) voters.push_back(vote.voter);
        EXPECT_EQ(voters, expected);
    }
}

TEST(Rings, one_who_reaches_it_saves_it_and_says_that_it_is_us) {
    Silence silence(50, Witness::says_alive);
    Stage& stage = silence.stage;
    stage.run_until(silence.probed + 300ms);
    EXPECT_TRUE(stage.times_of<Detector::Declared>().empty());
    EXPECT_TRUE(stage.times_of<Detector::Missed>().empty());
    const auto relayed = stage.times_of<Detector::Answered>(
        [](const Detector::Answered& answered) { return answered.is_relayed; });
    EXPECT_EQ(relayed.size(), 1U);
    EXPECT_EQ(stage.rings.local_health(), 1U);
    EXPECT_GT(stage.rings.loss(), 0);
}

TEST(Rings, an_answer_to_any_ping_ends_the_matter) {
    for (const Duration late : {50ms, 70ms, 100ms, 179ms}) {
        Silence silence(50, Witness::says_dead);
        Stage& stage = silence.stage;
        stage.run_until(silence.probed + late);
        const auto pings = stage.sent<wire::Ping>();
        const auto last = std::ranges::find_if(pings.rbegin(), pings.rend(), [&](const auto& ping) {
            return ping.first == silence.subject;
        });
        stage.silent.clear();
        stage.hear(silence.subject, wire::Ack{last->second.sequence});
        stage.run_for(1s);
        EXPECT_TRUE(stage.times_of<Detector::Declared>().empty());
        EXPECT_TRUE(stage.times_of<Detector::Missed>().empty());
        EXPECT_EQ(stage.rings.counters().confirmations, 1U);
    }
}

TEST(Rings, where_nobody_answers_more_and_more_are_asked_and_nobody_is_declared_dead) {
    Silence silence(50, Witness::mute);
    Stage& stage = silence.stage;
    stage.run_until(silence.probed + 80ms + 4 * stage.config.burst_patience - 1ms);
    EXPECT_TRUE(stage.times_of<Detector::Missed>().empty());
    stage.run_for(1ms);
    EXPECT_EQ(stage.times_of<Detector::Missed>().size(), 1U);
    EXPECT_TRUE(stage.times_of<Detector::Declared>().empty());
    std::set<MemberId> asked;
    for (const auto& [to, request] : stage.sent<wire::BurstRequest>()) {
        EXPECT_EQ(request.target, silence.subject);
        EXPECT_TRUE(asked.insert(to).second) << "twice";
    }
    EXPECT_EQ(asked.size(), 2U + 4 + 8 + 16);
    EXPECT_EQ(stage.rings.local_health(), 1U) << "perhaps it is us";
}

TEST(Rings, who_is_not_well_itself_declares_nobody_dead) {
    Silence silence(50, Witness::says_dead);
    Stage& stage = silence.stage;
    for (int i = 0; i < 8; ++i) stage.rings.self_refuted(stage.now);
    stage.run_until(silence.probed + 5s);
    EXPECT_TRUE(stage
                    .times_of<Detector::Declared>(
                        [&](const Detector::Declared&) { return stage.rings.local_health() > 0; })
                    .empty());
    EXPECT_FALSE(stage.times_of<Detector::Missed>().empty());
}

TEST(Rings, whoever_was_not_asked_has_no_vote) {
    Silence silence(50, Witness::mute);
    Stage& stage = silence.stage;
    stage.run_until(silence.probed + 81ms);
    const auto requests = stage.sent<wire::BurstRequest>();
    ASSERT_EQ(requests.size(), 2U);
    for (std::uint64_t id = 2; id <= 50; ++id) {
        const bool was_asked = std::ranges::any_of(
            requests, [&](const auto& request) { return request.first == MemberId(id); });
        if (was_asked || MemberId(id) == silence.subject) continue;
        for (const bool is_alive : {false, true}) {
            wire::BurstVerdict verdict{
                requests[0].second.sequence, silence.subject, {}, is_alive, {}};
            if (!is_alive) verdict.vote = wire::Vote{MemberId(id), {}};
            stage.hear(MemberId(id), verdict);
        }
    }
    // One that was, in the name of another.
    stage.hear(requests[0].first, wire::BurstVerdict{requests[0].second.sequence,
                                                     silence.subject,
                                                     {},
                                                     false,
                                                     wire::Vote{requests[1].first, {}}});
    stage.run_until(silence.probed + 80ms + stage.config.burst_patience);
    EXPECT_TRUE(stage.times_of<Detector::Declared>().empty());
    EXPECT_EQ(stage.rings.counters().dropped_unexpected, 46U * 2 + 1);
}

TEST(Rings, where_much_is_lost_a_burst_has_to_agree_twice) {
    Silence silence(50, Witness::says_dead);
    Stage& stage = silence.stage;
    // A subject that answers late every time: its first pings count as lost.
    stage.silent = {stage.subject(1)};
    for (int probe = 0; probe < 40; ++probe) {
        stage.run_for(50ms);
        const auto pings = stage.sent<wire::Ping>();
        for (const auto& [to, ping] : pings) {
            if (to == stage.subject(1)) stage.rings.handle(stage.now, to, wire::Ack{ping.sequence});
        }
        stage.settle();
        stage.log.clear();
        stage.run_for(450ms);
    }
    ASSERT_GT(stage.rings.loss(), 0.15);
    stage.silent = {silence.subject};
    stage.log.clear();
    stage.run_for(800ms);
    EXPECT_GE(stage.rings.counters().repeated_for_loss, 1U);
    ASSERT_FALSE(stage.times_of<Detector::Declared>().empty());
    EXPECT_GE(
        stage.times_of<Detector::Declared>().front() - stage.pings(silence.subject, true).front(),
        280ms);
}

TEST(Rings, two_members_alone_have_no_quorum) {
    Silence silence(2, Witness::mute);
    Stage& stage = silence.stage;
    stage.run_until(silence.probed + 300ms);
    EXPECT_TRUE(stage.times_of<Detector::Declared>().empty());
    ASSERT_EQ(stage.times_of<Detector::Missed>().size(), 1U);
    EXPECT_EQ(stage.times_of<Detector::Missed>().front() - silence.probed, 180ms);
    EXPECT_EQ(stage.rings.local_health(), 0U);
}

TEST(Rings, of_three_members_two_agree_on_the_third) {
    Silence silence(3, Witness::says_dead);
    silence.stage.run_until(silence.probed + 300ms);
    EXPECT_FALSE(silence.stage.times_of<Detector::Declared>().empty());
}

TEST(Rings, who_is_removed_gets_no_verdict) {
    for (const Duration late : {50ms, 100ms}) {
        Silence silence(50, Witness::says_dead);
        Stage& stage = silence.stage;
        stage.run_until(silence.probed + late);
        stage.rings.remove(silence.subject);
        stage.run_for(1s);
        EXPECT_TRUE(stage.times_of<Detector::Declared>().empty());
        EXPECT_TRUE(stage.times_of<Detector::Missed>().empty());
    }
}

// -- Behind the rings --

/// Runs until Swim has missed a member that we do not observe.
struct SwimMiss {
    Stage stage{6};
    MemberId member;

    explicit SwimMiss(Witness witness) {
        stage.witness = witness;
        stage.run_for(1s);
        member = stage.stranger();
        stage.silent = {member};
        while (stage.rings.swim().counters().missed == 0) stage.run_until(stage.rings.deadline());
    }
};

TEST(Rings, whom_swim_misses_is_pinged_again_before_anything_is_said) {
    SwimMiss miss(Witness::says_dead);
    miss.stage.silent.clear();
    miss.stage.run_for(500ms);
    EXPECT_EQ(miss.stage.rings.counters().confirmations, 1U);
    EXPECT_TRUE(miss.stage.times_of<Detector::Missed>().empty());
    EXPECT_TRUE(miss.stage.times_of<Detector::Declared>().empty());
}

TEST(Rings, whom_swim_misses_its_observers_can_declare_dead) {
    SwimMiss miss(Witness::says_dead);
    miss.stage.run_for(500ms);
    EXPECT_EQ(miss.stage.times_of<Detector::Declared>().size(), 1U);
}

TEST(Rings, whom_swim_misses_is_not_saved_by_hearsay_alone) {
    SwimMiss miss(Witness::says_alive);
    EXPECT_TRUE(miss.stage.times_of<Detector::Missed>().empty());
    miss.stage.run_for(500ms);
    EXPECT_EQ(miss.stage.times_of<Detector::Missed>().size(), 1U);
}

// -- A driver that is late --

TEST(Rings, a_late_driver_asks_anew_and_accuses_nobody) {
    // While the probe is unanswered, among the other pings, and in the burst.
    for (const Duration sleep_from : {10ms, 50ms, 100ms}) {
        for (const bool reads_first : {false, true}) {
            Silence silence(50, Witness::mute);
            Stage& stage = silence.stage;
            stage.run_until(silence.probed + sleep_from);
            stage.log.clear();
            stage.now += 10s;
            const auto requests = stage.sent<wire::BurstRequest>();
            if (reads_first && !requests.empty()) {
                // The verdicts of then lie in our socket, and say nothing about now.
                for (const auto& [to, request] : requests) {
                    stage.hear(
                        to, wire::BurstVerdict{
                                request.sequence, request.target, {}, false, wire::Vote{to, {}}});
                }
            }
            stage.advance(stage.now);
            EXPECT_TRUE(stage.times_of<Detector::Declared>().empty());
            EXPECT_TRUE(stage.times_of<Detector::Missed>().empty());
            EXPECT_EQ(stage.rings.counters().late_wakeups, 1U);
            EXPECT_EQ(stage.pings(silence.subject, false).size(), 1U) << "asked anew";
        }
    }
}

TEST(Rings, a_late_driver_keeps_the_phases) {
    Stage stage(50);
    stage.run_for(1s);
    stage.log.clear();
    stage.run_for(stage.config.ring_period);
    const Instant before = stage.pings(stage.subject(0), true).front();
    stage.log.clear();
    stage.advance(stage.now + 10s + 33ms);
    stage.run_for(stage.config.ring_period);
    const Instant after = stage.pings(stage.subject(0), true).front();
    EXPECT_EQ((after - before) % stage.config.ring_period, Duration::zero());
    EXPECT_EQ(stage.pings(stage.subject(0), true).size(), 1U) << "no catching up";
}

// -- All at once --

TEST(Rings, random_inputs_keep_the_invariants) {
    for (std::uint64_t seed = 1; seed <= 15; ++seed) {
        Random random(seed);
        Rings rings(MemberId(1), profile_config(Profile::fast), seed);
        Instant now{};
        for (int step = 0; step < 3000; ++step) {
            now += 1ms * static_cast<int>(random.below(random.chance(0.01) ? 1000 : 20));
            const MemberId member(1 + random.below(40));
            const MemberId target(1 + random.below(40));
            const auto ring = static_cast<std::uint8_t>(random.below(8));
            const auto sequence = ring_sequence(
                ring,
                static_cast<std::uint32_t>(random.below(static_cast<std::uint64_t>(step) + 1)));
            switch (random.below(12)) {
                case 0:
                    rings.add(member);
                    break;
                case 1:
                    rings.remove(member);
                    break;
                case 2:
                    rings.handle(now, member, wire::Ack{sequence, 77});
                    break;
                case 3:
                    rings.handle(now, member, wire::Ping{sequence, {}});
                    break;
                case 4:
                    rings.handle(now, member, wire::BurstRequest{sequence, target, {}});
                    break;
                case 5:
                    rings.handle(
                        now, member,
                        wire::BurstVerdict{sequence, target, {}, false, wire::Vote{member, {}}});
                    break;
                case 6:
                    rings.handle(now, member, wire::BurstVerdict{sequence, target, {}, true, {}});
                    break;
                case 7:
                    rings.unreachable(now, member);
                    break;
                case 8:
                    rings.confirm(now, member);
                    break;
                default:
                    rings.advance(now);
                    break;
            }
            testing::drain(rings);
            rings.check_invariants();
        }
    }
}

}  // namespace
}  // namespace grapevine::protocol
