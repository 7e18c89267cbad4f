#include "protocol/membership/swim.hpp"

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

/// Member 1, which probes 2 .. count, at the beginning of its first period.
struct Prober {
    ProtocolConfig config;
    Swim swim;
    Instant now{};
    MemberId target;
    ProbeSequence sequence;

    explicit Prober(std::uint64_t count, std::uint64_t seed = 1) : swim(MemberId(1), config, seed) {
        for (std::uint64_t id = 2; id <= count; ++id) swim.add(MemberId(id));
        swim.advance(now);
        begin_period();
    }
    ~Prober() { swim.check_invariants(); }
    Prober(const Prober&) = delete;
    Prober& operator=(const Prober&) = delete;

    std::vector<Detector::Action> advance(Instant to) {
        now = to;
        swim.advance(now);
        swim.check_invariants();
        return drain(swim);
    }
    std::vector<Detector::SendProbe> sends(Instant to) {
        return only<Detector::SendProbe>(advance(to));
    }
    void begin_period() {
        const auto sent = sends(swim.deadline());
        ASSERT_EQ(sent.size(), 1U);
        target = sent[0].to;
        sequence = std::get<wire::Ping>(sent[0].message).sequence;
    }
    std::vector<Detector::Action> hear(std::uint64_t from, ProbeMessage message) {
        swim.handle(now, MemberId(from), message);
        swim.check_invariants();
        return drain(swim);
    }
};

template <typename Message>
std::vector<MemberId> receivers_of(const std::vector<Detector::SendProbe>& sends) {
    std::vector<MemberId> receivers;
    for (const auto& send : sends) {
        if (std::holds_alternative<Message>(send.message)) receivers.push_back(send.to);
    }
    return receivers;
}

TEST(Swim, a_ping_is_acked_at_once) {
    Prober prober(4);
    const auto actions = prober.hear(3, wire::Ping{ProbeSequence(77), {}});
    ASSERT_EQ(actions.size(), 1U);
    const auto& sent = std::get<Detector::SendProbe>(actions[0]);
    EXPECT_EQ(sent.to, MemberId(3));
    EXPECT_EQ(std::get<wire::Ack>(sent.message).sequence, ProbeSequence(77));
}

TEST(Swim, an_ack_settles_the_period_with_its_round_trip) {
    Prober prober(4);
    prober.now += 12ms;
    const auto answered =
        only<Detector::Answered>(prober.hear(prober.target.value(), wire::Ack{prober.sequence}));
    ASSERT_EQ(answered.size(), 1U);
    EXPECT_EQ(answered[0].member, prober.target);
    EXPECT_EQ(answered[0].round_trip, 12ms);
    // Nothing more until the next period.
    EXPECT_EQ(prober.swim.deadline(), prober.now - 12ms + prober.config.probe_period);
    EXPECT_TRUE(prober.hear(prober.target.value(), wire::Ack{prober.sequence}).empty());
}

TEST(Swim, an_ack_of_another_member_or_of_another_probe_settles_nothing) {
    Prober prober(4);
    const std::uint64_t other = prober.target == MemberId(2) ? 3 : 2;
    EXPECT_TRUE(prober.hear(other, wire::Ack{prober.sequence}).empty());
    EXPECT_TRUE(prober.hear(prober.target.value(), wire::Ack{ProbeSequence(999)}).empty());
    EXPECT_EQ(prober.swim.counters().dropped_unexpected, 2U);
}

TEST(Swim, helpers_are_asked_at_the_timeout_and_not_before) {
    Prober prober(10);
    const Instant due = prober.now + prober.config.ping_timeout;
    EXPECT_EQ(prober.swim.deadline(), due);
    EXPECT_TRUE(prober.sends(due - 1ns).empty());
    const auto helpers = receivers_of<wire::PingReq>(prober.sends(due));
    EXPECT_EQ(std::set<MemberId>(helpers.begin(), helpers.end()).size(), 3U);
    EXPECT_EQ(std::ranges::count(helpers, prober.target), 0);
}

TEST(Swim, nobody_is_missed_before_the_period_is_over) {
    Prober prober(10);
    const Instant end = prober.now + prober.config.probe_period;
    prober.advance(prober.swim.deadline());
    EXPECT_TRUE(prober.advance(end - 1ns).empty());
    const auto missed = only<Detector::Missed>(prober.advance(end));
    ASSERT_EQ(missed.size(), 1U);
    EXPECT_EQ(missed[0].member, prober.target);
}

