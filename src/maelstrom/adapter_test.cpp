#include "maelstrom/adapter.hpp"

#include <boost/json/array.hpp>
#include <boost/json/parse.hpp>
#include <boost/json/serialize.hpp>
#include <gtest/gtest.h>
#include <string>
#include <vector>

#include "base/bytes.hpp"
#include "maelstrom/message.hpp"

namespace grapevine::maelstrom {
namespace {

namespace json = boost::json;

constexpr int kUnsupported = 10;
constexpr int kUnavailable = 11;
constexpr int kMalformed = 12;
constexpr int kPrecondition = 22;

/// One node, n1 of n1, n2, n3; the test plays everybody else.
class AdapterTest : public ::testing::Test {
protected:
    void SetUp() override {
        say(R"({"type":"init","msg_id":1,"node_id":"n1",)"
            R"("node_ids":["n1","n2","n3"]})");
    }

    /// What it answers to the client, empty for silence; `others` has what it says to nodes.
    json::object say(const std::string& body, const std::string& from = "c1") {
        return say_line(R"({"src":")" + from + R"(","dest":"n1","body":)" + body + "}");
    }
    json::object say_line(const std::string& line) {
        node.receive(now, line);
        return drain();
    }
    json::object drain() {
        json::object answer;
        while (const auto line = node.poll()) {
            EXPECT_EQ(line->find('\n'), std::string::npos);
            const auto message = parse_message(*line);
            EXPECT_TRUE(message) << *line;
            if (message->target.starts_with('c')) {
                answer = message->body;
            } else {
                others.push_back(*line);
            }
        }
        node.check_invariants();
        return answer;
    }
    void expect_refused(const json::object& answer, int code, std::string_view text) {
        ASSERT_TRUE(answer.contains("code")) << json::serialize(answer);
        EXPECT_EQ(answer.at("type"), "error");
        EXPECT_EQ(answer.at("code"), code);
        EXPECT_EQ(answer.at("text"), json::string_view(text.data(), text.size()));
    }

