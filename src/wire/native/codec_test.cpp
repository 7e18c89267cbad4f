#include "wire/native/codec.hpp"

#include <gtest/gtest.h>

#include "wire/testing/samples.hpp"

namespace grapevine::wire::native {
namespace {

using testing::same;
using testing::sample_packet;
using testing::sample_record;
using testing::sample_section;

constexpr std::size_t kKinds = std::variant_size_v<Section>;

Bytes encode_one(const Section& section) {
    Bytes bytes;
    Writer writer(bytes);
    encode_section(writer, section);
    return bytes;
}

TEST(Codec, every_section_survives_the_wire_and_takes_the_size_it_said) {
    for (std::uint64_t seed = 0; seed < 300; ++seed) {
        Random random(seed);
        for (std::size_t kind = 0; kind < kKinds; ++kind) {
            const Section section = sample_section(random, kind);
            const Bytes bytes = encode_one(section);
            ASSERT_EQ(bytes.size(), encoded_size(section)) << "seed " << seed << " kind " << kind;
            const auto decoded = decode(bytes);
            ASSERT_TRUE(decoded) << describe(decoded.error()) << " seed " << seed << " kind "
                                 << kind;
            ASSERT_EQ(decoded->packet.size(), 1U);
            EXPECT_TRUE(same(decoded->packet[0], section)) << "seed " << seed << " kind " << kind;
        }
    }
}

TEST(Codec, a_packet_keeps_its_sections_in_order) {
    for (std::uint64_t seed = 0; seed < 500; ++seed) {
        Random random(seed);
        const Packet packet = sample_packet(random);
        const Bytes bytes = encode(packet);
        const auto decoded = decode(bytes);
        ASSERT_TRUE(decoded) << describe(decoded.error()) << " seed " << seed;
        ASSERT_EQ(decoded->packet.size(), packet.size());
        for (std::size_t index = 0; index < packet.size(); ++index) {
            EXPECT_TRUE(same(decoded->packet[index], packet[index])) << "seed " << seed;
        }
        EXPECT_EQ(encode(decoded->packet), bytes) << "seed " << seed;
    }
}

TEST(Codec, an_empty_packet_is_no_bytes) {
    EXPECT_TRUE(encode({}).empty());
    const auto decoded = decode(ByteView{});
    ASSERT_TRUE(decoded);
    EXPECT_TRUE(decoded->packet.empty());
}

TEST(Codec, a_cut_section_is_refused_at_every_length) {
    for (std::uint64_t seed = 0; seed < 20; ++seed) {
        Random random(seed);
        for (std::size_t kind = 0; kind < kKinds; ++kind) {
            const Bytes bytes = encode_one(sample_section(random, kind));
            for (std::size_t size = 1; size < bytes.size(); ++size) {
                EXPECT_FALSE(decode(ByteView(bytes).first(size)))
                    << "seed " << seed << " kind " << kind << " size " << size;
            }
        }
    }
}

TEST(Codec, whatever_is_accepted_encodes_to_the_same_bytes) {
    std::size_t accepted = 0;
    for (std::uint64_t seed = 0; seed < 40; ++seed) {
        Random random(seed);
        for (std::size_t kind = 0; kind < kKinds; ++kind) {
            const Bytes good = encode_one(sample_section(random, kind));
            for (std::size_t index = 0; index < good.size(); ++index) {
                Bytes bytes = good;
                bytes[index] = static_cast<std::uint8_t>(bytes[index] ^ (1U << random.below(8)));
                const auto decoded = decode(bytes);
                if (!decoded || decoded->skipped_count + decoded->padding_bytes > 0) continue;
                ++accepted;
                EXPECT_EQ(encode(decoded->packet), bytes) << "seed " << seed << " kind " << kind;
            }
        }
    }
    EXPECT_GT(accepted, 1000U) << "the mutations reach the accepting side";
}

TEST(Codec, a_record_survives_the_wire_and_splits_into_what_is_signed) {
    for (std::uint64_t seed = 0; seed < 500; ++seed) {
        Random random(seed);
        const MemberRecord record = sample_record(random);
        const Bytes bytes = encode_record(record);
        EXPECT_EQ(bytes.size(), encoded_size(record));
        const auto decoded = decode_record(bytes);
        ASSERT_TRUE(decoded) << describe(decoded.error()) << " seed " << seed;
        EXPECT_EQ(*decoded, record);
        const auto parts = split_record(bytes);
        ASSERT_TRUE(parts);
        EXPECT_EQ(to_hex(parts->signed_part), to_hex(encode_record_signed_part(record)));
        EXPECT_EQ(parts->signature, record.signature);
    }
}

TEST(Codec, what_a_later_release_adds_to_a_record_is_passed_on_unchanged) {
    Random random(1);
    MemberRecord record = sample_record(random);
    record.extensions = {0xde, 0xad, 0xbe, 0xef};
    const Bytes bytes = encode_record(record);
    EXPECT_EQ(encode_record(decode_record(bytes).value()), bytes);
}

TEST(Codec, a_record_is_made_by_the_intern_that_is_given) {
    struct One final : RecordIntern {
        SharedRecord record;
        Bytes seen;
        Result<SharedRecord> intern(ByteView encoded) override {
            seen.assign(encoded.begin(), encoded.end());
            return record;
        }
    };
    Random random(3);
    One one;
    one.record = std::make_shared<const MemberRecord>(sample_record(random));
    const auto decoded = decode(encode({RumorPush{1, {one.record}}}), one);
    ASSERT_TRUE(decoded);
    const auto& push = std::get<RumorPush>(decoded->packet.at(0));
    EXPECT_EQ(std::get<SharedRecord>(push.items.at(0)), one.record) << "the same object";
    EXPECT_EQ(one.seen, encode_record(*one.record));
}

TEST(Codec, a_record_that_the_intern_refuses_refuses_the_packet) {
    struct None final : RecordIntern {
        Result<SharedRecord> intern(ByteView) override {
            return std::unexpected(Error{Error::Code::unauthenticated, "record.signature", 5});
        }
    };
    Random random(3);
    None none;
    const Bytes bytes = encode(
        {Ack{}, RumorPush{1, {std::make_shared<const MemberRecord>(sample_record(random))}}});
    const auto decoded = decode(bytes, none);
    ASSERT_FALSE(decoded);
    EXPECT_EQ(decoded.error().code, Error::Code::unauthenticated);
    // ack 8, frame 3, number 4, item 1, length 2, and where the intern found fault.
    EXPECT_EQ(decoded.error().detail, 8U + 3 + 4 + 1 + 2 + 5);
}

TEST(Codec, a_body_carries_proof_sections_and_padding) {
    Random random(4);
    DecodingIntern records;
    const Packet packet = {Ack{ProbeSequence(7)}};
    for (const bool has_proof : {false, true}) {
        std::optional<Proof> proof;
        if (has_proof) proof = Proof{{1, 2, 3}};
        const Bytes body = encode_body(proof, packet, 100);
        EXPECT_EQ(body.size(), 100U);
        const auto decoded = decode_body(body, records);
        ASSERT_TRUE(decoded);
        EXPECT_EQ(decoded->proof, proof);
        ASSERT_EQ(decoded->sections.packet.size(), 1U);
        EXPECT_TRUE(same(decoded->sections.packet[0], packet[0]));
        EXPECT_EQ(decoded->sections.padding_bytes, 100 - (has_proof ? 17U : 1U) - 8);
    }
}

TEST(Codec, the_offset_of_an_error_counts_from_the_start_of_the_body) {
    DecodingIntern records;
    Bytes body = encode_body(Proof{}, {});
    body.insert(body.end(), {2, 3, 0, 0, 0});  // An ack of three bytes.
    const auto decoded = decode_body(body, records);
    ASSERT_FALSE(decoded);
    EXPECT_EQ(decoded.error(), (Error{Error::Code::truncated, "ack.sequence", 17 + 2}));
}

TEST(Codec, padding_reaches_every_size) {
    for (std::size_t start = 0; start < 3; ++start) {
        for (std::size_t size = 0; size <= 600; ++size) {
            Bytes bytes;
            for (std::size_t index = 0; index < start; ++index) {
                const Bytes ack = encode_one(Ack{});
                bytes.insert(bytes.end(), ack.begin(), ack.end());
            }
            const std::size_t before = bytes.size();
            pad_to(bytes, size);
            const std::size_t expected =
                size <= before ? before : (size == before + 1 ? before + 2 : size);
            ASSERT_EQ(bytes.size(), expected) << "from " << before << " to " << size;
            const auto decoded = decode(bytes);
            ASSERT_TRUE(decoded);
            EXPECT_EQ(decoded->padding_bytes, expected - before);
        }
    }
}

TEST(Codec, the_longest_record_is_within_its_limit) {
    MemberRecord record;
    record.member = MemberId(1);
    Endpoint endpoint;
    endpoint.ip.fill(9);
    endpoint.port = 9;
    endpoint.scope = 9;
    record.addresses.assign(kMemberAddressesMax, endpoint);
    record.name.assign(kMemberNameBytesMax, 'n');
    for (std::size_t index = 0; index < 3; ++index) {
        record.labels.push_back({std::string(1, static_cast<char>('a' + index)),
                                 std::string(kLabelValueBytesMax, 'v')});
    }
    record.labels.push_back(
        {"d",
         std::string(kLabelsBytesMax - 3 * (kLabelValueBytesMax + 1) - 1 - (kLabelsMax - 4), 'v')});
    for (std::size_t index = 4; index < kLabelsMax; ++index) {
        record.labels.push_back({std::string(1, static_cast<char>('a' + index)), ""});
    }
    record.extensions.assign(kRecordExtensionBytesMax, 1);
    ASSERT_TRUE(check(record));
    EXPECT_LE(encode_record(record).size(), kEncodedRecordBytesMax);
    EXPECT_GT(encode_record(record).size(), kEncodedRecordBytesMax - 40);
    EXPECT_LE(encoded_size(Section(RumorPush{1, {std::make_shared<const MemberRecord>(record)}})),
              kPacketBytesMax - kProofBytesMax);
}

}  // namespace
}  // namespace grapevine::wire::native
