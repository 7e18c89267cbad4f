#include "protocol/membership/accrual_detector.hpp"

#include <algorithm>
#include <gtest/gtest.h>
#include <map>
#include <set>

#include "protocol/testing.hpp"

namespace grapevine::protocol {
namespace {

using namespace std::chrono_literals;
using testing::drain;
using testing::only;

ProtocolConfig usual_config() {
    ProtocolConfig config;
    config.phi_interval = 500ms;
    config.phi_pause = 1s;
    config.phi_deviation_min = 100ms;
    return config;
}

/// Member 1, which knows 2 .. count; who is in `silent` never answers, all others do so at once.
struct Watching {
    ProtocolConfig config;
    AccrualDetector detector;
    Instant now{};
    std::set<MemberId> silent;
    std::map<MemberId, std::vector<Instant>> pings;
    std::vector<std::pair<Instant, MemberId>> missed;
    std::size_t answered = 0;

    explicit Watching(std::uint64_t count, const ProtocolConfig& protocol = usual_config())
        : config(protocol), detector(MemberId(1), config, 3) {
        for (std::uint64_t id = 2; id <= count; ++id) detector.add(MemberId(id));
    }
    ~Watching() { detector.check_invariants(); }
    Watching(const Watching&) = delete;
    Watching& operator=(const Watching&) = delete;

