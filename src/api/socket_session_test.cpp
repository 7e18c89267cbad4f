#include "api/socket_session.hpp"

#include <boost/json/parse.hpp>
#include <boost/json/serialize.hpp>
#include <boost/json/value.hpp>
#include <gtest/gtest.h>
#include <string>
#include <vector>

#include "api/testing/bench.hpp"
#include "api/testing/schema_check.hpp"
#include "base/limits.hpp"

namespace grapevine::api::testing {
namespace {

namespace json = boost::json;

struct Socket {
    explicit Socket(Bench& bench, const std::string& token = {}) {
        Request request = Bench::make("GET", "/v1/overlays/a/stream");
        request.headers.emplace_back("authorization",
                                     "Bearer " + (token.empty() ? bench.root : token));
        request.headers.emplace_back("upgrade", "websocket");
        exchange = bench.send(std::move(request));
    }
    FakeSocket& sink() { return *exchange->socket; }
    std::vector<json::value> take() {
        std::vector<json::value> messages;
        for (const std::string& text : sink().take()) {
            messages.push_back(json::parse(text));
            const bool is_reply = violation(text, "SocketReply").empty();
            EXPECT_TRUE(is_reply || violation(text, "StreamItem").empty()) << text;
        }
        return messages;
    }
    /// The one answer to this message.
    json::value ask(const std::string& message) {
        sink().receive(message);
        const auto messages = take();
        EXPECT_EQ(messages.size(), 1U) << message;
        return messages.empty() ? json::value() : messages[0];
    }

