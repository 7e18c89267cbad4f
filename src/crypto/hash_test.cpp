#include "crypto/hash.hpp"

#include <gtest/gtest.h>

#include "crypto/secret.hpp"

namespace grapevine::crypto {
namespace {

std::string hkdf(std::string_view secret, std::string_view salt, std::string_view info,
                 std::size_t size) {
    Bytes out(size);
    hkdf_sha256(from_hex(secret).value(), from_hex(salt).value(), from_hex(info).value(), out);
    return to_hex(out);
}

TEST(Hash, sha256_is_that_of_fips_180) {
    EXPECT_EQ(to_hex(sha256(as_bytes("abc"))),
              "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
    EXPECT_EQ(to_hex(sha256({})),
              "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
}

// RFC 4231, test cases 2 and 6.
TEST(Hash, hmac_is_that_of_rfc_4231) {
    EXPECT_EQ(to_hex(hmac_sha256(as_bytes("Jefe"), as_bytes("what do ya want for nothing?"))),
              "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843");
    EXPECT_EQ(
        to_hex(hmac_sha256(Bytes(131, 0xaa),
                           as_bytes("Test Using Larger Than Block-Size Key - Hash Key First"))),
        "60e431591ee0b67f0d8a26aacbf5b77f8e0bc6213728c5140546040f0ee37f54");
}

// RFC 5869, appendix A, test cases 1 to 3: plain, longer than a block, without salt and info.
TEST(Hash, hkdf_is_that_of_rfc_5869) {
    EXPECT_EQ(
        hkdf("0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b", "000102030405060708090a0b0c",
             "f0f1f2f3f4f5f6f7f8f9", 42),
        "3cb25f25faacd57a90434f64d0362f2a2d2d0a90cf1a5a4c5db02d56ecc4c5bf34007208d5b887185865");
    std::string secret;
    std::string salt;
    std::string info;
    for (std::uint8_t index = 0; index < 80; ++index) {
        secret += to_hex(Bytes{index});
        salt += to_hex(Bytes{static_cast<std::uint8_t>(0x60 + index)});
        info += to_hex(Bytes{static_cast<std::uint8_t>(0xb0 + index)});
    }
    EXPECT_EQ(
        hkdf(secret, salt, info, 82),
        "b11e398dc80327a1c8e7f78c596a49344f012eda2d4efad8a050cc4c19afa97c59045a99cac7827271cb41c6"
        "5e590e09da3275600c2f09b8367793a9aca3db71cc30c58179ec3e87c14c01d5c1f3434f1d87");
    EXPECT_EQ(
        hkdf("0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b", "", "", 42),
        "8da4e775a563c18f715f802a063c5a31b8a11f5c5ee1879ec3454e5f3c738d2d9d201395faa4b61a96c8");
}

TEST(Hash, constant_time_equality_is_equality) {
    EXPECT_TRUE(constant_time_equal(as_bytes("same"), as_bytes("same")));
    EXPECT_FALSE(constant_time_equal(as_bytes("same"), as_bytes("some")));
    EXPECT_FALSE(constant_time_equal(as_bytes("same"), as_bytes("sam")));
    EXPECT_TRUE(constant_time_equal({}, {}));
}

TEST(Secret, is_wiped_when_it_ends) {
    alignas(Secret<32>) std::array<std::uint8_t, sizeof(Secret<32>)> storage{};
    auto* const secret = new (storage.data()) Secret<32>(Bytes(32, 0xee));
    EXPECT_EQ(storage[31], 0xee);
    secret->~Secret<32>();
    for (const std::uint8_t byte : storage) EXPECT_EQ(byte, 0);
}

}  // namespace
}  // namespace grapevine::crypto
