#include "api/event_stream.hpp"

#include <boost/json/parse.hpp>
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

/// One dispatched item of a text/event-stream, read as a browser reads it.
struct Received {
    std::string id;
    std::string event;
    json::value data;
};

std::vector<Received> parse_events(const std::string& text) {
    std::vector<Received> events;
    Received current;
    std::string data;
    for (std::size_t start = 0; start < text.size();) {
        const std::size_t end = text.find('\n', start);
        const std::string line = text.substr(start, end - start);
        start = end + 1;
        if (line.empty()) {
            // Without data nothing is dispatched.
            if (!data.empty()) {
                current.data = json::parse(data);
                EXPECT_EQ(violation(data, "StreamItem"), "");
                events.push_back(current);
            }
            data.clear();
            continue;
        }
        if (line.starts_with("id: ")) current.id = line.substr(4);
        if (line.starts_with("event: ")) current.event = line.substr(7);
        if (line.starts_with("data: ")) data = line.substr(6);
    }
    return events;
}

struct Follower {
    Follower(Bench& bench, const std::string& query, const std::string& last_event_id = "") {
        const std::string target = "/v1/overlays/a/events" + query;
        exchange = last_event_id.empty()
                       ? bench.ask("GET", target)
                       : bench.ask_with({"last-event-id", last_event_id}, "GET", target);
    }
    FakeStream& sink() { return *exchange->stream; }
    std::vector<Received> take() { return parse_events(sink().take()); }

    std::shared_ptr<FakeExchange> exchange;
};

std::string payload_of(const Received& event) {
    return std::string(event.data.at("payload").as_string());
}

TEST(EventStream, begins_with_the_cursor_of_now) {
    Bench bench;
    bench.control.current_log->append_event("t", "before");
    Follower follower(bench, "");
    EXPECT_EQ(follower.exchange->response->status, 200);
    EXPECT_EQ(follower.exchange->response->headers.front(),
              (std::pair<std::string, std::string>("content-type", "text/event-stream")));
    EXPECT_EQ(follower.sink().take(), "retry: 1000\nid: life1-2\n\n");
}

TEST(EventStream, gives_what_is_appended_at_once) {
    Bench bench;
    Follower follower(bench, "");
    bench.control.current_log->append_event("build.done", "42");
    const auto events = follower.take();
    ASSERT_EQ(events.size(), 1U);
    EXPECT_EQ(events[0].id, "life1-2");
    EXPECT_EQ(events[0].event, "event");
    EXPECT_EQ(events[0].data.at("topic").as_string(), "build.done");
    EXPECT_EQ(payload_of(events[0]), "42");
    EXPECT_EQ(events[0].data.at("id").as_string(), "00000000000000aa-3-1");
}

TEST(EventStream, wants_its_topics_as_long_as_it_is_there) {
    Bench bench;
    const auto& log = bench.control.current_log;
    {
        Follower follower(bench, "?topic=a.>&topic=b");
        Follower members(bench, "?events=0&members=1");
        EXPECT_EQ(log->wanted, (std::vector<std::vector<std::string>>{{"a.>", "b"}}));
        EXPECT_EQ(log->wants_ended, 0U);
        follower.sink().disconnect();
        bench.api.advance(bench.now);
    }
    EXPECT_EQ(log->wants_ended, 1U);
}

TEST(EventStream, gives_the_whole_log_from_oldest) {
    Bench bench;
    for (const char* payload : {"1", "2", "3"})
        bench.control.current_log->append_event("t", payload);
    Follower follower(bench, "?from=oldest");
    const auto events = follower.take();
    ASSERT_EQ(events.size(), 3U);
    EXPECT_EQ(payload_of(events[0]), "1");
    EXPECT_EQ(payload_of(events[2]), "3");
}

TEST(EventStream, continues_after_a_cursor_without_loss_or_repetition) {
    Bench bench;
    for (const char* payload : {"1", "2", "3"})
        bench.control.current_log->append_event("t", payload);
    Follower first(bench, "?from=oldest");
    const auto seen = first.take();
    for (const bool by_header : {false, true}) {
        Follower second = by_header ? Follower(bench, "?from=now", seen[1].id)
                                    : Follower(bench, "?cursor=" + seen[1].id);
        const auto events = second.take();
        ASSERT_EQ(events.size(), 1U);
        EXPECT_EQ(payload_of(events[0]), "3");
    }
}