    std::shared_ptr<FakeExchange> exchange;
};

std::string type_of(const json::value& message) {
    return std::string(message.at("type").as_string());
}

TEST(Socket, items_name_their_subscription) {
    Bench bench;
    Socket socket(bench);
    EXPECT_EQ(json::serialize(socket.ask(R"({"type":"subscribe","id":"s1","topics":["a"]})")),
              R"({"type":"subscribed","id":"s1","cursor":"life1-1"})");
    EXPECT_EQ(type_of(socket.ask(R"({"type":"subscribe","id":"s2","topics":["b"]})")),
              "subscribed");
    bench.control.current_log->append_event("b", "x");
    const auto messages = socket.take();
    ASSERT_EQ(messages.size(), 1U);
    EXPECT_EQ(messages[0].at("subscription").as_string(), "s2");
    EXPECT_EQ(messages[0].at("cursor").as_string(), "life1-2");
}

TEST(Socket, a_subscription_continues_after_a_cursor) {
    Bench bench;
    for (const char* payload : {"1", "2"}) bench.control.current_log->append_event("t", payload);
    Socket socket(bench);
    socket.sink().receive(R"({"type":"subscribe","cursor":"life1-2"})");
    const auto messages = socket.take();
    ASSERT_EQ(messages.size(), 2U);
    EXPECT_EQ(messages[1].at("payload").as_string(), "2");
}

TEST(Socket, what_is_unsubscribed_is_silent) {
    Bench bench;
    Socket socket(bench);
    socket.ask(R"({"type":"subscribe","id":"s"})");
    EXPECT_EQ(type_of(socket.ask(R"({"type":"unsubscribe","id":"s"})")), "unsubscribed");
    bench.control.current_log->append_event("t", "x");
    EXPECT_TRUE(socket.take().empty());
}

TEST(Socket, a_publish_is_answered_with_its_receipt) {
    Bench bench;
    Socket socket(bench);
    EXPECT_EQ(
        json::serialize(socket.ask(R"({"type":"publish","id":"p","topic":"t","payload":"x"})")),
        R"({"type":"published","id":"p","publisher":"00000000000000aa","epoch":3,"sequence":9,)"
        R"("event_id":"00000000000000aa-3-9"})");
    EXPECT_EQ(bench.control.last<control::Publish>().topic, "t");
}

TEST(Socket, bad_messages_are_answered_with_their_id_and_the_field) {
    struct BadMessage {
        std::string text;
        std::string id;
        std::string field;
        int status;
    };
    const std::string long_id(kSocketIdBytesMax + 1, 'i');
    const std::vector<BadMessage> table = {
        {"{", "", "", 400},
        {"[]", "", "", 400},
        {"{}", "", "type", 400},
        {R"({"type":"subscrib","id":"x"})", "x", "type", 400},
        {R"({"type":"subscribe","id":"x","topic":"t"})", "x", "topic", 400},
        {R"({"type":"subscribe","id":"x","topics":[""]})", "x", "topics", 400},
        {R"({"type":"subscribe","id":"x","members":1})", "x", "members", 400},
        {R"({"type":"subscribe","id":"x","cursor":"y"})", "x", "cursor", 400},
        {R"({"type":"subscribe","id":"x","from":"y"})", "x", "from", 400},
        {R"({"type":"unsubscribe","id":"x"})", "x", "id", 404},
        {R"({"type":"unsubscribe","id":"x","topics":[]})", "x", "topics", 400},
        {R"({"type":"publish","id":"x","topic":"t"})", "x", "payload", 400},
        {R"({"type":"publish","id":"x","topic":"t","payload":"","from":"now"})", "x", "from", 400},
        {R"({"type":"publish","id":7})", "", "id", 400},
        {R"({"type":"publish","id":")" + long_id + "\"}", "", "id", 422},
        {R"({"type":"publish","id":"x","tpic":"t"})", "", "tpic", 400},
    };
    for (const BadMessage& bad : table) {
        Bench bench;
        Socket socket(bench);
        const json::value answer = socket.ask(bad.text);
        EXPECT_EQ(type_of(answer), "error") << bad.text;
        EXPECT_EQ(answer.at("id").as_string(), bad.id) << bad.text;
        EXPECT_EQ(answer.at("problem").at("status").as_int64(), bad.status) << bad.text;
        const auto* const field = answer.at("problem").as_object().if_contains("field");
        EXPECT_EQ(field == nullptr ? "" : std::string(field->as_string()), bad.field) << bad.text;
        EXPECT_TRUE(bench.control.requests.empty()) << bad.text;
        EXPECT_FALSE(socket.sink().close_status) << bad.text;
    }
}

TEST(Socket, a_refusal_of_the_daemon_is_passed_on) {
    Bench bench;
    Socket socket(bench);
    bench.control.refusal = Refusal{Refusal::Code::unavailable, "leaving", "wait", ""};
    const json::value answer = socket.ask(R"({"type":"publish","topic":"t","payload":"x"})");
    EXPECT_EQ(answer.at("problem").at("detail").as_string(), "leaving");
}

TEST(Socket, each_message_needs_its_scope) {
    Bench bench;
    const std::string reader = bench.tokens.make({Scope::read});
    const std::string publisher = bench.tokens.make({Scope::publish});
    const std::string subscribe = R"({"type":"subscribe"})";
    const std::string publish = R"({"type":"publish","topic":"t","payload":"x"})";
    EXPECT_EQ(type_of(Socket(bench, reader).ask(subscribe)), "subscribed");
    EXPECT_EQ(Socket(bench, reader).ask(publish).at("problem").at("status").as_int64(), 403);
    EXPECT_EQ(type_of(Socket(bench, publisher).ask(publish)), "published");
    EXPECT_EQ(Socket(bench, publisher).ask(subscribe).at("problem").at("status").as_int64(), 403);
}

TEST(Socket, an_id_is_subscribed_once) {
    Bench bench;
    Socket socket(bench);
    socket.ask(R"({"type":"subscribe","id":"s"})");
    const json::value answer = socket.ask(R"({"type":"subscribe","id":"s"})");
    EXPECT_EQ(answer.at("problem").at("status").as_int64(), 409);
}

TEST(Socket, has_so_many_subscriptions_and_no_more) {
    Bench bench;
    Socket socket(bench);
    for (std::size_t count = 0; count < kSocketSubscriptionsMax; ++count) {
        EXPECT_EQ(
            type_of(socket.ask(R"({"type":"subscribe","id":")" + std::to_string(count) + "\"}")),
            "subscribed");
    }
    EXPECT_EQ(
        socket.ask(R"({"type":"subscribe","id":"above"})").at("problem").at("status").as_int64(),
        422);
}

