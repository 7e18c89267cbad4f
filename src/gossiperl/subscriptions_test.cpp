// Who listens where, as the daemons tell each other.
#include "gossiperl/subscriptions.hpp"

#include <gtest/gtest.h>

#include "base/limits.hpp"
#include "gossiperl/testing.hpp"

namespace grapevine::gossiperl {
namespace {

using namespace gossiperl::testing;
using Strings = std::vector<std::string>;
using Verdict = Subscriptions::Verdict;

// -- The store --

TEST(Subscriptions, one_above_the_limit_is_refused) {
    Subscriptions store(20s);
    for (std::size_t i = 0; i < kOldSubscriptionsMax; ++i) {
        ASSERT_EQ(store.offer(Instant(1s), {std::to_string(i), "a", "a"}, {1, Instant(1s)}, false),
                  Verdict::added);
    }
    EXPECT_EQ(store.offer(Instant(1s), {"more", "a", "a"}, {1, Instant(1s)}, false),
              Verdict::refused_limit);
    EXPECT_EQ(store.offer(Instant(1s), {"7", "a", "a"}, {2, Instant(1s)}, false),
              Verdict::refreshed);
    EXPECT_EQ(store.size(), kOldSubscriptionsMax);
    store.check_invariants();
}

TEST(Subscriptions, an_entry_ends_when_its_time_is_over_and_not_before) {
    Subscriptions store(20s);
    store.offer(Instant(1s), {"t", "a", "a"}, {1, Instant(0s)}, false);
    EXPECT_EQ(store.deadline(), Instant(20s));
    EXPECT_TRUE(store.expire(Instant(20s - 1ms)).empty());
    EXPECT_EQ(store.expire(Instant(20s)).size(), 1U);
    EXPECT_EQ(store.deadline(), kNever);
    store.check_invariants();
}

TEST(Subscriptions, only_a_higher_stamp_is_news_from_others) {
    Subscriptions store(20s);
    store.offer(Instant(0s), {"t", "a", "a"}, {5, Instant(0s)}, false);
    EXPECT_EQ(store.offer(Instant(9s), {"t", "a", "a"}, {5, Instant(9s)}, false), Verdict::old);
    EXPECT_EQ(store.offer(Instant(9s), {"t", "a", "a"}, {4, Instant(9s)}, false), Verdict::old);
    EXPECT_EQ(store.deadline(), Instant(20s));
    EXPECT_EQ(store.offer(Instant(9s), {"t", "a", "a"}, {6, Instant(9s)}, false),
              Verdict::refreshed);
    EXPECT_EQ(store.deadline(), Instant(29s));
}

TEST(Subscriptions, the_origin_itself_may_have_set_its_clock_back) {
    Subscriptions store(20s);
    store.offer(Instant(0s), {"t", "a", "a"}, {500, Instant(0s)}, true);
    EXPECT_EQ(store.offer(Instant(9s), {"t", "a", "a"}, {5, Instant(9s)}, true),
              Verdict::refreshed);
    EXPECT_EQ(store.deadline(), Instant(29s));
}

TEST(Subscriptions, a_subscriber_with_two_entries_is_named_once) {
    Subscriptions store(20s);
    store.offer(Instant(0s), {"t", "a", "a"}, {5, Instant(0s)}, true);
    store.offer(Instant(0s), {"t", "a", "x"}, {5, Instant(0s)}, true);
    store.offer(Instant(0s), {"u", "b", "b"}, {5, Instant(0s)}, true);
    EXPECT_EQ(store.subscribers("t"), Strings{"a"});
    EXPECT_TRUE(store.wants("b", "u"));
    EXPECT_FALSE(store.wants("b", "t"));
    store.remove_member("a");
    EXPECT_TRUE(store.subscribers("t").empty());
    store.check_invariants();
}

TEST(Subscriptions, names_whose_entries_are_half_way_stale) {
    Subscriptions store(20s);
    store.offer(Instant(1s), {"t", "b", "b"}, {5, Instant(1s)}, true);
    store.offer(Instant(1s), {"t", "a", "a"}, {5, Instant(0s)}, true);
    store.offer(Instant(1s), {"u", "a", "a"}, {5, Instant(0s)}, true);
    EXPECT_TRUE(store.ageing(Instant(10s - 1ms), 9).empty());
    EXPECT_EQ(store.ageing(Instant(10s), 9), Strings{"a"});
    EXPECT_EQ(store.ageing(Instant(11s), 9), (Strings{"a", "b"}));
    EXPECT_EQ(store.ageing(Instant(11s), 1), Strings{"a"});
}

// -- What we tell --

std::vector<DigestSubscription> told_to(Bench& bench, std::uint8_t from, const std::string& name) {
    bench.clear();
    bench.digest(from, name);
    const auto lists = bench.sent<DigestSubscriptions>();
    if (lists.empty()) return {};
    EXPECT_EQ(lists[0].first, host(from));
    EXPECT_EQ(lists[0].second.name, "us");
    EXPECT_EQ(lists[0].second.reply_id, "d-" + name);
    // After the digestAck: who is not known yet must be known first.
    EXPECT_TRUE(std::holds_alternative<DigestAck>(bench.sends[0].letter.message));
    return lists[0].second.subscriptions;
}

TEST(SubscriptionGossip, nothing_is_said_when_there_is_nothing_to_say) {
    Bench bench;
    EXPECT_TRUE(told_to(bench, 2, "a").empty());
    EXPECT_EQ(bench.sends.size(), 1U);
}

TEST(SubscriptionGossip, local_listeners_are_told_under_our_name_and_each_type_once) {
    Bench bench;
    bench.attach(7000, "app", {"order", "bill"});
    bench.attach(7001, "pap", {"order"});
    const std::int64_t now = bench.clock();
    EXPECT_EQ(told_to(bench, 2, "a"), (std::vector<DigestSubscription>{
                                          {"bill", "us", "us", now}, {"order", "us", "us", now}}));
}

TEST(SubscriptionGossip, member_events_are_never_told) {
    Bench bench;
    bench.attach(7000, "app", {"member_out", "order", "member_rejoin"});
    EXPECT_EQ(told_to(bench, 2, "a").size(), 1U);
}

TEST(SubscriptionGossip, a_client_that_leaves_is_no_longer_told_of) {
    Bench bench;
    bench.attach(7000, "app", {"order"});
    EXPECT_EQ(told_to(bench, 2, "a").size(), 1U);
    bench.hear(local(7000), DigestExit{"app", 0, "client secret"});
    EXPECT_TRUE(told_to(bench, 2, "a").empty());
}

TEST(SubscriptionGossip, what_others_told_is_passed_on_with_its_stamp_but_not_to_its_origin) {
    Bench bench;
    bench.digest(2, "a", -60);
    bench.subscriptions(2, "a", {{"order", "a", "a", bench.clock() - 63}}, -60);
    const DigestSubscription entry{"order", "a", "a", bench.clock() - 63};
    EXPECT_EQ(told_to(bench, 3, "b"), std::vector{entry});
    EXPECT_TRUE(told_to(bench, 2, "a").empty());
}

TEST(SubscriptionGossip, a_long_list_is_told_in_parts_and_all_of_it_in_a_few) {
    Bench bench;
    Strings types;
    for (int i = 0; i < 300; ++i) types.push_back("a-type-with-a-long-name-" + std::to_string(i));
    bench.attach(7000, "app", types);
    std::set<std::string> told;
    for (int i = 0; i < 6; ++i) {
        const auto list = told_to(bench, 2, "a");
        EXPECT_LT(list.size(), 200U);
        for (const DigestSubscription& entry : list) told.insert(entry.event_type);
    }
    EXPECT_EQ(told.size(), 300U);
}

// -- What we believe --

TEST(SubscriptionGossip, what_is_told_as_ours_is_dropped) {
    Bench bench;
    bench.attach(7000, "app", {"order"});
    bench.digest(2, "a");
    bench.subscriptions(2, "a",
                        {{"t", "us", "us", bench.clock()},
                         {"t", "a", "us", bench.clock()},
                         {"t", "us", "a", bench.clock()},
                         {"t", "app", "a", bench.clock()}});
    EXPECT_EQ(bench.node.subscriptions(bench.now).size(), 1U);
    EXPECT_EQ(bench.node.counters().refused_origin, 4U);
}

TEST(SubscriptionGossip, age_counts_on_the_clock_of_the_sender) {
    for (const std::int64_t skew : {-60, 0, 60}) {
        Bench bench;
        bench.digest(2, "a", skew);
        bench.subscriptions(
            2, "a",
            {{"t", "a", "a", bench.clock() + skew - 5}, {"u", "a", "a", bench.clock() + skew - 20}},
            skew);
        const auto list = bench.node.subscriptions(bench.now);
        ASSERT_EQ(list.size(), 1U) << skew;
        EXPECT_EQ(list[0].heartbeat, bench.now - 5s) << skew;
    }
}

TEST(SubscriptionGossip, of_the_future_counts_as_now) {
    Bench bench;
    bench.digest(2, "a");
    bench.subscriptions(2, "a", {{"t", "a", "a", bench.clock() + 5000}});
    EXPECT_EQ(bench.node.subscriptions(bench.now).at(0).heartbeat, bench.now);
}

// b is gone, and a, whose clock is slow, passes its last stamp on for ever. Read on the clock of a
// it would never be old.
TEST(SubscriptionGossip, an_entry_whose_origin_is_gone_ends_whoever_repeats_it) {
    Bench bench;
    bench.digest(2, "a", -60);
    bench.subscriber(3, "b", "order");
    const DigestSubscription last{"order", "b", "b", bench.clock()};
    while (bench.now < Instant(60s)) {
        bench.digest(2, "a", -60);
        bench.subscriptions(2, "a", {last}, -60);
        const bool is_known = !bench.node.subscriptions(bench.now).empty();
        EXPECT_EQ(is_known, bench.now < Instant(20s)) << bench.now.time_since_epoch().count();
        bench.run_for(1s);
    }
}

TEST(SubscriptionGossip, who_has_not_repeated_its_subscription_for_long_is_asked) {
    Bench bench;
    bench.subscriber(2, "a", "order");
    for (int i = 0; i < 8; ++i) {
        bench.run_for(1s);
        bench.digest(2, "a");
        bench.digest(3, "b");
    }
    EXPECT_EQ(bench.node.counters().asked, 0U);
    for (int i = 0; i < 8; ++i) {
        bench.run_for(1s);
        bench.digest(2, "a");
        bench.digest(3, "b");
        if (bench.now != Instant(10s)) continue;
        bench.clear();
    }
    EXPECT_GT(bench.node.counters().asked, 0U);
    const auto digests = bench.sent<Digest>();
    EXPECT_EQ(std::ranges::count_if(digests, [](const auto& d) { return d.first == host(2); }), 3);
}

TEST(SubscriptionGossip, a_member_that_leaves_takes_its_subscriptions_along) {
    Bench bench;
    bench.subscriber(2, "a", "order");
    EXPECT_EQ(bench.node.subscriptions(bench.now).size(), 1U);
    bench.hear(host(2), DigestExit{"a", 0, kSecret});
    EXPECT_TRUE(bench.node.subscriptions(bench.now).empty());
}

TEST(SubscriptionGossip, the_list_for_people_has_clients_and_daemons) {
    Bench bench;
    bench.attach(7000, "app", {"order", "member_in"});
    bench.subscriber(2, "a", "order");
    Strings rows;
    for (const Node::Subscription& row : bench.node.subscriptions(bench.now)) {
        rows.push_back(row.event_type + " " + row.member_name + " " + row.origin);
    }
    EXPECT_EQ(rows, (Strings{"member_in app us", "order a a", "order app us"}));
}

}  // namespace
}  // namespace grapevine::gossiperl
