#include "protocol/rumor/traces.hpp"

#include <gtest/gtest.h>

#include "base/limits.hpp"
#include "protocol/rumor/trace_bodies.hpp"
#include "protocol/rumor/trace_report.hpp"

namespace grapevine::protocol {
namespace {

using namespace std::chrono_literals;
using Clock = TraceReport::Clock;

constexpr std::int64_t kWallZero = 1'700'000'000'000'000;

EventKey event(std::uint64_t sequence) {
    return {{MemberId(7), Epoch(1)}, EventSequence(sequence)};
}

Instant at(Duration since_start) {
    return Instant{} + since_start;
}

// -- Notes --

TEST(Traces, a_note_lives_as_long_as_events_are_retained) {
    Traces traces(1min);
    traces.learned(event(1), {MemberId(2), 1, TraceRepair::none, at(5s)});
    ASSERT_NE(traces.find(at(65s), event(1)), nullptr);
    EXPECT_EQ(traces.find(at(65s), event(1))->from, MemberId(2));
    EXPECT_EQ(traces.find(at(65s) + 1ns, event(1)), nullptr);
    traces.learned(event(2), {MemberId(2), 1, TraceRepair::none, at(66s)});
    EXPECT_EQ(traces.count(), 1U);
    traces.check_invariants();
}

TEST(Traces, duplicates_are_counted_for_events_that_have_a_note) {
    Traces traces(1min);
    traces.duplicate(event(1));
    traces.learned(event(1), {MemberId(2), 1, TraceRepair::none, at(0s)});
    traces.duplicate(event(1));
    traces.duplicate(event(1));
    EXPECT_EQ(traces.find(at(0s), event(1))->duplicates, 2U);
}

TEST(Traces, what_was_learned_first_stands) {
    Traces traces(1min);
    traces.learned(event(1), {MemberId(2), 1, TraceRepair::none, at(0s)});
    traces.learned(event(1), {MemberId(3), 9, TraceRepair::asked, at(1s)});
    EXPECT_EQ(traces.find(at(1s), event(1))->from, MemberId(2));
    traces.check_invariants();
}

TEST(Traces, above_the_limit_the_oldest_note_is_displaced) {
    Traces traces(1min);
    for (std::uint64_t sequence = 1; sequence <= kTraceNotesMax + 1; ++sequence) {
        traces.learned(event(sequence), {MemberId(2), 1, TraceRepair::none, at(0s)});
    }
    EXPECT_EQ(traces.count(), kTraceNotesMax);
    EXPECT_EQ(traces.find(at(0s), event(1)), nullptr);
    EXPECT_NE(traces.find(at(0s), event(2)), nullptr);
    traces.check_invariants();
}

// -- Bodies --

TEST(TraceBodies, are_read_as_they_were_written_and_in_no_other_length) {
    const EventKey named{{MemberId(0x0123456789abcdef), Epoch(7), 300}, EventSequence(1000)};
    const Bytes question = encode_trace_question(named);
    EXPECT_EQ(to_hex(question), "0123456789abcdef00000007ac02e807");
    EXPECT_EQ(decode_trace_question(question), named);

    TraceAnswer said;
    said.wall_us = kWallZero;
    const Bytes unknown = encode_trace_answer(said);
    EXPECT_EQ(decode_trace_answer(unknown), said);
    said.has_event = true;
    EXPECT_EQ(decode_trace_answer(encode_trace_answer(said)), said);
    said.note = TraceAnswer::Note{MemberId(3), 2, TraceRepair::frontier, 5, 1'500'000};
    const Bytes noted = encode_trace_answer(said);
    EXPECT_EQ(to_hex(noted),
              "00060a24181e40000200000000000000030202"
              "05"
              "e0c65b");
    EXPECT_EQ(decode_trace_answer(noted), said);

    for (std::size_t size = 0; size < question.size(); ++size) {
        EXPECT_FALSE(decode_trace_question(ByteView(question).first(size))) << size;
    }
    for (std::size_t size = 0; size < noted.size(); ++size) {
        EXPECT_FALSE(decode_trace_answer(ByteView(noted).first(size))) << size;
    }
    for (Bytes longer : {question, noted, unknown}) {
        longer.push_back(0);
        EXPECT_FALSE(decode_trace_question(longer));
        EXPECT_FALSE(decode_trace_answer(longer));
    }
}

TEST(TraceBodies, values_that_cannot_be_are_refused) {
    EXPECT_FALSE(
        decode_trace_question(encode_trace_question({{kNobody, Epoch(1)}, EventSequence(1)})));
    EXPECT_FALSE(decode_trace_question(encode_trace_question(event(0))));
    TraceAnswer said;
    said.has_event = true;
    said.note = TraceAnswer::Note{MemberId(3), 2, TraceRepair::none, 5, kTraceAgeMaxUs};
    said.wall_us = kTraceWallMaxUs;
    EXPECT_TRUE(decode_trace_answer(encode_trace_answer(said)));
    TraceAnswer wrong = said;
    wrong.note->age_us = kTraceAgeMaxUs + 1;
    EXPECT_FALSE(decode_trace_answer(encode_trace_answer(wrong)));
    wrong = said;
    wrong.wall_us = kTraceWallMaxUs + 1;
    EXPECT_FALSE(decode_trace_answer(encode_trace_answer(wrong)));
    wrong.wall_us = -1;
    EXPECT_FALSE(decode_trace_answer(encode_trace_answer(wrong)));
    wrong = said;
    wrong.note->repair = static_cast<TraceRepair>(3);
    EXPECT_FALSE(decode_trace_answer(encode_trace_answer(wrong)));
    Bytes state = encode_trace_answer(TraceAnswer{});
    state[8] = 3;
    EXPECT_FALSE(decode_trace_answer(state));
}

// -- Reports --

/// Answers as members would give them who learned of an event of member 7.
struct Scene {
    Gather::Gathered gathered;
    Duration round_trip = 2ms;
    Duration asked = 10s;

