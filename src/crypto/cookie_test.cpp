#include "crypto/cookie.hpp"

#include <gtest/gtest.h>

namespace grapevine::crypto {
namespace {

using namespace std::chrono_literals;

constexpr MemberId kMember(1);
constexpr Boot kBoot(2);

const Endpoint kHere = Endpoint::v4(192, 0, 2, 1, 9471);

CookieJar jar(std::uint8_t fill = 1) {
    return {Secret<32>(Bytes(32, fill)), 10s};
}

Instant at(Duration since_start) {
    return Instant(since_start);
}

TEST(Cookie, is_good_for_one_lifetime_at_least_and_two_at_most) {
    const Cookie early = jar().make(at(10s), kMember, kBoot, kHere);
    EXPECT_TRUE(jar().check(at(10s), kMember, kBoot, kHere, early));
    EXPECT_TRUE(jar().check(at(30s - 1ns), kMember, kBoot, kHere, early));
    EXPECT_FALSE(jar().check(at(30s), kMember, kBoot, kHere, early));
    const Cookie late = jar().make(at(20s - 1ns), kMember, kBoot, kHere);
    EXPECT_TRUE(jar().check(at(30s - 1ns), kMember, kBoot, kHere, late));
    EXPECT_FALSE(jar().check(at(30s), kMember, kBoot, kHere, late));
}

TEST(Cookie, is_no_good_before_it_was_made) {
    const Cookie cookie = jar().make(at(10s), kMember, kBoot, kHere);
    EXPECT_FALSE(jar().check(at(9s), kMember, kBoot, kHere, cookie));
}

TEST(Cookie, belongs_to_one_address_and_port) {
    const Cookie cookie = jar().make(at(0s), kMember, kBoot, kHere);
    EXPECT_FALSE(jar().check(at(0s), kMember, kBoot, Endpoint::v4(192, 0, 2, 2, 9471), cookie));
    EXPECT_FALSE(jar().check(at(0s), kMember, kBoot, Endpoint::v4(192, 0, 2, 1, 9472), cookie));
    Endpoint scoped = kHere;
    scoped.scope = 1;
    EXPECT_FALSE(jar().check(at(0s), kMember, kBoot, scoped, cookie));
}

TEST(Cookie, belongs_to_one_life_of_one_member) {
    const Cookie cookie = jar().make(at(0s), kMember, kBoot, kHere);
    EXPECT_FALSE(jar().check(at(0s), MemberId(9), kBoot, kHere, cookie));
    EXPECT_FALSE(jar().check(at(0s), kMember, Boot(9), kHere, cookie));
}

TEST(Cookie, of_another_secret_is_refused) {
    const Cookie cookie = jar(1).make(at(0s), kMember, kBoot, kHere);
    EXPECT_FALSE(jar(2).check(at(0s), kMember, kBoot, kHere, cookie));
}

TEST(Cookie, with_any_changed_bit_is_refused) {
    const Cookie cookie = jar().make(at(0s), kMember, kBoot, kHere);
    for (std::size_t bit = 0; bit < cookie.size() * 8; ++bit) {
        Cookie forged = cookie;
        forged[bit / 8] = static_cast<std::uint8_t>(forged[bit / 8] ^ 1U << bit % 8);
        EXPECT_FALSE(jar().check(at(0s), kMember, kBoot, kHere, forged)) << bit;
    }
    EXPECT_FALSE(jar().check(at(0s), kMember, kBoot, kHere, Cookie{}));
}

}  // namespace
}  // namespace grapevine::crypto
