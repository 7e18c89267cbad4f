// SQL and aggregates over HTTP.

#include <boost/json/parse.hpp>
#include <gtest/gtest.h>

#include "api/testing/bench.hpp"
#include "api/testing/schema_check.hpp"
#include "base/limits.hpp"

namespace grapevine::api::testing {
namespace {

namespace json = boost::json;

int status_of(Bench& bench, const std::string& method, const std::string& target,
              const std::string& body = {}) {
    return static_cast<int>(bench.ask(method, target, body)->response->status);
}

// -- SQL --

TEST(Sql, is_asked_with_parameters_of_every_type) {
    Bench bench;
    const auto exchange =
        bench.ask("POST", "/v1/overlays/a/sql",
                  R"({"sql": "select ?", "parameters": ["x", 1, -2.5, null, true]})");
    ASSERT_EQ(exchange->response->status, 200);
    const auto& asked = bench.control.last<control::RunSql>();
    EXPECT_EQ(asked.sql, "select ?");
    const std::vector<control::SqlValue> expected = {"x", std::int64_t{1}, -2.5, std::monostate(),
                                                     std::int64_t{1}};
    EXPECT_EQ(asked.parameters, expected);
}

TEST(Sql, answers_columns_rows_age_and_what_was_cut) {
    Bench bench;
    const auto exchange = bench.ask("POST", "/v1/overlays/a/sql", R"({"sql": "select 1"})");
    const std::string& body = exchange->response->body;
    EXPECT_EQ(violation(body, "Table"), "");
    EXPECT_EQ(json::parse(body),
              json::parse(R"({"columns":["name","n"],"rows":[["alpha",3],[null,2.5]],
                              "is_truncated":true,"cut":"only the first 2 rows","age_ms":1,
                              "oldest_ms":900})"));
}

TEST(Sql, needs_the_scope_read_and_no_more) {
    Bench bench;
    const std::string reader = bench.tokens.make({Scope::read});
    const std::string publisher = bench.tokens.make({Scope::publish});
    const auto status = [&](const std::string& token) {
        return bench.ask_as(token, "POST", "/v1/overlays/a/sql", R"({"sql":"select 1"})")
            ->response->status;
    };
    EXPECT_EQ(status(reader), 200);
    EXPECT_EQ(status(publisher), 403);
}

TEST(Sql, of_a_wrong_shape_is_refused_before_anybody_is_asked) {
    Bench bench;
    std::string many = "[1";
    for (std::size_t count = 1; count < kSqlParametersMax; ++count) many += ",1";
    for (const std::string& body :
         {std::string("{}"), std::string(R"({"sql": 1})"), std::string(R"({"sql":"x","more":1})"),
          std::string(R"({"sql":"x","parameters":[[]]})"),
          std::string(R"({"sql":"x","parameters":7})")}) {
        EXPECT_EQ(status_of(bench, "POST", "/v1/overlays/a/sql", body), 400) << body;
    }
    EXPECT_NE(status_of(bench, "POST", "/v1/overlays/a/sql",
                        R"({"sql":"x","parameters":)" + many + ",1]}"),
              200);
    EXPECT_TRUE(bench.control.requests.empty());
    EXPECT_EQ(
        status_of(bench, "POST", "/v1/overlays/a/sql", R"({"sql":"x","parameters":)" + many + "]}"),
        200);
}

// -- Aggregates --

TEST(Aggregates, are_shown_with_definition_value_contributors_and_ages) {
    Bench bench;
    const auto exchange = bench.ask("GET", "/v1/overlays/a/aggregates/load");
    const std::string& body = exchange->response->body;
    EXPECT_EQ(violation(body, "Aggregate"), "");
    EXPECT_EQ(json::parse(body),
              json::parse(R"({"name":"load","definition":{"function":"mean","key":"load",
                              "group_by":"dc","statuses":["alive"],"labels":{"rack":"r1"}},
                              "state":"ready","revision":5,"contributors":2,"lacking":1,
                              "columns":["dc","mean"],"rows":[["fra",1.5],[null,2]],
                              "is_truncated":false,"age_ms":40,"oldest_ms":700})"));
    EXPECT_EQ(
        violation(bench.ask("GET", "/v1/overlays/a/aggregates")->response->body, "AggregateList"),
        "");
}

TEST(Aggregates, are_defined_by_the_short_form_or_by_sql) {
    Bench bench;
    EXPECT_EQ(status_of(bench, "PUT", "/v1/overlays/a/aggregates/x",
                        R"({"function":"top","key":"load","top":3,"group_by":"dc",
                            "statuses":["alive","dead"],"labels":{"b":"1","a":"2"}})"),
              200);
    control::AggregateSpec expected;
    expected.name = "x";
    expected.function = "top";
    expected.key = "load";
    expected.top = 3;
    expected.group_by = "dc";
    expected.statuses = {"alive", "dead"};
    expected.labels = {{"a", "2"}, {"b", "1"}};
    EXPECT_EQ(bench.control.last<control::SetAggregate>().spec, expected);