TEST(Swim, an_ack_through_a_helper_saves_the_target_even_after_a_nack) {
    Prober prober(10);
    const auto helpers = receivers_of<wire::PingReq>(prober.sends(prober.swim.deadline()));
    prober.hear(helpers[0].value(), wire::Nack{prober.sequence});
    const auto answered =
        only<Detector::Answered>(prober.hear(helpers[0].value(), wire::Ack{prober.sequence}));
    ASSERT_EQ(answered.size(), 1U);
    EXPECT_EQ(answered[0].member, prober.target);
    EXPECT_EQ(answered[0].round_trip, Duration::zero());
}

TEST(Swim, a_late_direct_ack_counts_until_the_period_ends) {
    Prober prober(10);
    prober.advance(prober.swim.deadline());
    prober.now += 650ms;
    const auto answered =
        only<Detector::Answered>(prober.hear(prober.target.value(), wire::Ack{prober.sequence}));
    ASSERT_EQ(answered.size(), 1U);
    EXPECT_EQ(answered[0].round_trip, 950ms);
}

TEST(Swim, who_was_not_asked_cannot_answer_for_the_target) {
    Prober prober(10);
    const auto helpers = receivers_of<wire::PingReq>(prober.sends(prober.swim.deadline()));
    for (std::uint64_t id = 2; id <= 10; ++id) {
        if (MemberId(id) == prober.target || std::ranges::count(helpers, MemberId(id))) continue;
        EXPECT_TRUE(prober.hear(id, wire::Ack{prober.sequence}).empty());
    }
}

TEST(Swim, a_failed_probe_costs_health_and_a_silent_helper_once_more) {
    for (const bool all_nack : {true, false}) {
        Prober prober(10);
        const auto helpers = receivers_of<wire::PingReq>(prober.sends(prober.swim.deadline()));
        for (std::size_t at = all_nack ? 0 : 1; at < helpers.size(); ++at) {
            prober.hear(helpers[at].value(), wire::Nack{prober.sequence});
        }
        prober.advance(prober.swim.deadline());
        EXPECT_EQ(prober.swim.local_health(), all_nack ? 1U : 2U);
    }
}

TEST(Swim, two_members_alone_ping_again_instead_of_asking_helpers) {
    Prober prober(2);
    const auto sent = prober.sends(prober.swim.deadline());
    EXPECT_EQ(receivers_of<wire::Ping>(sent), std::vector<MemberId>{MemberId(2)});
    EXPECT_EQ(sent.size(), 1U);
}

TEST(Swim, the_unreachable_costs_no_time_and_a_flood_of_it_nothing) {
    Prober prober(10);
    prober.now += 1ms;
    prober.swim.unreachable(prober.now, prober.target);
    EXPECT_EQ(receivers_of<wire::PingReq>(only<Detector::SendProbe>(drain(prober.swim))).size(),
              3U);
    for (int packet = 0; packet < 1000; ++packet) {
        prober.swim.unreachable(prober.now, prober.target);
        prober.swim.unreachable(prober.now, MemberId(5));
    }
    EXPECT_TRUE(drain(prober.swim).empty());
    // No verdict before the period is over: anybody can forge an ICMP message.
    const Instant end = prober.now - 1ms + prober.config.probe_period;
    EXPECT_TRUE(prober.advance(end - 1ns).empty());
}

TEST(Swim, a_favour_is_a_ping_whose_ack_is_passed_on_even_late) {
    Prober prober(10);
    const auto pinged =
        only<Detector::SendProbe>(prober.hear(5, wire::PingReq{ProbeSequence(900), MemberId(6)}));
    ASSERT_EQ(pinged.size(), 1U);
    EXPECT_EQ(pinged[0].to, MemberId(6));
    const auto sequence = std::get<wire::Ping>(pinged[0].message).sequence;
    EXPECT_TRUE(prober.hear(7, wire::Ack{sequence}).empty()) << "not the one that was asked";
    EXPECT_EQ(receivers_of<wire::Nack>(prober.sends(prober.swim.deadline())),
              std::vector<MemberId>{MemberId(5)});
    const auto passed = only<Detector::SendProbe>(prober.hear(6, wire::Ack{sequence}));
    ASSERT_EQ(passed.size(), 1U);
    EXPECT_EQ(passed[0].to, MemberId(5));
    EXPECT_EQ(std::get<wire::Ack>(passed[0].message).sequence, ProbeSequence(900));
}

