#include "api/routes.hpp"

#include <boost/json/parse.hpp>
#include <boost/json/value.hpp>
#include <cctype>
#include <fstream>
#include <gtest/gtest.h>
#include <iterator>
#include <set>
#include <stdexcept>
#include <string>
#include <vector>

#include "api/openapi.hpp"
#include "api/testing/bench.hpp"
#include "api/testing/schema_check.hpp"
#include "base/limits.hpp"

namespace grapevine::api::testing {
namespace {

namespace json = boost::json;

/// A request of each operation that succeeds against `FakeControl`.
struct Example {
    std::string operation;
    std::string target;
    std::string body;
};

const std::vector<Example> kExamples = {
    {"getHealth", "/v1/health", ""},
    {"getReadiness", "/v1/ready", ""},
    {"getInfo", "/v1/info", ""},
    {"getMetrics", "/metrics", ""},
    {"getOpenApi", "/v1/openapi.json", ""},
    {"listOverlays", "/v1/overlays", ""},
    {"createOverlay", "/v1/overlays", R"({"name":"new"})"},
    {"getOverlay", "/v1/overlays/a", ""},
    {"changeOverlay", "/v1/overlays/a", R"({"profile":"wan"})"},
    {"removeOverlay", "/v1/overlays/a", ""},
    {"joinSeeds", "/v1/overlays/a/join", R"({"seeds":["h:1"]})"},
    {"leaveOverlay", "/v1/overlays/a/leave", ""},
    {"inviteToOverlay", "/v1/overlays/a/invite", ""},
    {"joinByInvitation", "/v1/join", R"({"token":"gvi_x"})"},
    {"listMembers", "/v1/overlays/a/members", ""},
    {"getMember", "/v1/overlays/a/members/beta", ""},
    {"getRoundTrip", "/v1/overlays/a/rtt?from=beta", ""},
    {"getReachability", "/v1/overlays/a/reachability?age_ms=0", ""},
    {"forgetMember", "/v1/overlays/a/members/beta", ""},
    {"getMemberRecord", "/v1/overlays/a/members/beta/record", ""},
    {"getRecord", "/v1/overlays/a/record", ""},
    {"getRecordKey", "/v1/overlays/a/record/color", ""},
    {"setRecordKey", "/v1/overlays/a/record/color", R"({"value":"red"})"},
    {"eraseRecordKey", "/v1/overlays/a/record/color", ""},
    {"publishEvent", "/v1/overlays/a/events", R"({"topic":"t","payload":"x"})"},
    {"followEvents", "/v1/overlays/a/events", ""},
    {"traceEvent", "/v1/overlays/a/events/00000000000000aa/1/42/trace", ""},
    {"askQuery", "/v1/overlays/a/queries", R"({"name":"disk"})"},
    {"serveQueries", "/v1/overlays/a/queries/serve?name=disk", ""},
    {"answerQuery", "/v1/overlays/a/queries/00000000000000aa-0000000000000001/answer",
     R"({"payload":"9"})"},
    {"getEstimate", "/v1/overlays/a/estimate?of=mean&key=load", ""},
    {"openSocket", "/v1/overlays/a/stream", ""},
    {"listState", "/v1/overlays/a/state?prefix=app", ""},
    {"loadState", "/v1/overlays/a/state", R"({"values":{"k":"v"}})"},
    {"getState", "/v1/overlays/a/state/color", ""},
    {"putState", "/v1/overlays/a/state/color", R"({"value":"red","ttl_ms":1000})"},
    {"eraseState", "/v1/overlays/a/state/color", ""},
    {"runSql", "/v1/overlays/a/sql", R"({"sql":"select 1"})"},
    {"listAggregates", "/v1/overlays/a/aggregates", ""},
    {"getAggregate", "/v1/overlays/a/aggregates/load", ""},
    {"setAggregate", "/v1/overlays/a/aggregates/load", R"({"function":"count"})"},
    {"eraseAggregate", "/v1/overlays/a/aggregates/load", ""},
    {"followAggregate", "/v1/overlays/a/aggregates/load/follow", ""},
    {"getKeys", "/v1/overlays/a/keys", ""},
    {"rotateKeys", "/v1/overlays/a/keys/rotate", R"({"without":["beta"]})"},
    {"listWipes", "/v1/overlays/a/wipes", ""},
    {"wipe", "/v1/overlays/a/wipes", R"({"part":"records","operator_key":"S"})"},
    {"offerLogin", "/v1/logins", R"({"scopes":["read"]})"},
    {"redeemLogin", "/v1/logins/redeem", R"({"code":"CODE"})"},
    {"endLogin", "/v1/logins", ""},
    {"getTopology", "/v1/overlays/a/topology", ""},
    {"getLab", "/v1/lab", ""},
    {"openLab", "/v1/lab/stream", ""},
    {"getConfig", "/v1/overlays/a/config", ""},
    {"proposeConfig", "/v1/overlays/a/config",
     R"({"settings":{"retention_age":"10m"},"operator_key":"S"})"},
    {"returnConfig", "/v1/overlays/a/config/return", ""},
    {"getSummary", "/v1/overlays/a/summary", ""},
    {"setSummaryStatement", "/v1/overlays/a/summary/statements/load",
     R"({"sql":"select 1 as one from members","operator_key":"S"})"},
    {"removeSummaryStatement", "/v1/overlays/a/summary/statements/load", R"({"operator_key":"S"})"},
    {"setZoneValue", "/v1/overlays/a/summary/values/load", R"({"value":"0.5"})"},
    {"eraseZoneValue", "/v1/overlays/a/summary/values/load", ""},
    {"listTokens", "/v1/tokens", ""},
    {"createToken", "/v1/tokens", R"({"scopes":["read"]})"},
    {"deleteToken", "/v1/tokens/0400000000000004", ""},
};

const Example& example_of(std::string_view operation) {
    for (const Example& example : kExamples) {
        if (example.operation == operation) return example;
    }
    throw std::runtime_error("no example of " + std::string(operation));
}

Request request_of(const Route& route) {
    const Example& example = example_of(route.operation);
    Request request = Bench::make(std::string(route.method), example.target, example.body);
    if (route.status == 101) request.headers.emplace_back("upgrade", "websocket");
    return request;
}

std::string text_of(const FakeExchange& exchange, const char* key) {
    return std::string(boost::json::parse(exchange.response->body).at(key).as_string());
}

/// The token of a page that `token` has let in; `token` itself, if it may not.
std::string log_in(Bench& bench, const std::string& token) {
    const auto offer = bench.ask_as(token, "POST", "/v1/logins");
    if (offer->response->status != 201) return token;
    const std::string body = R"({"code":")" + text_of(*offer, "code") + R"("})";
    return text_of(*bench.ask_as("", "POST", "/v1/logins/redeem", body), "token");
}

std::shared_ptr<FakeExchange> ask_as(Bench& bench, std::string token, const Route& route) {
    Request request = request_of(route);
    if (route.operation == "redeemLogin") {
        const std::string code = text_of(*bench.ask("POST", "/v1/logins"), "code");
        request.body = R"({"code":")" + code + R"("})";
    }
    if (route.operation == "endLogin" && !token.empty()) token = log_in(bench, token);
    // Over the net, so that /metrics is not open.
    request.peer_is_loopback = false;
    if (!token.empty()) request.headers.emplace_back("authorization", "Bearer " + token);
    return bench.send(std::move(request));
}

int status_of(const FakeExchange& exchange) {
    if (exchange.socket) return 101;
    return exchange.response ? exchange.response->status : 0;
}

TEST(Routes, each_has_an_example_here) {
    ASSERT_EQ(kExamples.size(), routes().size());
    for (const Route& route : routes()) EXPECT_NO_THROW(example_of(route.operation));
}

TEST(Routes, operations_are_unique) {
    std::set<std::string_view> names;
    for (const Route& route : routes()) EXPECT_TRUE(names.insert(route.operation).second);
}

TEST(Routes, each_answers_its_status_to_root) {
    for (const Route& route : routes()) {
        Bench bench;
        bench.tokens.make({Scope::read});  // The one that deleteToken deletes.
        const auto exchange = ask_as(bench, bench.root, route);
        EXPECT_EQ(exchange->answer_count, 1) << route.operation;
        EXPECT_EQ(status_of(*exchange), route.status) << route.operation;
    }
}

TEST(Routes, each_answer_conforms_to_its_schema) {
    for (const Route& route : routes()) {
        if (route.content.empty() || route.content.front().media_type != "application/json") {
            continue;
        }
        Bench bench;
        const auto exchange = ask_as(bench, bench.root, route);
        ASSERT_TRUE(exchange->response);
        EXPECT_EQ(violation(exchange->response->body, route.content.front().schema), "")
            << route.operation;
    }
}

TEST(Routes, each_example_body_conforms_to_its_schema) {
    for (const Route& route : routes()) {
        const Example& example = example_of(route.operation);
        if (example.body.empty()) continue;
        EXPECT_EQ(violation(example.body, route.body_schema), "") << route.operation;
    }
}

TEST(Routes, all_but_the_open_ones_need_a_token) {
    for (const Route& route : routes()) {
        Bench bench;
        const auto exchange = ask_as(bench, "", route);
        if (route.access == Access::open) {
            EXPECT_EQ(status_of(*exchange), route.status) << route.operation;
            continue;
        }
        ASSERT_EQ(status_of(*exchange), 401) << route.operation;
        EXPECT_TRUE(bench.control.requests.empty()) << route.operation;
        EXPECT_EQ(exchange->response->headers.front().first, "www-authenticate");
    }
}

/// Whether a token of one scope must open a route of this access.
bool opens(Scope scope, Access access) {
    if (scope == Scope::admin || access == Access::open) return true;
    if (access == Access::admin) return false;
    if (access == Access::any) return true;
    return access == Access::publish ? scope == Scope::publish : scope == Scope::read;
}

TEST(Routes, each_opens_to_its_scope_and_to_no_other) {
    for (const Route& route : routes()) {
        for (const Scope scope : {Scope::read, Scope::publish, Scope::admin}) {
            Bench bench;
            const std::string token = bench.tokens.make({scope});
            bench.tokens.make({Scope::read});  // deleteToken names the first made after root.
            const int status = status_of(*ask_as(bench, token, route));
            const int expected = opens(scope, route.access) ? route.status : 403;
            EXPECT_EQ(status, expected) << route.operation << " as " << to_string(scope);
        }
    }
}

TEST(Routes, a_token_of_another_overlay_opens_only_what_is_no_overlays) {
    for (const Route& route : routes()) {
        Bench bench;
        const std::string token = bench.tokens.make({Scope::admin}, {"other"});
        const int status = status_of(*ask_as(bench, token, route));
        const bool is_opened = route.access == Access::open || route.reach == Reach::any_overlay;
        EXPECT_EQ(status, is_opened ? route.status : 403) << route.operation;
    }
}

TEST(Routes, each_passes_a_refusal_on_with_its_status) {
    const std::vector<std::pair<Refusal, int>> refusals = {
        {{Refusal::Code::invalid, "m", "c", "f"}, 400},
        {{Refusal::Code::forbidden, "m", "c", "f"}, 403},
        {{Refusal::Code::not_found, "m", "c", "f"}, 404},
        {{Refusal::Code::conflict, "m", "c", "f"}, 409},
        {{Refusal::Code::over_limit, "m", "c", "payload"}, 413},
        {{Refusal::Code::over_limit, "m", "c", "f"}, 422},
        {{Refusal::Code::internal, "m", "c", "f"}, 500},
        {{Refusal::Code::unavailable, "m", "c", "f"}, 503},
        {{Refusal::Code::busy, "m", "c", "f", 3}, 429},
    };
    for (const Route& route : routes()) {
        for (const auto& [refusal, status] : refusals) {
            Bench bench;
            bench.control.refusal = refusal;
            const auto exchange = ask_as(bench, bench.root, route);
            if (bench.control.requests.empty()) continue;  // It asks nobody.
            ASSERT_EQ(status_of(*exchange), status) << route.operation;
            EXPECT_EQ(violation(exchange->response->body, "Problem"), "");
        }
    }
}

TEST(Routes, an_answer_that_comes_later_is_passed_on) {
    Bench bench;
    bench.control.is_holding = true;
    const auto exchange = bench.ask("GET", "/v1/info");
    EXPECT_FALSE(exchange->response);
    bench.control.held.at(0)(control::InfoView{});
    ASSERT_TRUE(exchange->response);
    EXPECT_EQ(exchange->response->status, 200);
}

TEST(Routes, an_answer_after_the_end_of_the_api_does_no_harm) {
    FakeControl control;
    FakeTokens tokens;
    const std::string root = tokens.make({Scope::admin});
    control.is_holding = true;
    const auto exchange = std::make_shared<FakeExchange>();
    {
        Api api(control, tokens.book, {});
        Request request = Bench::make("DELETE", "/v1/overlays/a");
        request.headers.emplace_back("authorization", "Bearer " + root);
        api.handle(Instant{}, std::move(request), exchange);
    }
    control.held.at(0)(control::Done{});
    EXPECT_EQ(exchange->response->status, 204);
}

std::string read_reference() {
    std::ifstream file(GRAPEVINE_SOURCE_DIR "/docs/reference/api.md");
    return {std::istreambuf_iterator<char>(file), std::istreambuf_iterator<char>()};
}

TEST(Routes, the_reference_lists_each_with_its_scope) {
    const std::string page = read_reference();
    for (const Route& route : routes()) {
        std::string scope = route.access == Access::read      ? "read"
                            : route.access == Access::publish ? "publish"
                            : route.access == Access::admin   ? "admin"
                            : route.access == Access::any     ? "read or publish"
                            : route.access == Access::metrics ? "read on all, or loopback"
                                                              : "none";
        const bool is_on_all =
            route.reach == Reach::all_overlays && route.access != Access::metrics;
        if (is_on_all) scope += " on all";
        const std::string row = "| `" + std::string(route.method) + " " +
                                std::string(route.pattern) + "` | " + scope + " |";
        EXPECT_NE(page.find(row), std::string::npos) << row;
    }
}

TEST(Problems, the_reference_lists_each_with_its_status) {
    const std::string page = read_reference();
    for (const ProblemInfo& kind : problem_kinds()) {
        const std::size_t row = page.find("\n| " + std::to_string(kind.status) + " |");
        ASSERT_NE(row, std::string::npos) << kind.code;
        const std::string text = page.substr(row, page.find('\n', row + 1) - row);
        EXPECT_NE(text.find(kind.code), std::string::npos) << kind.code;
    }
}

// -- The document --

const json::object& document() {
    static const json::object parsed = json::parse(openapi_document()).as_object();
    return parsed;
}

TEST(OpenApi, has_every_route_of_the_table) {
    const json::object& paths = document().at("paths").as_object();
    for (const Route& route : routes()) {
        std::string method(route.method);
        for (char& letter : method) letter = static_cast<char>(std::tolower(letter));
        const auto* const path = paths.if_contains(std::string(route.pattern));
        ASSERT_NE(path, nullptr) << route.pattern;
        const auto* const operation = path->as_object().if_contains(method);
        ASSERT_NE(operation, nullptr) << route.pattern << " " << method;
        EXPECT_EQ(operation->at("operationId").as_string(), std::string(route.operation));
    }
}

TEST(OpenApi, has_no_operation_that_is_not_in_the_table) {
    std::size_t count = 0;
    for (const auto& [pattern, operations] : document().at("paths").as_object()) {
        count += operations.as_object().size();
    }
    EXPECT_EQ(count, routes().size());
}

TEST(OpenApi, every_operation_is_described_and_has_answers_and_security) {
    for (const auto& [pattern, operations] : document().at("paths").as_object()) {
        for (const auto& [method, operation] : operations.as_object()) {
            EXPECT_FALSE(operation.at("description").as_string().empty()) << pattern;
            EXPECT_FALSE(operation.at("summary").as_string().empty()) << pattern;
            EXPECT_GE(operation.at("responses").as_object().size(), 2U) << pattern;
            EXPECT_TRUE(operation.at("security").is_array()) << pattern;
            for (const auto& [status, response] : operation.at("responses").as_object()) {
                EXPECT_FALSE(response.at("description").as_string().empty()) << pattern;
            }
        }
    }
}

TEST(OpenApi, every_placeholder_is_a_described_path_parameter) {
    for (const auto& [pattern, operations] : document().at("paths").as_object()) {
        const auto placeholders = std::ranges::count(pattern, '{');
        for (const auto& [method, operation] : operations.as_object()) {
            std::ptrdiff_t found = 0;
            const auto* const parameters = operation.as_object().if_contains("parameters");
            if (parameters != nullptr) {
                for (const json::value& parameter : parameters->as_array()) {
                    EXPECT_FALSE(parameter.at("description").as_string().empty());
                    found += parameter.at("in").as_string() == "path" ? 1 : 0;
                }
            }
            EXPECT_EQ(found, placeholders) << pattern << " " << method;
        }
    }
}

void collect_references(const json::value& value, std::set<std::string>& references) {
    if (value.is_array()) {
        for (const json::value& element : value.get_array()) {
            collect_references(element, references);
        }
    }
    if (!value.is_object()) return;
    for (const auto& [key, element] : value.get_object()) {
        if (key == "$ref") references.insert(std::string(element.as_string().c_str()));
        collect_references(element, references);
    }
}

TEST(OpenApi, every_schema_that_is_named_exists) {
    std::set<std::string> references;
    const json::object& whole = document();
    collect_references(whole, references);
    const json::object& schemas = whole.at("components").at("schemas").as_object();
    for (const std::string& reference : references) {
        const std::string prefix = "#/components/schemas/";
        ASSERT_TRUE(reference.starts_with(prefix)) << reference;
        EXPECT_TRUE(schemas.contains(reference.substr(prefix.size()))) << reference;
    }
}

TEST(OpenApi, every_status_that_a_route_can_answer_is_documented) {
    const json::object& paths = document().at("paths").as_object();
    for (const Route& route : routes()) {
        std::string method(route.method);
        for (char& letter : method) letter = static_cast<char>(std::tolower(letter));
        const json::object& responses =
            paths.at(std::string(route.pattern)).at(method).at("responses").as_object();
        EXPECT_TRUE(responses.contains(std::to_string(route.status)));
        EXPECT_TRUE(responses.contains("400"));
        EXPECT_EQ(responses.contains("401"), route.access != Access::open) << route.operation;
        // What an open route changes is still refused to pages of other sites.
        const bool is_changing = route.method != "GET";
        EXPECT_EQ(responses.contains("403"), route.access != Access::open || is_changing)
            << route.operation;
        EXPECT_TRUE(route.reach != Reach::overlay || responses.contains("404")) << route.operation;
    }
}

TEST(OpenApi, the_schemas_know_every_key_that_a_body_may_have) {
    // The decoder names its known keys when it refuses an unknown one that is near to none.
    const std::vector<std::pair<std::string, std::string>> bodies = {
        {"POST /v1/overlays", "OverlaySpec"},
        {"PATCH /v1/overlays/a", "OverlayChange"},
        {"POST /v1/overlays/a/join", "SeedList"},
        {"POST /v1/overlays/a/invite", "InviteSeeds"},
        {"POST /v1/join", "InvitationToken"},
        {"PUT /v1/overlays/a/record/k", "RecordValue"},
        {"POST /v1/overlays/a/events", "EventBody"},
        {"POST /v1/overlays/a/queries", "QueryBody"},
        {"POST /v1/tokens", "TokenSpec"},
    };
    const json::object& schemas = document().at("components").at("schemas").as_object();
    for (const auto& [call, schema] : bodies) {
        Bench bench;
        const std::size_t blank = call.find(' ');
        const auto exchange =
            bench.ask(call.substr(0, blank), call.substr(blank + 1), R"({"@@@@@@@@":1})");
        ASSERT_EQ(exchange->response->status, 400) << call;
        const json::value problem = json::parse(exchange->response->body);
        std::string expected = "known are: ";
        std::set<std::string> known;
        std::string cure(problem.at("cure").as_string().c_str());
        cure = cure.substr(expected.size());
        for (std::size_t start = 0; start < cure.size();) {
            const std::size_t comma = std::min(cure.find(", ", start), cure.size());
            known.insert(cure.substr(start, comma - start));
            start = comma + 2;
        }
        std::set<std::string> stated;
        for (const auto& [key, value] : schemas.at(schema).at("properties").as_object()) {
            stated.insert(std::string(key));
        }
        EXPECT_EQ(known, stated) << call;
    }
}

}  // namespace
}  // namespace grapevine::api::testing
