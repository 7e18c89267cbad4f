#include "api/access.hpp"

#include <gtest/gtest.h>
#include <string>

#include "api/testing/bench.hpp"

namespace grapevine::api::testing {
namespace {

int status_with(Bench& bench, std::vector<std::pair<std::string, std::string>> headers,
                const std::string& method = "GET", const std::string& target = "/v1/info") {
    Request request = Bench::make(method, target);
    for (auto& header : headers) request.headers.push_back(std::move(header));
    return bench.send(std::move(request))->response->status;
}

TEST(Access, takes_the_bearer_scheme_in_any_case_and_no_other) {
    Bench bench;
    EXPECT_EQ(status_with(bench, {{"authorization", "Bearer " + bench.root}}), 200);
    EXPECT_EQ(status_with(bench, {{"authorization", "bearer  " + bench.root}}), 200);
    EXPECT_EQ(status_with(bench, {{"authorization", "Basic " + bench.root}}), 401);
    EXPECT_EQ(status_with(bench, {{"authorization", bench.root}}), 401);
    EXPECT_EQ(status_with(bench, {{"authorization", ""}}), 401);
}

TEST(Access, a_wrong_token_is_refused_even_where_none_is_needed_otherwise) {
    Bench bench({.anonymous = Options::Anonymous::loopback});
    EXPECT_EQ(status_with(bench, {}), 200);
    EXPECT_EQ(status_with(bench, {{"authorization", "Bearer gv_wrong"}}), 401);
}

TEST(Access, two_authorization_headers_are_refused) {
    Bench bench;
    EXPECT_EQ(status_with(bench, {{"authorization", "Bearer " + bench.root},
                                  {"authorization", "Bearer " + bench.root}}),
              400);
}

TEST(Access, a_wrong_token_is_told_so_as_rfc_6750_says) {
    Bench bench;
    const auto exchange = bench.ask_as("gv_wrong", "GET", "/v1/info");
    EXPECT_EQ(exchange->response->headers.front().second,
              "Bearer realm=\"grapevine\", error=\"invalid_token\"");
}

TEST(Access, a_missing_scope_is_named) {
    Bench bench;
    const std::string token = bench.tokens.make({Scope::read}, {"a"});
    const auto exchange = bench.ask_as(token, "DELETE", "/v1/overlays/a");
    EXPECT_EQ(exchange->response->status, 403);
    EXPECT_NE(exchange->response->body.find(R"(the scope admin on the overlay \"a\")"),
              std::string::npos);
}

TEST(Access, creation_needs_admin_on_the_name_in_the_body) {
    Bench bench;
    const std::string token = bench.tokens.make({Scope::admin}, {"a"});
    EXPECT_EQ(bench.ask_as(token, "POST", "/v1/overlays", R"({"name":"a"})")->response->status,
              201);
    EXPECT_EQ(bench.ask_as(token, "POST", "/v1/overlays", R"({"name":"b"})")->response->status,
              403);
}

TEST(Access, a_list_shows_only_the_overlays_that_the_token_reaches) {
    Bench bench;
    const std::string token = bench.tokens.make({Scope::read}, {"b"});
    const std::string body = bench.ask_as(token, "GET", "/v1/overlays")->response->body;
    EXPECT_NE(body.find(R"("name":"b")"), std::string::npos);
    EXPECT_EQ(body.find(R"("name":"a")"), std::string::npos);
}

TEST(Access, metrics_are_open_over_loopback_unless_told_otherwise) {
    const auto status = [](Options options, bool is_loopback) {
        Bench bench(options);
        Request request = Bench::make("GET", "/metrics");
        request.peer_is_loopback = is_loopback;
        return bench.send(std::move(request))->response->status;
    };
    EXPECT_EQ(status({}, true), 200);
    EXPECT_EQ(status({}, false), 401);
    EXPECT_EQ(status({.loopback_metrics = Options::LoopbackMetrics::token_needed}, true), 401);
}

TEST(Access, anonymous_is_for_loopback_peers_that_name_loopback) {
    const auto status = [](const std::string& host, bool is_loopback) {
        Bench bench({.anonymous = Options::Anonymous::loopback});
        Request request;
        request.method = "GET";
        request.target = "/v1/info";
        if (!host.empty()) request.headers.emplace_back("host", host);
        request.peer_is_loopback = is_loopback;
        return bench.send(std::move(request))->response->status;
    };
    for (const std::string host :
         {"localhost", "LOCALHOST:9470", "127.0.0.1:9470", "127.1.2.3", "[::1]", "[::1]:9470"}) {
        EXPECT_EQ(status(host, true), 200) << host;
        EXPECT_EQ(status(host, false), 401) << host;
    }
    // DNS rebinding: a page under its own name, which resolves to loopback.
    for (const std::string host : {"evil.example:9470", "127.0.0.1.evil.example", "", "[::2]"}) {
        EXPECT_EQ(status(host, true), 403) << host;
    }
}

TEST(Access, a_page_of_another_site_changes_nothing) {
    Bench bench;
    const auto status = [&](const std::string& method, const std::string& origin) {
        return status_with(bench, {{"authorization", "Bearer " + bench.root}, {"origin", origin}},
                           method, method == "GET" ? "/v1/info" : "/v1/overlays/a/leave");
    };
    EXPECT_EQ(status("POST", "https://evil.example"), 403);
    EXPECT_EQ(status("POST", "null"), 403);
    EXPECT_EQ(status("POST", "http://127.0.0.1:9471"), 403);
    EXPECT_EQ(status("POST", "http://127.0.0.1:9470"), 204);
    EXPECT_EQ(status("POST", "https://127.0.0.1:9470"), 204);
    // Reading is held back by the browser itself: the answer has no CORS header.
    EXPECT_EQ(status("GET", "https://evil.example"), 200);
}

TEST(Access, a_socket_of_another_site_is_refused) {
    Bench bench;
    EXPECT_EQ(status_with(bench,
                          {{"authorization", "Bearer " + bench.root},
                           {"origin", "https://evil.example"},
                           {"upgrade", "websocket"}},
                          "GET", "/v1/overlays/a/stream"),
              403);
}

TEST(Access, a_socket_takes_its_token_from_the_subprotocols) {
    Bench bench;
    Request request = Bench::make("GET", "/v1/overlays/a/stream");
    request.headers.emplace_back("upgrade", "WebSocket");
    request.headers.emplace_back("sec-websocket-protocol",
                                 "grapevine.token." + bench.root + ", grapevine.v1");
    const auto exchange = bench.send(std::move(request));
    ASSERT_TRUE(exchange->socket);
    EXPECT_EQ(exchange->subprotocol, "grapevine.v1");  // Never the token.
}

TEST(Access, a_token_in_the_subprotocols_counts_for_sockets_only) {
    Bench bench;
    EXPECT_EQ(status_with(bench, {{"sec-websocket-protocol", "grapevine.token." + bench.root}}),
              401);
}

TEST(Access, a_socket_that_offers_no_known_subprotocol_is_told_so) {
    Bench bench;
    EXPECT_EQ(status_with(bench,
                          {{"authorization", "Bearer " + bench.root},
                           {"upgrade", "websocket"},
                           {"sec-websocket-protocol", "mqtt"}},
                          "GET", "/v1/overlays/a/stream"),
              400);
}

}  // namespace
}  // namespace grapevine::api::testing
