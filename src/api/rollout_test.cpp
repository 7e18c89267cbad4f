// The routes of what is set for a whole overlay: what they ask and answer, and what they refuse.

#include <boost/json/parse.hpp>
#include <gtest/gtest.h>

#include "api/testing/bench.hpp"

namespace grapevine::api::testing {
namespace {

TEST(ConfigRoutes, tell_who_runs_what) {
    Bench bench;
    const auto exchange = bench.ask("GET", "/v1/overlays/a/config");
    ASSERT_EQ(exchange->response->status, 200);
    const auto answer = boost::json::parse(exchange->response->body).as_object();
    EXPECT_EQ(answer.at("stage").as_string(), "canary");
    EXPECT_EQ(answer.at("settings").at(0).at("value").as_string(), "10m");
    const auto& beta = answer.at("members").as_array().at(0).as_object();
    EXPECT_TRUE(beta.at("is_canary").as_bool());
    EXPECT_EQ(beta.at("running").as_int64(), 3);
    EXPECT_FALSE(answer.at("members").as_array().at(1).as_object().contains("running"));
}

TEST(ConfigRoutes, propose_what_was_given) {
    Bench bench;
    const auto exchange =
        bench.ask("POST", "/v1/overlays/a/config",
                  R"({"settings":{"profile":"","retention_age":"10m"},"canary_permille":50,)"
                  R"("health_interval_ms":2000,"operator_key":"O"})");
    ASSERT_EQ(exchange->response->status, 202);
    const auto& asked = bench.control.last<control::ProposeRollout>();
    EXPECT_EQ(asked.settings, (control::Labels{{"profile", ""}, {"retention_age", "10m"}}));
    EXPECT_EQ(asked.canary_permille, 50U);
    EXPECT_EQ(asked.health_interval_ms, 2000U);
    EXPECT_EQ(asked.operator_key, "O");
    EXPECT_EQ(bench.ask("POST", "/v1/overlays/a/config/return")->response->status, 202);
}

TEST(ConfigRoutes, refuse_what_is_no_order) {
    Bench bench;
    const auto status = [&](const std::string& body) {
        return static_cast<int>(bench.ask("POST", "/v1/overlays/a/config", body)->response->status);
    };
    EXPECT_EQ(status(R"({"settings":{"a":"b"}})"), 400) << "in whose name?";
    EXPECT_EQ(status(R"({"settings":["a"],"operator_key":"O"})"), 400);
    EXPECT_EQ(status(R"({"settings":{"a":"b"},"operator_key":"O","canary":1})"), 400);
    std::string many = R"({"operator_key":"O","settings":{"s":"1")";
    for (std::size_t count = 0; count < control::kRolloutSettingsMax; ++count) {
        many += R"(,"s)" + std::to_string(count) + R"(":"1")";
    }
    EXPECT_EQ(status(many + "}}"), 422) << "one more than kRolloutSettingsMax";
}

TEST(ConfigRoutes, proposing_and_returning_take_an_admin) {
    Bench bench;
    const std::string reader = bench.tokens.make({Scope::read});
    EXPECT_EQ(bench.ask_as(reader, "GET", "/v1/overlays/a/config")->response->status, 200);
    for (const char* const path : {"/config", "/config/return"}) {
        EXPECT_EQ(bench.ask_as(reader, "POST", std::string("/v1/overlays/a") + path, "{}")
                      ->response->status,
                  403);
    }
}

}  // namespace
}  // namespace grapevine::api::testing