TEST(EventStream, passes_the_filter_on) {
    Bench bench;
    Follower topics(bench, "?topic=a.%3E&topic=b");
    Follower all(bench, "?members=1&records=true");
    Follower members(bench, "?members=1&events=0");
    FakeLog& log = *bench.control.current_log;
    log.append_event("a.x", "1");
    log.append_event("c", "2");
    log.append(control::LogItem::Gap{"00000000000000bb", 1, 4, 9});
    log.append(control::LogItem::Member{"died", FakeControl::member("cc", "gamma", "dead")});
    log.append(control::LogItem::Members{"died",
                                         {FakeControl::member("dd", "delta", "dead"),
                                          FakeControl::member("ee", "epsilon", "dead")}});
    log.append(control::LogItem::View{3, "00000000000000ff"});
    log.append(control::LogItem::Record{"bb", {{"color", "red"}, {"size", std::nullopt}}, 8});

    const auto kinds = [](Follower& follower) {
        std::string text;
        for (const Received& event : follower.take()) text += event.event + " ";
        return text;
    };
    EXPECT_EQ(kinds(topics), "event gap ");
    EXPECT_EQ(kinds(all), "event event gap member members view record ");
    EXPECT_EQ(kinds(members), "member members view ");
}

TEST(EventStream, members_that_died_together_are_one_item) {
    Bench bench;
    Follower follower(bench, "?members=1");
    FakeLog& log = *bench.control.current_log;
    log.append(control::LogItem::Members{"died",
                                         {FakeControl::member("dd", "delta", "dead"),
                                          FakeControl::member("ee", "epsilon", "dead")}});
    log.append(control::LogItem::View{3, "00000000000000ff"});
    const auto events = follower.take();
    ASSERT_EQ(events.size(), 2U);
    EXPECT_EQ(events[0].data.at("kind").as_string(), "died");
    const auto& members = events[0].data.at("members").as_array();
    ASSERT_EQ(members.size(), 2U);
    EXPECT_EQ(members[1].at("name").as_string(), "epsilon");
    EXPECT_EQ(events[1].data.at("size").to_number<int>(), 3);
    EXPECT_EQ(events[1].data.at("fingerprint").as_string(), "00000000000000ff");
}

TEST(EventStream, a_payload_that_is_no_text_is_base64) {
    Bench bench;
    Follower follower(bench, "");
    bench.control.current_log->append_event("t", "\xff\x01");
    const auto events = follower.take();
    EXPECT_EQ(events[0].data.at("payload_base64").as_string(), "/wE=");
    EXPECT_FALSE(events[0].data.as_object().contains("payload"));
}

TEST(EventStream, a_payload_with_newlines_stays_one_item) {
    Bench bench;
    Follower follower(bench, "");
    bench.control.current_log->append_event("t", "a\n\nevent: fake\ndata: {}\n\n");
    const auto events = follower.take();
    ASSERT_EQ(events.size(), 1U);
    EXPECT_EQ(payload_of(events[0]), "a\n\nevent: fake\ndata: {}\n\n");
}

TEST(EventStream, a_cursor_of_another_life_is_told_and_all_that_is_held_follows) {
    Bench bench;
    bench.control.current_log->append_event("t", "1");
    for (const std::string cursor : {"life0-1", "life1-99"}) {
        Follower follower(bench, "?cursor=" + cursor);
        const auto events = follower.take();
        ASSERT_EQ(events.size(), 2U) << cursor;
        EXPECT_EQ(events[0].event, "missed");
        EXPECT_EQ(events[0].id, "life1-1");
        EXPECT_EQ(events[0].data.at("reason").as_string(), "unknown_position");
        EXPECT_TRUE(events[0].data.at("missed").is_null());
        EXPECT_EQ(payload_of(events[1]), "1");
    }
}

TEST(EventStream, a_cursor_older_than_the_log_is_told_how_much_is_missing) {
    Bench bench;
    bench.control.current_log = std::make_shared<FakeLog>("life1", 2);
    for (int count = 0; count < 5; ++count) bench.control.current_log->append_event("t", "x");
    Follower follower(bench, "?cursor=life1-1");
    const auto events = follower.take();
    ASSERT_EQ(events.size(), 3U);
    EXPECT_EQ(events[0].event, "missed");
    EXPECT_EQ(events[0].data.at("reason").as_string(), "overrun");
    EXPECT_EQ(events[0].data.at("missed").as_int64(), 3);
    EXPECT_EQ(events[0].id, "life1-4");
    EXPECT_EQ(events[1].id, "life1-5");
}