    Instant now{};
    Settings settings;
    Adapter node{settings, 7};
    std::vector<std::string> others;
};

TEST_F(AdapterTest, echo_comes_back) {
    EXPECT_EQ(say(R"({"type":"echo","msg_id":5,"echo":{"a":[1,"x"]}})"),
              json::parse(R"({"type":"echo_ok","echo":{"a":[1,"x"]},"in_reply_to":5})"));
}

TEST_F(AdapterTest, answers_go_to_the_asker_in_our_name) {
    node.receive(now, R"({"src":"c9","dest":"n1","body":{"type":"echo","msg_id":5,"echo":1}})");
    const auto message = parse_message(*node.poll());
    EXPECT_EQ(message->source, "n1");
    EXPECT_EQ(message->target, "c9");
}

TEST_F(AdapterTest, ids_are_unique_on_a_node_and_among_lives) {
    const auto first = say(R"({"type":"generate","msg_id":2})").at("id");
    EXPECT_NE(first, say(R"({"type":"generate","msg_id":3})").at("id"));
    Adapter later(settings, 8);
    later.receive(now, R"({"src":"c1","dest":"n1","body":{"type":"init","node_id":"n1",)"
                       R"("node_ids":["n1"]}})");
    later.receive(now, R"({"src":"c1","dest":"n1","body":{"type":"generate","msg_id":1}})");
    EXPECT_NE(first, parse_message(*later.poll())->body.at("id"));
}

TEST_F(AdapterTest, a_broadcast_is_read_and_told_to_others) {
    say(R"({"type":"topology","msg_id":2,"topology":{}})");
    EXPECT_EQ(say(R"({"type":"broadcast","msg_id":3,"message":17})").at("type"), "broadcast_ok");
    say(R"({"type":"broadcast","msg_id":4,"message":{"any":"json"}})");
    EXPECT_EQ(say(R"({"type":"read","msg_id":5})").at("messages"),
              json::parse(R"([17,{"any":"json"}])"));
    EXPECT_FALSE(others.empty());
}

TEST_F(AdapterTest, the_same_value_again_is_one_value) {
    say(R"({"type":"broadcast","msg_id":3,"message":17})");
    others.clear();
    EXPECT_EQ(say(R"({"type":"broadcast","msg_id":4,"message":17})").at("type"), "broadcast_ok");
    EXPECT_EQ(node.values(), std::vector<std::string>{"17"});
    EXPECT_TRUE(others.empty());
}

TEST_F(AdapterTest, another_node_learns_from_our_packets) {
    Adapter other(settings, 9);
    other.receive(now, R"({"src":"c1","dest":"n2","body":{"type":"init","node_id":"n2",)"
                       R"("node_ids":["n1","n2","n3"]}})");
    say(R"({"type":"broadcast","msg_id":3,"message":17})");
    for (const std::string& line : others) {
        if (parse_message(line)->target == "n2") other.receive(now, line);
    }
    EXPECT_EQ(other.values(), std::vector<std::string>{"17"});
}

TEST_F(AdapterTest, a_counter_begins_at_zero_and_adds_up) {
    EXPECT_EQ(say(R"({"type":"read","msg_id":2})").at("value"), 0);
    say(R"({"type":"add","msg_id":3,"delta":5})");
    say(R"({"type":"add","msg_id":4,"delta":0})");
    say(R"({"type":"add","msg_id":5,"delta":2})");
    EXPECT_EQ(say(R"({"type":"read","msg_id":6})").at("value"), 7);
}

TEST_F(AdapterTest, before_init_there_is_nothing_to_be_had) {
    Adapter fresh(settings, 1);
    fresh.receive(now, R"({"src":"c1","dest":"n1","body":{"type":"read","msg_id":1}})");
    expect_refused(parse_message(*fresh.poll())->body, kUnavailable, "there was no init yet");
}

TEST_F(AdapterTest, bad_requests_are_refused_with_the_reason) {
    expect_refused(say(R"({"type":"lin_kv","msg_id":2})"), kUnsupported,
                   "\"lin_kv\" is not known here");
    expect_refused(say(R"({"type":"echo","msg_id":2})"), kMalformed, "\"echo\" is missing");
    expect_refused(say(R"({"type":"broadcast","msg_id":2})"), kMalformed, "\"message\" is missing");
    for (const char* delta : {"-1", "1.5", "\"3\"", "null"}) {
        expect_refused(say(std::string(R"({"type":"add","msg_id":2,"delta":)") + delta + "}"),
                       kMalformed, "\"delta\" is not a whole number from 0 up");
    }
    expect_refused(say(R"({"type":"init","msg_id":2,"node_id":"n1","node_ids":["n1"]})"),
                   kPrecondition, "init came twice");
    EXPECT_EQ(node.counter(), 0U);
}

TEST_F(AdapterTest, a_row_has_a_largest_sum) {
    const std::string most = std::to_string(kMaelstromRowMax);
    say(R"({"type":"add","msg_id":2,"delta":)" + most + "}");
    expect_refused(say(R"({"type":"add","msg_id":3,"delta":1})"), kMalformed,
                   "the sum would be too large");
    EXPECT_EQ(node.counter(), kMaelstromRowMax);
}

TEST_F(AdapterTest, an_init_that_makes_no_sense_is_refused) {
    const auto init = [this](const std::string& rest) {
        Adapter fresh(settings, 1);
        fresh.receive(now,
                      R"({"src":"c1","dest":"n1","body":{"type":"init","msg_id":1)" + rest + "}}");
        return parse_message(*fresh.poll())->body;
    };
    expect_refused(init(""), kMalformed, "\"node_id\" is not a text");
    expect_refused(init(R"(,"node_id":"n1")"), kMalformed, "\"node_ids\" is not a list");
    expect_refused(init(R"(,"node_id":"n1","node_ids":[1])"), kMalformed,
                   "a name in \"node_ids\" is not a text");
    expect_refused(init(R"(,"node_id":"n1","node_ids":["n2"])"), kMalformed,
                   "\"node_ids\" does not name \"node_id\"");
    std::string names = "\"n1\"";
    for (std::size_t other = 0; other < kMaelstromNodesMax; ++other) {
        names += ",\"m" + std::to_string(other) + "\"";
    }
    expect_refused(init(R"(,"node_id":"n1","node_ids":[)" + names + "]"), kMalformed,
                   "at most 256 nodes are possible");
}

TEST_F(AdapterTest, values_beyond_the_limit_are_refused) {
    settings.values_max = 2;
    Adapter small(settings, 1);
    small.receive(now, R"({"src":"c1","dest":"n1","body":{"type":"init","node_id":"n1",)"
                       R"("node_ids":["n1"]}})");
    json::object answer;
    for (int value = 1; value <= 3; ++value) {
        small.receive(now, R"({"src":"c1","dest":"n1","body":{"type":"broadcast","msg_id":1,)"
                           R"("message":)" +
                               std::to_string(value) + "}}");
        answer = parse_message(*small.poll())->body;
    }
    expect_refused(answer, kUnavailable, "2 values are all that is kept");
    EXPECT_EQ(small.values().size(), 2U);
}

TEST_F(AdapterTest, what_is_no_message_is_dropped_and_counted) {
    std::uint64_t dropped = 0;
    for (const char* line :
         {"", "not json", "[]", "{}", R"({"src":1,"dest":"n1","body":{"type":"echo"}})",
          R"({"src":"c1","dest":"n1","body":[]})", R"({"src":"c1","dest":"n1","body":{}})",
          R"({"src":"c1","dest":"n1","body":{"type":"echo","msg_id":"x"}})",
          R"({"src":"n2","dest":"n1","body":{"type":"grapevine"}})",
          R"({"src":"n2","dest":"n1","body":{"type":"grapevine","packets":["?"]}})",
          R"({"src":"n2","dest":"n1","body":{"type":"grapevine","packets":[5]}})",
          R"({"src":"n2","dest":"n1","body":{"type":"grapevine","packets":["AAAA"]}})"}) {
        EXPECT_TRUE(say_line(line).empty()) << line;
        EXPECT_EQ(node.counters().dropped_unreadable, ++dropped) << line;
    }
}

TEST_F(AdapterTest, a_line_beyond_the_limit_is_dropped) {
    std::string line = R"({"src":"c1","dest":"n1","body":{"type":"read","msg_id":1,"filler":")";
    const std::string end = R"("}})";
    line.append(kMaelstromLineBytesMax - line.size() - end.size(), 'x');
    EXPECT_FALSE(say_line(line + end).empty());
    EXPECT_TRUE(say_line(line + "x" + end).empty());
    EXPECT_EQ(node.counters().dropped_unreadable, 1U);
}

TEST_F(AdapterTest, packets_of_nobody_and_answers_are_dropped) {
    say(R"({"type":"grapevine","packets":[]})", "n99");
    say(R"({"type":"grapevine","packets":[]})", "n1");
    say(R"({"type":"error","in_reply_to":4,"code":0})", "n2");
    EXPECT_EQ(node.counters().dropped_unexpected, 3U);
}

TEST_F(AdapterTest, one_who_gives_no_number_gets_no_answer) {
    EXPECT_TRUE(say(R"({"type":"broadcast","message":3})").empty());
    EXPECT_EQ(node.values().size(), 1U);
    EXPECT_TRUE(say(R"({"type":"broadcast"})").empty());
}

}  // namespace
}  // namespace grapevine::maelstrom
