#include "api/token_book.hpp"

#include <algorithm>
#include <gtest/gtest.h>

#include "api/testing/bench.hpp"
#include "base/limits.hpp"

namespace grapevine::api::testing {
namespace {

TEST(TokenBook, a_token_is_gv_and_43_letters_and_is_recognised) {
    FakeTokens tokens;
    const std::string token = tokens.make({Scope::read});
    EXPECT_TRUE(token.starts_with("gv_"));
    EXPECT_EQ(token.size(), 46U);
    const TokenEntry* const entry = tokens.book.recognise(token);
    ASSERT_NE(entry, nullptr);
    EXPECT_EQ(entry->scopes, std::vector<Scope>{Scope::read});
}

TEST(TokenBook, nothing_else_is_recognised) {
    FakeTokens tokens;
    std::string token = tokens.make({Scope::read});
    EXPECT_EQ(tokens.book.recognise(""), nullptr);
    EXPECT_EQ(tokens.book.recognise(token + "A"), nullptr);
    EXPECT_EQ(tokens.book.recognise(token.substr(1)), nullptr);
    token.back() = token.back() == 'A' ? 'B' : 'A';
    EXPECT_EQ(tokens.book.recognise(token), nullptr);
}

TEST(TokenBook, what_is_saved_is_the_hash_and_not_the_token) {
    FakeTokens tokens;
    const std::string token = tokens.make({Scope::read});
    ASSERT_EQ(tokens.saved.size(), 1U);
    EXPECT_EQ(tokens.saved[0].hash, std::string(token.rbegin(), token.rend()));
    EXPECT_EQ(tokens.saved[0].id.size(), 16U);
    EXPECT_EQ(tokens.saved[0].id.find(token), std::string::npos);
}

TEST(TokenBook, a_book_made_of_what_was_saved_recognises_the_same_tokens) {
    FakeTokens tokens;
    const std::string first = tokens.make({Scope::read}, {"a", "b"});
    const std::string second = tokens.make({Scope::admin});
    auto saved = tokens.saved;
    std::ranges::reverse(saved);
    const TokenBook again(tokens.environment(), saved);
    EXPECT_EQ(again.entries(), tokens.book.entries());
    EXPECT_NE(again.recognise(first), nullptr);
    EXPECT_NE(again.recognise(second), nullptr);
}

TEST(TokenBook, when_the_disk_refuses_nothing_has_changed) {
    FakeTokens tokens;
    tokens.make({Scope::admin});
    const auto before = tokens.book.entries();
    tokens.disk_refusal = Refusal{Refusal::Code::unavailable, "the disk is full", "", ""};
    EXPECT_EQ(tokens.book.create("", {Scope::read}, {"*"}).error().message, "the disk is full");
    tokens.disk_refusal = std::nullopt;
    tokens.make({Scope::read});
    tokens.disk_refusal = Refusal{Refusal::Code::unavailable, "the disk is full", "", ""};
    EXPECT_FALSE(tokens.book.erase(tokens.book.entries().back().id));
    EXPECT_EQ(tokens.book.entries().size(), before.size() + 1);
}

TEST(TokenBook, an_erased_token_opens_nothing) {
    FakeTokens tokens;
    tokens.make({Scope::admin});
    const std::string token = tokens.make({Scope::read});
    ASSERT_TRUE(tokens.book.erase(tokens.book.recognise(token)->id));
    EXPECT_EQ(tokens.book.recognise(token), nullptr);
    EXPECT_EQ(tokens.saved.size(), 1U);
}

TEST(TokenBook, the_last_root_cannot_be_erased) {
    FakeTokens tokens;
    const std::string root = tokens.make({Scope::admin});
    tokens.make({Scope::admin}, {"a"});  // Not over all overlays.
    const std::string id = tokens.book.recognise(root)->id;
    EXPECT_EQ(tokens.book.erase(id).error().code, Refusal::Code::conflict);
    tokens.make({Scope::admin});
    EXPECT_TRUE(tokens.book.erase(id));
}

TEST(TokenBook, is_bounded) {
    FakeTokens tokens;
    for (std::size_t count = 0; count < kTokensMax; ++count) tokens.make({Scope::read});
    const auto refused = tokens.book.create("", {Scope::read}, {"*"});
    ASSERT_FALSE(refused);
    EXPECT_EQ(refused.error().code, Refusal::Code::over_limit);
}

TEST(TokenBook, entries_stay_in_order_when_the_clock_is_set_back) {
    FakeTokens tokens;
    tokens.make({Scope::admin});
    tokens.wall_ms = 5;
    tokens.make({Scope::read});
    EXPECT_EQ(tokens.book.entries()[1].created_at, tokens.book.entries()[0].created_at);
}

TEST(TokenBook, scopes_given_twice_count_once) {
    FakeTokens tokens;
    const auto created =
        tokens.book.create("", {Scope::publish, Scope::read, Scope::publish}, {"*"});
    ASSERT_TRUE(created);
    EXPECT_EQ(created->entry.scopes, (std::vector<Scope>{Scope::read, Scope::publish}));
}

TEST(Tokens, are_shown_once_and_never_listed) {
    Bench bench;
    const std::string body =
        bench.ask("POST", "/v1/tokens", R"({"scopes":["read"],"overlays":["a"]})")->response->body;
    const std::size_t start = body.find("gv_");
    ASSERT_NE(start, std::string::npos);
    const std::string token = body.substr(start, 46);
    EXPECT_EQ(bench.ask_as(token, "GET", "/v1/overlays/a")->response->status, 200);
    const std::string list = bench.ask("GET", "/v1/tokens")->response->body;
    EXPECT_EQ(list.find("gv_"), std::string::npos);
    EXPECT_EQ(list.find("hash"), std::string::npos);
}

}  // namespace
}  // namespace grapevine::api::testing
