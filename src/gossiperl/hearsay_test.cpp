// What is believed of members that have not spoken for themselves, and when verdicts come.
#include <gtest/gtest.h>

#include "base/limits.hpp"
#include "gossiperl/testing.hpp"

namespace grapevine::gossiperl {
namespace {

using namespace gossiperl::testing;
using client::Reachability;
using Strings = std::vector<std::string>;

// -- Whom to believe --

TEST(Hearsay, an_answer_to_our_digest_brings_its_sender_and_whom_it_names) {
    Bench bench;
    bench.answer(2, "a",
                 {{"a", "0.0.0.0", 6666, bench.clock()},
                  {"b", ip(3), 7777, bench.clock() - 3},
                  {"us", ip(1), 6666, bench.clock()}});
    EXPECT_EQ(bench.changes, (Strings{"member_in a", "member_in b"}));
    EXPECT_EQ(bench.find("a")->address, host(2));
    EXPECT_EQ(bench.find("b")->address, host(3, 7777));
    EXPECT_EQ(bench.find("b")->last_heard, bench.now - 3s);
}

TEST(Hearsay, a_list_that_answers_nothing_is_not_believed_of_a_stranger) {
    Bench bench;
    const DigestAck ack{"a", bench.clock(), "unasked", {{"a", "0.0.0.0", 6666, bench.clock()}}};
    bench.hear(host(2), ack);
    EXPECT_EQ(bench.names(), Strings{"us"});
    bench.hear(host(2), DigestSubscriptions{"a", 0, "unasked", {{"t", "a", "a", 0}}});
    EXPECT_TRUE(bench.node.subscriptions(bench.now).empty());
    EXPECT_EQ(bench.node.counters().refused_unasked, 2U);
}

TEST(Hearsay, a_list_that_answers_nothing_is_believed_from_where_somebody_proved_the_secret) {
    Bench bench;
    bench.digest(2, "a");
    bench.hear(host(2), DigestAck{"a", bench.clock(), "unasked", {{"b", ip(3), 1, bench.clock()}}});
    EXPECT_EQ(bench.names(), (Strings{"us", "a", "b"}));
    // That somebody told of b proves nothing about who speaks there.
    bench.hear(host(3), DigestAck{"b", bench.clock(), "unasked", {{"c", ip(4), 1, bench.clock()}}});
    EXPECT_EQ(bench.names(), (Strings{"us", "a", "b"}));
}

TEST(Hearsay, an_answer_is_believed_as_long_as_its_round_is_remembered) {
    Bench bench;
    bench.answer(2, "a", {});
    const std::string id = bench.latest_id;
    bench.run_for(29s);
    bench.hear(host(2), DigestAck{"a", bench.clock(), id, {{"b", ip(3), 1, bench.clock()}}});
    EXPECT_NE(bench.find("b"), nullptr);
    bench.run_for(4s);
    bench.hear(host(5), DigestAck{"a", bench.clock(), id, {{"c", ip(4), 1, bench.clock()}}});
    EXPECT_EQ(bench.find("c"), nullptr);
}

TEST(Hearsay, addresses_where_no_peer_can_be_are_refused) {
    Bench bench;
    const std::vector<std::pair<std::string, std::int32_t>> wrong = {
        {"127.0.0.1", 6666}, {"::1", 6666},       {"::ffff:127.0.0.1", 6666}, {"127.0.0.2", 6666},
        {"10.0.0.1", 6666},  {"239.1.1.1", 6666}, {"255.255.255.255", 6666},  {"ff02::1", 6666},
        {"10.0.0.3", 0},     {"10.0.0.3", -1},    {"10.0.0.3", 65536},        {"", 6666},
        {"somewhere", 6666}, {"10.0.0", 6666},    {"10.0.0.3:1", 6666},       {"fe80::1%2", 6666},
        {"[::2]", 6666},     {"10.0.0.3 ", 6666}};
    std::vector<DigestMember> list;
    for (std::size_t i = 0; i < wrong.size(); ++i) {
        list.push_back({"w" + std::to_string(i), wrong[i].first, wrong[i].second, bench.clock()});
    }
    bench.answer(2, "a", list);
    EXPECT_EQ(bench.names(), Strings{"us"});
    EXPECT_EQ(bench.node.counters().refused_address, wrong.size());
}

TEST(Hearsay, daemons_tried_on_one_host_may_speak_of_its_loopback) {
    Bench bench;
    bench.hear(Endpoint::v4(127, 0, 0, 2, 6666),
               DigestAck{"a",
                         bench.clock(),
                         bench.latest_id,
                         {{"a", "0.0.0.0", 6666, bench.clock()},
                          {"b", "127.0.0.3", 6666, bench.clock()},
                          {"c", "127.0.0.1", 6666, bench.clock()}}});
    EXPECT_EQ(bench.names(), (Strings{"us", "a", "b"}));
}

TEST(Hearsay, the_name_of_a_client_and_no_name_are_refused) {
    Bench bench;
    bench.attach(7000, "app");
    bench.answer(2, "a", {{"app", ip(3), 6666, bench.clock()}, {"", ip(3), 6666, bench.clock()}});
    EXPECT_EQ(bench.node.counters().refused_name, 2U);
    EXPECT_TRUE(bench.find("app")->is_local);
}

TEST(Hearsay, who_was_only_told_of_is_not_passed_on_before_it_speaks) {
    Bench bench;
    bench.answer(2, "a", {{"b", ip(3), 6666, bench.clock()}});
    bench.clear();
    bench.digest(2, "a");
    EXPECT_EQ(bench.sent<DigestAck>()[0].second.membership.size(), 2U);
    bench.digest(3, "b");
    bench.clear();
    bench.digest(2, "a");
    EXPECT_EQ(bench.sent<DigestAck>()[0].second.membership.size(), 3U);
}

TEST(Hearsay, who_was_only_told_of_is_asked_in_the_next_round) {
    Bench bench;
    bench.answer(2, "a",
                 {{"a", "0.0.0.0", 6666, bench.clock()}, {"b", ip(3), 6666, bench.clock()}});
    bench.clear();
    bench.run_for(2s);
    const auto digests = bench.sent<Digest>();
    EXPECT_TRUE(std::ranges::any_of(digests, [](const auto& d) { return d.first == host(3); }));
}

// -- Clocks --

TEST(Hearsay, of_an_unknown_member_counts_relative_to_the_clock_of_the_teller) {
    for (const std::int64_t skew : {-60, 0, 60}) {
        Bench bench;
        bench.answer(2, "a", {{"b", ip(3), 6666, bench.clock() + skew - 5}}, skew);
        ASSERT_NE(bench.find("b"), nullptr) << skew;
        EXPECT_EQ(bench.find("b")->last_heard, bench.now - 5s) << skew;
    }
}

TEST(Hearsay, of_the_future_counts_as_now_for_an_unknown_member) {
    Bench bench;
    bench.answer(2, "a", {{"b", ip(3), 6666, bench.clock() + 1000}});
    EXPECT_EQ(bench.find("b")->last_heard, bench.now);
}

TEST(Hearsay, too_old_to_be_reachable_brings_nobody_in) {
    Bench bench;
    bench.answer(2, "a", {{"b", ip(3), 6666, bench.clock() - 20}});
    EXPECT_EQ(bench.find("b"), nullptr);
    bench.answer(2, "a", {{"b", ip(3), 6666, bench.clock() - 19}});
    EXPECT_NE(bench.find("b"), nullptr);
}

TEST(Hearsay, absurd_times_are_harmless) {
    Bench bench;
    bench.digest(3, "b");
    for (const std::int64_t time :
         {INT64_MIN, INT64_MAX, std::int64_t{-1}, std::int64_t{1} << 40}) {
        bench.answer(2, "a", {{"b", ip(3), 6666, time}, {"c", ip(4), 6666, time}});
        bench.hear(host(2), DigestAck{"a", time, bench.latest_id, {{"b", ip(3), 6666, 5}}});
        bench.hear(host(2), Digest{"a", 6666, time, "d", kSecret});
        bench.subscriptions(2, "a", {{"t", "a", "a", time}, {"t", "b", "b", time}});
        bench.hear(host(2), DigestSubscriptions{"a", time, bench.latest_id, {{"u", "b", "b", 5}}});
        EXPECT_LE(bench.find("b")->last_heard, bench.now);
    }
}

TEST(Hearsay, keeps_a_member_alive_when_the_clocks_agree) {
    Bench bench;
    bench.digest(3, "b");
    for (int i = 0; i < 60; ++i) {
        bench.run_for(2s);
        bench.digest(2, "a");
        bench.answer(2, "a", {{"b", ip(3), 6666, bench.clock() - 4}});
    }
    EXPECT_EQ(bench.changes, (Strings{"member_in b", "member_in a"}));
}

TEST(Hearsay, never_takes_a_member_back_in_time) {
    Bench bench;
    bench.digest(3, "b");
    bench.digest(2, "a");
    const Instant heard = bench.find("b")->last_heard;
    bench.answer(2, "a", {{"b", ip(3), 6666, bench.clock() - 1000}});
    EXPECT_EQ(bench.find("b")->last_heard, heard);
}

TEST(Hearsay, that_is_stale_does_not_rejoin) {
    Bench bench;
    bench.digest(3, "b");
    bench.run_for(25s);
    bench.digest(2, "a");
    bench.clear();
    bench.answer(2, "a", {{"b", ip(3), 6666, bench.clock() - 21}});
    EXPECT_TRUE(bench.changes.empty());
    bench.answer(2, "a", {{"b", ip(3), 6666, bench.clock() - 3}});
    EXPECT_EQ(bench.changes, Strings{"member_rejoin b"});
}

// Tellers differ by a second or two in what they heard last of a member that died.
TEST(Hearsay, that_is_nearly_stale_does_not_make_a_silent_member_flap) {
    Bench bench;
    bench.digest(3, "b");
    bench.run_for(20s);
    bench.digest(2, "a");
    bench.clear();
    for (const std::int64_t age : {18, 14, 11}) {
        bench.answer(2, "a", {{"b", ip(3), 6666, bench.clock() - age}});
    }
    EXPECT_TRUE(bench.changes.empty());
}

// An original keeps our number for b as it came, and its clock is behind ours by a minute: to it,
// b was heard of in the future, and it says so for as long as anybody listens.
TEST(Hearsay, our_own_word_come_back_from_a_slow_clock_keeps_nobody_alive) {
    for (const std::int64_t skew : {-60, -10, -2}) {
        Bench bench;
        bench.digest(3, "b");
        for (int i = 0; i < 120; ++i) {
            bench.digest(2, "a", skew);
            const auto acks = bench.sent<DigestAck>();
            const auto& told = acks.back().second.membership;
            const auto b = std::ranges::find(told, "b", &DigestMember::member_name);
            if (b != told.end()) bench.answer(2, "a", {*b}, skew);
            bench.clear();
            bench.run_for(500ms);
            if (bench.now < Instant(20s)) continue;
            EXPECT_NE(bench.find("b")->reachability, Reachability::reachable) << skew;
        }
    }
}

TEST(Hearsay, of_somebody_who_went_does_not_bring_it_back_unless_it_is_certain_news) {
    Bench bench;
    bench.digest(2, "a");
    bench.digest(3, "b");
    bench.hear(host(3), DigestExit{"b", 0, kSecret});
    for (const std::int64_t at : {-19, -1, 0, 60}) {
        bench.answer(2, "a", {{"b", ip(3), 6666, bench.clock() + at}});
        EXPECT_EQ(bench.find("b"), nullptr) << at;
    }
    bench.run_for(10s);
    bench.answer(2, "a", {{"b", ip(3), 6666, bench.clock() - 3}});
    EXPECT_NE(bench.find("b"), nullptr);
}

TEST(Hearsay, its_own_word_brings_back_who_went) {
    Bench bench;
    bench.digest(3, "b");
    bench.hear(host(3), DigestExit{"b", 0, kSecret});
    bench.digest(3, "b");
    EXPECT_NE(bench.find("b"), nullptr);
}

// -- Verdicts --

TEST(Verdicts, come_when_they_should_whatever_the_traffic) {
    Bench bench;
    bench.digest(2, "gone");
    bench.clear();
    // Other members talk all the time; the original would never come to its verdict.
    while (bench.now < Instant(190s)) {
        bench.run_for(100ms);
        bench.digest(3, "b");
        bench.digest(4, "c");
        static_cast<void>(bench.node.members(bench.now));
    }
    Strings of_gone;
    std::vector<Instant> at;
    for (std::size_t i = 0; i < bench.changes.size(); ++i) {
        if (!bench.changes[i].ends_with(" gone")) continue;
        of_gone.push_back(bench.changes[i]);
        at.push_back(bench.changed_at[i]);
    }
    EXPECT_EQ(of_gone, (Strings{"member_quarantine gone", "member_unreachable gone",
                                "member_drop gone", "member_out gone"}));
    EXPECT_EQ(at, (std::vector<Instant>{Instant(20s), Instant(30s), Instant(180s), Instant(180s)}));
}

TEST(Verdicts, a_member_that_speaks_again_rejoins) {
    Bench bench;
    bench.digest(2, "a");
    bench.run_for(25s);
    bench.clear();
    bench.digest(2, "a");
    EXPECT_EQ(bench.changes, Strings{"member_rejoin a"});
}

TEST(Verdicts, the_clients_that_want_to_know_are_told) {
    Bench bench;
    bench.attach(7000, "app", {"member_in", "member_out"});
    bench.clear();
    bench.digest(2, "a");
    bench.hear(host(2), DigestExit{"a", 0, kSecret});
    const auto events = bench.sent<DigestEvent>();
    ASSERT_EQ(events.size(), 2U);
    EXPECT_EQ(events[0].first, local(7000));
    EXPECT_EQ(events[0].second.event_type, "member_in");
    EXPECT_EQ(events[1].second.event_type, "member_out");
    EXPECT_EQ(events[1].second.event_object, "a");
}

}  // namespace
}  // namespace grapevine::gossiperl
