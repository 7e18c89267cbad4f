#include "client/sessions.hpp"

#include <gtest/gtest.h>
#include <set>

#include "base/limits.hpp"
#include "client/datagram_size.hpp"
#include "client/testing.hpp"

namespace grapevine::client {
namespace {

using namespace testing;
using enum MemberEvent;

// -- Attaching ------------------------------------------------------------------------------------

TEST(Sessions, a_first_digest_attaches) {
    Port port;
    port.attach("a", 5001);
    EXPECT_EQ(port.out.changes, (Changes{{in, "a"}}));
    ASSERT_EQ(port.out.persists.size(), 1U);
    EXPECT_EQ(port.out.persists[0].session, (SavedSession{"a", "s-a", loopback(5001), {}}));
    ASSERT_EQ(port.sessions.clients().size(), 1U);
    EXPECT_EQ(port.sessions.clients()[0].name, "a");
    EXPECT_EQ(port.sessions.clients()[0].address, loopback(5001));
    EXPECT_EQ(port.sessions.clients()[0].reachability, Reachability::reachable);
    EXPECT_TRUE(port.sessions.has("a"));
    EXPECT_FALSE(port.sessions.has("b"));
}

TEST(Sessions, an_ack_says_who_we_are_and_what_it_answers) {
    Port port;
    port.now = at(7s);
    port.receive(loopback(5001), Digest{"a", 5001, 12345, "digest-17", "secret"});
    const auto acks = port.sent<DigestAck>(5001);
    ASSERT_EQ(acks.size(), 1U);
    const std::int64_t seconds = 1'400'000'007;
    EXPECT_EQ(
        acks[0],
        (DigestAck{"daemon", seconds, "digest-17", {{"daemon", "127.0.0.1", 6666, seconds}}}));
}

TEST(Sessions, an_ack_names_the_address_at_which_the_client_sees_us) {
    Port port;
    Endpoint six = Endpoint::parse("[::1]:5001").value();
    port.receive(six, Digest{"a", 5001, 0, "d", "s"});
    ASSERT_EQ(port.out.sends.size(), 1U);
    EXPECT_EQ(port.out.sends[0].to, six);
    EXPECT_EQ(std::get<DigestAck>(port.out.sends[0].letter.message).membership[0].member_ip, "::1");
}

TEST(Sessions, an_ack_goes_to_the_port_in_the_digest) {
    Port port;
    port.receive(loopback(5001), Digest{"a", 5002, 0, "d", "s"});
    EXPECT_EQ(port.sent<DigestAck>(5002).size(), 1U);
    EXPECT_EQ(port.out.sends.size(), 1U);
}

TEST(Sessions, each_envelope_has_an_id_of_its_own) {
    Port port;
    std::set<std::string> ids;
    for (int i = 0; i < 100; ++i) {
        port.attach("a", 5001);
        const std::string& id = port.out.sends.at(0).letter.id;
        EXPECT_EQ(id.size(), 36U);
        ids.insert(id);
    }
    EXPECT_EQ(ids.size(), 100U);
}

TEST(Sessions, a_keepalive_is_acknowledged_and_writes_nothing) {
    Port port;
    port.attach("a", 5001);
    port.run_until(at(2s)).attach("a", 5001);
    EXPECT_EQ(port.sent<DigestAck>(5001).size(), 1U);
    EXPECT_TRUE(port.out.persists.empty());
    EXPECT_TRUE(port.out.changes.empty());
    EXPECT_EQ(port.counters().digests, 2U);
}

TEST(Sessions, the_first_digest_decides_the_secret) {
    Port port;
    port.attach("a", 5001);
    port.receive(loopback(5009), Digest{"a", 5009, 0, "d", "other"});
    EXPECT_TRUE(port.out.is_empty());
    EXPECT_EQ(port.counters().refused_secret, 1U);
    EXPECT_EQ(port.sessions.clients()[0].address, loopback(5001));
}

TEST(Sessions, a_wrong_secret_keeps_nobody_alive) {
    Port port;
    port.attach("a", 5001).run_until(at(3s));
    port.receive(loopback(5001), Digest{"a", 5001, 0, "d", "other"});
    port.run_until(at(4s));
    EXPECT_EQ(port.out.changes, (Changes{{quarantine, "a"}}));
}

TEST(Sessions, our_own_name_is_met_with_silence) {
    Port port;
    port.attach("daemon", 5001);
    EXPECT_TRUE(port.out.is_empty());
    EXPECT_EQ(port.counters().refused_field, 1U);
}

TEST(Sessions, an_empty_name_and_a_port_that_is_none_are_met_with_silence) {
    Port port;
    port.attach("", 5001);
    EXPECT_TRUE(port.out.is_empty());
    for (const std::int32_t none : {0, -1, 65'536}) {
        port.receive(loopback(5001), Digest{"a", none, 0, "d", "s"});
        EXPECT_TRUE(port.out.is_empty());
    }
    EXPECT_EQ(port.counters().refused_field, 4U);
    EXPECT_EQ(port.sessions.size(), 0U);
}

TEST(Sessions, a_client_that_proves_itself_may_move) {
    Port port;
    port.attach("a", 5001).subscribe("a", 5001, {"member_in"});
    port.receive(loopback(5002), Digest{"a", 5002, 0, "d", "s-a"});
    EXPECT_EQ(port.sent<DigestAck>(5002).size(), 1U);
    ASSERT_EQ(port.out.persists.size(), 1U);
    EXPECT_EQ(port.out.persists[0].session,
              (SavedSession{"a", "s-a", loopback(5002), {"member_in"}}));
    port.attach("b", 5003);
    EXPECT_EQ(port.told(5002), Texts{"member_in b"});
    EXPECT_TRUE(port.told(5001).empty());
}

// -- Subscribing ----------------------------------------------------------------------------------

TEST(Sessions, a_subscribe_is_acknowledged_with_the_same_list) {
    Port port;
    port.attach("a", 5001).subscribe("a", 5001, {"b", "a", "b", "member_in", "nonsense"});
    const auto acks = port.sent<DigestSubscribeAck>(5001);
    ASSERT_EQ(acks.size(), 1U);
    EXPECT_EQ(acks[0],
              (DigestSubscribeAck{1'400'000'000, "u1", {"b", "a", "b", "member_in", "nonsense"}}));
    EXPECT_EQ(port.sessions.clients()[0].event_types, (Texts{"b", "a", "member_in", "nonsense"}));
}

TEST(Sessions, new_subscriptions_are_kept_and_old_ones_write_nothing) {
    Port port;
    port.attach("a", 5001).subscribe("a", 5001, {"x", "y"});
    ASSERT_EQ(port.out.persists.size(), 1U);
    EXPECT_EQ(port.out.persists[0].session->event_types, (Texts{"x", "y"}));
    port.subscribe("a", 5001, {"y", "x"});
    EXPECT_EQ(port.sent<DigestSubscribeAck>(5001).size(), 1U);
    EXPECT_TRUE(port.out.persists.empty());
}

TEST(Sessions, an_empty_list_is_acknowledged) {
    Port port;
    port.attach("a", 5001).subscribe("a", 5001, {});
    EXPECT_EQ(port.sent<DigestSubscribeAck>(5001).size(), 1U);
    port.unsubscribe("a", 5001, {});
    EXPECT_EQ(port.sent<DigestUnsubscribeAck>(5001).size(), 1U);
    EXPECT_TRUE(port.out.persists.empty());
}

TEST(Sessions, an_unsubscribe_is_acknowledged_with_the_same_list) {
    Port port;
    port.attach("a", 5001).subscribe("a", 5001, {"x", "y", "z"});
    port.unsubscribe("a", 5001, {"z", "never", "x", "z"});
    const auto acks = port.sent<DigestUnsubscribeAck>(5001);
    ASSERT_EQ(acks.size(), 1U);
    EXPECT_EQ(acks[0], (DigestUnsubscribeAck{1'400'000'000, "u2", {"z", "never", "x", "z"}}));
    ASSERT_EQ(port.out.persists.size(), 1U);
    EXPECT_EQ(port.out.persists[0].session->event_types, (Texts{"y"}));
    EXPECT_FALSE(port.sessions.wants("x"));
    EXPECT_TRUE(port.sessions.wants("y"));
}

TEST(Sessions, unsubscribing_from_what_was_never_subscribed_writes_nothing) {
    Port port;
    port.attach("a", 5001).unsubscribe("a", 5001, {"x"});
    EXPECT_EQ(port.sent<DigestUnsubscribeAck>(5001).size(), 1U);
    EXPECT_TRUE(port.out.persists.empty());
}

TEST(Sessions, the_ack_of_a_subscribe_goes_to_the_recorded_address) {
    Port port;
    port.attach("a", 5001);
    port.receive(loopback(9999), DigestSubscribe{"a", 0, "u1", {"x"}, "s-a"});
    EXPECT_EQ(port.sent<DigestSubscribeAck>(5001).size(), 1U);
    EXPECT_EQ(port.out.sends.size(), 1U);
}

TEST(Sessions, strangers_and_wrong_secrets_are_met_with_silence) {
    Port port;
    port.attach("a", 5001);
    port.subscribe("b", 5002, {"x"});
    EXPECT_TRUE(port.out.is_empty());
    port.unsubscribe("b", 5002, {"x"});
    EXPECT_TRUE(port.out.is_empty());
    port.leave("b", 5002);
    EXPECT_TRUE(port.out.is_empty());
    port.acknowledge("b", 5002, "m1");
    EXPECT_TRUE(port.out.is_empty());
    EXPECT_EQ(port.counters().refused_unknown, 4U);
    port.receive(loopback(5001), DigestSubscribe{"a", 0, "u", {"x"}, "wrong"});
    EXPECT_TRUE(port.out.is_empty());
    port.receive(loopback(5001), DigestUnsubscribe{"a", 0, "u", {"x"}, "wrong"});
    EXPECT_TRUE(port.out.is_empty());
    port.receive(loopback(5001), DigestExit{"a", 0, "wrong"});
    EXPECT_TRUE(port.out.is_empty());
    port.receive(loopback(5001), DigestForwardedAck{"a", "m1", "wrong"});
    EXPECT_TRUE(port.out.is_empty());
    EXPECT_EQ(port.counters().refused_secret, 4U);
    EXPECT_FALSE(port.sessions.wants("x"));
    EXPECT_TRUE(port.sessions.has("a"));
}

TEST(Sessions, what_only_a_daemon_says_is_refused_and_counted) {
    Port port;
    port.attach("a", 5001);
    const std::vector<Message> foreign{DigestAck{},          DigestSubscriptions{},
                                       DigestSubscribeAck{}, DigestUnsubscribeAck{},
                                       DigestEvent{},        DigestError{}};
    for (const Message& what : foreign) {
        port.receive(loopback(5001), what);
        EXPECT_TRUE(port.out.is_empty());
    }
    EXPECT_EQ(port.counters().refused_type, foreign.size());
}

TEST(Sessions, knows_which_types_anybody_wants) {
    Port port;
    port.attach("a", 5001).subscribe("a", 5001, {"y", "x"});
    port.attach("b", 5002).subscribe("b", 5002, {"z", "x"});
    EXPECT_EQ(port.sessions.event_types(), (Texts{"x", "y", "z"}));
    port.leave("a", 5001);
    EXPECT_EQ(port.sessions.event_types(), (Texts{"x", "z"}));
}

// -- Member events --------------------------------------------------------------------------------

const Texts kAllEvents{"member_in",   "member_quarantine", "member_unreachable",
                       "member_drop", "member_out",        "member_rejoin"};

TEST(Sessions, subscribers_are_told_who_comes) {
    Port port;
    port.attach("a", 5001).subscribe("a", 5001, {"member_in"});
    port.attach("b", 5002);
    EXPECT_EQ(port.sent<DigestEvent>(5001),
              (std::vector<DigestEvent>{{"member_in", "b", 1'400'000'000}}));
    EXPECT_EQ(port.counters().events, 1U);
}

TEST(Sessions, a_newcomer_is_not_told_of_itself) {
    Port port;
    port.attach("a", 5001);
    EXPECT_TRUE(port.told(5001).empty());
    port.subscribe("a", 5001, kAllEvents);
    EXPECT_TRUE(port.told(5001).empty());
}

TEST(Sessions, only_what_was_subscribed_is_told) {
    Port port;
    port.attach("a", 5001).subscribe("a", 5001, {"member_out"});
    port.attach("b", 5002);
    EXPECT_TRUE(port.told(5001).empty());
    port.leave("b", 5002);
    EXPECT_EQ(port.told(5001), Texts{"member_out b"});
}

TEST(Sessions, an_exit_is_out_without_drop_and_without_reply) {
    Port port;
    port.attach("a", 5001).subscribe("a", 5001, kAllEvents);
    port.attach("b", 5002).subscribe("b", 5002, kAllEvents);
    port.leave("b", 5002);
    EXPECT_EQ(port.out.changes, (Changes{{out, "b"}}));
    EXPECT_EQ(port.told(5001), Texts{"member_out b"});
    EXPECT_EQ(port.out.sends.size(), 1U);
    ASSERT_EQ(port.out.persists.size(), 1U);
    EXPECT_EQ(port.out.persists[0].name, "b");
    EXPECT_FALSE(port.out.persists[0].session);
}

TEST(Sessions, an_exit_may_come_from_any_port) {
    Port port;
    port.attach("a", 5001).leave("a", 9999);
    EXPECT_FALSE(port.sessions.has("a"));
}

TEST(Sessions, silence_is_told_step_by_step_each_at_its_instant) {
    Port port;
    port.attach("watcher", 5001).subscribe("watcher", 5001, kAllEvents);
    port.attach("b", 5002);
    const auto stay = [&](Duration until) {
        port.run_until(at(until) - 1ns);
        EXPECT_TRUE(port.out.changes.empty()) << until.count();
        port.attach("watcher", 5001).run_until(at(until));
    };
    stay(4s);
    EXPECT_EQ(port.told(5001), Texts{"member_quarantine b"});
    EXPECT_EQ(port.sessions.clients()[0].reachability, Reachability::quarantine);
    stay(7s);
    EXPECT_EQ(port.told(5001), Texts{"member_unreachable b"});
    stay(10s);
    EXPECT_EQ(port.told(5001), (Texts{"member_drop b", "member_out b"}));
    EXPECT_EQ(port.out.changes, (Changes{{drop, "b"}, {out, "b"}}));
    EXPECT_FALSE(port.sessions.has("b"));
}

TEST(Sessions, who_is_back_from_quarantine_rejoins) {
    Port port;
    port.attach("a", 5001).attach("b", 5002).run_until(at(4s) - 1ns);
    port.attach("a", 5001).subscribe("a", 5001, kAllEvents).run_until(at(5s));
    port.attach("b", 5002);
    EXPECT_EQ(port.told(5001), Texts{"member_rejoin b"});
    EXPECT_EQ(port.out.changes, (Changes{{rejoin, "b"}}));
    EXPECT_EQ(port.sent<DigestAck>(5002).size(), 1U);
    EXPECT_TRUE(port.out.persists.empty());
}

TEST(Sessions, only_a_digest_is_a_sign_of_life) {
    Port port;
    port.attach("a", 5001).run_until(at(3s));
    port.subscribe("a", 5001, {"x"}).acknowledge("a", 5001, "m");
    port.receive(loopback(5001), message("m1"));
    port.run_until(at(4s));
    EXPECT_EQ(port.out.changes, (Changes{{quarantine, "a"}}));
}

TEST(Sessions, changes_elsewhere_are_told_and_are_not_our_own) {
    Port port;
    port.attach("a", 5001).subscribe("a", 5001, kAllEvents);
    for (const MemberEvent event : {in, quarantine, unreachable, drop, out, rejoin}) {
        port.member_changed(event, "remote");
        EXPECT_EQ(port.told(5001), Texts{std::string(to_string(event)) + " remote"});
        EXPECT_EQ(port.out.sends.size(), 1U);
        EXPECT_TRUE(port.out.changes.empty());
    }
}

TEST(Sessions, a_client_that_vanishes_leaves_nothing_behind) {
    Port port;
    port.attach("a", 5001).subscribe("a", 5001, {"order", "member_drop", "member_out"});
    port.deliver(message("m1"));
    EXPECT_EQ(port.sessions.redelivery().pending(), 1U);
    port.run_until(at(10s));
    EXPECT_EQ(port.sessions.size(), 0U);
    EXPECT_EQ(port.sessions.event_types(), Texts{});
    EXPECT_EQ(port.sessions.redelivery().pending(), 0U);
    EXPECT_EQ(port.sessions.deadline(), kNever);
    ASSERT_FALSE(port.out.persists.empty());
    EXPECT_FALSE(port.out.persists.back().session);
    EXPECT_TRUE(port.told(5001).empty()) << "nobody is told of its own end";
}

TEST(Sessions, a_name_is_free_again_after_its_client_is_gone) {
    Port port;
    port.attach("a", 5001).subscribe("a", 5001, {"order"}).leave("a", 5001);
    port.receive(loopback(5002), Digest{"a", 5002, 0, "d", "another secret"});
    EXPECT_EQ(port.out.changes, (Changes{{in, "a"}}));
    EXPECT_FALSE(port.sessions.wants("order")) << "subscriptions are not inherited";
}

// -- Restarts and changes -------------------------------------------------------------------------

TEST(Sessions, restored_clients_are_there_without_coming_in) {
    Port port(test_settings(),
              {{"a", "s-a", loopback(5001), {"x", "member_in"}}, {"b", "s-b", loopback(5002), {}}});
    EXPECT_TRUE(port.out.is_empty());
    EXPECT_EQ(port.sessions.size(), 2U);
    EXPECT_TRUE(port.sessions.wants("x"));
    port.attach("a", 5001);
    EXPECT_TRUE(port.out.changes.empty());
    EXPECT_TRUE(port.out.persists.empty());
    port.attach("c", 5003);
    EXPECT_EQ(port.told(5001), Texts{"member_in c"});
}

TEST(Sessions, restored_clients_have_as_long_as_any_other) {
    Port port(test_settings(), {{"a", "s-a", loopback(5001), {}}});
    port.run_until(at(4s) - 1ns);
    EXPECT_TRUE(port.out.changes.empty());
    port.run_until(at(10s));
    EXPECT_EQ(port.out.changes,
              (Changes{{quarantine, "a"}, {unreachable, "a"}, {drop, "a"}, {out, "a"}}));
    ASSERT_EQ(port.out.persists.size(), 1U);
    EXPECT_FALSE(port.out.persists[0].session);
}

TEST(Sessions, restored_clients_are_known_by_their_secret) {
    Port port(test_settings(), {{"a", "s-a", loopback(5001), {}}});
    port.receive(loopback(5001), Digest{"a", 5001, 0, "d", "other"});
    EXPECT_TRUE(port.out.is_empty());
}

TEST(Sessions, what_could_not_attach_is_not_restored) {
    Port port(test_settings(), {{"daemon", "s", loopback(5001), {"x"}},
                                {"", "s", loopback(5001), {"x"}},
                                {"a", "s", loopback(0), {"x"}},
                                {std::string(700, 'n'), "s", loopback(5001), {"x"}},
                                {"b", "s1", loopback(5001), {}},
                                {"b", "s2", loopback(5002), {"x"}}});
    EXPECT_EQ(port.sessions.size(), 1U);
    EXPECT_FALSE(port.sessions.wants("x"));
}

TEST(Sessions, new_times_hold_from_the_next_digest) {
    Port port;
    port.attach("a", 5001);
    SessionSettings settings = test_settings();
    settings.times = {1s, 1s, 3s};
    port.sessions.change(settings);
    EXPECT_EQ(port.sessions.deadline(), at(4s));
    port.run_until(at(2s)).attach("a", 5001);
    EXPECT_EQ(port.sessions.deadline(), at(3s));
}

TEST(Sessions, who_has_what_is_now_our_name_is_dropped_in_time) {
    Port port;
    port.attach("a", 5001);
    SessionSettings settings = test_settings();
    settings.own_name = "a";
    port.sessions.change(settings);
    port.attach("a", 5001);
    EXPECT_TRUE(port.out.is_empty());
    port.run_until(at(10s));
    EXPECT_EQ(port.sessions.size(), 0U);
}

TEST(SessionsDeath, an_input_before_the_outputs_are_drained_is_a_bug_of_the_driver) {
    Sessions sessions(test_settings(), {}, Instant{}, 1);
    const Letter digest{"e", Digest{"a", 5001, 0, "d", "s"}};
    sessions.receive(Instant{}, {}, loopback(5001), digest);
    EXPECT_DEATH(sessions.receive(Instant{}, {}, loopback(5001), digest), "outbox_");
    EXPECT_DEATH(sessions.advance(Instant{}, {}), "outbox_");
    EXPECT_DEATH(sessions.deliver(Instant{}, message("m")), "outbox_");
    EXPECT_DEATH(sessions.member_changed(Instant{}, {}, in, "b"), "outbox_");
    EXPECT_DEATH(sessions.change(test_settings()), "outbox_");
}

}  // namespace
}  // namespace grapevine::client
