#include <algorithm>
#include <boost/json/parse.hpp>
#include <boost/json/value.hpp>
#include <gtest/gtest.h>
#include <string>
#include <vector>

#include "api/testing/bench.hpp"
#include "api/testing/schema_check.hpp"
#include "base/limits.hpp"

// What bad input of each kind is told: status, the field, and words that the detail or the cure
// must have.
namespace grapevine::api::testing {
namespace {

namespace json = boost::json;

std::string text_of(const json::value& problem, std::string_view key) {
    const auto* const value = problem.as_object().if_contains(std::string(key));
    return value == nullptr ? "" : std::string(value->as_string());
}

struct Bad {
    std::string method;
    std::string target;
    std::string body;
    int status;
    std::string field;
    std::string words;  ///< In "detail | cure".
};

void expect_refusal(const FakeExchange& exchange, const Bad& bad) {
    const std::string name = bad.method + " " + bad.target + " " + bad.body.substr(0, 80);
    ASSERT_TRUE(exchange.response) << name;
    EXPECT_EQ(exchange.response->status, bad.status) << name << exchange.response->body;
    ASSERT_EQ(violation(exchange.response->body, "Problem"), "") << name;
    const json::value problem = json::parse(exchange.response->body);
    EXPECT_EQ(problem.at("status").as_int64(), bad.status) << name;
    EXPECT_EQ(text_of(problem, "field"), bad.field) << name;
    const std::string told = text_of(problem, "detail") + " | " + text_of(problem, "cure");
    EXPECT_NE(told.find(bad.words), std::string::npos) << name << ": " << told;
    EXPECT_FALSE(text_of(problem, "cure").empty()) << name;
}

void expect_all_refused(const std::vector<Bad>& table) {
    for (const Bad& bad : table) {
        Bench bench;
        const auto exchange = bench.ask(bad.method, bad.target, bad.body);
        expect_refusal(*exchange, bad);
        EXPECT_TRUE(bench.control.requests.empty()) << bad.target << ": nothing was changed";
    }
}

TEST(Refusals, of_targets) {
    expect_all_refused({
        {"GET", "v1/info", "", 400, "target", "not an absolute path"},
        {"GET", "http://host/v1/info", "", 400, "target", "not an absolute path"},
        {"GET", "/v1/info#x", "", 400, "target", "fragment"},
        {"GET", "/v1/overlays/%zz", "", 400, "path", "% without two"},
        {"GET", "/v1/overlays/%ff", "", 400, "path", "UTF-8"},
        {"GET", "/v1/overlays/a%00b", "", 400, "path", "control character"},
        {"GET", "/v1/overlays/a/members?status=%f", "", 400, "status", "% without two"},
        {"GET", "/" + std::string(kTargetBytesMax, 'x'), "", 422, "target", "8192"},
        {"GET", "/v1/", "", 404, "path", "no route"},
        {"GET", "/v1/overlays/", "", 404, "path", "did you mean /v1/overlays?"},
        {"GET", "/v1/overlay/a/members", "", 404, "path",
         "did you mean /v1/overlays/{overlay}/members?"},
        {"GET", "/v1/helth", "", 404, "path", "did you mean /v1/health?"},
        {"GET", "/favicon.ico", "", 404, "path", "/v1/openapi.json"},
        {"DELETE", "/v1/info", "", 405, "method", "use GET, HEAD"},
        {"PUT", "/v1/overlays/a", "", 405, "method", "use GET, HEAD, PATCH, DELETE"},
        {"get", "/v1/info", "", 405, "method", "use GET"},
        {"HEAD", "/v1/overlays/a/events", "", 405, "method", "use POST, GET"},
    });
}

TEST(Refusals, of_query_keys) {
    expect_all_refused({
        {"GET", "/v1/info?x=1", "", 400, "x", "none is known here"},
        {"GET", "/v1/overlays/a/members?stats=alive", "", 400, "stats", "did you mean status?"},
        {"GET", "/v1/overlays/a/members?limit=1&limit=2", "", 400, "limit", "more than once"},
        {"GET", "/v1/overlays/a/members?limit=0", "", 400, "limit", "1 to 20000"},
        {"GET", "/v1/overlays/a/members?limit=20001", "", 400, "limit", "1 to 20000"},
        {"GET", "/v1/overlays/a/members?limit=-1", "", 400, "limit", "1 to 20000"},
        {"GET", "/v1/overlays/a/members?status=alife", "", 400, "status", "did you mean alive?"},
        {"GET", "/v1/overlays/a/members?label=rack", "", 400, "label", "key=value"},
        {"GET", "/v1/overlays/a/members?label==r1", "", 400, "label", "key=value"},
        {"GET", "/v1/info?access_token=gv_x", "", 400, "access_token", "Authorization: Bearer"},
        {"GET", "/v1/overlays/a/events?members=yes", "", 400, "members", "1 or 0"},
        {"GET", "/v1/overlays/a/events?from=start", "", 400, "from", "oldest, now"},
        {"GET", "/v1/overlays/a/events?cursor=7", "", 400, "cursor", "not a cursor"},
        {"GET", "/v1/overlays/a/events?cursor=l-1&from=now", "", 400, "from", "leave out from"},
        {"GET", "/v1/overlays/a/events?topic=", "", 400, "topic", "is empty"},
        {"GET", "/v1/overlays/a/events?topic=a+b", "", 400, "topic", "blank"},
        {"GET", "/v1/overlays/a/events?topic=a&events=0", "", 400, "topic", "not wanted"},
        {"GET", "/v1/overlays/a/events?limit=5", "", 400, "limit", "Accept: application/json"},
        {"GET", "/v1/overlays/b/events", "", 404, "overlay", "no overlay \"b\""},
    });
}

TEST(Refusals, of_json) {
    const std::string deep =
        std::string(kJsonDepthMax + 1, '[') + std::string(kJsonDepthMax + 1, ']');
    expect_all_refused({
        {"POST", "/v1/overlays", "{", 400, "", "not valid JSON at byte"},
        {"POST", "/v1/overlays", "{} {}", 400, "", "not valid JSON at byte 3"},
        {"POST", "/v1/overlays", R"({"name":"a",})", 400, "", "not valid JSON"},
        {"POST", "/v1/overlays", "{\"name\":\"\xff\"}", 400, "", "not valid JSON"},
        {"POST", "/v1/overlays", R"({"name":"\ud800"})", 400, "", "not valid JSON"},
        {"POST", "/v1/overlays", "[]", 400, "", "expected an object, got an array"},
        {"POST", "/v1/overlays", "null", 400, "", "expected an object, got null"},
        {"POST", "/v1/overlays", deep, 400, "", "deeper than 16"},
        {"POST", "/v1/overlays", "{}", 400, "name", "the key is missing"},
        {"POST", "/v1/overlays", R"({"name":7})", 400, "name", "expected a string, got a number"},
        {"POST", "/v1/overlays", R"({"name":null})", 400, "name", "expected a string, got null"},
        {"POST", "/v1/overlays", R"({"name":"a","seed":[]})", 400, "seed", "did you mean seeds?"},
        {"POST", "/v1/overlays", R"({"name":"a","name":"b"})", 400, "name", "more than once"},
        {"POST", "/v1/overlays", R"({"name":"a","labels":{"x":"1","x":"2"}})", 400, "labels.x",
         "more than once"},
        {"POST", "/v1/overlays", R"({"name":"a","na\u006de":"b"})", 400, "name", "more than once"},
        {"POST", "/v1/overlays", R"({"name":"a","seeds":"h:1"})", 400, "seeds",
         "expected an array of strings, got a string"},
        {"POST", "/v1/overlays", R"({"name":"a","seeds":["h:1",7]})", 400, "seeds[1]",
         "seeds[1]: expected a string, got a number"},
        {"POST", "/v1/overlays", R"({"name":"a","labels":{"rack":1}})", 400, "labels.rack",
         "labels.rack: expected a string, got a number"},
        {"POST", "/v1/overlays", R"({"name":"a","retention_age_ms":-1})", 400, "retention_age_ms",
         "whole number"},
        {"POST", "/v1/overlays", R"({"name":"a","retention_age_ms":1.5})", 400, "retention_age_ms",
         "whole number"},
        {"POST", "/v1/overlays", R"({"name":"a","retention_bytes":"1MB"})", 400, "retention_bytes",
         "expected a whole number, got a string"},
        {"PATCH", "/v1/overlays/a", R"({"name":"b"})", 400, "name", "cannot be renamed"},
        {"POST", "/v1/overlays/a/join", R"({"seeds":[]})", 400, "seeds", "at least one"},
        {"POST", "/v1/overlays/a/join", "{}", 400, "seeds", "at least one"},
        {"POST", "/v1/join", R"({"tokn":"x"})", 400, "tokn", "did you mean token?"},
        {"PUT", "/v1/overlays/a/record/k", R"({"value":1})", 400, "value", "expected a string"},
        {"POST", "/v1/overlays/a/events", R"({"payload":"x"})", 400, "topic", "missing"},
        {"POST", "/v1/overlays/a/events", R"({"topic":"t"})", 400, "payload", "missing"},
        {"POST", "/v1/overlays/a/events", R"({"topic":"t","payload":"x","payload_base64":"eA=="})",
         400, "payload", "both"},
        {"POST", "/v1/overlays/a/events", R"({"topic":"t","payload_base64":"x"})", 400,
         "payload_base64", "base64"},
        {"POST", "/v1/overlays/a/events", R"({"topic":"","payload":"x"})", 400, "topic", "empty"},
        {"POST", "/v1/overlays/a/events?topic=t", R"({"a":1})", 400, "topic", "octet-stream"},
        {"POST", "/v1/tokens", R"({"scopes":["root"]})", 400, "scopes[0]", "\"root\" is no scope"},
        {"POST", "/v1/tokens", R"({"scopes":[]})", 400, "scopes", "no scope"},
        {"POST", "/v1/tokens", R"({"scopes":["read"],"overlays":["*","a"]})", 400, "overlays",
         "alone"},
        {"POST", "/v1/tokens", R"({"scopes":["read"],"overlays":[""]})", 400, "overlays",
         "no overlay name"},
        {"POST", "/v1/tokens", R"({"scopes":["read"],"name":"a\nb"})", 400, "name", "control"},
        {"GET", "/v1/info", "{}", 400, "body", "takes no body"},
    });
}

std::string texts(std::size_t count, const std::string& text) {
    std::string array = "[";
    for (std::size_t index = 0; index < count; ++index) {
        array += (index == 0 ? "\"" : ",\"") + text + "\"";
    }
    return array + "]";
}

std::string labels(std::size_t count) {
    std::string object = "{";
    for (std::size_t index = 0; index < count; ++index) {
        object += (index == 0 ? "\"k" : ",\"k") + std::to_string(index) + "\":\"v\"";
    }
    return object + "}";
}

TEST(Limits, at_the_limit_is_taken_and_one_more_is_not) {
    struct Limit {
        std::string target;
        std::string at;
        std::string above;
        int status;
        std::string field;
    };
    const auto event = [](std::size_t bytes) {
        return R"({"topic":"t","payload":")" + std::string(bytes, 'x') + R"("})";
    };
    const auto topic = [](std::size_t bytes) {
        return R"({"payload":"","topic":")" + std::string(bytes, 't') + R"("})";
    };
    const auto overlay = [](const std::string& key, const std::string& value) {
        return R"({"name":"n",")" + key + "\":" + value + "}";
    };
    const auto token_name = [](std::size_t bytes) {
        return R"({"scopes":["read"],"name":")" + std::string(bytes, 'n') + R"("})";
    };
    const std::vector<Limit> limits = {
        {"/v1/overlays", overlay("seeds", texts(kSeedsMax, "h:1")),
         overlay("seeds", texts(kSeedsMax + 1, "h:1")), 422, "seeds"},
        {"/v1/overlays", overlay("keys", texts(kKeysMax, "k")),
         overlay("keys", texts(kKeysMax + 1, "k")), 422, "keys"},
        {"/v1/overlays", overlay("advertise", texts(kMemberAddressesMax, "h:1")),
         overlay("advertise", texts(kMemberAddressesMax + 1, "h:1")), 422, "advertise"},
        {"/v1/overlays", overlay("labels", labels(kLabelsMax)),
         overlay("labels", labels(kLabelsMax + 1)), 422, "labels"},
        {"/v1/overlays/a/events", event(kEventPayloadBytesMax), event(kEventPayloadBytesMax + 1),
         413, "payload"},
        {"/v1/overlays/a/events", topic(kTopicBytesMax), topic(kTopicBytesMax + 1), 422, "topic"},
        {"/v1/tokens", token_name(kTokenNameBytesMax), token_name(kTokenNameBytesMax + 1), 422,
         "name"},
    };
    for (const Limit& limit : limits) {
        Bench bench;
        EXPECT_LT(bench.ask("POST", limit.target, limit.at)->response->status, 300) << limit.field;
        const Bad bad{"POST", limit.target, limit.above, limit.status, limit.field, ""};
        expect_refusal(*bench.ask("POST", limit.target, limit.above), bad);
    }
}

TEST(Limits, a_body_above_the_limit_is_not_read) {
    Bench bench;
    const std::string at = "{}" + std::string(kRequestBodyBytesMax - 2, ' ');
    EXPECT_EQ(bench.ask("POST", "/v1/overlays", at)->response->status, 400);
    expect_refusal(*bench.ask("POST", "/v1/overlays", at + " "),
                   {"POST", "/v1/overlays", "", 413, "body", "at most"});
}

TEST(Limits, a_stream_follows_so_many_topics) {
    Bench bench;
    std::string target = "/v1/overlays/a/events?topic=t";
    for (std::size_t count = 1; count < kStreamTopicsMax; ++count) target += "&topic=t";
    EXPECT_EQ(bench.ask("GET", target)->response->status, 200);
    expect_refusal(*bench.ask("GET", target + "&topic=t"),
                   {"GET", "", "", 422, "topic", "at most 32"});
}

TEST(Refusals, of_content_types) {
    Bench bench;
    const auto ask = [&](const std::string& type, const std::string& method,
                         const std::string& target, const std::string& body) {
        return bench.ask_with({"content-type", type}, method, target, body);
    };
    for (const std::string type : {"text/plain", "application/x-www-form-urlencoded", ""}) {
        expect_refusal(*ask(type, "POST", "/v1/overlays", R"({"name":"a"})"),
                       {"POST", "/v1/overlays", type, 415, "content-type", "application/json"});
    }
    expect_refusal(*ask("application/octet-stream", "PUT", "/v1/overlays/a/record/k", "v"),
                   {"PUT", "", "", 415, "content-type", "text/plain"});
    EXPECT_EQ(ask("Application/JSON; charset=utf-8", "POST", "/v1/overlays", R"({"name":"a"})")
                  ->response->status,
              201);
}

TEST(Refusals, of_raw_bodies) {
    Bench bench;
    expect_refusal(
        *bench.ask_with({"content-type", "text/plain"}, "PUT", "/v1/overlays/a/record/k", "\xff"),
        {"PUT", "", "", 400, "value", "UTF-8"});
    expect_refusal(
        *bench.ask_with({"content-type", "text/plain"}, "POST", "/v1/overlays/a/events", "x"),
        {"POST", "", "", 400, "topic", "give ?topic="});
    expect_refusal(
        *bench.ask_with({"content-type", "text/plain"}, "POST", "/v1/overlays/a/events?topic=t",
                        std::string(kEventPayloadBytesMax + 1, 'x')),
        {"POST", "", "", 413, "payload", "at most"});
}

TEST(Refusals, of_what_is_not_accepted) {
    Bench bench;
    expect_refusal(*bench.ask_with({"accept", "image/png"}, "GET", "/v1/overlays/a/events"),
                   {"GET", "", "", 406, "accept", "text/event-stream"});
}

TEST(Refusals, of_a_plain_request_for_the_socket) {
    Bench bench;
    const auto exchange = bench.ask("GET", "/v1/overlays/a/stream");
    expect_refusal(*exchange, {"GET", "", "", 426, "upgrade", "WebSocket"});
    EXPECT_EQ(exchange->response->headers.front(),
              (std::pair<std::string, std::string>("upgrade", "websocket")));
}

TEST(Refusals, a_wrong_method_is_told_the_right_ones_in_a_header) {
    Bench bench;
    const auto exchange = bench.ask("POST", "/v1/tokens/x");
    EXPECT_EQ(exchange->response->headers.front(),
              (std::pair<std::string, std::string>("allow", "DELETE")));
}

TEST(Refusals, never_repeat_bytes_that_are_not_text) {
    Bench bench;
    const auto exchange = bench.ask("B\xff\x01", "/v1/info");
    EXPECT_EQ(exchange->response->status, 405);
    EXPECT_EQ(violation(exchange->response->body, "Problem"), "");
}

}  // namespace
}  // namespace grapevine::api::testing
