#include "wire/native/announcement.hpp"

#include <gtest/gtest.h>

#include "wire/native/codec.hpp"

namespace grapevine::wire::native {
namespace {

AnnouncementHead head() {
    AnnouncementHead head;
    head.key = KeyId(3);
    head.salt.fill(0x5a);
    return head;
}

Bytes datagram(std::size_t size = 100) {
    const AnnouncementHeadBytes bytes = encode_announcement_head(head());
    Bytes whole(bytes.begin(), bytes.end());
    whole.resize(size);
    return whole;
}

Error refused(ByteView bytes) {
    const auto decoded = decode_announcement_head(bytes);
    EXPECT_FALSE(decoded);
    return decoded ? Error{} : decoded.error();
}

Error refused_with(std::size_t index, std::uint8_t value) {
    Bytes bytes = datagram();
    bytes[index] = value;
    return refused(bytes);
}

TEST(Announcement, a_head_survives_its_bytes) {
    EXPECT_EQ(decode_announcement_head(datagram()).value(), head());
    EXPECT_EQ(sealed_announcement(datagram()).size(), 80U);
}

TEST(Announcement, its_size_has_limits) {
    EXPECT_TRUE(decode_announcement_head(datagram(kAnnouncementBytesMin)));
    EXPECT_EQ(refused(datagram(kAnnouncementBytesMin - 1)).code, Error::Code::truncated);
    EXPECT_TRUE(decode_announcement_head(datagram(kDatagramBytesMax)));
    EXPECT_EQ(refused(datagram(kDatagramBytesMax + 1)).code, Error::Code::over_limit);
    EXPECT_EQ(refused({}).code, Error::Code::truncated);
}

TEST(Announcement, another_version_kind_or_flag_is_refused) {
    EXPECT_EQ(refused_with(0, 0), (Error{Error::Code::malformed, "announcement.version", 1}));
    EXPECT_EQ(refused_with(0, 2), (Error{Error::Code::unsupported, "announcement.version", 1}));
    EXPECT_EQ(refused_with(1, 1), (Error{Error::Code::unsupported, "announcement.kind", 2}));
    EXPECT_EQ(refused_with(3, 1), (Error{Error::Code::unsupported, "announcement.flags", 4}));
}

// Sent to a member's own port it is a datagram of an unknown kind.
TEST(Announcement, it_cannot_pass_for_an_ordinary_datagram) {
    EXPECT_EQ(decode_header(datagram()).error().field, "datagram.kind");
}

TEST(Announcement, a_body_survives_its_bytes) {
    Signature signature{};
    signature.fill(9);
    const Bytes record(kEncodedRecordBytesMax, 1);
    const Bytes signed_part = encode_announcement_signed_part(77, record);
    const Bytes body = encode_announcement(signed_part, signature);
    const auto decoded = decode_announcement(body);
    ASSERT_TRUE(decoded);
    EXPECT_EQ(decoded->told_at_ms, 77U);
    EXPECT_EQ(to_hex(decoded->record), to_hex(record));
    EXPECT_EQ(to_hex(decoded->signed_part), to_hex(signed_part));
    EXPECT_EQ(decoded->signature, signature);
}

TEST(Announcement, every_cut_of_a_body_is_refused_and_a_rest_too) {
    Bytes body = encode_announcement(encode_announcement_signed_part(77, Bytes(30, 1)), {});
    for (std::size_t size = 0; size < body.size(); ++size) {
        EXPECT_FALSE(decode_announcement(ByteView(body).first(size))) << size;
    }
    body.push_back(0);
    EXPECT_EQ(decode_announcement(body).error().code, Error::Code::malformed);
}

TEST(Announcement, a_record_that_is_empty_or_too_long_is_refused) {
    Bytes body(1 + 8, 0);
    body[0] = kAnnouncementTag;
    body.push_back(0);
    body.resize(body.size() + 64);
    EXPECT_EQ(decode_announcement(body).error().code, Error::Code::malformed);
    body.resize(9);
    body.push_back(0x85);  // 901
    body.push_back(0x07);
    body.resize(body.size() + 901 + 64);
    EXPECT_EQ(decode_announcement(body).error().code, Error::Code::over_limit);
}

TEST(Announcement, what_is_signed_begins_as_no_record_does) {
    const Bytes signed_part = encode_announcement_signed_part(77, Bytes(30, 1));
    EXPECT_NE(signed_part.front(), kRecordTag);
    Bytes body = encode_announcement(signed_part, {});
    body.front() = kRecordTag;
    EXPECT_EQ(decode_announcement(body).error().code, Error::Code::unsupported);
}

}  // namespace
}  // namespace grapevine::wire::native
