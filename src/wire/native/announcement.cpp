#include "wire/native/announcement.hpp"

#include <algorithm>
#include <cassert>

#include "base/reader.hpp"

namespace grapevine::wire::native {
namespace {

static_assert(kAnnouncementHeadBytes + kTagBytes == kAnnouncementBytesMin);
static_assert(kAnnouncementHeadBytes + 1 + 8 + varint_size(kEncodedRecordBytesMax) +
                      kEncodedRecordBytesMax + sizeof(Signature) + kTagBytes <=
                  kDatagramBytesMax,
              "the longest record can be announced");

}  // namespace

AnnouncementHeadBytes encode_announcement_head(const AnnouncementHead& head) {
    AnnouncementHeadBytes bytes{head.version, kAnnouncementKind, head.key.value(), 0};
    std::ranges::copy(head.salt, bytes.begin() + 4);
    return bytes;
}

Result<AnnouncementHead> decode_announcement_head(ByteView datagram) {
    using Code = Error::Code;
    Reader reader(datagram);
    if (datagram.size() < kAnnouncementBytesMin) {
        return reader.refuse<AnnouncementHead>(Code::truncated, "announcement");
    }
    if (datagram.size() > kDatagramBytesMax) {
        return reader.refuse<AnnouncementHead>(Code::over_limit, "announcement");
    }
    AnnouncementHead head;
    head.version = GV_TRY(reader.integer<std::uint8_t>("announcement.version"));
    if (head.version == 0) {
        return reader.refuse<AnnouncementHead>(Code::malformed, "announcement.version");
    }
    if (head.version < kProtocolMin || head.version > kProtocolMax) {
        return reader.refuse<AnnouncementHead>(Code::unsupported, "announcement.version");
    }
    if (GV_TRY(reader.integer<std::uint8_t>("announcement.kind")) != kAnnouncementKind) {
        return reader.refuse<AnnouncementHead>(Code::unsupported, "announcement.kind");
    }
    head.key = KeyId(GV_TRY(reader.integer<std::uint8_t>("announcement.key")));
    if (GV_TRY(reader.integer<std::uint8_t>("announcement.flags")) != 0) {
        return reader.refuse<AnnouncementHead>(Code::unsupported, "announcement.flags");
    }
    const ByteView salt = GV_TRY(reader.bytes(kAnnouncementSaltBytes, "announcement.salt"));
    std::ranges::copy(salt, head.salt.begin());
    return head;
}

ByteView sealed_announcement(ByteView datagram) {
    assert(datagram.size() >= kAnnouncementBytesMin);
    return datagram.subspan(kAnnouncementHeadBytes);
}

Bytes encode_announcement_signed_part(std::uint64_t told_at_ms, ByteView record) {
    assert(!record.empty() && record.size() <= kEncodedRecordBytesMax);
    Bytes bytes;
    Writer writer(bytes);
    writer.integer(kAnnouncementTag);
    writer.integer(told_at_ms);
    writer.sized_bytes(record);
    return bytes;
}

Bytes encode_announcement(ByteView signed_part, const Signature& signature) {
    Bytes bytes(signed_part.begin(), signed_part.end());
    bytes.insert(bytes.end(), signature.begin(), signature.end());
    return bytes;
}

Result<Announcement> decode_announcement(ByteView body) {
    using Code = Error::Code;
    Reader reader(body);
    if (GV_TRY(reader.integer<std::uint8_t>("announcement.tag")) != kAnnouncementTag) {
        return reader.refuse<Announcement>(Code::unsupported, "announcement.tag");
    }
    Announcement announcement;
    announcement.told_at_ms = GV_TRY(reader.integer<std::uint64_t>("announcement.told_at"));
    announcement.record = GV_TRY(reader.sized_bytes(kEncodedRecordBytesMax, "announcement.record"));
    if (announcement.record.empty()) {
        return reader.refuse<Announcement>(Code::malformed, "announcement.record");
    }
    announcement.signed_part = body.first(reader.position());
    const ByteView signature = GV_TRY(reader.bytes(sizeof(Signature), "announcement.signature"));
    std::ranges::copy(signature, announcement.signature.begin());
    GV_TRY_VOID(reader.expect_end("announcement"));
    return announcement;
}

}  // namespace grapevine::wire::native
