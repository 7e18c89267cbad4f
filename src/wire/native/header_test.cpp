#include "wire/native/header.hpp"

#include <gtest/gtest.h>

#include "base/limits.hpp"
#include "base/random.hpp"
#include "wire/native/handshake.hpp"

namespace grapevine::wire::native {
namespace {

using Code = Error::Code;

DatagramHeader header() {
    return {1, DatagramKind::challenge, KeyId(3), MemberId(0x0102030405060708), Boot(9), 10};
}

/// A datagram with this header and an empty body.
Bytes datagram(const DatagramHeader& value, std::size_t size = kDatagramBytesMin) {
    const HeaderBytes bytes = encode_header(value);
    Bytes whole(bytes.begin(), bytes.end());
    whole.resize(size, 0);
    return whole;
}

std::string verdict(const Bytes& bytes) {
    const auto decoded = decode_header(bytes);
    if (decoded) return "accepted";
    return std::string(to_string(decoded.error().code)) + " " + std::string(decoded.error().field);
}

Bytes with(std::size_t index, std::uint8_t value) {
    Bytes bytes = datagram(header());
    bytes[index] = value;
    return bytes;
}

TEST(Header, survives_the_wire) {
    Random random(1);
    for (int round = 0; round < 1000; ++round) {
        const DatagramHeader value{1,
                                   static_cast<DatagramKind>(random.below(3)),
                                   KeyId(static_cast<std::uint8_t>(random.next())),
                                   MemberId(random.next() | 1),
                                   Boot(random.next()),
                                   random.next()};
        EXPECT_EQ(decode_header(datagram(value)).value(), value);
    }
}

TEST(Header, refuses_sizes_that_no_datagram_of_ours_has) {
    EXPECT_EQ(verdict({}), "truncated datagram.version");
    EXPECT_EQ(verdict(datagram(header(), kDatagramBytesMin - 1)), "truncated datagram");
    EXPECT_EQ(verdict(datagram(header(), kDatagramBytesMin)), "accepted");
    EXPECT_EQ(verdict(datagram(header(), kDatagramBytesMax)), "accepted");
    EXPECT_EQ(verdict(datagram(header(), kDatagramBytesMax + 1)), "over limit datagram");
}

TEST(Header, refuses_a_version_that_it_does_not_speak) {
    for (int version = kProtocolMax + 1; version < 256; ++version) {
        EXPECT_EQ(verdict(with(0, static_cast<std::uint8_t>(version))),
                  "unsupported datagram.version");
    }
}

TEST(Header, a_foreign_version_too_short_to_be_answered_is_only_truncated) {
    EXPECT_EQ(verdict(Bytes(kDatagramBytesMin - 1, 77)), "truncated datagram");
}

TEST(Header, refuses_unknown_kinds_flags_and_nobody) {
    EXPECT_EQ(verdict(with(1, 3)), "unsupported datagram.kind");
    EXPECT_EQ(verdict(with(3, 1)), "unsupported datagram.flags");
    DatagramHeader value = header();
    Bytes bytes = datagram(value);
    std::fill(bytes.begin() + 4, bytes.begin() + 12, std::uint8_t{0});
    EXPECT_EQ(verdict(bytes), "malformed datagram.sender");
}

TEST(Header, a_refusal_is_never_taken_for_a_version_to_be_refused) {
    const auto refusal = encode_refusal({});
    Bytes bytes(refusal.begin(), refusal.end());
    EXPECT_EQ(verdict(bytes), "malformed datagram.version");
    bytes.resize(kDatagramBytesMin);
    EXPECT_EQ(verdict(bytes), "malformed datagram.version");
}

TEST(Header, associated_data_binds_header_receiver_and_life) {
    const HeaderBytes bytes = encode_header(header());
    const AssociatedData data = associated_data(bytes, MemberId(0x1122334455667788), Boot(5));
    EXPECT_EQ(to_hex(data), to_hex(bytes) + "1122334455667788" + "0000000000000005");
    EXPECT_EQ(associated_data(ByteView(datagram(header())), MemberId(0x1122334455667788), Boot(5)),
              data);
    EXPECT_NE(associated_data(bytes, MemberId(0x1122334455667788), Boot(6)), data);
    EXPECT_NE(associated_data(bytes, MemberId(0x1122334455667789), Boot(5)), data);
}

TEST(Header, the_sealed_body_is_what_follows) {
    const Bytes bytes = datagram(header(), 60);
    EXPECT_EQ(sealed_body(bytes).size(), 32U);
    EXPECT_EQ(sealed_body(bytes).data(), bytes.data() + 28);
}

TEST(RefusalDatagram, survives_the_wire) {
    const Refusal refusal{Refusal::Reason::version, 2, 7};
    EXPECT_EQ(decode_refusal(encode_refusal(refusal)).value(), refusal);
}

TEST(RefusalDatagram, every_other_form_is_refused) {
    const auto bytes = encode_refusal({});
    for (std::size_t size = 0; size < bytes.size(); ++size) {
        EXPECT_FALSE(decode_refusal(ByteView(bytes).first(size))) << size;
    }
    const auto refuses = [&](std::size_t index, std::uint8_t value) {
        auto changed = bytes;
        changed[index] = value;
        return !decode_refusal(changed);
    };
    for (std::size_t index = 0; index < 4; ++index) EXPECT_TRUE(refuses(index, 0xff)) << index;
    EXPECT_TRUE(refuses(4, 0));
    EXPECT_TRUE(refuses(4, 2));
    EXPECT_TRUE(refuses(5, 0)) << "a range that begins at 0";
    EXPECT_TRUE(refuses(5, 9)) << "an empty range";
    EXPECT_TRUE(refuses(7, 1));
    Bytes longer(bytes.begin(), bytes.end());
    longer.push_back(0);
    EXPECT_FALSE(decode_refusal(longer));
}

TEST(Handshake, bodies_survive_the_wire) {
    const Hello hello{0x1234, 1, 3};
    EXPECT_EQ(decode_hello(encode_hello(hello)).value(), hello);
    const Challenge challenge{0x1234, {1, 2, 3}, 1, 3};
    EXPECT_EQ(decode_challenge(encode_challenge(challenge)).value(), challenge);
}

TEST(Handshake, a_challenge_is_smaller_than_the_hello_that_drew_it) {
    EXPECT_EQ(encode_hello({}).size() + kSealBytes, kHelloDatagramBytes);
    EXPECT_LT(encode_challenge({}).size(), encode_hello({}).size());
}

TEST(Handshake, every_truncation_and_every_rest_is_refused) {
    const Bytes hello = encode_hello({});
    const Bytes challenge = encode_challenge({});
    for (std::size_t size = 0; size < hello.size(); ++size) {
        EXPECT_FALSE(decode_hello(ByteView(hello).first(size))) << size;
    }
    for (std::size_t size = 0; size < challenge.size(); ++size) {
        EXPECT_FALSE(decode_challenge(ByteView(challenge).first(size))) << size;
    }
    Bytes longer = hello;
    longer.push_back(0);
    EXPECT_FALSE(decode_hello(longer));
    longer = challenge;
    longer.push_back(0);
    EXPECT_FALSE(decode_challenge(longer));
}

TEST(Handshake, a_hello_is_padded_with_zeros_and_says_a_range) {
    Bytes bytes = encode_hello({});
    bytes.back() = 1;
    EXPECT_EQ(decode_hello(bytes).error().field, "hello.padding");
    EXPECT_EQ(decode_hello(encode_hello({1, 0, 1})).error().field, "hello.protocol");
    EXPECT_EQ(decode_hello(encode_hello({1, 3, 2})).error().field, "hello.protocol");
    EXPECT_EQ(decode_challenge(encode_challenge({1, {}, 3, 2})).error().field,
              "challenge.protocol");
}

TEST(Handshake, a_data_body_begins_with_flags_and_perhaps_a_proof) {
    const Bytes plain = encode_data_prefix(std::nullopt);
    EXPECT_EQ(plain, Bytes{0});
    EXPECT_FALSE(decode_data_body(plain).value().proof);
    Bytes proven = encode_data_prefix(Proof{{9, 9}});
    EXPECT_EQ(proven.size(), kProofBytesMax);
    proven.push_back(0x80);
    const DataBody body = decode_data_body(proven).value();
    EXPECT_EQ(body.proof->cookie, (Cookie{9, 9}));
    EXPECT_EQ(to_hex(body.sections), "80");
    for (std::size_t size = 0; size < kProofBytesMax; ++size) {
        EXPECT_FALSE(decode_data_body(ByteView(proven).first(size))) << size;
    }
    EXPECT_EQ(decode_data_body(Bytes{2}).error(), (Error{Code::unsupported, "data.flags", 1}));
}

}  // namespace
}  // namespace grapevine::wire::native
