#include "api/lab_session.hpp"

#include <boost/json/parse.hpp>
#include <boost/json/serialize.hpp>
#include <boost/json/value.hpp>
#include <gtest/gtest.h>
#include <string>

#include "api/testing/bench.hpp"
#include "api/testing/schema_check.hpp"
#include "base/limits.hpp"

namespace grapevine::api::testing {
namespace {

namespace json = boost::json;

struct Watcher {
    explicit Watcher(Bench& bench) : lab(bench.control.current_lab) {
        exchange = bench.ask_with({"upgrade", "websocket"}, "GET", "/v1/lab/stream");
    }
    FakeSocket& sink() { return *exchange->socket; }
    void say(std::string message) {
        EXPECT_EQ(violation(message, "LabRequest"), "") << message;
        sink().receive(std::move(message));
    }
    /// The one answer to it.
    json::value ask(std::string message) {
        sink().receive(std::move(message));
        const auto answers = sink().take();
        EXPECT_EQ(answers.size(), 1U);
        if (answers.empty()) return nullptr;
        EXPECT_EQ(violation(answers[0], "LabReply"), "");
        return json::parse(answers[0]);
    }
    template <typename T>
    const T& command() const {
        return std::get<T>(lab.commands.back());
    }

    FakeLab& lab;
    std::shared_ptr<FakeExchange> exchange;
};

TEST(LabSession, commands_reach_the_desk) {
    Bench bench;
    Watcher watcher(bench);
    watcher.say(R"({"type":"start","link":"experiment=rumor&k=2"})");
    EXPECT_EQ(watcher.command<control::LabStart>().link, "experiment=rumor&k=2");
    watcher.say(R"({"type":"play","speed":2.5})");
    EXPECT_EQ(watcher.command<control::LabPlay>().speed, 2.5);
    watcher.say(R"({"type":"play"})");
    EXPECT_EQ(watcher.command<control::LabPlay>().speed, 1);
    watcher.say(R"({"type":"seek","at_ms":1200})");
    EXPECT_EQ(watcher.command<control::LabSeek>().at_ms, 1200);
    watcher.say(R"({"type":"pause"})");
    watcher.say(R"({"type":"step"})");
    EXPECT_EQ(watcher.lab.commands.size(), 6U);
}

TEST(LabSession, actions_become_their_text) {
    Bench bench;
    Watcher watcher(bench);
    const auto text_of = [&](std::string message) {
        watcher.say(std::move(message));
        return watcher.command<control::LabAct>().action;
    };
    EXPECT_EQ(text_of(R"({"type":"act","do":"kill","member":3})"), "kill:3");
    EXPECT_EQ(text_of(R"({"type":"act","do":"partition","members":[0,1,2]})"), "partition:0,1,2");
    EXPECT_EQ(text_of(R"({"type":"act","do":"heal"})"), "heal");
    EXPECT_EQ(text_of(R"({"type":"act","do":"clog","from":1,"to":2,"for_ms":2000})"),
              "clog:1:2:2000");
    EXPECT_EQ(text_of(R"({"type":"act","do":"add","count":10})"), "add:10");
}

TEST(LabSession, what_is_wrong_is_answered_and_the_socket_stays) {
    Bench bench;
    Watcher watcher(bench);
    for (const char* message : {
             "x",
             "[]",
             R"({"type":"strat"})",
             R"({"type":"start"})",
             R"({"type":"play","speed":1001})",
             R"({"type":"play","speed":0})",
             R"({"type":"play","speed":"fast"})",
             R"({"type":"seek","at_ms":-1})",
             R"({"type":"seek","at_ms":3600001})",
             R"({"type":"act","do":"kill"})",
             R"({"type":"act","do":"kill:3","member":3})",
             R"({"type":"act","do":"partition","members":3})",
             R"({"type":"act","do":"kill","member":1.5})",
             R"({"type":"pause","colour":1})",
         }) {
        const json::value answer = watcher.ask(message);
        ASSERT_TRUE(answer.is_object()) << message;
        EXPECT_EQ(answer.at("type").as_string(), "error") << message;
        EXPECT_EQ(violation(json::serialize(answer.at("problem")), "Problem"), "");
    }
    EXPECT_TRUE(watcher.lab.commands.empty());
    EXPECT_FALSE(watcher.sink().close_status);
}

TEST(LabSession, a_refusal_of_the_desk_is_an_error) {
    Bench bench;
    Watcher watcher(bench);
    bench.control.current_lab.taker(
        std::unexpected(Refusal{Refusal::Code::invalid, "m", "c", "k"}));
    const auto answers = watcher.sink().take();
    ASSERT_EQ(answers.size(), 1U);
    EXPECT_EQ(json::parse(answers[0]).at("problem").at("field").as_string(), "k");
}

TEST(LabSession, the_next_frame_is_asked_for_when_little_waits_for_the_peer) {
    Bench bench;
    Watcher watcher(bench);
    auto& taker = bench.control.current_lab.taker;
    taker("{\"type\":\"frame\"}");
    EXPECT_EQ(watcher.lab.ready_count, 1U);
    taker(std::string(kLabPendingBytesMax, 'x'));
    EXPECT_EQ(watcher.lab.ready_count, 1U) << "it has not been read";
    watcher.sink().drain();
    EXPECT_EQ(watcher.lab.ready_count, 2U);
    watcher.sink().drain();
    EXPECT_EQ(watcher.lab.ready_count, 2U) << "once for each";
}

TEST(LabSession, who_does_not_read_at_all_is_closed) {
    Bench bench;
    Watcher watcher(bench);
    for (std::size_t bytes = 0; bytes <= kSocketUnsentBytesMax; bytes += 1 << 20) {
        bench.control.current_lab.taker(std::string(1 << 20, 'x'));
    }
    EXPECT_EQ(watcher.sink().close_status, 1008);
    EXPECT_EQ(watcher.lab.open_count, 0U);
}

TEST(LabSession, a_message_over_the_limit_closes_the_socket) {
    Bench bench;
    Watcher watcher(bench);
    watcher.sink().receive(std::string(4 * kLabLinkBytesMax + 1, ' '));
    EXPECT_EQ(watcher.sink().close_status, 1009);
}

TEST(LabSession, the_run_ends_with_the_socket) {
    Bench bench;
    Watcher watcher(bench);
    EXPECT_EQ(watcher.lab.open_count, 1U);
    watcher.sink().disconnect();
    EXPECT_EQ(watcher.lab.open_count, 0U);
    bench.control.current_lab.taker("{}");
    EXPECT_TRUE(watcher.sink().take().empty());
}

TEST(LabSession, it_ends_with_its_token_and_says_so) {
    Bench bench;
    Watcher watcher(bench);
    bench.api.close_streams();
    const auto messages = watcher.sink().take();
    ASSERT_EQ(messages.size(), 1U);
    EXPECT_EQ(json::parse(messages[0]).at("reason").as_string(), "shutting_down");
    EXPECT_EQ(watcher.lab.open_count, 0U);
}

TEST(LabSession, it_belongs_to_no_overlay_and_outlives_them) {
    Bench bench;
    Watcher watcher(bench);
    const auto exchange = bench.ask("DELETE", "/v1/overlays/a");
    EXPECT_EQ(watcher.lab.open_count, 1U);
    EXPECT_TRUE(watcher.sink().take().empty());
}

TEST(LabSession, the_third_watcher_is_told_that_there_is_no_room) {
    Bench bench;
    Watcher first(bench);
    Watcher second(bench);
    Watcher third(bench);
    ASSERT_TRUE(third.exchange->response);
    EXPECT_EQ(third.exchange->response->status, 429);
}

TEST(LabSession, a_plain_request_is_told_to_upgrade) {
    Bench bench;
    EXPECT_EQ(bench.ask("GET", "/v1/lab/stream")->response->status, 426);
}

}  // namespace
}  // namespace grapevine::api::testing
