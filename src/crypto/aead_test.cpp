#include "crypto/aead.hpp"

#include <gtest/gtest.h>

#include "base/random.hpp"

namespace grapevine::crypto {
namespace {

SubKey subkey(Cipher cipher, std::uint8_t fill) {
    return {cipher, Secret<32>(Bytes(32, fill))};
}

constexpr Cipher kCiphers[] = {Cipher::chacha20_poly1305, Cipher::aes_256_gcm};

// RFC 8439, appendix A.5: its nonce is four zero bytes and the counter 0x0102030405060708.
TEST(Aead, opens_the_message_of_rfc_8439) {
    const SubKey key{Cipher::chacha20_poly1305,
                     Secret<32>(from_hex("1c9240a5eb55d38af333888604f6b5f0"
                                         "473917c1402b80099dca5cbc207075c0")
                                    .value())};
    const Bytes sealed = from_hex(
                             "64a0861575861af460f062c79be643bd5e805cfd345cf389f108670ac76c8cb2"
                             "4c6cfc18755d43eea09ee94e382d26b0bdb7b73c321b0100d4f03b7f355894cf"
                             "332f830e710b97ce98c8a84abd0b948114ad176e008d33bd60f982b1ff37c855"
                             "9797a06ef4f0ef61c186324e2b3506383606907b6a7c02b0f9f6157b53c867e4"
                             "b9166c767b804d46a59b5216cde7a4e99040c5a40433225ee282a1b0a06c523e"
                             "af4534d7f83fa1155b0047718cbc546a0d072b04b3564eea1b422273f548271a"
                             "0bb2316053fa76991955ebd63159434ecebb4e466dae5a1073a6727627097a10"
                             "49e617d91d361094fa68f0ff77987130305beaba2eda04df997b714d6c6f2c29"
                             "a6ad5cb4022b02709beead9d67890cbb22392336fea1851f38")
                             .value();
    const Bytes associated = from_hex("f33388860000000000004e91").value();
    constexpr std::uint64_t kCounter = 0x0102030405060708;
    Aead aead;
    Bytes plain;
    ASSERT_TRUE(aead.open(key, kCounter, associated, sealed, plain));
    EXPECT_TRUE(as_text(plain).starts_with("Internet-Drafts are draft documents valid for"));
    Bytes again;
    aead.seal(key, kCounter, associated, plain, again);
    EXPECT_EQ(to_hex(again), to_hex(sealed));
}

// The GCM specification of McGrew and Viega, test case 14: key, nonce and one block of zeros.
TEST(Aead, aes_seals_the_message_of_the_gcm_specification) {
    Aead aead;
    Bytes sealed;
    aead.seal(subkey(Cipher::aes_256_gcm, 0), 0, {}, Bytes(16, 0), sealed);
    EXPECT_EQ(to_hex(sealed), "cea7403d4d606b6e074ec5d3baf39d18d0d1c8a799996bf0265b98b5d48ab919");
}

TEST(Aead, what_is_sealed_opens_at_every_size) {
    for (const Cipher cipher : kCiphers) {
        Aead aead;
        Random random(1);
        for (std::size_t size = 0; size < 1200; size += 1 + size / 7) {
            Bytes plain(size);
            for (std::uint8_t& byte : plain) byte = static_cast<std::uint8_t>(random.next());
            Bytes out = {1, 2, 3};
            aead.seal(subkey(cipher, 7), size, as_bytes("header"), plain, out);
            EXPECT_EQ(out.size(), 3 + size + kTagBytes);
            Bytes opened = {9};
            ASSERT_TRUE(aead.open(subkey(cipher, 7), size, as_bytes("header"),
                                  ByteView(out).subspan(3), opened));
            EXPECT_EQ(Bytes(opened.begin() + 1, opened.end()), plain);
            EXPECT_EQ(opened[0], 9);
        }
    }
}

TEST(Aead, any_changed_bit_refuses_and_leaves_the_output_alone) {
    for (const Cipher cipher : kCiphers) {
        Aead aead;
        const SubKey key = subkey(cipher, 7);
        const Bytes associated(44, 0x33);
        Bytes sealed;
        aead.seal(key, 5, associated, as_bytes("the news of the day"), sealed);
        const auto refuses = [&](const SubKey& with, std::uint64_t counter, const Bytes& header,
                                 const Bytes& bytes) {
            Bytes out = {1, 2};
            const auto result = aead.open(with, counter, header, bytes, out);
            return !result && result.error().code == Error::Code::unauthenticated &&
                   out == Bytes{1, 2};
        };
        const auto flipped = [](Bytes bytes, std::size_t bit) {
            bytes[bit / 8] = static_cast<std::uint8_t>(bytes[bit / 8] ^ 1U << bit % 8);
            return bytes;
        };
        for (std::size_t bit = 0; bit < sealed.size() * 8; ++bit) {
            EXPECT_TRUE(refuses(key, 5, associated, flipped(sealed, bit))) << bit;
        }
        for (std::size_t bit = 0; bit < associated.size() * 8; ++bit) {
            EXPECT_TRUE(refuses(key, 5, flipped(associated, bit), sealed)) << bit;
        }
        for (std::size_t bit = 0; bit < 256; ++bit) {
            const SubKey other{cipher, Secret<32>(flipped(Bytes(32, 7), bit))};
            EXPECT_TRUE(refuses(other, 5, associated, sealed)) << bit;
        }
        for (std::size_t bit = 0; bit < 64; ++bit) {
            EXPECT_TRUE(refuses(key, 5 ^ std::uint64_t{1} << bit, associated, sealed)) << bit;
        }
        EXPECT_FALSE(refuses(key, 5, associated, sealed)) << "the original still opens";
    }
}

TEST(Aead, every_truncation_refuses) {
    Aead aead;
    const SubKey key = subkey(Cipher::chacha20_poly1305, 7);
    Bytes sealed;
    aead.seal(key, 5, {}, as_bytes("news"), sealed);
    for (std::size_t size = 0; size < sealed.size(); ++size) {
        Bytes out;
        const auto result = aead.open(key, 5, {}, ByteView(sealed).first(size), out);
        ASSERT_FALSE(result) << size;
        EXPECT_EQ(result.error().code,
                  size < kTagBytes ? Error::Code::truncated : Error::Code::unauthenticated);
    }
}

TEST(Aead, a_subkey_of_another_overlay_name_does_not_open) {
    const OverlayKey key{KeyId(1), Secret<32>(Bytes(32, 9))};
    const KeyRing blue = KeyRing::make("blue", {key}).value();
    const KeyRing green = KeyRing::make("green", {key}).value();
    Aead aead;
    Bytes sealed;
    aead.seal(blue.derive(KeyId(1), MemberId(1), Boot(1)).value(), 0, {}, as_bytes("x"), sealed);
    Bytes out;
    EXPECT_FALSE(
        aead.open(green.derive(KeyId(1), MemberId(1), Boot(1)).value(), 0, {}, sealed, out));
    EXPECT_TRUE(aead.open(blue.derive(KeyId(1), MemberId(1), Boot(1)).value(), 0, {}, sealed, out));
}

TEST(Aead, a_change_of_keys_and_ciphers_between_calls_changes_no_byte) {
    Random random(2);
    Aead reused;
    for (int round = 0; round < 500; ++round) {
        const SubKey key =
            subkey(kCiphers[random.below(2)], static_cast<std::uint8_t>(random.below(3)));
        const std::uint64_t counter = random.next();
        const Bytes plain(random.below(50), 4);
        Bytes one;
        Bytes two;
        reused.seal(key, counter, as_bytes("h"), plain, one);
        Aead().seal(key, counter, as_bytes("h"), plain, two);
        ASSERT_EQ(one, two);
        Bytes out;
        if (random.chance(0.3)) {
            EXPECT_FALSE(reused.open(key, counter + 1, {}, one, out));
        }
        EXPECT_TRUE(reused.open(key, counter, as_bytes("h"), one, out));
        EXPECT_EQ(out, plain);
    }
}

TEST(Counter, counts_and_never_wraps) {
    Counter counter;
    EXPECT_EQ(counter.take(), 0U);
    EXPECT_EQ(counter.take(), 1U);
    EXPECT_EQ(counter.peek(), 2U);
    Counter last(UINT64_MAX);
    EXPECT_DEATH(static_cast<void>(last.take()), "next_ != ");
}

}  // namespace
}  // namespace grapevine::crypto