    void run_for(Duration duration) {
        const Instant end = now + duration;
        while (detector.deadline() <= end) {
            now = std::max(detector.deadline(), now);
            detector.advance(now);
            detector.check_invariants();
            settle();
        }
        now = end;
    }
    void settle() {
        for (auto actions = drain(detector); !actions.empty(); actions = drain(detector)) {
            for (const auto& action : actions) take(action);
        }
    }
    void take(const Detector::Action& action) {
        if (const auto* miss = std::get_if<Detector::Missed>(&action)) {
            missed.emplace_back(now, miss->member);
        } else if (std::holds_alternative<Detector::Answered>(action)) {
            ++answered;
        } else if (const auto* send = std::get_if<Detector::SendProbe>(&action)) {
            const auto* ping = std::get_if<wire::Ping>(&send->message);
            if (ping == nullptr) return;
            pings[send->to].push_back(now);
            if (!silent.contains(send->to)) {
                detector.handle(now, send->to, wire::Ack{ping->sequence});
            }
        }
    }
};

TEST(AccrualDetector, as_many_are_watched_as_there_are_rings) {
    for (const std::uint64_t count : {2U, 3U, 50U}) {
        Watching watching(count);
        EXPECT_LE(watching.detector.watched().size(), std::min<std::size_t>(count - 1, 5));
        EXPECT_GE(watching.detector.watched().size(), 1U);
    }
    EXPECT_EQ(Watching(50).detector.watched().size(), 5U);
}

TEST(AccrualDetector, everybody_is_watched_by_somebody_and_by_five_on_average) {
    constexpr std::uint64_t kCount = 100;
    std::map<MemberId, int> watchers;
    for (std::uint64_t self = 1; self <= kCount; ++self) {
        AccrualDetector detector(MemberId(self), {}, self);
        for (std::uint64_t id = kCount; id > 0; --id) detector.add(MemberId(id));
        for (const MemberId member : detector.watched()) ++watchers[member];
    }
    int sum = 0;
    for (std::uint64_t id = 1; id <= kCount; ++id) {
        EXPECT_GE(watchers[MemberId(id)], 1) << id;
        EXPECT_LE(watchers[MemberId(id)], 5) << id;
        sum += watchers[MemberId(id)];
    }
    EXPECT_GE(sum, 5 * static_cast<int>(kCount) * 95 / 100);
}

TEST(AccrualDetector, who_takes_the_place_of_a_removed_member_does_not_depend_on_the_order) {
    AccrualDetector first(MemberId(1), {}, 1);
    AccrualDetector second(MemberId(1), {}, 1);
    for (std::uint64_t id = 2; id <= 40; ++id) first.add(MemberId(id));
    for (std::uint64_t id = 40; id >= 2; --id) second.add(MemberId(id));
    for (std::uint64_t id = 2; id <= 30; ++id) {
        first.remove(MemberId(id));
        second.remove(MemberId(32 - id));
        first.check_invariants();
    }
    const auto sorted = [](std::vector<MemberId> members) {
        std::ranges::sort(members);
        return members;
    };
    EXPECT_EQ(sorted(first.watched()), sorted(second.watched()));
}

TEST(AccrualDetector, each_watched_member_is_pinged_once_per_interval) {
    Watching watching(20);
    watching.run_for(60s);
    for (const MemberId member : watching.detector.watched()) {
        EXPECT_NEAR(static_cast<double>(watching.pings[member].size()), 120, 1);
    }
    EXPECT_EQ(watching.pings.size(), watching.detector.watched().size());
    EXPECT_TRUE(watching.missed.empty());
    EXPECT_GE(watching.answered, 5U * 119);
}

TEST(AccrualDetector, a_regular_member_that_falls_silent_is_missed_where_the_formula_says) {
    Watching watching(20);
    watching.run_for(30s);
    const MemberId member = watching.detector.watched().front();
    const Instant heard = watching.pings[member].back();
    watching.silent.insert(member);
    watching.run_for(10s);
    ASSERT_FALSE(watching.missed.empty());
    EXPECT_EQ(watching.missed.front().second, member);
    // Mean 500 ms, pause 1 s, deviation at its floor of 100 ms, 5.612 of them.
    const Duration wait = watching.missed.front().first - heard;
    EXPECT_NEAR(static_cast<double>(wait.count()) / 1e6, 500 + 1000 + 561.2, 2);
}

TEST(AccrualDetector, who_stays_silent_is_missed_again_and_who_answers_is_not) {
    Watching watching(20);
    watching.run_for(30s);
    const MemberId member = watching.detector.watched().front();
    watching.silent.insert(member);
    watching.run_for(10s);
    EXPECT_GE(watching.missed.size(), 3U);
    watching.silent.clear();
    watching.run_for(1s);  // Until it is pinged again.
    const std::size_t times = watching.missed.size();
    watching.run_for(30s);
    EXPECT_EQ(watching.missed.size(), times);
}

TEST(AccrualDetector, the_gap_of_an_outage_is_no_sample) {
    Watching watching(20);
    watching.run_for(30s);
    const MemberId member = watching.detector.watched().front();
    watching.silent.insert(member);
    watching.run_for(10min);
    watching.silent.clear();
    watching.run_for(2s);
    const Instant heard = watching.pings[member].back();
    watching.missed.clear();
    watching.silent.insert(member);
    watching.run_for(10s);
    ASSERT_FALSE(watching.missed.empty());
    EXPECT_NEAR(static_cast<double>((watching.missed.front().first - heard).count()) / 1e6,
                500 + 1000 + 561.2, 2);
}

TEST(AccrualDetector, an_uneven_member_is_given_more_time) {
    // Of the acks every third one is lost.
    ProtocolConfig config = usual_config();
    config.phi_pause = Duration::zero();
    AccrualDetector detector(MemberId(1), config, 3);
    detector.add(MemberId(2));
    Instant now{};
    Instant heard{};
    std::size_t count = 0;
    std::vector<Detector::Missed> missed;
    const auto turn = [&](bool is_answering) {
        now = std::max(detector.deadline(), now);
        detector.advance(now);
        for (const auto& action : drain(detector)) {
            if (const auto* miss = std::get_if<Detector::Missed>(&action)) missed.push_back(*miss);
            const auto* send = std::get_if<Detector::SendProbe>(&action);
            if (send == nullptr || ++count % 3 == 0 || !is_answering) continue;
            detector.handle(now, MemberId(2),
                            wire::Ack{std::get<wire::Ping>(send->message).sequence});
            drain(detector);
            heard = now;
        }
    };
    while (now < Instant{} + 600s) turn(true);
    missed.clear();
    while (missed.empty()) turn(false);
    // Gaps of 500 ms and 1 s in turn: mean 750 ms, deviation 250 ms.
    EXPECT_NEAR(static_cast<double>((now - heard).count()) / 1e6, 750 + 5.612 * 250, 20);
}

TEST(AccrualDetector, who_was_woken_late_misses_nobody) {
    Watching watching(20);
    watching.run_for(30s);
    watching.now += 60s;
    watching.detector.advance(watching.now);
    watching.settle();
    EXPECT_EQ(watching.detector.counters().late_wakeups, 1U);
    watching.run_for(10s);
    EXPECT_TRUE(watching.missed.empty());
}

TEST(AccrualDetector, the_level_rises_with_the_silence) {
    Watching watching(2);
    EXPECT_FALSE(watching.detector.level(Instant{}, MemberId(2)));
    watching.run_for(30s);
    const Instant heard = watching.pings[MemberId(2)].back();
    EXPECT_NEAR(*watching.detector.level(heard + 1500ms, MemberId(2)), 0.301, 0.02);
    EXPECT_NEAR(*watching.detector.level(heard + 1500ms + 561ms, MemberId(2)), 8, 0.1);
    EXPECT_FALSE(watching.detector.level(heard, MemberId(3)));
}

TEST(AccrualDetector, last_chances_are_given_beside_the_pings) {
    Watching watching(20);
    watching.run_for(5s);
    const MemberId member = watching.detector.watched().front();
    watching.silent.insert(member);
    watching.detector.confirm(watching.now, member);
    const auto sends = only<Detector::SendProbe>(drain(watching.detector));
    ASSERT_EQ(sends.size(), 4U);
    // Its answer settles the last chance, and is no arrival of the watch.
    watching.detector.handle(watching.now, member,
                             wire::Ack{std::get<wire::Ping>(sends[0].message).sequence});
    const auto confirmed = only<Detector::Confirmed>(drain(watching.detector));
    ASSERT_EQ(confirmed.size(), 1U);
    EXPECT_TRUE(confirmed[0].is_alive);
}

TEST(AccrualDetector, what_belongs_to_another_detector_is_dropped) {
    Watching watching(3);
    watching.detector.handle(watching.now, MemberId(2), wire::Heartbeats{{}, {{MemberId(2), 1}}});
    EXPECT_TRUE(drain(watching.detector).empty());
    EXPECT_EQ(watching.detector.counters().dropped_unexpected, 1U);
}

}  // namespace
}  // namespace grapevine::protocol
