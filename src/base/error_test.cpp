#include "base/error.hpp"

#include <cerrno>
#include <gtest/gtest.h>
#include <string>

namespace grapevine {
namespace {

using Code = Error::Code;

Result<int> positive(int value) {
    if (value <= 0) return std::unexpected(Error{Code::malformed, "value", 7});
    return value;
}
Result<void> check(int value) {
    GV_TRY_VOID(positive(value));
    return {};
}
Result<int> sum(int left, int right) {
    GV_TRY_VOID(check(left));
    return GV_TRY(positive(left)) + GV_TRY(positive(GV_TRY(positive(right))));
}
Outcome<std::string> shout(std::string text) {
    const auto refuse = [](std::string given) -> Outcome<std::string> {
        if (given.empty()) return std::unexpected(Refusal{.message = "nothing to say"});
        return given;
    };
    return GV_TRY(refuse(std::move(text))) + "!";
}

TEST(Error, every_code_has_a_text_of_its_own) {
    EXPECT_EQ(to_string(Code::truncated), "truncated");
    EXPECT_EQ(to_string(Code::malformed), "malformed");
    EXPECT_EQ(to_string(Code::unsupported), "unsupported");
    EXPECT_EQ(to_string(Code::unauthenticated), "unauthenticated");
    EXPECT_EQ(to_string(Code::over_limit), "over limit");
    EXPECT_EQ(to_string(Code::system), "system");
}

TEST(Error, is_described_by_field_code_and_offset) {
    EXPECT_EQ(describe(Error{Code::truncated, "ping.sequence", 4}),
              "ping.sequence: truncated at byte 4");
}

TEST(Error, of_the_system_is_described_in_its_words) {
    EXPECT_EQ(describe(Error{Code::system, "bind", EADDRINUSE}), "bind: Address already in use");
}

TEST(Refusal, every_code_has_a_text_of_its_own) {
    EXPECT_EQ(to_string(Refusal::Code::invalid), "invalid");
    EXPECT_EQ(to_string(Refusal::Code::not_found), "not found");
    EXPECT_EQ(to_string(Refusal::Code::conflict), "conflict");
    EXPECT_EQ(to_string(Refusal::Code::forbidden), "forbidden");
    EXPECT_EQ(to_string(Refusal::Code::over_limit), "over limit");
    EXPECT_EQ(to_string(Refusal::Code::unavailable), "unavailable");
    EXPECT_EQ(to_string(Refusal::Code::busy), "busy");
    EXPECT_EQ(to_string(Refusal::Code::internal), "internal error");
}

TEST(Refusal, is_described_by_what_there_is_of_field_message_and_cure) {
    EXPECT_EQ(describe(Refusal{.message = "port in use"}), "port in use");
    EXPECT_EQ(describe(Refusal{.message = "port in use", .field = "bind"}), "bind: port in use");
    EXPECT_EQ(
        describe(Refusal{.message = "port in use", .cure = "choose another", .field = "bind"}),
        "bind: port in use; choose another");
}

TEST(Try, takes_the_value_or_returns_the_error) {
    EXPECT_EQ(sum(1, 2).value(), 3);
    EXPECT_EQ(sum(0, 2).error(), (Error{Code::malformed, "value", 7}));
    EXPECT_EQ(sum(1, 0).error(), (Error{Code::malformed, "value", 7}));
}

TEST(Try, works_for_refusals_and_moves_the_value) {
    EXPECT_EQ(shout("hello").value(), "hello!");
    EXPECT_EQ(shout("").error().message, "nothing to say");
}

}  // namespace
}  // namespace grapevine
