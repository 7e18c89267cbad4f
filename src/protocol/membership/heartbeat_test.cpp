#include "protocol/membership/heartbeat.hpp"

#include <algorithm>
#include <gtest/gtest.h>
#include <set>

#include "protocol/testing.hpp"

namespace grapevine::protocol {
namespace {

using namespace std::chrono_literals;
using testing::drain;
using testing::only;

ProtocolConfig config_of(Duration fail) {
    ProtocolConfig config;
    config.heartbeat_interval = 1s;
    config.heartbeat_fail = fail;
    return config;
}

/// Member 1, which knows 2 .. count, at its first round.
struct Counting {
    Heartbeat heartbeat;
    Instant now{};

    explicit Counting(std::uint64_t count, const ProtocolConfig& config = config_of(10s))
        : heartbeat(MemberId(1), config, 7) {
        for (std::uint64_t id = 2; id <= count; ++id) heartbeat.add(MemberId(id));
        heartbeat.advance(now);
    }
    ~Counting() { heartbeat.check_invariants(); }
    Counting(const Counting&) = delete;
    Counting& operator=(const Counting&) = delete;

    std::vector<Detector::Action> round() {
        now = heartbeat.deadline();
        heartbeat.advance(now);
        heartbeat.check_invariants();
        return drain(heartbeat);
    }
    std::vector<Detector::Action> hear(std::uint64_t from, wire::Heartbeats heartbeats) {
        heartbeat.handle(now, MemberId(from), heartbeats);
        heartbeat.check_invariants();
        return drain(heartbeat);
    }
    std::set<MemberId> missed_in(int rounds) {
        std::set<MemberId> members;
        for (int done = 0; done < rounds; ++done) {
            for (const auto& missed : only<Detector::Missed>(round())) {
                members.insert(missed.member);
            }
        }
        return members;
    }
};

wire::Heartbeats list_of(std::vector<wire::Heartbeats::Item> items) {
    return {{}, std::move(items)};
}

std::vector<wire::Heartbeats> lists_in(const std::vector<Detector::Action>& actions) {
    std::vector<wire::Heartbeats> lists;
    for (const auto& send : only<Detector::SendProbe>(actions)) {
        if (const auto* list = std::get_if<wire::Heartbeats>(&send.message)) lists.push_back(*list);
    }
    return lists;
}

TEST(Heartbeat, every_round_one_member_hears_a_counter_that_has_risen_by_one) {
    Counting counting(5);
    for (std::uint32_t count = 1; count <= 20; ++count) {
        const auto lists = lists_in(counting.round());
        ASSERT_EQ(lists.size(), 1U);
        EXPECT_EQ(lists[0].items.front(), (wire::Heartbeats::Item{MemberId(1), count}));
        EXPECT_EQ(counting.heartbeat.counters().rounds, count);
    }
}

TEST(Heartbeat, the_greater_counter_of_each_member_is_passed_on) {
    Counting counting(4);
    counting.hear(2, list_of({{MemberId(2), 7}, {MemberId(3), 9}}));
    counting.hear(3, list_of({{MemberId(2), 8}, {MemberId(3), 5}}));
    const auto lists = lists_in(counting.round());
    ASSERT_EQ(lists.size(), 1U);
    EXPECT_EQ(lists[0].items, (std::vector<wire::Heartbeats::Item>{
                                  {MemberId(1), 1}, {MemberId(2), 8}, {MemberId(3), 9}}))
        << "of member 4, nothing was heard that could be told";
}

TEST(Heartbeat, who_is_not_heard_of_for_the_fail_time_is_missed_and_nobody_before) {
    Counting counting(3);
    counting.round();
    counting.hear(2, list_of({{MemberId(2), 1}, {MemberId(3), 1}}));
    EXPECT_TRUE(counting.missed_in(5).empty());
    counting.hear(2, list_of({{MemberId(2), 2}}));
    EXPECT_TRUE(counting.missed_in(5).empty());
    EXPECT_EQ(counting.missed_in(1), std::set{MemberId(3)});
    EXPECT_EQ(counting.missed_in(5), std::set{MemberId(2)});
}

TEST(Heartbeat, a_counter_that_was_known_proves_nothing) {
    Counting counting(2);
    counting.round();
    std::set<MemberId> missed;
    for (int done = 0; done < 11; ++done) {
        counting.hear(2, list_of({{MemberId(2), 5}}));
        missed.merge(counting.missed_in(1));
    }
    EXPECT_EQ(missed, std::set{MemberId(2)});
}

TEST(Heartbeat, who_is_missed_is_not_gossiped_to_and_not_told_of) {
    Counting counting(3);
    counting.round();
    counting.hear(2, list_of({{MemberId(3), 4}}));
    for (std::uint32_t count = 1; count <= 11; ++count) {
        counting.hear(2, list_of({{MemberId(2), count}}));
        counting.round();
    }
    for (std::uint32_t count = 12; count <= 20; ++count) {
        counting.hear(2, list_of({{MemberId(2), count}}));
        for (const auto& send : only<Detector::SendProbe>(counting.round())) {
            EXPECT_EQ(send.to, MemberId(2));
            EXPECT_EQ(std::get<wire::Heartbeats>(send.message).items.size(), 2U);
        }
    }
}

TEST(Heartbeat, a_counter_that_rises_again_is_an_answer) {
    Counting counting(2);
    counting.hear(2, list_of({{MemberId(2), 5}}));
    EXPECT_EQ(counting.missed_in(12).size(), 1U);
    const auto answered = only<Detector::Answered>(counting.hear(2, list_of({{MemberId(2), 6}})));
    ASSERT_EQ(answered.size(), 1U);
    EXPECT_EQ(answered[0].member, MemberId(2));
    EXPECT_TRUE(only<Detector::Answered>(counting.hear(2, list_of({{MemberId(2), 7}}))).empty());
}

TEST(Heartbeat, an_old_counter_does_not_bring_back_who_was_removed) {
    Counting counting(3);
    counting.round();
    counting.hear(2, list_of({{MemberId(3), 50}}));
    counting.heartbeat.remove(MemberId(3));
    counting.heartbeat.add(MemberId(3));
    counting.hear(2, list_of({{MemberId(3), 49}}));
    EXPECT_EQ(counting.heartbeat.counter_of(MemberId(3)), 50U);
    counting.hear(2, list_of({{MemberId(3), 51}}));
    EXPECT_EQ(counting.heartbeat.counter_of(MemberId(3)), 51U);
}

TEST(Heartbeat, after_the_cleanup_time_an_old_counter_is_forgotten) {
    Counting counting(3);
    counting.round();
    counting.hear(2, list_of({{MemberId(3), 50}}));
    counting.heartbeat.remove(MemberId(3));
    for (int done = 0; done < 21; ++done) counting.round();
    counting.heartbeat.add(MemberId(3));
    counting.hear(2, list_of({{MemberId(3), 1}}));
    EXPECT_EQ(counting.heartbeat.counter_of(MemberId(3)), 1U);
}

TEST(Heartbeat, who_hears_of_a_higher_counter_of_its_own_goes_on_from_there) {
    Counting counting(2);
    counting.round();
    counting.hear(2, list_of({{MemberId(1), 1000}}));
    const auto lists = lists_in(counting.round());
    ASSERT_EQ(lists.size(), 1U);
    EXPECT_EQ(lists[0].items.front().counter, 1001U);
}

TEST(Heartbeat, counters_wrap_around) {
    Counting counting(2);
    counting.hear(2, list_of({{MemberId(2), UINT32_MAX}}));
    counting.hear(2, list_of({{MemberId(2), 3}}));
    EXPECT_EQ(counting.heartbeat.counter_of(MemberId(2)), 3U);
    counting.hear(2, list_of({{MemberId(2), UINT32_MAX}}));
    EXPECT_EQ(counting.heartbeat.counter_of(MemberId(2)), 3U);
}

TEST(Heartbeat, counters_of_strangers_are_ignored) {
    Counting counting(2);
    counting.hear(2, list_of({{MemberId(99), 5}}));
    EXPECT_FALSE(counting.heartbeat.counter_of(MemberId(99)));
    EXPECT_EQ(counting.heartbeat.counters().dropped_unknown, 1U);
}

TEST(Heartbeat, who_was_woken_late_misses_nobody) {
    Counting counting(4);
    counting.round();
    counting.hear(2, list_of({{MemberId(2), 1}, {MemberId(3), 1}, {MemberId(4), 1}}));
    counting.now = counting.heartbeat.deadline() + 60s;
    counting.heartbeat.advance(counting.now);
    EXPECT_TRUE(only<Detector::Missed>(drain(counting.heartbeat)).empty());
    EXPECT_EQ(counting.heartbeat.counters().late_wakeups, 1U);
    // What was left of their time before the sleep is left of it now.
    EXPECT_TRUE(counting.missed_in(8).empty());
    EXPECT_EQ(counting.missed_in(3).size(), 3U);
}

TEST(Heartbeat, a_list_longer_than_a_packet_goes_in_several) {
    // At the limit of one packet, and one above it.
    for (const std::size_t others : {kHeartbeatsPerPacketMax - 1, kHeartbeatsPerPacketMax}) {
        Counting counting(others + 1);
        for (std::uint64_t id = 2; id <= others + 1; ++id) {
            counting.hear(2, list_of({{MemberId(id), 1}}));
        }
        std::set<MemberId> told;
        const auto lists = lists_in(counting.round());
        EXPECT_EQ(lists.size(), others < kHeartbeatsPerPacketMax ? 1U : 2U);
        for (const auto& list : lists) {
            EXPECT_LE(list.items.size(), kHeartbeatsPerPacketMax);
            for (const auto& item : list.items) told.insert(item.member);
        }
        EXPECT_EQ(told.size(), others + 1);
    }
}

TEST(Heartbeat, a_list_longer_than_a_round_goes_in_rotating_parts_and_takes_as_much_longer) {
    Counting whole(kHeartbeatsPerRoundMax + 1);
    whole.round();
    EXPECT_EQ(whole.heartbeat.fail_time(), 10s);

    Counting counting(kHeartbeatsPerRoundMax + 2);
    for (std::uint64_t id = 2; id <= kHeartbeatsPerRoundMax + 2; ++id) {
        counting.hear(2, list_of({{MemberId(id), 1}}));
    }
    std::set<MemberId> told;
    for (int done = 0; done < 2; ++done) {
        const auto lists = lists_in(counting.round());
        EXPECT_EQ(lists.size(), 8U);
        for (const auto& list : lists) {
            for (const auto& item : list.items) told.insert(item.member);
        }
    }
    EXPECT_EQ(told.size(), kHeartbeatsPerRoundMax + 2);
    EXPECT_EQ(counting.heartbeat.fail_time(), 20s);
}

TEST(Heartbeat, pings_are_answered_and_last_chances_given) {
    Counting counting(4);
    counting.heartbeat.handle(counting.now, MemberId(2), wire::Ping{ProbeSequence(5), {}});
    EXPECT_EQ(only<Detector::SendProbe>(drain(counting.heartbeat)).size(), 1U);
    counting.heartbeat.confirm(counting.now, MemberId(3));
    EXPECT_EQ(only<Detector::SendProbe>(drain(counting.heartbeat)).size(), 3U);
    std::vector<Detector::Confirmed> confirmed;
    while (confirmed.empty()) {
        counting.now = counting.heartbeat.deadline();
        counting.heartbeat.advance(counting.now);
        confirmed = only<Detector::Confirmed>(drain(counting.heartbeat));
        ASSERT_LT(counting.now, Instant{} + 5s);
    }
    EXPECT_FALSE(confirmed[0].is_alive);
}

TEST(Heartbeat, alone_there_is_nothing_to_do) {
    Heartbeat heartbeat(MemberId(1), config_of(10s), 7);
    EXPECT_EQ(heartbeat.deadline(), kNever);
    heartbeat.add(MemberId(2));
    EXPECT_EQ(heartbeat.deadline(), Instant{});
    heartbeat.advance(Instant{} + 1000s);
    EXPECT_GE(heartbeat.deadline(), Instant{} + 1000s);
    heartbeat.remove(MemberId(2));
    EXPECT_EQ(heartbeat.deadline(), kNever);
}

TEST(Heartbeat, what_belongs_to_another_detector_is_dropped) {
    Counting counting(3);
    counting.heartbeat.handle(counting.now, MemberId(2), wire::BurstRequest{});
    EXPECT_TRUE(drain(counting.heartbeat).empty());
    EXPECT_EQ(counting.heartbeat.counters().dropped_unexpected, 1U);
}

TEST(Heartbeat, at_most_so_many_of_the_departed_are_remembered) {
    Heartbeat heartbeat(MemberId(1), config_of(10s), 7);
    heartbeat.add(MemberId(2));
    heartbeat.advance(Instant{});
    Instant now{};
    for (std::uint64_t id = 3; id < 3 + kHeartbeatsDepartedMax + 1; ++id) {
        now += 1us;
        heartbeat.add(MemberId(id));
        heartbeat.handle(now, MemberId(2), list_of({{MemberId(id), 5}}));
        heartbeat.remove(MemberId(id));
    }
    heartbeat.check_invariants();
    // The first to go is forgotten: whatever is heard of it counts.
    heartbeat.add(MemberId(3));
    heartbeat.add(MemberId(4));
    heartbeat.handle(now, MemberId(2), list_of({{MemberId(3), 1}, {MemberId(4), 1}}));
    EXPECT_EQ(heartbeat.counter_of(MemberId(3)), 1U);
    EXPECT_EQ(heartbeat.counter_of(MemberId(4)), 5U);
}

}  // namespace
}  // namespace grapevine::protocol
