#include "api/gossiperl/api.hpp"

#include <gtest/gtest.h>

#include "api/gossiperl/testing/bench.hpp"
#include "base/limits.hpp"

namespace grapevine::api::gossiperl::testing {
namespace {

constexpr const char* kSmallest = R"({"ip":"0.0.0.0","port":6666,"symmetric_key":"k"})";

// -- What every route has in common --

TEST(OldApi, unknown_paths_are_not_found_and_have_no_body) {
    Bench bench;
    for (const char* target :
         {"/", "", "/overlay", "/v1/overlays", "/overlays//o", "/overlays/o/x/y", "/configuration",
          "/configuration/o/x", "/statistics/o/1h/x", "/digest", "/tokens/x", "/reconfigure/x",
          "/overlays/%zz", "/overlays/%00", "overlays", "http://h/overlays"}) {
        const Response response = bench.send("GET", target);
        EXPECT_EQ(response.status, 404) << target;
        EXPECT_EQ(response.body, "") << target;
    }
}

TEST(OldApi, a_wrong_method_is_noticed_before_the_caller_is) {
    Bench bench;
    const std::pair<const char*, const char*> kWrong[] = {
        {"POST", "/overlays"},        {"GET", "/overlays/o"},     {"DELETE", "/overlays/o/port"},
        {"PUT", "/configuration/o"},  {"POST", "/membership/o"},  {"DELETE", "/subscriptions/o"},
        {"PATCH", "/overlays/o"},     {"POST", "/statistics/o"},  {"GET", "/digest/o"},
        {"POST", "/tokens"},          {"GET", "/reconfigure"},    {"get", "/overlays"},
        {"OPTIONS", "/reconfigure"},  {"HEAD", "/overlays"},      {"OPTIONS", "/overlays/o"},
        {"HEAD", "/configuration/o"}, {"HEAD", "/statistics/o/"}, {"PUT", "/digest/unknown"},
    };
    for (const auto& [method, target] : kWrong) {
        const Response response = bench.send(method, target);
        EXPECT_EQ(response.status, 405) << method << ' ' << target;
        EXPECT_EQ(response.body, "");
    }
    EXPECT_EQ(Bench::header(bench.send("HEAD", "/overlays/o"), "allow"), "POST, PUT, DELETE");
    EXPECT_TRUE(bench.daemon.requests.empty());
}

TEST(OldApi, an_unknown_overlay_is_noticed_before_the_caller_is) {
    Bench bench;
    for (const auto& [method, target] : {std::pair{"PUT", "/overlays/x"},
                                         {"PUT", "/overlays/x/port"},
                                         {"DELETE", "/overlays/x"},
                                         {"GET", "/configuration/x"},
                                         {"GET", "/membership/x"},
                                         {"GET", "/subscriptions/x"},
                                         {"GET", "/statistics/x"},
                                         {"GET", "/statistics/x/1h"},
                                         {"POST", "/digest/x"}}) {
        const Response response = bench.send(method, target);
        EXPECT_EQ(response.status, 404) << target;
        EXPECT_EQ(response.body, std::string(target) == "/digest/x" ? "Overlay not found." : "");
    }
}

TEST(OldApi, a_native_overlay_is_unknown_here) {
    Bench bench;
    EXPECT_EQ(bench.send("GET", "/membership/native").status, 404);
}

TEST(OldApi, every_route_names_its_realm) {
    Bench bench;
    const std::tuple<const char*, const char*, const char*> kRealms[] = {
        {"GET", "/overlays", "Overlays"},
        {"POST", "/overlays/x", "Add an overlay"},
        {"POST", "/overlays/x/anything", "Add an overlay"},
        {"PUT", "/overlays/o", "Update configuration for o"},
        {"PUT", "/overlays/o/port", "Update configuration for o"},
        {"DELETE", "/overlays/o", "Delete overlay o"},
        {"GET", "/configuration/o", "Configuration of o"},
        {"GET", "/membership/o", "o"},
        {"GET", "/subscriptions/o", "Subscriptions of o"},
        {"GET", "/statistics/o", "Statistics of o"},
        {"GET", "/statistics/o/nonsense", "Statistics of o"},
        {"POST", "/digest/o", "Send digest from o"},
        {"GET", "/tokens", "Overlays"},
        {"POST", "/reconfigure", "Overlays"},
    };
    for (const auto& [method, target, realm] : kRealms) {
        const Response response = bench.send(method, target);
        EXPECT_EQ(response.status, 401) << target;
        EXPECT_EQ(response.body, "Authorization required.");
        EXPECT_EQ(Bench::header(response, "www-authenticate"),
                  "Basic realm=\"" + std::string(realm) + "\"");
        EXPECT_EQ(Bench::header(response, "content-type"), "");
    }
}

TEST(OldApi, whoever_has_another_login_is_told_to_bring_one) {
    Bench bench;
    const std::string user = Bench::basic("user", "userpass");
    const std::string superuser = Bench::basic("super", "superpass");
    const std::string holder = Bench::basic("o", bench.token("o"));
    const std::tuple<const char*, const char*, std::string> kWrong[] = {
        {"GET", "/overlays", superuser},
        {"POST", "/overlays/x", superuser},
        {"GET", "/tokens", user},
        {"POST", "/reconfigure", user},
        {"GET", "/membership/o", user},
        {"GET", "/membership/o", superuser},
        {"GET", "/overlays", holder},
        {"GET", "/tokens", holder},
        {"GET", "/overlays", user + "x"},
        {"GET", "/overlays", Bench::basic("user", "")},
        {"GET", "/overlays", Bench::basic("userr", "userpass")},
        {"GET", "/overlays", Bench::basic("", "")},
        {"DELETE", "/overlays/o", Bench::basic("native", bench.token("o"))},
    };
    for (const auto& [method, target, login] : kWrong) {
        EXPECT_EQ(bench.send(method, target, {{"authorization", login}}).status, 401)
            << method << ' ' << target << ' ' << login;
    }
}

TEST(OldApi, a_malformed_login_is_no_login) {
    Bench bench;
    const std::string good = Bench::basic("user", "userpass");
    for (const std::string& login :
         {std::string("Basic !!!"), std::string("Basic"), std::string("Basic "), std::string(),
          "basic " + good.substr(6), "BASIC " + good.substr(6), "Bearer " + good.substr(6),
          "Basic  " + good.substr(6), good + "=", good + " ", std::string("Basic dXNlcg=="),
          "Basic " + std::string(100'000, 'A'), std::string("Basic \xff\xfe")}) {
        const Response response = bench.send("GET", "/overlays", {{"authorization", login}});
        EXPECT_EQ(response.status, 401) << login.substr(0, 50);
    }
    EXPECT_EQ(bench.send("GET", "/overlays", {{"authorization", good}}).status, 200);
    EXPECT_EQ(
        bench.send("GET", "/overlays", {{"authorization", good}, {"authorization", good}}).status,
        401);
}

TEST(OldApi, a_token_comes_in_the_header_or_as_a_password) {
    Bench bench;
    const std::string token = bench.token("o");
    EXPECT_EQ(bench.send("GET", "/membership/o", {{"x-session-token", token}}).status, 200);
    EXPECT_EQ(
        bench.send("GET", "/membership/o", {{"authorization", Bench::basic("o", token)}}).status,
        200);
}

TEST(OldApi, with_the_token_header_the_password_is_not_looked_at) {
    Bench bench;
    const std::string login = Bench::basic("o", bench.token("o"));
    for (const char* wrong : {"", "x", "00000000-0000-4000-8000-000000000000"}) {
        EXPECT_EQ(bench
                      .send("GET", "/membership/o",
                            {{"x-session-token", wrong}, {"authorization", login}})
                      .status,
                  401);
    }
}

TEST(OldApi, a_token_opens_its_own_overlay_only) {
    Bench bench;
    bench.daemon.overlays["p"] = FakeDaemon::settings();
    const std::string token = bench.token("p");
    EXPECT_EQ(bench.send("GET", "/membership/o", {{"x-session-token", token}}).status, 401);
    EXPECT_EQ(bench.send("GET", "/membership/p", {{"x-session-token", token}}).status, 200);
}

TEST(OldApi, a_slash_at_the_end_a_query_and_a_content_type_change_nothing) {
    Bench bench;
    EXPECT_EQ(bench.as_user("GET", "/overlays/").status, 200);
    EXPECT_EQ(bench.as_user("GET", "/overlays?x=1").status, 200);
    EXPECT_EQ(bench.as_user("GET", "/overlays//").status, 404);
    EXPECT_EQ(bench.as_holder("GET", "/statistics/o/").status, 200);
    for (const char* type : {"application/x-www-form-urlencoded", "text/plain", "nonsense"}) {
        const std::string name = std::string("/overlays/n") + type[0];
        EXPECT_EQ(bench
                      .send("POST", name,
                            {{"authorization", Bench::basic("user", "userpass")},
                             {"contetnt-type", "application/json"},
                             {"content-type", type}},
                            kSmallest)
                      .status,
                  201);
    }
}

TEST(OldApi, segments_are_decoded) {
    Bench bench;
    EXPECT_EQ(bench.as_holder("GET", "/membership/%6f").status, 200);
    EXPECT_EQ(bench.send("GET", "/membership/o%2fx").status, 404);
}

TEST(OldApi, a_body_of_the_greatest_size_is_read_and_one_byte_more_is_not) {
    Bench bench;
    std::string body = kSmallest;
    body += std::string(kOldRequestBodyBytesMax - body.size(), ' ');
    EXPECT_EQ(bench.as_user("POST", "/overlays/big", body).status, 201);
    EXPECT_EQ(bench.as_user("POST", "/overlays/bigger", body + " ").status, 413);
    EXPECT_FALSE(bench.daemon.overlays.contains("bigger"));
    // Nobody in particular is not told about sizes.
    EXPECT_EQ(bench.send("POST", "/overlays/bigger", {}, body + " ").status, 401);
}

TEST(OldApi, a_foreign_page_changes_nothing) {
    Bench bench;
    const Headers headers = {{"authorization", Bench::basic("user", "userpass")},
                             {"host", "127.0.0.1:8080"},
                             {"origin", "https://evil.example"}};
    EXPECT_EQ(bench.send("POST", "/overlays/x", headers, kSmallest).status, 403);
    EXPECT_FALSE(bench.daemon.overlays.contains("x"));
}

TEST(OldApi, without_logins_everybody_is_told_what_is_missing) {
    FakeDaemon daemon;
    Api api(daemon, {{},
                     [](std::size_t count) { return Bytes(count, 1); },
                     []() -> Outcome<std::optional<Credentials>> { return std::nullopt; }});
    const auto ask = [&](const char* method, const char* target) {
        auto exchange = std::make_shared<api::testing::FakeExchange>();
        api.handle({}, {method, target, {}, "", false, false}, exchange);
        return std::pair(exchange->response->status, exchange->response->body);
    };
    EXPECT_EQ(ask("GET", "/overlays"), std::pair(412, std::string("Superuser not configured.")));
    EXPECT_EQ(ask("POST", "/overlays/x"), std::pair(412, std::string("REST user not configured.")));
    EXPECT_EQ(ask("GET", "/tokens"), std::pair(412, std::string("Superuser not configured.")));
    EXPECT_EQ(ask("POST", "/reconfigure"),
              std::pair(412, std::string("Superuser not configured.")));
}

TEST(OldApi, its_paths_are_known_to_whoever_shares_the_server) {
    for (const char* target :
         {"/overlays", "/overlays/", "/overlays/a/b/c?x", "/configuration", "/membership/o",
          "/subscriptions", "/statistics/o/1h", "/digest/o", "/tokens", "/reconfigure"}) {
        EXPECT_TRUE(Api::owns(target)) << target;
    }
    for (const char* target : {"/", "", "/v1/overlays", "/v1/tokens", "/healthz", "/metrics",
                               "/overlaysx", "//overlays", "/Overlays", "overlays", "/%zz"}) {
        EXPECT_FALSE(Api::owns(target)) << target;
    }
}

TEST(OldApi, a_daemon_that_cannot_answer_is_unavailable) {
    Bench bench;
    bench.daemon.list_refusal = Refusal{Refusal::Code::unavailable, "shutting down", "", ""};
    EXPECT_EQ(bench.as_user("GET", "/overlays").status, 503);
    EXPECT_EQ(bench.send("GET", "/membership/o").status, 503);
}

TEST(OldApi, an_answer_after_the_end_of_the_api_still_arrives) {
    FakeDaemon daemon;
    daemon.overlays["o"] = FakeDaemon::settings();
    daemon.is_holding = true;
    auto exchange = std::make_shared<api::testing::FakeExchange>();
    {
        Api api(daemon, {{},
                         [](std::size_t count) { return Bytes(count, 1); },
                         []() -> Outcome<std::optional<Credentials>> { return std::nullopt; }});
        api.handle({}, {"GET", "/membership/o", {}, "", false, false}, exchange);
    }
    daemon.answer_next();
    EXPECT_EQ(exchange->response->status, 401);
}

}  // namespace
}  // namespace grapevine::api::gossiperl::testing