TEST(EventStream, a_slow_reader_costs_a_bounded_buffer_and_is_told_what_it_missed) {
    Bench bench;
    bench.control.current_log = std::make_shared<FakeLog>("life1", 100);
    Follower follower(bench, "");
    const std::string payload(1024, 'x');
    constexpr std::size_t kEvents = 1000;
    for (std::size_t count = 0; count < kEvents; ++count) {
        bench.control.current_log->append_event("t", payload);
        ASSERT_LE(follower.sink().pending, kStreamPendingBytesMax);
    }
    std::size_t received = 0;
    std::size_t missed = 0;
    std::string last_id;
    for (int round = 0; round < 100 && last_id != "life1-1001"; ++round) {
        for (const Received& event : follower.take()) {
            if (event.event == "missed") {
                missed += static_cast<std::size_t>(event.data.at("missed").as_int64());
            } else {
                ++received;
            }
            last_id = event.id;
        }
        follower.sink().drain();
    }
    EXPECT_GT(missed, 0U);
    EXPECT_EQ(received + missed, kEvents);
}

TEST(EventStream, the_largest_event_passes_when_nothing_else_is_pending) {
    Bench bench;
    Follower follower(bench, "");
    bench.control.current_log->append_event("t", "first");
    bench.control.current_log->append_event("t", std::string(kEventPayloadBytesMax, '\x01'));
    EXPECT_EQ(follower.take().size(), 1U);
    follower.sink().drain();
    EXPECT_EQ(follower.take().size(), 1U);
}

TEST(EventStream, a_heartbeat_comes_after_a_silent_period_and_not_before) {
    Bench bench;
    Follower follower(bench, "");
    follower.sink().take();
    EXPECT_EQ(bench.api.deadline(), Instant{} + kHeartbeatPeriod);
    // The greeting counts as something sent: the first period is not silent.
    bench.api.advance(Instant{} + kHeartbeatPeriod);
    EXPECT_EQ(follower.sink().take(), "");
    bench.api.advance(Instant{} + 2 * kHeartbeatPeriod - Duration(1));
    EXPECT_EQ(follower.sink().take(), "");
    bench.api.advance(Instant{} + 2 * kHeartbeatPeriod);
    EXPECT_EQ(follower.sink().take(), ": heartbeat\nid: life1-1\n\n");
    EXPECT_EQ(bench.api.deadline(), Instant{} + 3 * kHeartbeatPeriod);
}

TEST(EventStream, a_heartbeat_carries_the_place_that_the_filter_has_come_to) {
    Bench bench;
    Follower follower(bench, "?topic=rare");
    bench.control.current_log->append_event("common", "x");
    bench.api.advance(Instant{} + kHeartbeatPeriod);
    bench.api.advance(Instant{} + 2 * kHeartbeatPeriod);
    EXPECT_NE(follower.sink().take().find(": heartbeat\nid: life1-2\n\n"), std::string::npos);
}

TEST(EventStream, ends_when_its_overlay_is_removed) {
    Bench bench;
    Follower follower(bench, "");
    bench.control.current_log = nullptr;
    EXPECT_EQ(bench.ask("DELETE", "/v1/overlays/a")->response->status, 204);
    const auto events = follower.take();
    ASSERT_EQ(events.size(), 1U);
    EXPECT_EQ(events[0].event, "ended");
    EXPECT_EQ(events[0].data.at("reason").as_string(), "overlay_removed");
    EXPECT_TRUE(follower.sink().is_closed);
    EXPECT_EQ(bench.api.stream_count(), 0U);
}

TEST(EventStream, ends_at_the_next_heartbeat_when_its_overlay_was_made_anew) {
    Bench bench;
    Follower follower(bench, "");
    bench.control.current_log = std::make_shared<FakeLog>("life2");
    bench.api.advance(Instant{} + kHeartbeatPeriod);
    EXPECT_TRUE(follower.sink().is_closed);
}

TEST(EventStream, ends_when_its_token_is_deleted) {
    Bench bench;
    const std::string token = bench.tokens.make({Scope::read});
    const auto exchange = bench.ask_as(token, "GET", "/v1/overlays/a/events");
    Follower of_root(bench, "");
    const std::string id = bench.tokens.book.recognise(token)->id;
    EXPECT_EQ(bench.ask("DELETE", "/v1/tokens/" + id)->response->status, 204);
    EXPECT_TRUE(exchange->stream->is_closed);
    EXPECT_FALSE(of_root.sink().is_closed);
}

TEST(EventStream, a_reader_that_takes_nothing_is_told_the_end_when_it_takes_again) {
    Bench bench;
    Follower follower(bench, "");
    follower.sink().pending = kStreamPendingBytesMax;
    bench.api.close_streams();
    EXPECT_FALSE(follower.sink().is_closed);
    follower.sink().drain();
    EXPECT_EQ(follower.take().back().event, "ended");
    EXPECT_TRUE(follower.sink().is_closed);
}

