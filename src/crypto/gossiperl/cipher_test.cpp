#include "crypto/gossiperl/cipher.hpp"

#include <gtest/gtest.h>

// The datagrams of the original and of its clients are opened in tests/golden/gossiperl_test.cpp.
namespace grapevine::crypto::gossiperl {
namespace {

constexpr Cipher::Iv kIv = {0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15};

TEST(OldCipher, the_iv_stands_in_front_in_clear) {
    const Cipher cipher("key");
    const Bytes datagram = cipher.seal(as_bytes("text"), kIv);
    EXPECT_EQ(datagram.size(), 32U);
    EXPECT_TRUE(std::equal(kIv.begin(), kIv.end(), datagram.begin()));
}

TEST(OldCipher, what_is_sealed_opens_with_1_to_16_bytes_of_padding_that_say_how_many_they_are) {
    const Cipher cipher("key");
    for (std::size_t size = 0; size <= 100; ++size) {
        const Bytes text(size, 0x5a);
        const Bytes datagram = cipher.seal(text, kIv);
        const auto opened = cipher.open(datagram);
        ASSERT_TRUE(opened);
        const std::size_t padding = 16 - size % 16;
        Bytes expected = text;
        expected.insert(expected.end(), padding, static_cast<std::uint8_t>(padding));
        EXPECT_EQ(*opened, expected);
    }
}

TEST(OldCipher, padding_is_not_looked_at) {
    const Cipher cipher("key");
    Bytes datagram = cipher.seal(Bytes(20, 'x'), kIv);
    datagram.back() ^= 1U;  // Garbles the last block, padding and all.
    const auto opened = cipher.open(datagram);
    ASSERT_TRUE(opened);
    EXPECT_EQ(opened->size(), 32U);
}

TEST(OldCipher, the_iv_of_the_original_that_is_its_own_cipher_text_needs_no_care) {
    // It encrypts its IV with itself, so that all its datagrams begin with the block of zeros under
    // the key; what follows is chained to that block like to any IV.
    const Cipher cipher("v3JElaRswYgxOt4b");
    const Bytes zeros = from_hex("408e8ffbda0d36a1b75ba7c24896d59b").value();
    Cipher::Iv iv{};
    std::copy(zeros.begin(), zeros.end(), iv.begin());
    const auto opened = cipher.open(cipher.seal(as_bytes("sixteen bytes ok"), iv));
    ASSERT_TRUE(opened);
    EXPECT_TRUE(as_text(*opened).starts_with("sixteen bytes ok"));
}

TEST(OldCipher, a_length_that_is_not_whole_blocks_is_refused) {
    const Cipher cipher("key");
    for (std::size_t size = 0; size <= 100; ++size) {
        EXPECT_EQ(cipher.open(Bytes(size, 1)).has_value(), size >= 32 && size % 16 == 0) << size;
    }
}

TEST(OldCipher, the_largest_datagram_opens) {
    const Cipher cipher("key");
    const Bytes text(65'507 / 16 * 16 - 32, 'x');
    const auto opened = cipher.open(cipher.seal(text, kIv));
    ASSERT_TRUE(opened);
    EXPECT_EQ(opened->size(), text.size() + 16);
}

TEST(OldCipher, one_datagram_leaves_nothing_behind_for_the_next) {
    const Cipher used("key");
    for (int count = 0; count < 3; ++count) {
        EXPECT_FALSE(used.open(Bytes(40, 1)));
        EXPECT_TRUE(used.open(used.seal(as_bytes("something else"), Cipher::Iv{})));
        EXPECT_EQ(used.seal(as_bytes("text"), kIv), Cipher("key").seal(as_bytes("text"), kIv));
    }
}

TEST(OldCipher, another_key_opens_garbage) {
    const auto opened = Cipher("other").open(Cipher("key").seal(Bytes(32, 'x'), kIv));
    ASSERT_TRUE(opened);
    EXPECT_NE(as_text(*opened).substr(0, 32), std::string(32, 'x'));
}

TEST(OldCipher, an_empty_key_is_a_key) {
    const Cipher cipher("");
    EXPECT_TRUE(cipher.open(cipher.seal({}, kIv)));
}

TEST(OldCipher, whoever_flips_a_bit_of_the_iv_flips_it_in_the_text) {
    // Not a wish: what this cipher is, so that nobody counts on more.
    const Cipher cipher("key");
    Bytes datagram = cipher.seal(as_bytes("digest"), kIv);
    datagram[0] ^= 'd' ^ 'D';
    EXPECT_TRUE(as_text(*cipher.open(datagram)).starts_with("Digest"));
}

}  // namespace
}  // namespace grapevine::crypto::gossiperl
