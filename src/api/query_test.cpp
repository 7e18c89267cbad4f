// Asking all members, and serving what they ask.

#include <boost/json/parse.hpp>
#include <gtest/gtest.h>

#include "api/testing/bench.hpp"
#include "api/testing/schema_check.hpp"
#include "base/limits.hpp"

namespace grapevine::api::testing {
namespace {

constexpr const char* kQueries = "/v1/overlays/a/queries";
constexpr const char* kServe = "/v1/overlays/a/queries/serve?name=disk";

int status_of(const std::shared_ptr<FakeExchange>& exchange) {
    return static_cast<int>(exchange->response->status);
}

std::shared_ptr<FakeExchange> stream(Bench& bench, const std::string& body) {
    Request request = Bench::make("POST", kQueries, body);
    request.headers.emplace_back("authorization", "Bearer " + bench.root);
    request.headers.emplace_back("accept", "text/event-stream");
    return bench.send(std::move(request));
}

TEST(Query, is_answered_by_one_document) {
    Bench bench;
    const auto exchange = bench.ask(
        "POST", kQueries,
        R"({"name":"disk","payload":"/var","filter":["dc=ams","name=web-*"],"timeout_ms":500})");
    ASSERT_EQ(status_of(exchange), 200);
    ASSERT_EQ(bench.control.queries.size(), 1U);
    const control::AskQuery& asked = bench.control.queries[0];
    EXPECT_EQ(asked.overlay, "a");
    EXPECT_EQ(asked.name, "disk");
    EXPECT_EQ(asked.payload, (Bytes{'/', 'v', 'a', 'r'}));
    EXPECT_EQ(asked.filters, (std::vector<std::string>{"dc=ams", "name=web-*"}));
    EXPECT_EQ(asked.patience_ms, 500);
    const auto answer = boost::json::parse(exchange->response->body).as_object();
    EXPECT_FALSE(answer.at("complete").as_bool());
    const auto& first = answer.at("answers").as_array().at(0);
    EXPECT_EQ(first.at("member").at("name").as_string(), "beta");
    EXPECT_EQ(first.at("payload").as_string(), "42");
    EXPECT_EQ(answer.at("missing").as_array().at(0).at("reason").as_string(), "silent");
    EXPECT_EQ(answer.at("not_expected").as_array().at(0).at("reason").as_string(), "not_served");
}

TEST(Query, waits_two_seconds_when_not_told) {
    Bench bench;
    bench.ask("POST", kQueries, R"({"name":"disk"})");
    EXPECT_EQ(bench.control.queries.at(0).patience_ms, 2000);
    EXPECT_TRUE(bench.control.queries.at(0).payload.empty());
}

TEST(Query, is_answered_by_a_stream_to_who_accepts_one) {
    Bench bench;
    bench.control.is_holding = true;
    const auto exchange = stream(bench, R"({"name":"disk"})");
    EXPECT_FALSE(exchange->response) << "a refusal must still have its status";
    const auto& take = bench.control.query_takers.at(0);
    take(FakeControl::query_answer());
    ASSERT_EQ(status_of(exchange), 200);
    const std::string first = exchange->stream->take();
    EXPECT_TRUE(first.starts_with("event: answer\ndata: {")) << first;
    const std::string data = first.substr(first.find('{'), first.rfind('}') - first.find('{') + 1);
    EXPECT_EQ(violation(data, "QueryAnswer"), "");
    EXPECT_FALSE(exchange->stream->is_closed);
    take(FakeControl::query_end());
    const std::string last = exchange->stream->take();
    EXPECT_TRUE(last.starts_with("event: end\ndata: {")) << last;
    EXPECT_EQ(
        violation(last.substr(last.find('{'), last.rfind('}') - last.find('{') + 1), "QueryEnd"),
        "");
    exchange->stream->drain();
    EXPECT_TRUE(exchange->stream->is_closed);
}

TEST(Query, that_is_refused_later_has_its_status_in_either_form) {
    for (const bool is_stream : {false, true}) {
        Bench bench;
        bench.control.is_holding = true;
        const auto exchange = is_stream ? stream(bench, R"({"name":"disk"})")
                                        : bench.ask("POST", kQueries, R"({"name":"disk"})");
        bench.control.query_takers.at(0)(
            std::unexpected(Refusal{Refusal::Code::over_limit, "m", "c", ""}));
        EXPECT_EQ(status_of(exchange), 422);
    }
}

TEST(Query, ends_when_its_reader_goes) {
    Bench bench;
    bench.control.is_holding = true;
    const auto exchange = stream(bench, R"({"name":"disk"})");
    bench.control.query_takers.at(0)(FakeControl::query_answer());
    EXPECT_EQ(bench.control.queries_ended, 0U);
    exchange->stream->disconnect();
    EXPECT_EQ(bench.control.queries_ended, 1U);
}

TEST(Query, that_makes_no_sense_is_refused) {
    Bench bench;
    for (const std::string body :
         {R"({})", R"({"name":""})", R"({"name":"a/b"})", R"({"name":"d","timeout_ms":0})",
          R"({"name":"d","timeout_ms":120001})",
          R"({"name":"d","payload":"x","payload_base64":""})",
          R"({"name":"d","filter":"dc=ams"})"}) {
        EXPECT_EQ(status_of(bench.ask("POST", kQueries, body)), 400) << body;
    }
    EXPECT_TRUE(bench.control.queries.empty());
    EXPECT_EQ(status_of(bench.ask("POST", "/v1/overlays/b/queries", R"({"name":"d"})")), 404);
}

TEST(Query, is_as_large_as_the_limits_say) {
    Bench bench;
    const auto body = [](std::size_t payload, std::size_t filters) {
        std::string text = R"({"name":"d","payload":")" + std::string(payload, 'x') + "\"";
        text += ",\"filter\":[";
        for (std::size_t index = 0; index < filters; ++index) {
            text += index == 0 ? R"("a=b")" : R"(,"a=b")";
        }
        return text + "]}";
    };
    EXPECT_EQ(status_of(bench.ask("POST", kQueries, body(kQueryPayloadBytesMax, kQueryFiltersMax))),
              200);
    EXPECT_EQ(status_of(bench.ask("POST", kQueries, body(kQueryPayloadBytesMax + 1, 0))), 413);
    EXPECT_EQ(status_of(bench.ask("POST", kQueries, body(0, kQueryFiltersMax + 1))), 422);
}

TEST(Query, of_bytes_that_are_no_text_goes_by_base64) {
    Bench bench;
    bench.control.is_holding = true;
    const auto exchange = bench.ask("POST", kQueries, R"({"name":"d","payload_base64":"/w=="})");
    EXPECT_EQ(bench.control.queries.at(0).payload, Bytes{0xff});
    control::QueryAnswer answer{{"00000000000000bb", "beta"}, {0xff}, 900, {}};
    bench.control.query_takers.at(0)(control::QueryItem(answer));
    bench.control.query_takers.at(0)(FakeControl::query_end());
    EXPECT_NE(exchange->response->body.find(R"("payload_base64":"/w==")"), std::string::npos);
    EXPECT_EQ(violation(exchange->response->body, "QueryResult"), "");
}

// -- Serving --

TEST(Serving, tells_queries_as_they_come) {
    Bench bench;
    const auto exchange = bench.ask("GET", kServe);
    ASSERT_EQ(status_of(exchange), 200);
    EXPECT_EQ(bench.control.served, std::vector<std::string>{"disk"});
    EXPECT_EQ(exchange->stream->take(), "event: serving\ndata: {\"name\":\"disk\"}\n\n");
    bench.control.server(
        {"00000000000000aa-0000000000000001", "disk", {'/'}, {"00000000000000aa", "alpha"}, 2000});
    const std::string told = exchange->stream->take();
    EXPECT_TRUE(told.starts_with("event: query\ndata: {")) << told;
    const std::string data = told.substr(told.find('{'), told.rfind('}') - told.find('{') + 1);
    EXPECT_EQ(violation(data, "QueryCall"), "");
    EXPECT_NE(data.find(R"("id":"00000000000000aa-0000000000000001")"), std::string::npos);
}

TEST(Serving, ends_when_the_application_goes) {
    Bench bench;
    const auto exchange = bench.ask("GET", kServe);
    EXPECT_EQ(bench.control.servers_ended, 0U);
    exchange->stream->disconnect();
    EXPECT_EQ(bench.control.servers_ended, 1U);
    // One that comes at the same moment finds nobody.
    bench.control.server({"x", "disk", {}, {}, 2000});
}

TEST(Serving, ends_for_who_does_not_read) {
    Bench bench;
    const auto exchange = bench.ask("GET", kServe);
    const control::QueryCall call{"x", "disk", Bytes(kQueryPayloadBytesMax, 'x'), {}, 2000};
    const std::size_t enough = kSocketUnsentBytesMax / kQueryPayloadBytesMax + 1;
    for (std::size_t count = 0; count < enough; ++count) bench.control.server(call);
    EXPECT_EQ(bench.control.servers_ended, 1U);
}

TEST(Serving, is_kept_awake_and_ends_with_the_api) {
    Bench bench;
    const auto exchange = bench.ask("GET", kServe);
    exchange->stream->take();
    exchange->stream->drain();
    bench.now += kHeartbeatPeriod;
    bench.api.advance(bench.now);
    bench.now += kHeartbeatPeriod;
    bench.api.advance(bench.now);
    EXPECT_EQ(exchange->stream->take(), ": heartbeat\n\n");
    bench.api.close_streams();
    EXPECT_NE(exchange->stream->take().find("shutting_down"), std::string::npos);
    EXPECT_EQ(bench.control.servers_ended, 1U);
}

TEST(Serving, needs_a_name_and_an_overlay) {
    Bench bench;
    EXPECT_EQ(status_of(bench.ask("GET", "/v1/overlays/a/queries/serve")), 400);
    EXPECT_EQ(status_of(bench.ask("GET", "/v1/overlays/b/queries/serve?name=disk")), 404);
    EXPECT_EQ(bench.api.stream_count(), 0U);
}

TEST(Serving, is_answered_by_json_or_by_anything_else) {
    Bench bench;
    const std::string target = std::string(kQueries) + "/00000000000000aa-0000000000000001/answer";
    EXPECT_EQ(status_of(bench.ask("POST", target, R"({"payload":"9"})")), 204);
    EXPECT_EQ(bench.control.last<control::AnswerQuery>().id, "00000000000000aa-0000000000000001");
    EXPECT_EQ(bench.control.last<control::AnswerQuery>().payload, Bytes{'9'});
    const auto raw = bench.ask_with({"content-type", "text/plain"}, "POST", target, "12 GB");
    EXPECT_EQ(status_of(raw), 204);
    EXPECT_EQ(bench.control.last<control::AnswerQuery>().payload.size(), 5U);
    EXPECT_EQ(status_of(bench.ask("POST", target, R"({})")), 400);
}

TEST(Serving, is_answered_by_as_much_as_the_limit_says) {
    Bench bench;
    const std::string target = std::string(kQueries) + "/00000000000000aa-0000000000000001/answer";
    const auto answer = [&](std::size_t size) {
        return status_of(
            bench.ask_with({"content-type", "text/plain"}, "POST", target, std::string(size, 'x')));
    };
    EXPECT_EQ(answer(kQueryAnswerBytesMax), 204);
    EXPECT_EQ(answer(kQueryAnswerBytesMax + 1), 413);
}

}  // namespace
}  // namespace grapevine::api::testing
