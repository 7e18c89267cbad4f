#include "crypto/key_ring.hpp"

#include <gtest/gtest.h>

#include "base/limits.hpp"
#include "crypto/hash.hpp"

namespace grapevine::crypto {
namespace {

OverlayKey key(std::uint8_t id, std::uint8_t fill) {
    return {KeyId(id), Secret<32>(Bytes(32, fill))};
}

KeyRing ring(std::string name = "blue", Cipher cipher = Cipher::chacha20_poly1305) {
    return KeyRing::make(std::move(name), {key(1, 0x11), key(2, 0x22)}, cipher).value();
}

SubKey derive(const KeyRing& keys, std::uint8_t id = 1, std::uint64_t sender = 5,
              std::uint64_t boot = 6) {
    return keys.derive(KeyId(id), MemberId(sender), Boot(boot)).value();
}

TEST(KeyRing, a_subkey_is_what_the_header_says) {
    Bytes info = {'g', 'r', 'a', 'p', 'e', 'v', 'i', 'n', 'e', ' ', 'v', '1', 0, 4,
                  'b', 'l', 'u', 'e', 1,   0,   0,   0,   0,   0,   0,   0,   5};
    Bytes expected(32);
    hkdf_sha256(Bytes(32, 0x11), Bytes{0, 0, 0, 0, 0, 0, 0, 6}, info, expected);
    EXPECT_EQ(to_hex(derive(ring()).secret.view()), to_hex(expected));
}

// Anybody who changes the derivation splits every overlay into old and new members.
TEST(KeyRing, a_subkey_never_changes_between_releases) {
    EXPECT_EQ(to_hex(derive(ring()).secret.view()),
              "c1667ba414cddd9aa93a88eceb935648b3fe8a0d56bd9256029f90fc0945817a");
    EXPECT_EQ(to_hex(derive(ring("blue", Cipher::aes_256_gcm)).secret.view()),
              "1ec214583b2475d3a0c7ed50f8eab3d70733d861d7bc9962364b7ac426ff5cd0");
}

TEST(KeyRing, everything_that_names_a_life_changes_the_subkey) {
    const SubKey subkey = derive(ring());
    EXPECT_EQ(subkey, derive(ring()));
    EXPECT_NE(subkey, derive(ring("blues")));
    EXPECT_NE(subkey, derive(ring("blue", Cipher::aes_256_gcm)));
    EXPECT_NE(subkey, derive(ring(), 2));
    EXPECT_NE(subkey, derive(ring(), 1, 7));
    EXPECT_NE(subkey, derive(ring(), 1, 5, 7));
}

TEST(KeyRing, the_same_secret_under_another_id_is_another_key) {
    const auto one = KeyRing::make("blue", {key(1, 0x11)}).value();
    const auto other = KeyRing::make("blue", {key(3, 0x11)}).value();
    EXPECT_NE(derive(one, 1), derive(other, 3));
}

TEST(KeyRing, an_id_that_it_does_not_hold_derives_nothing) {
    EXPECT_FALSE(ring().derive(KeyId(3), MemberId(5), Boot(6)));
}

TEST(KeyRing, the_first_key_sends) {
    EXPECT_EQ(ring().sending(), KeyId(1));
}

TEST(KeyRing, refuses_what_cannot_work_and_says_why) {
    EXPECT_EQ(KeyRing::make("", {key(1, 1)}).error().field, "name");
    EXPECT_EQ(KeyRing::make("a\nb", {key(1, 1)}).error().field, "name");
    EXPECT_TRUE(KeyRing::make(std::string(kOverlayNameBytesMax, 'n'), {key(1, 1)}));
    EXPECT_EQ(KeyRing::make(std::string(kOverlayNameBytesMax + 1, 'n'), {key(1, 1)}).error().code,
              Refusal::Code::over_limit);
    EXPECT_EQ(KeyRing::make("blue", {}).error().field, "keys");
    EXPECT_EQ(KeyRing::make("blue", {key(1, 1), key(1, 2)}).error().message,
              "key id 1 is given twice");
    std::vector<OverlayKey> keys;
    for (std::uint8_t id = 0; id < kKeysMax; ++id) keys.push_back(key(id, id));
    EXPECT_TRUE(KeyRing::make("blue", keys));
    keys.push_back(key(kKeysMax, 9));
    EXPECT_EQ(KeyRing::make("blue", keys).error().code, Refusal::Code::over_limit);
}

std::array<std::uint8_t, kAnnouncementSaltBytes> salt(std::uint8_t fill) {
    std::array<std::uint8_t, kAnnouncementSaltBytes> bytes{};
    bytes.fill(fill);
    return bytes;
}

TEST(KeyRing, the_key_of_an_announcement_is_what_the_header_says_and_never_changes) {
    Bytes info = {'g', 'r', 'a', 'p', 'e', 'v', 'i', 'n', 'e', ' ', 'v', '1', ' ', 'a', 'n', 'n',
                  'o', 'u', 'n', 'c', 'e', 'm', 'e', 'n', 't', 0,   4,   'b', 'l', 'u', 'e', 1};
    Bytes expected(32);
    hkdf_sha256(Bytes(32, 0x11), Bytes(16, 0x77), info, expected);
    const auto subkey = ring().derive_announcement(KeyId(1), salt(0x77)).value();
    EXPECT_EQ(to_hex(subkey.secret.view()), to_hex(expected));
    EXPECT_EQ(to_hex(expected), "780ba8cc1a7afff5e88e7d9298bc3233c332b25e6767cfcc58fbe46c9924f595");
}

TEST(KeyRing, everything_about_an_announcement_changes_its_key) {
    const auto subkey = ring().derive_announcement(KeyId(1), salt(1)).value();
    EXPECT_EQ(subkey, ring().derive_announcement(KeyId(1), salt(1)).value());
    EXPECT_NE(subkey, ring().derive_announcement(KeyId(1), salt(2)).value());
    EXPECT_NE(subkey, ring().derive_announcement(KeyId(2), salt(1)).value());
    EXPECT_NE(subkey, ring("blues").derive_announcement(KeyId(1), salt(1)).value());
    const auto other = ring("blue", Cipher::aes_256_gcm);
    EXPECT_NE(subkey, other.derive_announcement(KeyId(1), salt(1)).value());
    EXPECT_FALSE(ring().derive_announcement(KeyId(9), salt(1)));
}

TEST(KeyRing, an_open_key_follows_from_the_name_alone_and_never_changes) {
    EXPECT_EQ(open_key("lan"), open_key("lan"));
    EXPECT_NE(open_key("lan"), open_key("lan2"));
    EXPECT_EQ(open_key("lan").id, KeyId(0));
    EXPECT_EQ(to_text(open_key("lan").secret), "H7ejzIQSbL13gvtnSC4kvDKyvzuqk1akhTxegHQRbdE");
}

TEST(KeyRing, a_key_survives_its_text_form) {
    const Secret<32> secret(Bytes(32, 0xfb));
    EXPECT_EQ(to_text(secret).size(), 43U);
    EXPECT_EQ(parse_secret(to_text(secret)).value(), secret);
}

TEST(KeyRing, a_text_that_is_no_key_is_refused) {
    const std::string text = to_text(Secret<32>(Bytes(32, 0xfb)));
    EXPECT_EQ(parse_secret("").error().code, Error::Code::truncated);
    EXPECT_FALSE(parse_secret(text.substr(1)));
    EXPECT_FALSE(parse_secret(text + "A"));
    EXPECT_FALSE(parse_secret(text + "="));
    EXPECT_FALSE(parse_secret(" " + text));
    EXPECT_FALSE(parse_secret(to_base64url(Bytes(33, 1))));
    EXPECT_EQ(parse_secret(to_base64url(Bytes(31, 1))).error().field, "key");
}

TEST(KeyRing, ciphers_have_names) {
    for (const Cipher cipher : {Cipher::chacha20_poly1305, Cipher::aes_256_gcm}) {
        EXPECT_EQ(parse_cipher(to_string(cipher)).value(), cipher);
    }
    EXPECT_EQ(parse_cipher("rot13").error().code, Error::Code::unsupported);
}

TEST(KeyRing, a_generated_key_is_the_random_bytes_it_was_given) {
    std::array<std::uint8_t, 32> random{};
    random.fill(0x5a);
    EXPECT_EQ(generate_key(KeyId(4), random), key(4, 0x5a));
}

}  // namespace
}  // namespace grapevine::crypto
