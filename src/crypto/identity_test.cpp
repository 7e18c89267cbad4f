#include "crypto/identity.hpp"

#include <algorithm>
#include <gtest/gtest.h>

#include "base/random.hpp"
#include "crypto/hash.hpp"

namespace grapevine::crypto {
namespace {

template <std::size_t Size>
std::array<std::uint8_t, Size> array_from_hex(std::string_view text) {
    const Bytes bytes = from_hex(text).value();
    EXPECT_EQ(bytes.size(), Size);
    std::array<std::uint8_t, Size> array{};
    std::ranges::copy(bytes, array.begin());
    return array;
}

struct Vector {
    std::string_view seed;
    std::string_view public_key;
    std::string_view message;
    std::string_view signature;
};

// RFC 8032, section 7.1, tests 1 to 3.
constexpr Vector kVectors[] = {
    {"9d61b19deffd5a60ba844af492ec2cc44449c5697b326919703bac031cae7f60",
     "d75a980182b10ab7d54bfed3c964073a0ee172f3daa62325af021a68f707511a", "",
     "e5564300c360ac729086e2cc806e828a84877f1eb8e5d974d873e065224901555fb8821590a33bacc61e39701cf9b"
     "4"
     "6bd25bf5f0595bbe24655141438e7a100b"},
    {"4ccd089b28ff96da9db6c346ec114e0f5b8a319f35aba624da8cf6ed4fb8a6fb",
     "3d4017c3e843895a92b70aa74d1b7ebc9c982ccf2ec4968cc0cd55f12af4660c", "72",
     "92a009a9f0d4cab8720e820b5f642540a2b27b5416503f8fb3762223ebdb69da085ac1e43e15996e458f3613d0f11"
     "d"
     "8c387b2eaeb4302aeeb00d291612bb0c00"},
    {"c5aa8df43f9f837bedb7442f31dcb7b166d38535076f094b85ce3a2e0b4458f7",
     "fc51cd8e6218a1a38da47ed00230f0580816ed13ba3303ac5deb911548908025", "af82",
     "6291d657deec24024827e69c3abe01a30ce548a284743a445e3680d7db5ac3ac18ff9b538d16f290ae67f760984dc"
     "6"
     "594a7c15e9716ed28dc027beceea1ec40a"},
};

TEST(Identity, keys_and_signatures_are_those_of_rfc_8032) {
    for (const Vector& vector : kVectors) {
        const Identity identity = Identity::from_seed(array_from_hex<32>(vector.seed));
        const Bytes message = from_hex(vector.message).value();
        EXPECT_EQ(to_hex(identity.public_key()), vector.public_key);
        EXPECT_EQ(to_hex(identity.sign(message)), vector.signature);
        EXPECT_TRUE(verify(array_from_hex<32>(vector.public_key), message,
                           array_from_hex<64>(vector.signature)));
    }
}

TEST(Identity, any_changed_bit_of_message_or_signature_is_refused) {
    const Identity identity = Identity::from_seed(array_from_hex<32>(kVectors[2].seed));
    const Bytes message = from_hex(kVectors[2].message).value();
    const Signature signature = identity.sign(message);
    for (std::size_t bit = 0; bit < signature.size() * 8; ++bit) {
        Signature forged = signature;
        forged[bit / 8] = static_cast<std::uint8_t>(forged[bit / 8] ^ 1U << bit % 8);
        EXPECT_FALSE(verify(identity.public_key(), message, forged)) << bit;
    }
    for (std::size_t bit = 0; bit < message.size() * 8; ++bit) {
        Bytes forged = message;
        forged[bit / 8] = static_cast<std::uint8_t>(forged[bit / 8] ^ 1U << bit % 8);
        EXPECT_FALSE(verify(identity.public_key(), forged, signature)) << bit;
    }
}

TEST(Identity, a_signature_is_bound_to_its_key) {
    const Identity one = Identity::from_seed(array_from_hex<32>(kVectors[0].seed));
    const Identity other = Identity::from_seed(array_from_hex<32>(kVectors[1].seed));
    EXPECT_FALSE(verify(other.public_key(), as_bytes("hello"), one.sign(as_bytes("hello"))));
}

TEST(Identity, a_key_that_is_no_point_verifies_nothing) {
    Random random(1);
    for (int attempt = 0; attempt < 200; ++attempt) {
        PublicKey key{};
        Signature signature{};
        for (std::uint8_t& byte : key) byte = static_cast<std::uint8_t>(random.next());
        for (std::uint8_t& byte : signature) byte = static_cast<std::uint8_t>(random.next());
        EXPECT_FALSE(verify(key, as_bytes("hello"), signature));
    }
    EXPECT_FALSE(verify(PublicKey{}, {}, Signature{}));
}

TEST(Identity, the_member_is_the_head_of_the_hash_of_the_key) {
    const Identity identity = Identity::from_seed(array_from_hex<32>(kVectors[0].seed));
    const Digest digest = sha256(identity.public_key());
    const std::string head = to_hex(ByteView(digest).first(8));
    EXPECT_EQ(identity.member(), MemberId(std::stoull(head, nullptr, 16)));
    EXPECT_EQ(identity.member(), member_id_of(identity.public_key()));
    EXPECT_NE(identity.member(), kNobody);
}

TEST(Identity, the_seed_is_kept_for_the_store) {
    const auto seed = array_from_hex<32>(kVectors[0].seed);
    EXPECT_EQ(Identity::from_seed(seed).seed().bytes(), seed);
}

TEST(Identity, a_moved_identity_still_signs) {
    Identity one = Identity::from_seed(array_from_hex<32>(kVectors[0].seed));
    const Identity other = std::move(one);
    EXPECT_EQ(to_hex(other.sign({})), kVectors[0].signature);
}

}  // namespace
}  // namespace grapevine::crypto