TEST(Swim, favours_are_bounded_and_the_oldest_is_displaced) {
    Prober prober(10);
    ProbeSequence first;
    for (std::uint32_t at = 0; at <= kFavoursMax; ++at) {
        const auto sent = only<Detector::SendProbe>(
            prober.hear(5, wire::PingReq{ProbeSequence(at), MemberId(1000 + at)}));
        if (at == 0) first = std::get<wire::Ping>(sent[0].message).sequence;
    }
    EXPECT_EQ(prober.swim.counters().favours_displaced, 1U);
    EXPECT_TRUE(prober.hear(1000, wire::Ack{first}).empty());
}

TEST(Swim, a_last_chance_is_lost_after_two_timeouts_and_not_before) {
    Prober prober(10);
    prober.hear(prober.target.value(), wire::Ack{prober.sequence});
    prober.swim.confirm(prober.now, MemberId(4));
    const auto sent = only<Detector::SendProbe>(drain(prober.swim));
    EXPECT_EQ(receivers_of<wire::Ping>(sent), std::vector<MemberId>{MemberId(4)});
    EXPECT_EQ(receivers_of<wire::PingReq>(sent).size(), 3U);
    const Instant end = prober.now + 2 * prober.config.ping_timeout;
    // At half time the direct ping is repeated.
    EXPECT_EQ(receivers_of<wire::Ping>(prober.sends(prober.now + prober.config.ping_timeout)),
              std::vector<MemberId>{MemberId(4)});
    EXPECT_TRUE(prober.advance(end - 1ns).empty());
    const auto confirmed = only<Detector::Confirmed>(prober.advance(end));
    ASSERT_EQ(confirmed.size(), 1U);
    EXPECT_EQ(confirmed[0].member, MemberId(4));
    EXPECT_FALSE(confirmed[0].is_alive);
}

TEST(Swim, any_answer_wins_a_last_chance) {
    for (const bool through_helper : {false, true}) {
        Prober prober(10);
        prober.swim.confirm(prober.now, MemberId(4));
        const auto sent = only<Detector::SendProbe>(drain(prober.swim));
        const auto sequence = std::get<wire::Ping>(sent[0].message).sequence;
        const auto helper = receivers_of<wire::PingReq>(sent)[1];
        const std::uint64_t from = through_helper ? helper.value() : 4;
        const auto confirmed = only<Detector::Confirmed>(prober.hear(from, wire::Ack{sequence}));
        ASSERT_EQ(confirmed.size(), 1U);
        EXPECT_TRUE(confirmed[0].is_alive);
    }
}

TEST(Swim, last_chances_run_in_parallel_up_to_a_limit_and_none_is_forgotten) {
    Prober prober(200);
    for (std::uint64_t id = 2; id <= 101; ++id) {
        prober.swim.confirm(prober.now, MemberId(id));
        prober.swim.confirm(prober.now, MemberId(id));
    }
    drain(prober.swim);
    EXPECT_EQ(prober.swim.counters().last_chances, kLastChancesMax);
    std::set<MemberId> confirmed;
    const Instant limit = prober.now + 2 * prober.config.ping_timeout * 8;
    while (prober.swim.deadline() <= limit) {
        for (const auto& verdict :
             only<Detector::Confirmed>(prober.advance(prober.swim.deadline()))) {
            EXPECT_TRUE(confirmed.insert(verdict.member).second);
        }
    }
    EXPECT_EQ(confirmed.size(), 100U);
}

TEST(Swim, who_is_removed_gets_no_verdict) {
    Prober prober(10);
    prober.swim.confirm(prober.now, MemberId(4));
    prober.swim.confirm(prober.now, prober.target);
    drain(prober.swim);
    prober.swim.remove(MemberId(4));
    prober.swim.remove(prober.target);
    prober.swim.check_invariants();
    for (int step = 0; step < 3; ++step) {
        const auto actions = prober.advance(prober.swim.deadline());
        for (const auto& missed : only<Detector::Missed>(actions)) {
            EXPECT_NE(missed.member, prober.target);
        }
        EXPECT_TRUE(only<Detector::Confirmed>(actions).empty());
        EXPECT_EQ(std::ranges::count(receivers_of<wire::Ping>(only<Detector::SendProbe>(actions)),
                                     MemberId(4)),
                  0);
    }
}

TEST(Swim, a_removed_place_in_the_waiting_line_is_taken_by_the_next) {
    Prober prober(200);
    for (std::uint64_t id = 2; id <= 2 + kLastChancesMax; ++id) {
        prober.swim.confirm(prober.now, MemberId(id));
    }
    drain(prober.swim);
    prober.swim.remove(MemberId(2));
    EXPECT_LE(prober.swim.deadline(), prober.now);
    const auto sent = prober.sends(prober.now);
    EXPECT_EQ(receivers_of<wire::Ping>(sent), std::vector<MemberId>{MemberId(2 + kLastChancesMax)});
}