    /// `skew`: how far ahead the member's civil time is.
    void says(std::uint64_t member, std::uint64_t from, Duration learned, Duration skew = 0s,
              TraceRepair repair = TraceRepair::none, std::uint32_t duplicates = 0) {
        const Duration answering = asked + round_trip / 2;
        TraceAnswer said;
        said.wall_us = kWallZero + us(answering + skew);
        said.has_event = true;
        said.note = TraceAnswer::Note{MemberId(from), 1, repair, duplicates,
                                      static_cast<std::uint64_t>(us(answering - learned))};
        add(member, said);
    }
    void add(std::uint64_t member, const TraceAnswer& said) {
        gathered.answers.push_back(
            {MemberId(member), encode_trace_answer(said), round_trip, at(asked + round_trip)});
    }
    [[nodiscard]] TraceReport report(std::int64_t wall_zero = kWallZero) const {
        return report_trace(MemberId(7), gathered, wall_zero);
    }
    static std::int64_t us(Duration duration) {
        return std::chrono::duration_cast<std::chrono::microseconds>(duration).count();
    }
};

TEST(TraceReports, a_tree_with_the_latency_of_every_hop) {
    Scene scene;
    scene.says(1, 3, 1s + 900us, 0s, TraceRepair::asked, 2);
    scene.says(3, 7, 1s + 400us, 0s, TraceRepair::none, 1);
    scene.says(7, 0, 1s);
    const TraceReport report = scene.report();
    ASSERT_EQ(report.nodes.size(), 3U);
    EXPECT_EQ(report.nodes[0].member, MemberId(7));
    EXPECT_EQ(report.nodes[0].hop_us, std::nullopt);
    EXPECT_EQ(report.nodes[1].member, MemberId(3));
    EXPECT_EQ(report.nodes[1].hop_us, 400);
    EXPECT_EQ(report.nodes[2].member, MemberId(1));
    EXPECT_EQ(report.nodes[2].hop_us, 500);
    EXPECT_EQ(report.nodes[2].after_us, 900);
    EXPECT_EQ(report.nodes[2].clock, Clock::agreed);
    EXPECT_EQ(report.nodes[2].learned_us, kWallZero + 1'000'900);
    EXPECT_EQ(report.duplicates, 3U);
    EXPECT_EQ(report.repairs, 1U);
}

TEST(TraceReports, members_without_a_note_are_told_apart) {
    Scene scene;
    scene.says(7, 0, 1s);
    scene.add(2, TraceAnswer{kWallZero, true, {}});
    scene.add(3, TraceAnswer{kWallZero, false, {}});
    scene.gathered.answers.push_back({MemberId(4), {1, 2, 3}, 2ms, at(11s)});
    scene.gathered.silent = {MemberId(5)};
    const TraceReport report = scene.report();
    EXPECT_EQ(report.nodes.size(), 1U);
    EXPECT_EQ(report.untraced, std::vector{MemberId(2)});
    EXPECT_EQ(report.lacking, std::vector{MemberId(3)});
    EXPECT_EQ(report.silent, (std::vector{MemberId(4), MemberId(5)}));
}

TEST(TraceReports, a_clock_outside_half_a_round_trip_is_corrected_and_one_inside_is_not) {
    for (const Duration skew : std::initializer_list<Duration>{-3s, -1201us, 1201us, 3s}) {
        Scene scene;
        scene.says(7, 0, 1s);
        scene.says(3, 7, 1s + 400us, skew);
        const TraceReport report = scene.report();
        ASSERT_EQ(report.nodes.size(), 2U);
        EXPECT_EQ(report.nodes[1].clock, Clock::corrected);
        EXPECT_EQ(report.nodes[1].skew_us, Scene::us(skew));
        EXPECT_EQ(report.nodes[1].hop_us, 400);
    }
    Scene scene;
    scene.says(7, 0, 1s);
    scene.says(3, 7, 1s + 400us, 1200us);
    EXPECT_EQ(scene.report().nodes[1].clock, Clock::agreed);
    EXPECT_EQ(scene.report().nodes[1].hop_us, 1600);
}

TEST(TraceReports, a_negative_hop_is_shown_and_marked) {
    Scene scene;
    scene.says(7, 0, 1s);
    scene.says(3, 7, 1s + 400us, -900us);
    const TraceReport report = scene.report();
    EXPECT_EQ(report.nodes[0].member, MemberId(7)) << "the publisher stands first nevertheless";
    EXPECT_EQ(report.nodes[1].hop_us, -500);
    EXPECT_TRUE(report.nodes[1].is_skewed);
    EXPECT_FALSE(report.nodes[0].is_skewed);
}

TEST(TraceReports, without_a_round_trip_clocks_are_believed_and_marked) {
    Scene scene;
    scene.says(7, 0, 1s);
    scene.says(3, 7, 1s + 400us, 5s);
    scene.gathered.answers[1].round_trip = std::nullopt;
    const TraceReport report = scene.report();
    EXPECT_EQ(report.nodes[1].clock, Clock::unchecked);
    EXPECT_EQ(report.nodes[1].hop_us, 5'000'400);
}

TEST(TraceReports, without_civil_time_the_middle_of_the_round_trip_is_taken) {
    Scene scene;
    scene.says(7, 0, 1s);
    scene.says(3, 7, 1s + 400us);
    const TraceReport report = scene.report(0);
    EXPECT_EQ(report.nodes[1].clock, Clock::estimated);
    EXPECT_EQ(report.nodes[1].hop_us, 400);
    EXPECT_EQ(report.nodes[1].learned_us, 1'000'400);
}

TEST(TraceReports, a_hop_from_a_member_that_is_silent_has_no_latency) {
    Scene scene;
    scene.says(7, 0, 1s);
    scene.says(3, 9, 1s + 400us);
    const TraceReport report = scene.report();
    EXPECT_EQ(report.nodes[1].hop_us, std::nullopt);
    EXPECT_EQ(report.nodes[1].after_us, 400);
}

}  // namespace
}  // namespace grapevine::protocol
