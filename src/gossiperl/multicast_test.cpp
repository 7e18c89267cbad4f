// Overlays without seeds: every word to a host elsewhere goes to the group, and comes back to us.
#include <gtest/gtest.h>

#include "gossiperl/testing.hpp"

namespace grapevine::gossiperl {
namespace {

using namespace gossiperl::testing;
using Strings = std::vector<std::string>;

const Endpoint kGroup = Endpoint::v4(239, 1, 1, 1, 6666);

Letter message(const std::string& id) {
    return make_application(id, "order", {1, 2, 3});
}

/// Everything that is not for local clients went to the group.
void expect_group_only(const Bench& bench) {
    for (const Node::Send& send : bench.sends) {
        if (send.via == Node::Via::overlay) {
            EXPECT_EQ(send.to, kGroup);
        } else {
            EXPECT_TRUE(is_client_address(send.to));
        }
    }
}

TEST(Multicast, a_round_is_one_digest_to_the_group) {
    Bench bench(multicast_config());
    bench.digest(2, "a");
    bench.digest(3, "b");
    bench.clear();
    bench.run_for(14s);
    EXPECT_EQ(bench.sent<Digest>().size(), 7U);
    EXPECT_EQ(bench.sends.size(), 7U);
    expect_group_only(bench);
}

TEST(Multicast, answers_and_acknowledgements_go_to_the_group) {
    Bench bench(multicast_config());
    bench.attach(7000, "app", {"order"});
    bench.digest(2, "a");
    bench.hear(host(2), message("m").message, "m");
    EXPECT_EQ(bench.sent<DigestAck>().size(), 2U);
    EXPECT_EQ(bench.sent<DigestSubscriptions>().size(), 1U);
    EXPECT_EQ(bench.sent<DigestForwardedAck>().size(), 1U);
    expect_group_only(bench);
}

TEST(Multicast, whoever_comes_by_the_clients_socket_is_a_client) {
    Bench bench(multicast_config());
    bench.hear(Endpoint::v4(127, 0, 0, 7, 7000), Digest{"app", 7000, 0, "d", "mine"}, "e",
               Node::Via::clients);
    EXPECT_TRUE(bench.find("app")->is_local);
}

TEST(Multicast, our_own_letters_come_back_and_are_ignored) {
    Bench bench(multicast_config());
    bench.attach(7000, "app", {"order"});
    bench.subscriber(2, "a", "order");
    bench.publish(message("m"));
    bench.run_for(30s);
    const std::vector<Node::Send> said = bench.sends;
    bench.clear();
    for (const Node::Send& send : said) {
        if (send.via == Node::Via::overlay)
            bench.hear(host(1), send.letter.message, send.letter.id);
    }
    EXPECT_TRUE(bench.sends.empty());
    EXPECT_TRUE(bench.seen.empty());
}

TEST(Multicast, our_own_letters_are_known_even_by_an_address_that_we_do_not_know) {
    NodeConfig config = multicast_config();
    config.own_addresses.clear();
    Bench bench(config);
    bench.attach(7000, "app", {"order"});
    bench.subscriber(2, "a", "order");
    bench.publish(message("m"));
    bench.run_for(10s);
    const std::vector<Node::Send> said = bench.sends;
    bench.clear();
    for (const Node::Send& send : said) {
        if (send.via == Node::Via::overlay)
            bench.hear(host(1), send.letter.message, send.letter.id);
    }
    EXPECT_TRUE(bench.sends.empty());
    EXPECT_TRUE(bench.seen.empty());
}

TEST(Multicast, an_original_that_repeats_our_message_is_acknowledged) {
    Bench bench(multicast_config());
    bench.subscriber(2, "a", "order");
    bench.publish(message("m"));
    bench.clear();
    bench.hear(host(2), message("m").message, "m");
    EXPECT_EQ(bench.sent<DigestForwardedAck>().size(), 1U);
    EXPECT_TRUE(bench.sent<Application>().empty());
}

TEST(Multicast, one_datagram_serves_every_daemon_that_listens) {
    Bench bench(multicast_config());
    bench.subscriber(2, "a", "order");
    bench.subscriber(3, "b", "order");
    bench.subscriber(4, "c", "order");
    bench.clear();
    bench.hear(local(7000), message("m").message, "m", Node::Via::clients);
    EXPECT_EQ(bench.sent<Application>().size(), 1U);
    EXPECT_EQ(bench.node.redeliveries(), 3U);
    expect_group_only(bench);
}

TEST(Multicast, is_repeated_once_per_turn_while_any_listener_has_not_acknowledged) {
    Bench bench(multicast_config());
    bench.subscriber(2, "a", "order");
    bench.subscriber(3, "b", "order");
    bench.subscriber(4, "c", "order");
    bench.publish(message("m"));
    bench.clear();
    bench.run_for(6s);
    EXPECT_EQ(bench.sent<Application>().size(), 1U);
    bench.hear(host(2), DigestForwardedAck{"a", "m", kSecret});
    bench.hear(host(3), DigestForwardedAck{"b", "m", kSecret});
    bench.run_for(5s);
    EXPECT_EQ(bench.sent<Application>().size(), 2U);
    bench.hear(host(4), DigestForwardedAck{"c", "m", kSecret});
    bench.run_for(5s);
    EXPECT_EQ(bench.sent<Application>().size(), 2U);
}

TEST(Multicast, the_answers_to_others_digests_teach_us_too) {
    Bench bench(multicast_config());
    bench.digest(2, "a");
    bench.run_for(15s);
    bench.hear(host(2), DigestAck{"a",
                                  bench.clock(),
                                  "somebody else's",
                                  {{"a", "0.0.0.0", 6666, bench.clock()},
                                   {"b", "10.0.0.3", 6666, bench.clock()}}});
    EXPECT_EQ(bench.find("a")->last_heard, bench.now);
    EXPECT_NE(bench.find("b"), nullptr);
}

TEST(Multicast, says_goodbye_once_to_all) {
    NodeConfig config = multicast_config();
    config.is_exit_announced = true;
    Bench bench(config);
    bench.digest(2, "a");
    bench.digest(3, "b");
    bench.clear();
    bench.node.leave(bench.now, bench.wall());
    bench.drain();
    EXPECT_EQ(bench.sent<DigestExit>().size(), 1U);
    expect_group_only(bench);
}

}  // namespace
}  // namespace grapevine::gossiperl
