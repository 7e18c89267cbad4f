#include "daemon/invitation.hpp"

#include <algorithm>
#include <fmt/core.h>
#include <gtest/gtest.h>

#include "base/limits.hpp"

namespace grapevine::daemon {
namespace {

KeyText key(std::uint8_t id) {
    KeyText result;
    result.id = id;
    result.secret.fill(static_cast<std::uint8_t>(0x40 + id));
    return result;
}

Invitation small() {
    Invitation invitation;
    invitation.overlay = "demo";
    invitation.keys = {key(1)};
    invitation.seeds = {"192.0.2.7:9471"};
    return invitation;
}

std::string problem(std::string_view token) {
    const auto parsed = parse_invitation(token);
    return parsed ? "accepted" : parsed.error().message;
}

TEST(Invitation, comes_back_as_it_was) {
    EXPECT_EQ(parse_invitation(format_invitation(small())), small());
    Invitation other = small();
    other.cipher = "aes-256-gcm";
    other.profile = "wan";
    other.keys = {key(255), key(0)};
    other.seeds.clear();
    EXPECT_EQ(parse_invitation(format_invitation(other)), other);
}

TEST(Invitation, carries_operators) {
    Invitation invitation = small();
    const std::string one(43, 'A');
    invitation.operators = {one};
    EXPECT_EQ(parse_invitation(format_invitation(invitation)), invitation);
    invitation.detector = "swim";
    invitation.operators.assign(kOperatorsMax, one);
    EXPECT_EQ(parse_invitation(format_invitation(invitation)), invitation);
    EXPECT_EQ(to_spec(invitation).operators, invitation.operators);
}

// The bytes are a promise to the hosts of other versions: this text never changes.
TEST(Invitation, is_written_as_its_format_says) {
    EXPECT_EQ(
        format_invitation(small()),
        "gv1.AD0EZGVtbwABAQFBQUFBQUFBQUFBQUFBQUFBQUFBQUFBQUFBQUFBQUFBQQEOMTkyLjAuMi43Ojk0NzFKz"
        "Lm6");
}

TEST(Invitation, at_every_limit_comes_back) {
    Invitation invitation = small();
    invitation.overlay = std::string(kOverlayNameBytesMax, 'a');
    invitation.keys.clear();
    for (std::size_t id = 0; id < kKeysMax; ++id) {
        invitation.keys.push_back(key(static_cast<std::uint8_t>(id)));
    }
    invitation.seeds.clear();
    for (std::size_t index = 0; index < kSeedsMax; ++index) {
        invitation.seeds.push_back(std::string(256, 'h') + ":65535");
    }
    EXPECT_EQ(parse_invitation(format_invitation(invitation)), invitation);
}

TEST(Invitation, survives_line_breaks_and_blanks) {
    std::string token = format_invitation(small());
    token.insert(60, "\r\n   ");
    EXPECT_EQ(parse_invitation("  " + token + "\n"), small());
}

TEST(Invitation, cut_anywhere_is_told_to_be_cut) {
    const std::string token = format_invitation(small());
    for (std::size_t length = 8; length < token.size(); ++length) {
        EXPECT_EQ(problem(token.substr(0, length)),
                  fmt::format("the token is cut short: {} of its {} characters are there", length,
                              token.size()));
    }
    EXPECT_EQ(problem(token.substr(0, 6)), "the token is cut short: only 6 characters are there");
}

TEST(Invitation, with_something_behind_it_is_told_to_be_too_long) {
    EXPECT_EQ(problem(format_invitation(small()) + "abc"),
              "the token is too long: it has 3 characters after its end");
}

TEST(Invitation, with_any_changed_character_is_refused) {
    const std::string token = format_invitation(small());
    for (std::size_t index = 0; index < token.size(); ++index) {
        std::string changed = token;
        changed[index] = changed[index] == 'x' ? 'y' : 'x';
        EXPECT_NE(problem(changed), "accepted") << index;
    }
    std::string changed = token;
    changed[30] = changed[30] == 'x' ? 'y' : 'x';
    EXPECT_EQ(problem(changed),
              "the token is damaged: its checksum does not match, a character was changed");
    changed[30] = '!';
    EXPECT_EQ(problem(changed), "the token is damaged: character 31 does not belong in a token");
}

TEST(Invitation, other_things_are_told_apart) {
    EXPECT_EQ(problem(""), "the token is empty");
    EXPECT_EQ(problem("hello"), "this is not an invitation: it does not begin with 'gv1.'");
    EXPECT_EQ(problem("gv2.AAAA"), "the token was made by a newer Grapevine");
    EXPECT_EQ(problem(std::string(100'000, 'a')),
              "the token has 100000 characters, more than any token");
}

TEST(Invitation, a_refusal_never_repeats_the_token) {
    std::string token = format_invitation(small());
    token[30] = '!';
    const auto parsed = parse_invitation(token);
    ASSERT_FALSE(parsed);
    EXPECT_EQ(describe(parsed.error()).find(token.substr(10, 8)), std::string::npos);
}

TEST(Key, comes_back_as_it_was) {
    EXPECT_EQ(parse_key(format_key(key(7))), key(7));
}

TEST(Key, garbage_is_refused) {
    const std::string secret = format_key(key(1)).substr(2);
    for (const std::string& text :
         {std::string(), std::string(":"), "256:" + secret, "-1:" + secret, "0001:" + secret,
          "1:" + secret + "A", "1:" + secret.substr(1), "1:" + secret.substr(1) + "=",
          "x:" + secret, secret}) {
        EXPECT_FALSE(parse_key(text)) << text;
    }
}

TEST(Seed, must_be_a_host_and_a_port) {
    for (const std::string_view seed : {"a:1", "host-1.example:65535", "10.0.0.1:9471",
                                        "[::1]:9471", "[fe80::1%2]:9471", "my_host:1"}) {
        EXPECT_TRUE(check_seed(seed)) << seed;
    }
    for (const std::string_view seed : {"", ":", "a", "a:", ":1", "a:0", "a:65536", "a:1x", "::1:5",
                                        "[::1]", "[zz]:1", "10.0.0.256:1", "a b:1", "a/b:1"}) {
        EXPECT_FALSE(check_seed(seed)) << seed;
    }
    EXPECT_FALSE(check_seed(std::string(300, 'h') + ":1"));
}

TEST(Printable, shows_no_control_character) {
    EXPECT_EQ(printable("a\x1b[31m\xc3"), "a\\x1b[31m\\xc3");
    EXPECT_EQ(printable(std::string(100, 'a')).size(), 67U);
}

}  // namespace
}  // namespace grapevine::daemon