TEST(Swim, a_late_driver_pings_anew_and_accuses_nobody) {
    Prober prober(10);
    prober.swim.confirm(prober.now, MemberId(4));
    drain(prober.swim);
    prober.advance(prober.now + prober.config.ping_timeout);
    const auto actions = prober.advance(prober.now + 1h);
    EXPECT_TRUE(only<Detector::Missed>(actions).empty());
    EXPECT_TRUE(only<Detector::Confirmed>(actions).empty());
    const auto pinged = receivers_of<wire::Ping>(only<Detector::SendProbe>(actions));
    EXPECT_EQ(std::ranges::count(pinged, prober.target), 1);
    EXPECT_EQ(std::ranges::count(pinged, MemberId(4)), 1);
    EXPECT_EQ(prober.swim.counters().late_wakeups, 1U);
    EXPECT_EQ(prober.swim.counters().probes, 1U) << "no catching up";
    // The ack that waited in our socket is still good.
    EXPECT_EQ(
        only<Detector::Answered>(prober.hear(prober.target.value(), wire::Ack{prober.sequence}))
            .size(),
        1U);
}

TEST(Swim, a_driver_that_is_late_within_the_bound_changes_no_verdict) {
    Prober prober(10);
    prober.advance(prober.swim.deadline());
    const auto actions = prober.advance(prober.swim.deadline() + prober.config.lateness_max);
    EXPECT_EQ(only<Detector::Missed>(actions).size(), 1U);
}

TEST(Swim, adding_ourselves_nobody_or_a_known_member_does_nothing) {
    Swim swim(MemberId(1), ProtocolConfig{}, 1);
    swim.add(MemberId(1));
    swim.add(kNobody);
    EXPECT_EQ(swim.deadline(), kNever);
    swim.add(MemberId(2));
    swim.add(MemberId(2));
    EXPECT_EQ(swim.member_count(), 1U);
    swim.remove(MemberId(3));
    swim.remove(MemberId(2));
    EXPECT_EQ(swim.deadline(), kNever);
}

/// Everything at once, a few thousand times: only the invariants are asked.
TEST(Swim, random_inputs_keep_the_invariants) {
    for (std::uint64_t seed = 1; seed <= 50; ++seed) {
        Random random(seed);
        ProtocolConfig config;
        config.probe_period = 100ms;
        config.ping_timeout = 30ms;
        Swim swim(MemberId(1), config, seed);
        Instant now{};
        for (int step = 0; step < 3000; ++step) {
            now += 1ms * static_cast<int>(random.below(30));
            const MemberId member(1 + random.below(40));
            const ProbeSequence sequence(static_cast<std::uint32_t>(random.below(200)));
            switch (random.below(9)) {
                case 0:
                    swim.add(member);
                    break;
                case 1:
                    swim.remove(member);
                    break;
                case 2:
                    swim.handle(now, member, wire::Ack{sequence});
                    break;
                case 3:
                    swim.handle(now, member, wire::Nack{sequence});
                    break;
                case 4:
                    swim.handle(now, member, wire::PingReq{sequence, MemberId(7)});
                    break;
                case 5:
                    swim.confirm(now, member);
                    break;
                case 6:
                    swim.unreachable(now, member);
                    break;
                default:
                    swim.advance(now);
                    break;
            }
            drain(swim);
            swim.check_invariants();
        }
    }
}

TEST(Swim, helpers_are_those_near_us_but_for_one) {
    const std::vector<MemberId> near = {MemberId(40), MemberId(41), MemberId(42), MemberId(99)};
    int near_helpers = 0;
    for (std::uint64_t seed = 1; seed <= 50; ++seed) {
        Prober prober(50, seed);
        prober.swim.prefer(near);
        const auto helpers =
            receivers_of<wire::PingReq>(prober.sends(prober.now + prober.config.ping_timeout));
        ASSERT_EQ(helpers.size(), 3U);
        EXPECT_EQ(std::set<MemberId>(helpers.begin(), helpers.end()).size(), 3U);
        EXPECT_EQ(std::ranges::find(helpers, prober.target), helpers.end());
        EXPECT_EQ(std::ranges::find(helpers, MemberId(99)), helpers.end()) << "it is no member";
        for (const MemberId helper : helpers) {
            near_helpers += helper.value() >= 40 && helper.value() <= 42 ? 1 : 0;
        }
    }
    EXPECT_GE(near_helpers, 95);
    EXPECT_LE(near_helpers, 120);
}

}  // namespace
}  // namespace grapevine::protocol
