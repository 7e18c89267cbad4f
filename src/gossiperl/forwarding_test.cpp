// Messages of applications between this host and others.
#include <gtest/gtest.h>

#include "base/limits.hpp"
#include "gossiperl/testing.hpp"

namespace grapevine::gossiperl {
namespace {

using namespace gossiperl::testing;
using Strings = std::vector<std::string>;

Letter message(const std::string& id, const std::string& type = "order") {
    return make_application(id, type, {1, 2, 3});
}

/// What no decoder and no function of ours makes.
Letter forged(const std::string& id, const std::string& type) {
    Letter letter = message(id);
    std::get<Application>(letter.message).type = type;
    return letter;
}

std::vector<Endpoint> told(const Bench& bench) {
    std::vector<Endpoint> list;
    for (const auto& [to, application] : bench.sent<Application>()) list.push_back(to);
    return list;
}

// -- From here --

TEST(Forwarding, a_clients_message_goes_once_to_each_daemon_with_a_listener) {
    Bench bench;
    bench.subscriber(2, "a", "order");
    bench.subscriber(3, "b", "order");
    bench.subscriber(4, "c", "other");
    bench.digest(5, "d");
    bench.clear();
    bench.hear(local(7000), message("m").message, "m");
    EXPECT_EQ(told(bench), (std::vector{host(2), host(3)}));
    for (const Node::Send& send : bench.sends) {
        if (std::holds_alternative<Application>(send.letter.message)) {
            EXPECT_EQ(send.letter.id, "m");
        }
    }
    ASSERT_EQ(bench.sent<DigestForwardedAck>().size(), 1U);
    EXPECT_EQ(bench.sent<DigestForwardedAck>()[0].first, local(7000));
    ASSERT_EQ(bench.seen.size(), 1U);
    EXPECT_EQ(bench.seen[0].from, "");
}

TEST(Forwarding, the_same_id_again_is_acknowledged_and_not_forwarded) {
    Bench bench;
    bench.subscriber(2, "a", "order");
    bench.hear(local(7000), message("m").message, "m");
    bench.clear();
    bench.hear(local(7000), message("m").message, "m");
    EXPECT_EQ(bench.sends.size(), 1U);
    EXPECT_EQ(bench.sent<DigestForwardedAck>().size(), 1U);
}

TEST(Forwarding, our_own_message_goes_to_daemons_and_local_clients) {
    Bench bench;
    bench.subscriber(2, "a", "order");
    bench.attach(7000, "app", {"order"});
    bench.clear();
    bench.publish(message("m"));
    EXPECT_EQ(told(bench), (std::vector{host(2), local(7000)}));
}

TEST(Forwarding, is_repeated_until_the_daemon_acknowledges) {
    Bench bench;
    bench.subscriber(2, "a", "order");
    bench.publish(message("m"));
    bench.clear();
    bench.run_for(12s);
    EXPECT_EQ(told(bench), (std::vector{host(2), host(2)}));
    bench.hear(host(2), DigestForwardedAck{"a", "m", "guess"});
    EXPECT_EQ(bench.node.redeliveries(), 1U);
    bench.hear(host(2), DigestForwardedAck{"a", "m", kSecret});
    EXPECT_EQ(bench.node.redeliveries(), 0U);
    EXPECT_EQ(bench.node.counters().acknowledged, 1U);
    bench.clear();
    bench.run_for(5s);
    EXPECT_TRUE(told(bench).empty());
}

TEST(Forwarding, follows_a_daemon_to_another_address) {
    Bench bench;
    bench.subscriber(2, "a", "order");
    bench.publish(message("m"));
    bench.digest(3, "a");
    bench.clear();
    bench.run_for(6s);
    EXPECT_EQ(told(bench), (std::vector{host(3)}));
}

TEST(Forwarding, ends_when_the_daemon_says_goodbye) {
    Bench bench;
    bench.subscriber(2, "a", "order");
    bench.publish(message("m"));
    bench.hear(host(2), DigestExit{"a", 0, kSecret});
    EXPECT_EQ(bench.node.redeliveries(), 0U);
}

TEST(Forwarding, ends_when_the_daemon_is_dropped) {
    NodeConfig config = testing::config();
    config.drop_stale_subscriptions_after = std::chrono::hours(1);
    Bench bench(config);
    bench.subscriber(2, "a", "order");
    bench.publish(message("m"));
    bench.run_until(Instant(179s));
    EXPECT_EQ(bench.node.redeliveries(), 1U);
    bench.run_until(Instant(181s));
    EXPECT_EQ(bench.node.redeliveries(), 0U);
}

TEST(Forwarding, ends_when_the_subscription_goes_stale) {
    Bench bench;
    bench.subscriber(2, "a", "order");
    bench.publish(message("m"));
    bench.run_until(Instant(19s));
    EXPECT_EQ(bench.node.redeliveries(), 1U);
    bench.run_until(Instant(21s));
    EXPECT_EQ(bench.node.redeliveries(), 0U);
    EXPECT_TRUE(bench.node.subscriptions(bench.now).empty());
}

TEST(Forwarding, ends_after_retry_max_copies) {
    NodeConfig config = testing::config();
    config.redelivery = {.retry_every = 1s, .retry_max = 2};
    Bench bench(config);
    bench.subscriber(2, "a", "order");
    bench.clear();
    bench.publish(message("m"));
    bench.run_for(10s);
    EXPECT_EQ(told(bench).size(), 3U);
}

// -- From elsewhere --

TEST(Delivery, a_message_from_elsewhere_goes_to_local_clients_and_to_nobody_else) {
    Bench bench;
    bench.subscriber(2, "a", "order");
    bench.subscriber(3, "b", "order");
    bench.attach(7000, "app", {"order"});
    bench.clear();
    bench.hear(host(2), message("m").message, "m");
    EXPECT_EQ(told(bench), (std::vector{local(7000)}));
    ASSERT_EQ(bench.seen.size(), 1U);
    EXPECT_EQ(bench.seen[0].from, "a");
}

TEST(Delivery, every_copy_is_acknowledged_and_one_delivered) {
    Bench bench;
    bench.attach(7000, "app", {"order"});
    bench.clear();
    bench.hear(host(2, 40'000), message("m").message, "m");
    bench.hear(host(3), message("m").message, "m");
    EXPECT_EQ(told(bench), (std::vector{local(7000)}));
    const auto acks = bench.sent<DigestForwardedAck>();
    ASSERT_EQ(acks.size(), 2U);
    EXPECT_EQ(acks[0].first, host(2, 40'000));
    EXPECT_EQ(acks[0].second, (DigestForwardedAck{"us", "m", kSecret}));
    EXPECT_EQ(acks[1].first, host(3));
    EXPECT_EQ(bench.seen.size(), 1U);
    EXPECT_EQ(bench.seen[0].from, "10.0.0.2:40000");
    EXPECT_EQ(bench.node.counters().dropped_duplicate, 1U);
}

TEST(Delivery, our_own_message_come_back_by_another_daemon_is_acknowledged_only) {
    Bench bench;
    bench.subscriber(2, "a", "order");
    bench.attach(7000, "app", {"order"});
    bench.hear(local(7001), message("m").message, "m");
    bench.clear();
    bench.hear(host(2), message("m").message, "m");
    EXPECT_TRUE(told(bench).empty());
    EXPECT_EQ(bench.sent<DigestForwardedAck>().size(), 1U);
}

TEST(Delivery, a_flood_is_cut_at_the_limit_of_its_source) {
    Bench bench;
    for (std::size_t i = 0; i < kOldSourceBurst + 1; ++i) {
        bench.hear(host(2), message(std::to_string(i)).message, std::to_string(i));
    }
    EXPECT_EQ(bench.node.counters().received, kOldSourceBurst);
    EXPECT_EQ(bench.node.counters().dropped_limited, 1U);
    bench.clear();
    bench.hear(host(3), message("other").message, "other");
    EXPECT_EQ(bench.sent<DigestForwardedAck>().size(), 1U);
}

TEST(Delivery, a_flood_of_messages_does_not_silence_the_digests_of_its_host) {
    Bench bench;
    for (std::size_t i = 0; i < 2 * kOldSourceBurst; ++i) {
        bench.hear(host(2), message(std::to_string(i)).message, std::to_string(i));
    }
    bench.clear();
    bench.digest(2, "a");
    EXPECT_EQ(bench.sent<DigestAck>().size(), 1U);
}

TEST(Delivery, acknowledgements_are_never_above_the_limit) {
    Bench bench;
    bench.subscriber(2, "a", "order");
    const std::size_t count = 2 * kOldSourceBurst;
    for (std::size_t i = 0; i < count; ++i) bench.publish(message(std::to_string(i)));
    for (std::size_t i = 0; i < count; ++i) {
        bench.hear(host(2), DigestForwardedAck{"a", std::to_string(i), kSecret});
    }
    EXPECT_EQ(bench.node.redeliveries(), 0U);
    EXPECT_EQ(bench.node.counters().dropped_limited, 0U);
}

// -- What peers must not hear --

TEST(Peers, what_daemons_do_not_say_to_each_other_is_ignored) {
    Bench bench;
    bench.digest(2, "a");
    bench.clear();
    bench.hear(host(2), DigestEvent{"member_in", "x", 0});
    bench.hear(host(2), DigestError{"a", 0, 1, "", "", "", ""});
    bench.hear(host(2), DigestSubscribeAck{0, "r", {}});
    bench.hear(host(2), DigestUnsubscribeAck{0, "r", {}});
    bench.hear(host(2), DigestSubscribe{"a", 0, "i", {"order"}, kSecret});
    bench.hear(host(2), DigestUnsubscribe{"a", 0, "i", {"order"}, kSecret});
    EXPECT_TRUE(bench.sends.empty());
    EXPECT_TRUE(bench.changes.empty());
    EXPECT_EQ(bench.node.counters().refused_type, 6U);
}

TEST(Peers, a_message_whose_type_would_crash_them_is_refused) {
    Bench bench;
    bench.subscriber(2, "a", "digestEvent");
    bench.clear();
    bench.publish(forged("1", "digestEvent"));
    bench.node.send_to(bench.now, host(2), forged("2", "digestError"));
    bench.node.send_to(bench.now, host(2), {"3", DigestEvent{"member_in", "x", 0}});
    bench.drain();
    bench.hear(local(7000), forged("4", "digestSubscribeAck").message, "4");
    EXPECT_TRUE(bench.sends.empty());
    EXPECT_EQ(bench.node.counters().refused_type, 4U);
}

TEST(Peers, one_that_asks_for_member_events_gets_none) {
    Bench bench;
    for (const char* type : {"member_in", "member_out", "member_drop", "member_quarantine",
                             "member_unreachable", "member_rejoin"}) {
        bench.subscriber(2, "a", type);
    }
    EXPECT_TRUE(bench.node.subscriptions(bench.now).empty());
    EXPECT_EQ(bench.node.counters().refused_member_event, 6U);
    bench.clear();
    bench.digest(3, "b");
    EXPECT_EQ(bench.sends.size(), 1U);  // Its digestAck.
}

TEST(Peers, a_letter_can_be_sent_to_one_address) {
    Bench bench;
    bench.node.send_to(bench.now, host(77), message("m"));
    bench.node.send_to(bench.now, local(7000), message("n"));
    bench.drain();
    ASSERT_EQ(bench.sends.size(), 2U);
    EXPECT_EQ(bench.sends[0].via, Node::Via::overlay);
    EXPECT_EQ(bench.sends[1].via, Node::Via::clients);
    bench.run_for(20s);
    EXPECT_EQ(told(bench).size(), 2U);
}

}  // namespace
}  // namespace grapevine::gossiperl
