#include "api/logins.hpp"

#include <boost/json/parse.hpp>
#include <gtest/gtest.h>

#include "api/testing/bench.hpp"
#include "base/page_limits.hpp"

namespace grapevine::api::testing {
namespace {

using namespace std::chrono_literals;

struct Desk {
    FakeTokens tokens;
    Logins logins{{tokens.environment().random, tokens.environment().hash}};
    Instant now{};
};

TEST(Logins, a_code_becomes_a_token_with_the_rights_that_were_offered) {
    Desk desk;
    const std::string code = desk.logins.offer(desk.now, {{Scope::read}, {"a"}, "giver"});
    EXPECT_EQ(code.size(), 43U);
    const auto login = desk.logins.redeem(desk.now, code);
    ASSERT_TRUE(login);
    const TokenEntry* entry = desk.logins.recognise(desk.now, login->token);
    ASSERT_NE(entry, nullptr);
    EXPECT_EQ(entry->scopes, std::vector<Scope>{Scope::read});
    EXPECT_EQ(entry->overlays, std::vector<std::string>{"a"});
    EXPECT_EQ(desk.logins.recognise(desk.now, code), nullptr);
}

TEST(Logins, a_code_is_good_once) {
    Desk desk;
    const std::string code = desk.logins.offer(desk.now, {{Scope::read}, {"*"}});
    ASSERT_TRUE(desk.logins.redeem(desk.now, code));
    EXPECT_EQ(desk.logins.redeem(desk.now, code).error().code, Refusal::Code::not_found);
}

TEST(Logins, a_code_is_good_until_its_life_ends_and_not_longer) {
    Desk desk;
    const std::string early = desk.logins.offer(desk.now, {{Scope::read}, {"*"}});
    const std::string late = desk.logins.offer(desk.now, {{Scope::read}, {"*"}});
    EXPECT_TRUE(desk.logins.redeem(desk.now + kLoginCodeLife - 1ms, early));
    EXPECT_FALSE(desk.logins.redeem(desk.now + kLoginCodeLife, late));
}

TEST(Logins, one_code_more_than_fit_displaces_the_oldest) {
    Desk desk;
    const std::string oldest = desk.logins.offer(desk.now, {{Scope::read}, {"*"}});
    std::string newest;
    for (std::size_t index = 0; index < kLoginCodesMax; ++index) {
        newest = desk.logins.offer(desk.now, {{Scope::read}, {"*"}});
    }
    EXPECT_EQ(desk.logins.code_count(), kLoginCodesMax);
    EXPECT_FALSE(desk.logins.redeem(desk.now, oldest));
    EXPECT_TRUE(desk.logins.redeem(desk.now, newest));
}

TEST(Logins, one_login_more_than_fit_is_refused_and_its_code_stays_good) {
    Desk desk;
    std::string id;
    for (std::size_t index = 0; index < kLoginsMax; ++index) {
        const auto login =
            desk.logins.redeem(desk.now, desk.logins.offer(desk.now, {{Scope::read}, {"*"}}));
        ASSERT_TRUE(login);
        id = login->entry.id;
    }
    const std::string code = desk.logins.offer(desk.now, {{Scope::read}, {"*"}});
    EXPECT_EQ(desk.logins.redeem(desk.now, code).error().code, Refusal::Code::over_limit);
    EXPECT_TRUE(desk.logins.end(id));
    EXPECT_TRUE(desk.logins.redeem(desk.now, code));
}

TEST(Logins, a_login_ends_by_time_and_is_named_then) {
    Desk desk;
    const auto login =
        desk.logins.redeem(desk.now, desk.logins.offer(desk.now, {{Scope::read}, {"*"}}));
    ASSERT_TRUE(login);
    EXPECT_TRUE(desk.logins.expire(desk.now + kLoginLife - 1ms).empty());
    EXPECT_NE(desk.logins.recognise(desk.now + kLoginLife - 1ms, login->token), nullptr);
    EXPECT_EQ(desk.logins.recognise(desk.now + kLoginLife, login->token), nullptr);
    EXPECT_EQ(desk.logins.expire(desk.now + kLoginLife), std::vector<std::string>{login->entry.id});
    EXPECT_EQ(desk.logins.login_count(), 0U);
}

TEST(Logins, over_http_a_link_of_the_root_opens_what_the_root_may_and_logs_out) {
    Bench bench;
    const auto offer = bench.ask("POST", "/v1/logins");
    ASSERT_EQ(offer->response->status, 201) << offer->response->body;
    const auto document = boost::json::parse(offer->response->body);
    const std::string code(document.at("code").as_string());
    EXPECT_EQ(document.at("path").as_string(), "/ui/#login=" + code);
    const auto redeemed =
        bench.ask_as("", "POST", "/v1/logins/redeem", R"({"code":")" + code + R"("})");
    ASSERT_EQ(redeemed->response->status, 200) << redeemed->response->body;
    const std::string token(boost::json::parse(redeemed->response->body).at("token").as_string());
    EXPECT_EQ(bench.ask_as(token, "GET", "/v1/tokens")->response->status, 200);
    EXPECT_EQ(bench.ask_as(token, "DELETE", "/v1/logins")->response->status, 204);
    EXPECT_EQ(bench.ask_as(token, "GET", "/v1/tokens")->response->status, 401);
}

TEST(Logins, over_http_a_link_gives_no_more_than_its_maker_has) {
    Bench bench;
    const std::string reader = bench.tokens.make({Scope::read}, {"a"});
    EXPECT_EQ(
        bench.ask_as(reader, "POST", "/v1/logins", R"({"scopes":["admin"]})")->response->status,
        403);
    EXPECT_EQ(bench.ask("POST", "/v1/logins", R"({"scopes":[]})")->response->status, 400);
    const auto offer = bench.ask_as(reader, "POST", "/v1/logins");
    const std::string code(boost::json::parse(offer->response->body).at("code").as_string());
    const auto redeemed =
        bench.ask_as("", "POST", "/v1/logins/redeem", R"({"code":")" + code + R"("})");
    const std::string token(boost::json::parse(redeemed->response->body).at("token").as_string());
    EXPECT_EQ(bench.ask_as(token, "GET", "/v1/overlays/a")->response->status, 200);
    EXPECT_EQ(bench.ask_as(token, "GET", "/v1/tokens")->response->status, 403);
}

TEST(Logins, over_http_the_end_of_a_token_ends_the_pages_that_it_let_in) {
    Bench bench;
    const std::string reader = bench.tokens.make({Scope::read});
    const auto offer = bench.ask_as(reader, "POST", "/v1/logins");
    const std::string code(boost::json::parse(offer->response->body).at("code").as_string());
    const auto redeemed =
        bench.ask_as("", "POST", "/v1/logins/redeem", R"({"code":")" + code + R"("})");
    const std::string token(boost::json::parse(redeemed->response->body).at("token").as_string());
    const std::string id = bench.tokens.book.recognise(reader)->id;
    EXPECT_EQ(bench.ask("DELETE", "/v1/tokens/" + id)->response->status, 204);
    EXPECT_EQ(bench.ask_as(token, "GET", "/v1/overlays")->response->status, 401);
}

TEST(Logins, over_http_a_page_of_another_site_cannot_redeem) {
    Bench bench;
    Request request = Bench::make("POST", "/v1/logins/redeem", R"({"code":"x"})");
    request.headers.emplace_back("origin", "http://evil.example");
    EXPECT_EQ(bench.send(std::move(request))->response->status, 403);
}

}  // namespace
}  // namespace grapevine::api::testing
