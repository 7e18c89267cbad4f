#include <gtest/gtest.h>

#include "base/limits.hpp"
#include "client/datagram_size.hpp"
#include "client/sessions.hpp"
#include "client/testing.hpp"

// What is full, and what is too long.
namespace grapevine::client {
namespace {

using namespace testing;
using enum MemberEvent;

/// The longest text for which `fits` holds; it holds for the shortest.
template <typename Fits>
std::size_t longest(Fits fits) {
    std::size_t length = 1;
    while (fits(std::string(length + 1, 'x'))) ++length;
    return length;
}

TEST(SessionsLimits, one_client_above_the_limit_is_met_with_silence) {
    Port port;
    for (std::size_t i = 0; i < kLocalClientsMax; ++i) {
        port.attach("client" + std::to_string(i), static_cast<std::uint16_t>(1000 + i));
        ASSERT_EQ(port.out.changes.size(), 1U);
    }
    port.attach("one more", 999);
    EXPECT_TRUE(port.out.is_empty());
    EXPECT_EQ(port.counters().refused_limit, 1U);
    EXPECT_EQ(port.sessions.size(), kLocalClientsMax);
    port.attach("client0", 1000);
    EXPECT_EQ(port.sent<DigestAck>(1000).size(), 1U) << "who is attached stays";
    port.leave("client0", 1000).attach("one more", 999);
    EXPECT_EQ(port.out.changes, (Changes{{in, "one more"}}));
}

TEST(SessionsLimits, a_restored_client_above_the_limit_is_passed_over) {
    std::vector<SavedSession> saved;
    for (std::size_t i = 0; i <= kLocalClientsMax; ++i) {
        saved.push_back({"client" + std::to_string(i), "s", loopback(5001), {}});
    }
    EXPECT_EQ(Port(test_settings(), saved).sessions.size(), kLocalClientsMax);
}

TEST(SessionsLimits, one_type_above_the_limit_refuses_the_request_and_changes_nothing) {
    Port port;
    std::vector<std::string> types;
    for (std::size_t i = 0; i < kClientSubscriptionsMax; ++i) types.push_back(std::to_string(i));
    port.attach("a", 5001).subscribe("a", 5001, types);
    EXPECT_EQ(port.sent<DigestSubscribeAck>(5001).size(), 1U);
    port.subscribe("a", 5001, {"0", "one more"});
    EXPECT_TRUE(port.out.is_empty());
    EXPECT_EQ(port.counters().refused_limit, 1U);
    EXPECT_FALSE(port.sessions.wants("one more"));
    port.subscribe("a", 5001, types);
    EXPECT_EQ(port.sent<DigestSubscribeAck>(5001).size(), 1U) << "what it has counts once";
}

TEST(SessionsLimits, a_type_above_the_limit_of_texts_refuses_the_request) {
    Port port;
    port.attach("a", 5001).subscribe("a", 5001, {std::string(kOldTextBytesMax, 'x')});
    EXPECT_EQ(port.sent<DigestSubscribeAck>(5001).size(), 1U);
    port.subscribe("a", 5001, {"short", std::string(kOldTextBytesMax + 1, 'x')});
    EXPECT_TRUE(port.out.is_empty());
    EXPECT_FALSE(port.sessions.wants("short"));
    EXPECT_EQ(port.counters().refused_limit, 1U);
}

TEST(SessionsLimits, a_secret_above_the_limit_of_texts_is_met_with_silence) {
    Port port;
    port.receive(loopback(5001), Digest{"a", 5001, 0, "d", std::string(kOldTextBytesMax + 1, 's')});
    EXPECT_TRUE(port.out.is_empty());
    port.receive(loopback(5001), Digest{"a", 5001, 0, "d", std::string(kOldTextBytesMax, 's')});
    EXPECT_EQ(port.sessions.size(), 1U);
    EXPECT_EQ(port.counters().refused_limit, 1U);
}

TEST(SessionsLimits, a_digest_whose_ack_no_client_could_read_is_met_with_silence) {
    Port port;
    const std::size_t length = longest([&](const std::string& id) {
        port.receive(loopback(5001), Digest{"a", 5001, 0, id, "s"});
        if (port.out.is_empty()) return false;
        EXPECT_LE(datagram_bytes(port.out.sends.at(0).letter), kOldClientDatagramBytesMax);
        return true;
    });
    EXPECT_EQ(port.counters().refused_limit, 1U);
    EXPECT_GT(length, 400U) << "any id by custom fits ten times";
    port.receive(loopback(5001), Digest{"a", 5001, 0, std::string(length, 'x'), "s"});
    EXPECT_GT(datagram_bytes(port.out.sends.at(0).letter), kOldClientDatagramBytesMax - 16);
}

TEST(SessionsLimits, a_name_that_no_client_could_be_told_is_met_with_silence) {
    Port port;
    port.attach("watcher", 5001).subscribe("watcher", 5001, {"member_unreachable", "member_in"});
    const std::size_t length = longest([&](const std::string& name) {
        port.attach(name, 5002);
        return !port.out.is_empty();
    });
    EXPECT_GT(length, 400U);
    EXPECT_EQ(port.counters().refused_limit, 1U);
    EXPECT_EQ(port.counters().events_unsaid, 0U);
    port.member_changed(unreachable, std::string(length, 'x'));
    ASSERT_EQ(port.out.sends.size(), 1U);
    EXPECT_LE(datagram_bytes(port.out.sends[0].letter), kOldClientDatagramBytesMax);
}

TEST(SessionsLimits, an_event_that_no_client_could_read_is_not_sent) {
    Port port;
    port.attach("a", 5001).subscribe("a", 5001, {"member_in"});
    port.member_changed(in, std::string(kOldTextBytesMax, 'x'));
    EXPECT_TRUE(port.out.is_empty());
    EXPECT_EQ(port.counters().events_unsaid, 1U);
}

TEST(SessionsLimits, a_publish_whose_ack_no_client_could_read_is_met_with_silence) {
    Port port;
    const std::size_t length = longest([&](const std::string& id) {
        port.receive(loopback(5001), message(id));
        if (port.out.is_empty()) return false;
        EXPECT_LE(datagram_bytes(port.out.sends.at(0).letter), kOldClientDatagramBytesMax);
        return true;
    });
    EXPECT_GT(length, 400U);
    EXPECT_EQ(port.counters().refused_limit, 1U);
    EXPECT_EQ(port.out.published.size(), 0U);
    EXPECT_EQ(port.counters().published, length - 1) << "all but the first length were tried";
}

TEST(SessionsLimits, the_ack_of_a_long_list_is_the_whole_list) {
    Port port;
    std::vector<std::string> types(60, "a type of which there are many");
    port.attach("a", 5001).subscribe("a", 5001, types);
    EXPECT_EQ(port.sent<DigestSubscribeAck>(5001).at(0).event_types, types);
    EXPECT_GT(datagram_bytes(port.out.sends.at(0).letter), kOldClientDatagramBytesMax);
    EXPECT_EQ(port.counters().long_acks, 1U);
    port.unsubscribe("a", 5001, types);
    EXPECT_EQ(port.sent<DigestUnsubscribeAck>(5001).at(0).event_types, types);
    EXPECT_EQ(port.counters().long_acks, 2U);
    port.subscribe("a", 5001, {"one"});
    EXPECT_EQ(port.counters().long_acks, 2U);
}

TEST(SessionsLimits, the_size_of_a_message_is_its_applications_affair) {
    Port port;
    port.attach("a", 5001).subscribe("a", 5001, {"order"});
    const Letter large{"m1", Application{"order", std::make_shared<const Bytes>(60'000),
                                         std::make_shared<const Bytes>(40'000)}};
    port.deliver(large);
    EXPECT_EQ(port.copies(5001), Texts{"m1"});
}

}  // namespace
}  // namespace grapevine::client