TEST(EventStream, a_reader_that_is_gone_is_freed_at_the_next_input) {
    Bench bench;
    auto follower = std::make_unique<Follower>(bench, "");
    const std::weak_ptr<FakeStream> sink = follower->exchange->stream;
    follower->sink().disconnect();
    EXPECT_EQ(bench.api.stream_count(), 0U);
    EXPECT_LE(bench.api.deadline(), bench.now);
    follower.reset();
    EXPECT_FALSE(sink.expired());
    bench.api.advance(bench.now);
    EXPECT_TRUE(sink.expired());
    EXPECT_EQ(bench.api.deadline(), kNever);
    bench.control.current_log->append_event("t", "nobody hears");
}

TEST(EventStream, there_are_so_many_and_no_more) {
    Bench bench;
    std::vector<Follower> followers;
    for (std::size_t count = 0; count < kApiStreamsMax; ++count) followers.emplace_back(bench, "");
    EXPECT_EQ(bench.api.stream_count(), kApiStreamsMax);
    Follower above(bench, "");
    EXPECT_EQ(above.exchange->response->status, 503);
    followers.front().sink().disconnect();
    Follower again(bench, "");
    EXPECT_EQ(again.exchange->response->status, 200);
}

TEST(EventStream, none_is_opened_while_the_daemon_shuts_down) {
    Bench bench;
    bench.api.close_streams();
    Follower follower(bench, "");
    EXPECT_EQ(follower.exchange->response->status, 503);
}

// -- Pages --

json::value page(Bench& bench, const std::string& query) {
    const auto exchange =
        bench.ask_with({"accept", "application/json"}, "GET", "/v1/overlays/a/events" + query);
    EXPECT_EQ(exchange->response->status, 200);
    EXPECT_EQ(violation(exchange->response->body, "EventPage"), "");
    return json::parse(exchange->response->body);
}

std::string next_of(const json::value& answer) {
    return std::string(answer.at("next").as_string());
}

TEST(EventPage, polling_with_next_sees_everything_once) {
    Bench bench;
    std::string next = next_of(page(bench, ""));
    for (int count = 0; count < 7; ++count) {
        bench.control.current_log->append_event("t", std::to_string(count));
    }
    std::string seen;
    for (int round = 0; round < 4; ++round) {
        const json::value answer = page(bench, "?limit=3&cursor=" + next);
        for (const json::value& item : answer.at("items").as_array()) {
            seen += std::string(item.at("payload").as_string());
        }
        next = next_of(answer);
    }
    EXPECT_EQ(seen, "0123456");
    EXPECT_EQ(next, "life1-8");
}

TEST(EventPage, is_bounded_in_items) {
    Bench bench;
    const auto status = [&](std::size_t limit) {
        return bench
            .ask_with({"accept", "application/json"}, "GET",
                      "/v1/overlays/a/events?limit=" + std::to_string(limit))
            ->response->status;
    };
    EXPECT_EQ(status(kPageItemsMax), 200);
    EXPECT_EQ(status(kPageItemsMax + 1), 400);
    EXPECT_EQ(status(0), 400);
}

TEST(EventPage, holds_a_hundred_items_unless_told) {
    Bench bench;
    for (int count = 0; count < 150; ++count) bench.control.current_log->append_event("t", "x");
    EXPECT_EQ(page(bench, "?from=oldest").at("items").as_array().size(), 100U);
}

TEST(EventPage, tells_what_was_missed) {
    Bench bench;
    const json::value answer = page(bench, "?cursor=life0-1");
    EXPECT_EQ(answer.at("items").as_array().at(0).at("type").as_string(), "missed");
}

TEST(EventPage, json_goes_before_a_wildcard_and_a_stream_before_json) {
    Bench bench;
    const auto opens_stream = [&](const std::string& accept) {
        return bench.ask_with({"accept", accept}, "GET", "/v1/overlays/a/events")->stream !=
               nullptr;
    };
    EXPECT_TRUE(opens_stream("*/*"));
    EXPECT_TRUE(opens_stream("text/event-stream"));
    EXPECT_TRUE(opens_stream("application/json, text/event-stream"));
    EXPECT_FALSE(opens_stream("application/json, */*;q=0.1"));
    EXPECT_FALSE(opens_stream("application/json"));
}

}  // namespace
}  // namespace grapevine::api::testing