TEST(Socket, has_so_many_publishes_in_flight_and_no_more) {
    Bench bench;
    Socket socket(bench);
    bench.control.is_holding = true;
    const std::string publish = R"({"type":"publish","id":"p","topic":"t","payload":"x"})";
    for (std::size_t count = 0; count < kSocketPublishesMax; ++count) {
        socket.sink().receive(publish);
    }
    EXPECT_TRUE(socket.take().empty());
    EXPECT_EQ(socket.ask(publish).at("problem").at("status").as_int64(), 422);
    bench.control.held.at(0)(control::PublishReceipt{"aa", 1, 1});
    EXPECT_EQ(type_of(socket.take().at(0)), "published");
    socket.sink().receive(publish);
    EXPECT_TRUE(socket.take().empty());
}

TEST(Socket, a_message_above_the_limit_closes_it) {
    Bench bench;
    Socket socket(bench);
    socket.sink().receive(std::string(kSocketMessageBytesMax, ' '));
    EXPECT_FALSE(socket.sink().close_status);
    socket.sink().receive(std::string(kSocketMessageBytesMax + 1, ' '));
    EXPECT_EQ(socket.sink().close_status, 1009);
}

TEST(Socket, a_peer_that_sends_and_does_not_read_is_closed) {
    Bench bench;
    Socket socket(bench);
    std::size_t sent = 0;
    while (!socket.sink().close_status && sent < 1'000'000) {
        socket.sink().receive("{}");
        ++sent;
        ASSERT_LE(socket.sink().pending, kStreamPendingBytesMax);
    }
    EXPECT_EQ(socket.sink().close_status, 1008);
    EXPECT_EQ(bench.api.stream_count(), 0U);
}

TEST(Socket, a_busy_subscription_does_not_starve_another) {
    Bench bench;
    bench.control.current_log = std::make_shared<FakeLog>("life1", 10'000);
    for (int count = 0; count < 5000; ++count) bench.control.current_log->append_event("busy", "x");
    Socket socket(bench);
    // The first subscription fills the sink: from now on the peer decides the pace.
    socket.sink().receive(R"({"type":"subscribe","id":"busy","topics":["busy"],"from":"oldest"})");
    socket.sink().receive(R"({"type":"subscribe","id":"calm","topics":["calm"]})");
    bench.control.current_log->append_event("calm", "x");
    bool is_heard = false;
    for (int round = 0; round < 3 && !is_heard; ++round) {
        socket.sink().drain();
        for (const json::value& message : socket.take()) {
            const auto* const name = message.as_object().if_contains("subscription");
            is_heard = is_heard || (name != nullptr && name->as_string() == "calm");
        }
    }
    EXPECT_TRUE(is_heard);
}

TEST(Socket, sends_heartbeats_and_says_why_it_ends) {
    Bench bench;
    Socket socket(bench);
    bench.api.advance(Instant{} + kHeartbeatPeriod);
    EXPECT_EQ(type_of(socket.take().at(0)), "heartbeat");
    bench.api.close_streams();
    EXPECT_EQ(json::serialize(socket.take().at(0)), R"({"type":"ended","reason":"shutting_down"})");
    EXPECT_EQ(socket.sink().close_status, 1001);
}

TEST(Socket, an_answer_after_the_peer_has_gone_does_no_harm) {
    Bench bench;
    Socket socket(bench);
    bench.control.is_holding = true;
    socket.sink().receive(R"({"type":"publish","topic":"t","payload":"x"})");
    socket.sink().disconnect();
    bench.api.advance(bench.now);
    bench.control.held.at(0)(control::PublishReceipt{"aa", 1, 1});
    EXPECT_TRUE(socket.take().empty());
}

}  // namespace
}  // namespace grapevine::api::testing
