#include <functional>
#include <gtest/gtest.h>

#include "wire/native/codec.hpp"
#include "wire/rules.hpp"

// What the decoder refuses in a record. `Raw` writes one field by field, from FORMAT.md and not
// with the encoder's code, so it is also a second reading of the specification.
namespace grapevine::wire::native {
namespace {

struct Raw {
    std::uint8_t tag = 1;
    std::uint64_t member = 7;
    std::uint8_t flags = 0;
    std::uint8_t protocol_min = 1;
    std::uint8_t protocol_max = 1;
    std::vector<Bytes> addresses = {{4, 10, 0, 0, 1, 0x24, 0xff}};
    std::string name = "alpha";
    std::vector<Label> labels = {{"dc", "fra"}, {"rack", "r1"}};
    std::size_t extension_bytes = 0;
    Bytes rest = {};

    [[nodiscard]] Bytes bytes() const {
        Bytes bytes;
        Writer writer(bytes);
        writer.integer(tag);
        writer.integer(member);
        writer.bytes(Bytes(32, 0xaa));
        writer.integer(std::uint32_t{3});
        writer.integer(std::uint64_t{4});
        writer.integer(flags);
        writer.integer(protocol_min);
        writer.integer(protocol_max);
        writer.integer(static_cast<std::uint8_t>(addresses.size()));
        for (const Bytes& address : addresses) writer.bytes(address);
        writer.sized_text(name);
        writer.integer(static_cast<std::uint8_t>(labels.size()));
        for (const Label& label : labels) {
            writer.sized_text(label.key);
            writer.sized_text(label.value);
        }
        writer.sized_bytes(Bytes(extension_bytes, 1));
        writer.bytes(Bytes(64, 0xbb));
        writer.bytes(rest);
        return bytes;
    }
};

std::string verdict(const Raw& raw) {
    const auto record = decode_record(raw.bytes());
    if (record) return "accepted";
    return std::string(to_string(record.error().code)) + " " + std::string(record.error().field);
}

Bytes v6(std::uint8_t family, std::uint8_t fill, const Bytes& rest) {
    Bytes bytes{family};
    bytes.insert(bytes.end(), 16, fill);
    bytes.insert(bytes.end(), rest.begin(), rest.end());
    return bytes;
}

TEST(Record, the_specification_and_the_encoder_agree) {
    MemberRecord record;
    record.member = MemberId(7);
    record.public_key.fill(0xaa);
    record.incarnation = Incarnation(3);
    record.boot = Boot(4);
    record.addresses = {Endpoint::v4(10, 0, 0, 1, 0x24ff)};
    record.name = "alpha";
    record.labels = {{"dc", "fra"}, {"rack", "r1"}};
    record.signature.fill(0xbb);
    EXPECT_EQ(encode_record(record), Raw{}.bytes());
}

TEST(Record, every_truncation_is_refused) {
    const Bytes bytes = Raw{}.bytes();
    for (std::size_t size = 0; size < bytes.size(); ++size) {
        EXPECT_FALSE(decode_record(ByteView(bytes).first(size))) << size;
    }
}

TEST(Record, fixed_fields_are_what_they_may_be) {
    EXPECT_EQ(verdict({}), "accepted");
    EXPECT_EQ(verdict({.tag = 2}), "unsupported record.tag");
    EXPECT_EQ(verdict({.member = 0}), "malformed record.member");
    EXPECT_EQ(verdict({.flags = 1}), "accepted");
    EXPECT_EQ(verdict({.flags = 2}), "malformed record.flags");
    EXPECT_EQ(verdict({.protocol_min = 0}), "malformed record.protocol");
    EXPECT_EQ(verdict({.protocol_min = 3, .protocol_max = 2}), "malformed record.protocol");
    EXPECT_EQ(verdict({.rest = {0}}), "malformed record");
}

TEST(Record, a_member_has_one_to_four_addresses) {
    const Bytes address = {4, 10, 0, 0, 1, 0x24, 0xff};
    EXPECT_EQ(verdict({.addresses = {}}), "malformed record.addresses");
    EXPECT_EQ(verdict({.addresses = std::vector<Bytes>(kMemberAddressesMax, address)}), "accepted");
    EXPECT_EQ(verdict({.addresses = std::vector<Bytes>(kMemberAddressesMax + 1, address)}),
              "over limit record.addresses");
}

TEST(Record, an_address_has_one_form_and_leads_somewhere) {
    EXPECT_EQ(verdict({.addresses = {v6(6, 9, {0, 1})}}), "accepted");
    EXPECT_EQ(verdict({.addresses = {v6(7, 9, {0, 0, 0, 2, 0, 1})}}), "accepted");
    EXPECT_EQ(verdict({.addresses = {v6(7, 9, {0, 0, 0, 0, 0, 1})}}), "malformed record.address");
    EXPECT_EQ(verdict({.addresses = {v6(6, 0, {0, 1})}}), "malformed record.address")
        << "the unspecified address";
    EXPECT_EQ(verdict({.addresses = {{4, 0, 0, 0, 0, 0, 1}}}), "malformed record.address");
    EXPECT_EQ(verdict({.addresses = {{4, 10, 0, 0, 1, 0, 0}}}), "malformed record.address")
        << "port 0";
    EXPECT_EQ(verdict({.addresses = {{5, 10, 0, 0, 1, 0, 1}}}), "unsupported record.address");
    const Bytes mapped = {6, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff, 10, 0, 0, 1, 0, 1};
    EXPECT_EQ(verdict({.addresses = {mapped}}), "malformed record.address")
        << "IPv4 in the clothes of IPv6";
}

TEST(Record, a_name_is_short_and_plain) {
    EXPECT_EQ(verdict({.name = ""}), "accepted");
    EXPECT_EQ(verdict({.name = std::string(kMemberNameBytesMax, 'n')}), "accepted");
    EXPECT_EQ(verdict({.name = std::string(kMemberNameBytesMax + 1, 'n')}),
              "over limit record.name");
    EXPECT_EQ(verdict({.name = "a\tb"}), "malformed record.name");
    EXPECT_EQ(verdict({.name = std::string("a\0b", 3)}), "malformed record.name");
    EXPECT_EQ(verdict({.name = "r\xc3\xa4tsel"}), "accepted") << "UTF-8";
}

TEST(Record, labels_are_sorted_unique_and_bounded) {
    EXPECT_EQ(verdict({.labels = {}}), "accepted");
    EXPECT_EQ(verdict({.labels = {{"b", ""}, {"a", ""}}}), "malformed record.labels");
    EXPECT_EQ(verdict({.labels = {{"a", "1"}, {"a", "2"}}}), "malformed record.labels");
    EXPECT_EQ(verdict({.labels = {{"", "1"}}}), "malformed record.label.key");
    EXPECT_EQ(verdict({.labels = {{"a\n", "1"}}}), "malformed record.label.key");
    EXPECT_EQ(verdict({.labels = {{"a", "\x1b[2J"}}}), "malformed record.label.value");
    EXPECT_EQ(verdict({.labels = {{std::string(kLabelKeyBytesMax + 1, 'k'), ""}}}),
              "over limit record.label.key");
    EXPECT_EQ(verdict({.labels = {{"k", std::string(kLabelValueBytesMax + 1, 'v')}}}),
              "over limit record.label.value");
    std::vector<Label> many;
    for (std::size_t index = 0; index < kLabelsMax; ++index) {
        many.push_back({std::string(1, static_cast<char>('a' + index)), ""});
    }
    EXPECT_EQ(verdict({.labels = many}), "accepted");
    many.push_back({"z", ""});
    EXPECT_EQ(verdict({.labels = many}), "over limit record.labels");
}

TEST(Record, labels_together_have_a_limit) {
    std::vector<Label> labels;
    for (const char key : {'a', 'b', 'c', 'd'}) {
        labels.push_back({std::string(1, key), std::string(kLabelsBytesMax / 4 - 1, 'v')});
    }
    EXPECT_EQ(verdict({.labels = labels}), "accepted");
    labels.back().value += 'v';
    EXPECT_EQ(verdict({.labels = labels}), "over limit record.labels");
}

TEST(Record, extensions_have_a_limit) {
    EXPECT_EQ(verdict({.extension_bytes = kRecordExtensionBytesMax}), "accepted");
    EXPECT_EQ(verdict({.extension_bytes = kRecordExtensionBytesMax + 1}),
              "over limit record.extensions");
}

TEST(Record, nothing_longer_than_the_limit_is_looked_at) {
    const auto record = decode_record(Bytes(kEncodedRecordBytesMax + 1, 1));
    ASSERT_FALSE(record);
    EXPECT_EQ(record.error().code, Error::Code::over_limit);
}

TEST(Record, a_blob_shorter_than_a_signature_does_not_split) {
    EXPECT_TRUE(split_record(Bytes(64)));
    EXPECT_FALSE(split_record(Bytes(63)));
}

}  // namespace
}  // namespace grapevine::wire::native
