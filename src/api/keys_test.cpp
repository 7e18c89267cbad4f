// The routes of keys and wipes: what they ask and answer, and what they refuse.

#include <boost/json/parse.hpp>
#include <gtest/gtest.h>

#include "api/testing/bench.hpp"
#include "base/limits.hpp"

namespace grapevine::api::testing {
namespace {

TEST(KeysRoutes, tell_who_has_confirmed_what) {
    Bench bench;
    const auto exchange = bench.ask("GET", "/v1/overlays/a/keys");
    ASSERT_EQ(exchange->response->status, 200);
    const auto answer = boost::json::parse(exchange->response->body).as_object();
    EXPECT_EQ(answer.at("stage").as_string(), "use");
    EXPECT_EQ(answer.at("held"), boost::json::value({2, 1}));
    EXPECT_FALSE(answer.at("is_complete").as_bool());
    const auto& beta = answer.at("members").as_array().at(0).as_object();
    EXPECT_EQ(beta.at("step").as_string(), "behind");
    EXPECT_EQ(beta.at("uses").as_int64(), 1);
    EXPECT_FALSE(answer.at("members").as_array().at(1).as_object().contains("uses"));
}

TEST(KeysRoutes, rotate_with_what_was_given_and_without) {
    Bench bench;
    const auto plain = bench.ask("POST", "/v1/overlays/a/keys/rotate", "{}");
    ASSERT_EQ(plain->response->status, 202);
    EXPECT_FALSE(bench.control.last<control::RotateKeys>().secret);
    const auto full = bench.ask("POST", "/v1/overlays/a/keys/rotate",
                                R"({"key":"S","without":["b"],"operator_key":"O"})");
    ASSERT_EQ(full->response->status, 202);
    const auto& asked = bench.control.last<control::RotateKeys>();
    EXPECT_EQ(asked.secret, "S");
    EXPECT_EQ(asked.without, std::vector<std::string>{"b"});
    EXPECT_EQ(asked.operator_key, "O");
}

TEST(KeysRoutes, refuse_what_is_no_order) {
    Bench bench;
    const auto status = [&](const std::string& path, const std::string& body) {
        return static_cast<int>(bench.ask("POST", "/v1/overlays/a" + path, body)->response->status);
    };
    EXPECT_EQ(status("/keys/rotate", R"({"keys":"S"})"), 400);
    EXPECT_EQ(status("/keys/rotate", R"({"without":"b"})"), 400);
    EXPECT_EQ(status("/keys/rotate", R"({"without":["nobody"]})"), 404);
    std::string many = R"({"without":["m0")";
    for (std::size_t count = 0; count < kRotationWithoutMax; ++count) many += R"(,"m")";
    EXPECT_EQ(status("/keys/rotate", many + "]}"), 422) << "one more than kRotationWithoutMax";
    EXPECT_EQ(status("/wipes", R"({"part":"records"})"), 400) << "in whose name?";
    EXPECT_EQ(status("/wipes", R"({"operator_key":"O"})"), 400);
}

TEST(KeysRoutes, rotating_and_wiping_take_an_admin) {
    Bench bench;
    const std::string reader = bench.tokens.make({Scope::read});
    EXPECT_EQ(bench.ask_as(reader, "GET", "/v1/overlays/a/keys")->response->status, 200);
    EXPECT_EQ(bench.ask_as(reader, "POST", "/v1/overlays/a/keys/rotate", "{}")->response->status,
              403);
    EXPECT_EQ(bench.ask_as(reader, "POST", "/v1/overlays/a/wipes", "{}")->response->status, 403);
}

TEST(KeysRoutes, wipes_are_ordered_and_listed) {
    Bench bench;
    const auto order =
        bench.ask("POST", "/v1/overlays/a/wipes", R"({"part":"state:cache/","operator_key":"O"})");
    ASSERT_EQ(order->response->status, 202);
    EXPECT_EQ(bench.control.last<control::Wipe>().part, "state:cache/");
    const auto list = bench.ask("GET", "/v1/overlays/a/wipes");
    ASSERT_EQ(list->response->status, 200);
    const auto wipes = boost::json::parse(list->response->body).at("wipes").as_array();
    EXPECT_EQ(wipes.at(0).at("part").as_string(), "records");
}

}  // namespace
}  // namespace grapevine::api::testing
