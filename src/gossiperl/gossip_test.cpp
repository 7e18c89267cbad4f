#include <gtest/gtest.h>

#include "base/limits.hpp"
#include "gossiperl/testing.hpp"

namespace grapevine::gossiperl {
namespace {

using namespace gossiperl::testing;
using Strings = std::vector<std::string>;

std::size_t round_digests_to(const Bench& bench, const Endpoint& to) {
    const auto sent = bench.sent<Digest>();
    return static_cast<std::size_t>(
        std::ranges::count_if(sent, [&](const auto& digest) { return digest.first == to; }));
}

/// The seed is the member at host 3, once that is known.
NodeConfig without_strange_seeds() {
    NodeConfig config = testing::config();
    config.seeds = {host(3)};
    return config;
}

// -- Who is local --

TEST(ClientAddress, is_exactly_127_0_0_1_and_1_in_either_notation) {
    for (const char* text : {"127.0.0.1:1", "[::1]:1", "[::ffff:127.0.0.1]:1"}) {
        EXPECT_TRUE(is_client_address(*Endpoint::parse(text))) << text;
    }
    for (const char* text :
         {"127.0.0.2:1", "127.1.0.1:1", "0.0.0.0:1", "[::]:1", "10.0.0.1:1", "[::2]:1"}) {
        EXPECT_FALSE(is_client_address(*Endpoint::parse(text))) << text;
    }
}

TEST(Node, serves_a_client_on_mapped_loopback_as_one_of_this_host) {
    Bench bench;
    bench.hear(*Endpoint::parse("[::ffff:127.0.0.1]:7000"), Digest{"app", 7000, 0, "d", "mine"});
    ASSERT_EQ(bench.sent<DigestAck>().size(), 1U);
    EXPECT_EQ(bench.changes, Strings{"member_in app"});
    EXPECT_TRUE(bench.find("app")->is_local);
}

TEST(Node, takes_127_0_0_2_for_another_daemon) {
    Bench bench;
    bench.hear(Endpoint::v4(127, 0, 0, 2, 6666), Digest{"them", 6666, 0, "d", kSecret});
    EXPECT_FALSE(bench.find("them")->is_local);
}

// -- Digests --

TEST(Node, answers_a_digest_where_its_port_says) {
    Bench bench;
    bench.hear(host(2, 40'000), Digest{"a", 7777, 5, "asked", kSecret});
    const auto acks = bench.sent<DigestAck>();
    ASSERT_EQ(acks.size(), 1U);
    EXPECT_EQ(acks[0].first, host(2, 7777));
    EXPECT_EQ(acks[0].second.reply_id, "asked");
    EXPECT_EQ(acks[0].second.name, "us");
    EXPECT_EQ(acks[0].second.heartbeat, bench.clock());
    EXPECT_EQ(bench.changes, Strings{"member_in a"});
    EXPECT_EQ(bench.find("a")->address, host(2, 7777));
}

TEST(Node, is_silent_to_a_digest_with_another_secret) {
    Bench bench;
    for (const char* secret : {"", "overlay", "overlay secret ", "Overlay secret"}) {
        bench.hear(host(2), Digest{"a", 6666, 0, "d", secret});
    }
    EXPECT_TRUE(bench.sends.empty());
    EXPECT_EQ(bench.names(), Strings{"us"});
    EXPECT_EQ(bench.node.counters().refused_secret, 4U);
}

TEST(Node, is_silent_to_its_own_name) {
    Bench bench;
    bench.digest(2, "us");
    EXPECT_TRUE(bench.sends.empty());
    EXPECT_EQ(bench.node.counters().dropped_own, 1U);
}

TEST(Node, is_silent_to_a_daemon_with_the_name_of_a_client) {
    Bench bench;
    bench.attach(7000, "app");
    bench.clear();
    bench.digest(2, "app");
    bench.digest(2, "");
    EXPECT_TRUE(bench.sends.empty());
    EXPECT_EQ(bench.node.counters().refused_name, 2U);
}

TEST(Node, is_silent_to_a_client_with_the_name_of_a_daemon) {
    Bench bench;
    bench.digest(2, "a");
    bench.clear();
    bench.hear(local(7000), Digest{"a", 7000, 0, "d", "mine"});
    EXPECT_TRUE(bench.sends.empty());
    EXPECT_EQ(bench.node.counters().refused_name, 1U);
}

TEST(Node, follows_a_member_to_another_address_if_it_knows_the_secret) {
    Bench bench;
    bench.digest(2, "a");
    bench.hear(host(3), Digest{"a", 7777, 0, "d", "guess"});
    EXPECT_EQ(bench.find("a")->address, host(2));
    bench.hear(host(3), Digest{"a", 7777, 0, "d", kSecret});
    EXPECT_EQ(bench.find("a")->address, host(3, 7777));
}

TEST(Node, accepts_a_member_with_the_new_secret_after_a_change) {
    Bench bench;
    bench.digest(2, "a");
    NodeConfig changed = bench.node.config();
    changed.secret = "another";
    bench.node.change(bench.now, changed);
    bench.drain();
    bench.clear();
    bench.digest(2, "a");
    EXPECT_TRUE(bench.sends.empty());
    bench.hear(host(2), Digest{"a", 6666, 0, "d", "another"});
    EXPECT_EQ(bench.sent<DigestAck>().size(), 1U);
}

TEST(Node, refuses_a_member_above_the_limit) {
    Bench bench;
    std::vector<DigestMember> list;
    for (std::size_t i = 0; i <= kOldMembersMax; ++i) {
        list.push_back({"m" + std::to_string(i), ip(9), 6666, bench.clock()});
    }
    bench.answer(2, "m0", list);
    EXPECT_EQ(bench.names().size(), 1 + kOldMembersMax);
    EXPECT_EQ(bench.node.counters().refused_members_max, 1U);
    bench.clear();
    bench.digest(3, "one more");
    EXPECT_TRUE(bench.sends.empty());
    EXPECT_EQ(bench.node.counters().refused_members_max, 2U);
}

// -- What the answer lists --

TEST(Node, lists_itself_as_bound_and_the_reachable_daemons_only) {
    Bench bench;
    bench.attach(7000, "app");
    bench.digest(2, "a");
    bench.run_for(5s);
    bench.digest(3, "b");
    bench.run_for(16s);
    bench.digest(3, "b");
    ASSERT_EQ(bench.find("a")->reachability, client::Reachability::quarantine);
    bench.run_for(2500ms);
    bench.clear();
    bench.digest(4, "c");
    const auto acks = bench.sent<DigestAck>();
    ASSERT_EQ(acks.size(), 1U);
    const std::vector<DigestMember> expected = {{"us", "0.0.0.0", 6666, bench.clock()},
                                                {"b", ip(3), 6666, bench.clock() - 2},
                                                {"c", ip(4), 6666, bench.clock()}};
    EXPECT_EQ(acks[0].second.membership, expected);
}

TEST(Node, bound_to_every_address_of_v6_says_so) {
    NodeConfig config = testing::config();
    config.bind = *Endpoint::parse("[::]:6666");
    Bench bench(config);
    bench.hear(*Endpoint::parse("[fd77::12]:6666"), Digest{"a", 6666, 0, "d", kSecret});
    const auto acks = bench.sent<DigestAck>();
    ASSERT_EQ(acks.size(), 1U);
    EXPECT_EQ(acks[0].second.membership[0].member_ip, "::");
    EXPECT_EQ(acks[0].second.membership[1].member_ip, "fd77::12");
}

TEST(Node, tells_a_long_list_in_parts_and_all_of_it_in_a_few) {
    Bench bench;
    for (std::uint8_t i = 2; i < 202; ++i) {
        bench.digest(i, "member-with-a-rather-long-name-" + std::to_string(i));
    }
    std::set<std::string> told;
    for (int round = 0; round < 4; ++round) {
        bench.clear();
        bench.digest(2, "member-with-a-rather-long-name-2");
        const auto acks = bench.sent<DigestAck>();
        ASSERT_EQ(acks.size(), 1U);
        const auto& list = acks[0].second.membership;
        EXPECT_EQ(list[0].member_name, "us");
        std::size_t bytes = 0;
        for (std::size_t i = 1; i < list.size(); ++i) {
            bytes += list[i].member_name.size() + list[i].member_ip.size();
            told.insert(list[i].member_name);
        }
        EXPECT_LE(bytes, kOldListBytesMax);
        EXPECT_LT(list.size(), 201U);
    }
    EXPECT_EQ(told.size(), 200U);
}

// -- Goodbyes --

TEST(Node, lets_a_member_go_that_says_goodbye_with_the_secret) {
    Bench bench;
    bench.digest(2, "a");
    bench.clear();
    bench.hear(host(2), DigestExit{"a", 0, "guess"});
    EXPECT_TRUE(bench.changes.empty());
    bench.hear(host(2), DigestExit{"a", 0, kSecret});
    EXPECT_EQ(bench.changes, Strings{"member_out a"});
    bench.hear(host(2), DigestExit{"a", 0, kSecret});
    EXPECT_EQ(bench.node.counters().refused_unknown, 1U);
    EXPECT_TRUE(bench.sends.empty());
}

TEST(Node, leaves_without_a_word_by_default) {
    Bench bench;
    bench.digest(2, "a");
    bench.clear();
    bench.node.leave(bench.now, bench.wall());
    bench.drain();
    EXPECT_TRUE(bench.sends.empty());
    EXPECT_EQ(bench.node.deadline(), kNever);
    bench.digest(3, "b");
    EXPECT_TRUE(bench.sends.empty());
}

TEST(Node, leaves_with_a_goodbye_to_every_daemon_if_told_so) {
    NodeConfig config = testing::config();
    config.is_exit_announced = true;
    Bench bench(config);
    bench.attach(7000, "app");
    bench.digest(2, "a");
    bench.digest(3, "b");
    bench.clear();
    bench.node.leave(bench.now, bench.wall());
    bench.drain();
    const auto exits = bench.sent<DigestExit>();
    ASSERT_EQ(exits.size(), 2U);
    EXPECT_EQ(bench.sends.size(), 2U);
    EXPECT_EQ(exits[0].first, host(2));
    EXPECT_EQ(exits[1].first, host(3));
    EXPECT_EQ(exits[0].second.secret, kSecret);
}

// -- Rounds --

TEST(Node, asks_a_random_seed_every_round_while_nobody_is_reachable) {
    NodeConfig config = testing::config();
    config.seeds = {host(1), host(8), host(9), local(6666)};  // Two of them are ourselves.
    Bench bench(config);
    bench.run_for(60s);
    EXPECT_EQ(bench.sends.size(), 30U);
    EXPECT_GT(round_digests_to(bench, host(8)), 5U);
    EXPECT_GT(round_digests_to(bench, host(9)), 5U);
    EXPECT_EQ(round_digests_to(bench, host(8)) + round_digests_to(bench, host(9)), 30U);
}

TEST(Node, asks_one_reachable_daemon_a_round_and_no_seed_that_it_reaches) {
    Bench bench(without_strange_seeds());
    for (int i = 0; i < 20; ++i) {
        bench.digest(2, "a");
        bench.digest(3, "b");
        bench.digest(4, "c");
        bench.clear();
        bench.run_for(2s);
        ASSERT_EQ(bench.sent<Digest>().size(), 1U);
        EXPECT_EQ(bench.sends.size(), 1U);
    }
}

// Two halves that forgot each other during a long partition both have reachable members.
TEST(Node, asks_a_seed_that_it_does_not_reach_now_and_then) {
    Bench bench;
    for (int i = 0; i < 50; ++i) {
        bench.digest(2, "a");
        bench.run_for(2s);
    }
    EXPECT_EQ(round_digests_to(bench, host(200)), 10U);
    EXPECT_EQ(round_digests_to(bench, host(2)), 50U);
}

TEST(Node, asks_one_unreachable_daemon_a_round_beside_the_other) {
    NodeConfig config = without_strange_seeds();
    config.times.drop_unreachable_after = 0s;
    Bench bench(config);
    bench.digest(2, "gone");
    bench.run_for(40s);
    ASSERT_EQ(bench.find("gone")->reachability, client::Reachability::unreachable);
    bench.digest(3, "b");
    bench.clear();
    bench.run_for(2s);
    const auto digests = bench.sent<Digest>();
    ASSERT_EQ(digests.size(), 2U);
    EXPECT_EQ(digests[0].first, host(3));
    EXPECT_EQ(digests[1].first, host(2));
    EXPECT_EQ(digests[0].second.id, digests[1].second.id);
    EXPECT_NE(bench.sends[0].letter.id, bench.sends[1].letter.id);
}

TEST(Node, asks_who_has_been_silent_for_half_the_time_to_quarantine) {
    Bench bench(without_strange_seeds());
    for (std::uint8_t i = 2; i < 12; ++i) bench.digest(i, "m" + std::to_string(i));
    bench.run_for(9s);
    EXPECT_EQ(bench.node.counters().asked, 0U);
    bench.clear();
    bench.run_for(2s);
    std::set<Endpoint> asked;
    for (const auto& [to, digest] : bench.sent<Digest>()) {
        EXPECT_TRUE(asked.insert(to).second) << "twice in one round";
    }
    EXPECT_EQ(asked.size(), 10U);
}

TEST(Node, asks_no_more_than_the_limit_in_one_round_and_the_others_in_the_next) {
    Bench bench(without_strange_seeds());
    for (std::uint8_t i = 0; i < kOldAsksPerRoundMax + 4; ++i) {
        bench.digest(static_cast<std::uint8_t>(i + 2), "m" + std::to_string(i));
    }
    bench.run_for(9s);
    bench.clear();
    bench.run_for(2s);
    EXPECT_LE(bench.sent<Digest>().size(), kOldAsksPerRoundMax + 1);
    bench.run_for(2s);
    std::set<Endpoint> asked;
    for (const auto& [to, digest] : bench.sent<Digest>()) asked.insert(to);
    EXPECT_EQ(asked.size(), kOldAsksPerRoundMax + 4);
}

TEST(Node, makes_up_for_a_stall_with_one_round) {
    Bench bench;
    const std::uint64_t before = bench.node.counters().rounds;
    bench.now += std::chrono::hours(1);
    bench.node.advance(bench.now, bench.wall());
    bench.drain();
    EXPECT_EQ(bench.node.counters().rounds, before + 1);
    EXPECT_GT(bench.node.deadline(), bench.now);
}

TEST(Node, the_same_seed_and_inputs_give_the_same_letters) {
    const auto run = [](std::uint64_t seed) {
        Bench bench(testing::config(), seed);
        for (std::uint8_t i = 2; i < 12; ++i) bench.digest(i, "m" + std::to_string(i));
        bench.run_for(30s);
        std::string text;
        for (const Node::Send& send : bench.sends) text += send.letter.id + to_string(send.to);
        return text;
    };
    EXPECT_EQ(run(1), run(1));
    EXPECT_NE(run(1), run(2));
}

}  // namespace
}  // namespace grapevine::gossiperl
