#include <gtest/gtest.h>

#include "client/sessions.hpp"
#include "client/testing.hpp"

// Messages of applications: publishing, delivery, redelivery.
namespace grapevine::client {
namespace {

using namespace testing;

SessionSettings with_local_delivery() {
    SessionSettings settings = test_settings();
    settings.is_local_delivery = true;
    return settings;
}

// -- Publishing -----------------------------------------------------------------------------------

TEST(SessionsMessages, a_publish_is_acknowledged_to_its_source_and_handed_on) {
    Port port;
    port.attach("a", 5001);
    port.receive(loopback(7777), message("m1"));
    EXPECT_EQ(port.sent<DigestForwardedAck>(7777),
              (std::vector<DigestForwardedAck>{{"daemon", "m1", "local"}}));
    ASSERT_EQ(port.out.published.size(), 1U);
    EXPECT_EQ(port.out.published[0].from, loopback(7777));
    EXPECT_EQ(port.out.published[0].letter.id, "m1");
    EXPECT_EQ(port.counters().published, 1U);
}

TEST(SessionsMessages, a_publisher_need_not_be_attached) {
    Port port;
    port.receive(loopback(7777), message("m1"));
    EXPECT_EQ(port.sent<DigestForwardedAck>(7777).size(), 1U);
    EXPECT_EQ(port.out.published.size(), 1U);
}

TEST(SessionsMessages, what_is_handed_on_is_the_envelope_as_it_came) {
    Port port;
    const Letter letter = message("m1");
    port.receive(loopback(5001), letter);
    EXPECT_EQ(std::get<Application>(port.out.published.at(0).letter.message).envelope,
              std::get<Application>(letter.message).envelope);
}

TEST(SessionsMessages, every_copy_is_acknowledged_and_one_is_published) {
    Port port;
    for (int copy = 0; copy < 5; ++copy) {
        port.receive(loopback(5001), message("m1"));
        EXPECT_EQ(port.sent<DigestForwardedAck>(5001).size(), 1U);
        EXPECT_EQ(port.out.published.size(), copy == 0 ? 1U : 0U);
    }
    EXPECT_EQ(port.counters().published, 1U);
    EXPECT_EQ(port.counters().published_again, 4U);
}

TEST(SessionsMessages, no_local_subscriber_hears_what_is_published_here) {
    Port port;
    port.attach("a", 5001).attach("b", 5002).subscribe("b", 5002, {"order"});
    port.receive(loopback(5001), message("m1"));
    EXPECT_TRUE(port.copies(5002).empty());
    EXPECT_EQ(port.out.published.size(), 1U);
}

TEST(SessionsMessages, what_was_published_here_and_comes_back_is_not_delivered_here) {
    Port port;
    port.attach("a", 5001).attach("b", 5002).subscribe("b", 5002, {"order"});
    port.receive(loopback(5001), message("m1")).deliver(message("m1"));
    EXPECT_TRUE(port.out.is_empty());
}

TEST(SessionsMessages, with_local_delivery_the_others_hear_it) {
    Port port(with_local_delivery());
    for (const auto& [name, at_port] : {std::pair{"a", 5001}, {"b", 5002}, {"c", 5003}}) {
        port.attach(name, static_cast<std::uint16_t>(at_port));
    }
    port.subscribe("a", 5001, {"order"}).subscribe("b", 5002, {"order"});
    port.subscribe("c", 5003, {"bill"});
    port.receive(loopback(5001), message("m1"));
    EXPECT_TRUE(port.copies(5001).empty()) << "not who published it";
    EXPECT_EQ(port.copies(5002), Texts{"m1"});
    EXPECT_TRUE(port.copies(5003).empty());
    EXPECT_EQ(port.out.published.size(), 1U);
    port.receive(loopback(5001), message("m1"));
    EXPECT_TRUE(port.copies(5002).empty()) << "once per id";
}

TEST(SessionsMessages, with_local_delivery_copies_go_out_until_acknowledged) {
    Port port(with_local_delivery());
    port.attach("b", 5002).subscribe("b", 5002, {"order"});
    port.receive(loopback(5001), message("m1"));
    EXPECT_TRUE(port.sessions.redelivery().is_pending("b", "m1"));
    port.acknowledge("b", 5002, "m1");
    EXPECT_EQ(port.sessions.redelivery().pending(), 0U);
}

// -- Delivery -------------------------------------------------------------------------------------

TEST(SessionsMessages, a_message_goes_to_every_subscriber_of_its_type) {
    Port port;
    port.attach("a", 5001).subscribe("a", 5001, {"order"});
    port.attach("b", 5002).subscribe("b", 5002, {"bill", "order"});
    port.attach("c", 5003).subscribe("c", 5003, {"bill"});
    port.deliver(message("m1"));
    EXPECT_EQ(port.copies(5001), Texts{"m1"});
    EXPECT_EQ(port.copies(5002), Texts{"m1"});
    EXPECT_TRUE(port.copies(5003).empty());
    EXPECT_EQ(port.counters().delivered, 2U);
    EXPECT_TRUE(port.out.published.empty());
}

TEST(SessionsMessages, what_is_delivered_is_the_envelope_as_it_came) {
    Port port;
    port.attach("a", 5001).subscribe("a", 5001, {"order"});
    const Letter letter = message("m1");
    port.deliver(letter);
    const Letter& sent = port.out.sends.at(0).letter;
    EXPECT_EQ(sent.id, "m1");
    EXPECT_EQ(std::get<Application>(sent.message).envelope,
              std::get<Application>(letter.message).envelope);
}

TEST(SessionsMessages, a_message_is_delivered_once) {
    Port port;
    port.attach("a", 5001).subscribe("a", 5001, {"order"}).deliver(message("m1"));
    port.acknowledge("a", 5001, "m1").deliver(message("m1"));
    EXPECT_TRUE(port.out.is_empty());
    EXPECT_EQ(port.counters().delivered, 1U);
}

TEST(SessionsMessages, types_are_compared_letter_by_letter) {
    Port port;
    port.attach("a", 5001).subscribe("a", 5001, {"order"});
    port.deliver(message("m1", "Order")).deliver(message("m2", "orders"));
    EXPECT_TRUE(port.out.is_empty());
}

TEST(SessionsMessages, an_application_may_use_the_name_of_a_member_event) {
    Port port;
    port.attach("a", 5001).subscribe("a", 5001, {"member_in"});
    port.deliver(message("m1", "member_in"));
    EXPECT_EQ(port.copies(5001), Texts{"m1"});
}

// -- Redelivery -----------------------------------------------------------------------------------

TEST(SessionsMessages, copies_go_out_at_each_interval_until_acknowledged) {
    SessionSettings settings = test_settings();
    settings.times = {1h, 1h, 0s};
    Port port(settings);
    port.attach("a", 5001).subscribe("a", 5001, {"order"}).deliver(message("m1"));
    port.run_until(at(5s) - 1ns);
    EXPECT_TRUE(port.out.is_empty());
    port.run_until(at(5s));
    EXPECT_EQ(port.copies(5001), Texts{"m1"});
    port.run_until(at(10s) - 1ns);
    EXPECT_TRUE(port.out.is_empty());
    port.run_until(at(10s));
    EXPECT_EQ(port.copies(5001), Texts{"m1"});
    port.acknowledge("a", 5001, "m1");
    EXPECT_EQ(port.counters().acknowledged, 1U);
    port.run_until(at(60s));
    EXPECT_TRUE(port.copies(5001).empty());
    EXPECT_EQ(port.counters().redelivered, 2U);
}

TEST(SessionsMessages, an_acknowledgement_needs_name_id_and_secret) {
    Port port;
    port.attach("a", 5001).subscribe("a", 5001, {"order"});
    port.attach("b", 5002).deliver(message("m1"));
    port.acknowledge("b", 5002, "m1");
    port.acknowledge("a", 5001, "m2");
    port.receive(loopback(5001), DigestForwardedAck{"a", "m1", "s-b"});
    EXPECT_TRUE(port.sessions.redelivery().is_pending("a", "m1"));
    EXPECT_EQ(port.counters().acknowledged, 0U);
    port.receive(loopback(9999), DigestForwardedAck{"a", "m1", "s-a"});
    EXPECT_FALSE(port.sessions.redelivery().is_pending("a", "m1"));
}

TEST(SessionsMessages, the_second_acknowledgement_of_two_copies_is_ordinary) {
    Port port;
    port.attach("a", 5001).subscribe("a", 5001, {"order"}).deliver(message("m1"));
    port.acknowledge("a", 5001, "m1").acknowledge("a", 5001, "m1");
    EXPECT_TRUE(port.out.is_empty());
    EXPECT_EQ(port.counters().acknowledged, 1U);
    EXPECT_EQ(port.counters().refused_unknown, 0U);
}

TEST(SessionsMessages, an_unsubscribe_ends_the_copies_of_that_type) {
    Port port;
    port.attach("a", 5001).subscribe("a", 5001, {"order", "bill"});
    port.deliver(message("m1", "order")).deliver(message("m2", "bill"));
    port.unsubscribe("a", 5001, {"order"});
    EXPECT_FALSE(port.sessions.redelivery().is_pending("a", "m1"));
    EXPECT_TRUE(port.sessions.redelivery().is_pending("a", "m2"));
}

TEST(SessionsMessages, an_exit_ends_all_copies) {
    Port port;
    port.attach("a", 5001).subscribe("a", 5001, {"order"}).deliver(message("m1"));
    port.leave("a", 5001);
    EXPECT_EQ(port.sessions.redelivery().pending(), 0U);
    EXPECT_EQ(port.sessions.deadline(), kNever);
}

TEST(SessionsMessages, copies_follow_a_client_that_moves) {
    Port port;
    port.attach("a", 5001).subscribe("a", 5001, {"order"}).deliver(message("m1"));
    port.receive(loopback(5002), Digest{"a", 5002, 0, "d", "s-a"});
    port.run_until(at(5s));
    EXPECT_EQ(port.copies(5002), Texts{"m1"});
    EXPECT_TRUE(port.copies(5001).empty());
}

TEST(SessionsMessages, a_client_in_quarantine_still_gets_its_messages) {
    Port port;
    port.attach("a", 5001).subscribe("a", 5001, {"order"}).run_until(at(4s));
    port.deliver(message("m1"));
    EXPECT_EQ(port.copies(5001), Texts{"m1"});
}

TEST(SessionsMessages, retry_max_gives_up_while_the_client_stays) {
    SessionSettings settings = test_settings();
    settings.times = {1h, 1h, 0s};
    settings.redelivery = {1s, 2};
    Port port(settings);
    port.attach("a", 5001).subscribe("a", 5001, {"order"}).deliver(message("m1"));
    port.run_until(at(60s));
    EXPECT_EQ(port.copies(5001), (Texts{"m1", "m1"}));
    EXPECT_EQ(port.sessions.redelivery().given_up(), 1U);
}

TEST(SessionsMessages, new_rules_hold_for_what_is_delivered_from_now_on) {
    Port port;
    port.attach("a", 5001).subscribe("a", 5001, {"order"}).deliver(message("old"));
    SessionSettings settings = test_settings();
    settings.redelivery = {1s, 0};
    port.sessions.change(settings);
    port.deliver(message("new")).run_until(at(1s));
    EXPECT_EQ(port.copies(5001), Texts{"new"});
}

}  // namespace
}  // namespace grapevine::client