    const auto exchange = bench.ask("PUT", "/v1/overlays/a/aggregates/y", R"({"sql":"select 1"})");
    EXPECT_EQ(bench.control.last<control::SetAggregate>().spec.sql, "select 1");
    EXPECT_EQ(json::parse(exchange->response->body).at("definition"),
              json::parse(R"({"sql":"select 1"})"));
}

TEST(Aggregates, of_a_wrong_shape_are_refused_before_anybody_is_asked) {
    Bench bench;
    for (const char* const body :
         {"{}", R"({"function":7})", R"({"sql":"select 1","function":"mean"})",
          R"({"sql":"select 1","top":3})", R"({"function":"mean","of":"load"})",
          R"({"function":"mean","top":-1})"}) {
        EXPECT_EQ(status_of(bench, "PUT", "/v1/overlays/a/aggregates/x", body), 400) << body;
    }
    EXPECT_TRUE(bench.control.requests.empty());
}

TEST(Aggregates, are_changed_by_administrators_only) {
    Bench bench;
    const std::string reader = bench.tokens.make({Scope::read});
    EXPECT_EQ(bench.ask_as(reader, "DELETE", "/v1/overlays/a/aggregates/load")->response->status,
              403);
    EXPECT_EQ(status_of(bench, "DELETE", "/v1/overlays/a/aggregates/load"), 204);
    EXPECT_EQ(bench.control.last<control::EraseAggregate>().name, "load");
}

// -- Following --

struct Follower {
    explicit Follower(Bench& bench)
        : exchange(bench.ask("GET", "/v1/overlays/a/aggregates/load/follow")) {}

    /// "5 value", "- ended": ids and kinds of what has come.
    std::vector<std::string> take() {
        std::vector<std::string> items;
        std::string id = "-";
        const std::string text = exchange->stream->take();
        for (std::size_t start = 0; start < text.size();) {
            const std::size_t end = text.find('\n', start);
            const std::string line = text.substr(start, end - start);
            start = end + 1;
            if (line.starts_with("id: ")) id = line.substr(4);
            if (line.starts_with("event: ")) items.push_back(id + " " + line.substr(7));
            if (line.starts_with("data: {\"name\"")) {
                EXPECT_EQ(violation(line.substr(6), "Aggregate"), "");
            }
            if (line.empty()) id = "-";
        }
        return items;
    }

    std::shared_ptr<FakeExchange> exchange;
};

using Items = std::vector<std::string>;

TEST(AggregateStream, gives_the_value_at_once_and_whenever_it_has_changed) {
    Bench bench;
    Follower follower(bench);
    EXPECT_EQ(follower.take(), Items{"5 value"});
    bench.control.current_aggregates->change();
    EXPECT_EQ(follower.take(), Items{"6 value"});
    (*bench.control.current_aggregates->wake)();
    EXPECT_EQ(follower.take(), Items{});
}

TEST(AggregateStream, gives_a_slow_reader_the_newest_value_and_none_in_between) {
    Bench bench;
    Follower follower(bench);
    EXPECT_EQ(follower.take(), Items{"5 value"});
    follower.exchange->stream->pending = kStreamPendingBytesMax;
    for (int count = 0; count < 100; ++count) bench.control.current_aggregates->change();
    EXPECT_EQ(follower.take(), Items{});
    follower.exchange->stream->drain();
    EXPECT_EQ(follower.take(), Items{"105 value"});
}

TEST(AggregateStream, ends_with_the_aggregate_and_says_so) {
    Bench bench;
    Follower follower(bench);
    (void)follower.take();
    bench.control.current_aggregates->is_removed = true;
    bench.control.current_aggregates->change();
    EXPECT_EQ(follower.take(), Items{"- ended"});
    EXPECT_TRUE(follower.exchange->stream->is_closed);
}

TEST(AggregateStream, sends_a_heartbeat_and_ends_with_the_overlay) {
    Bench bench;
    Follower follower(bench);
    (void)follower.take();
    bench.api.advance(bench.now + kHeartbeatPeriod);
    bench.api.advance(bench.now + 2 * kHeartbeatPeriod);
    EXPECT_NE(follower.exchange->stream->take().find(": heartbeat\n\n"), std::string::npos);
    bench.control.current_aggregates = std::make_shared<FakeAggregates>();
    bench.api.advance(bench.now + 3 * kHeartbeatPeriod);
    EXPECT_EQ(follower.take(), Items{"- ended"});
}

TEST(AggregateStream, of_what_is_not_there_is_refused) {
    Bench bench;
    EXPECT_EQ(status_of(bench, "GET", "/v1/overlays/a/aggregates/none/follow"), 404);
    EXPECT_EQ(status_of(bench, "GET", "/v1/overlays/b/aggregates/load/follow"), 404);
}

}  // namespace
}  // namespace grapevine::api::testing
