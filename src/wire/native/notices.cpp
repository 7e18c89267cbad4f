#include <algorithm>
#include <cassert>

#include "wire/native/sections.hpp"
#include "wire/rules.hpp"

// FORMAT.md, sections 6.28 and 7.2.
namespace grapevine::wire::native {

void write_notice(Writer& writer, const Notice& notice) {
    writer.integer(notice.kind);
    writer.sized_text(notice.name);
    writer.varint(notice.epoch);
    writer.bytes(notice.author);
    writer.sized_bytes(notice.body);
    writer.bytes(notice.signature);
}

Result<Notice> read_notice(Reader& reader) {
    Notice notice;
    notice.kind = GV_TRY(reader.integer<std::uint8_t>("notice.kind"));
    notice.name = GV_TRY(reader.sized_text(kNoticeNameBytesMax, "notice.name"));
    notice.epoch = GV_TRY(reader.varint("notice.epoch"));
    std::ranges::copy(GV_TRY(reader.bytes(notice.author.size(), "notice.author")),
                      notice.author.begin());
    const ByteView body = GV_TRY(reader.sized_bytes(kNoticeBodyBytesMax, "notice.body"));
    notice.body.assign(body.begin(), body.end());
    std::ranges::copy(GV_TRY(reader.bytes(notice.signature.size(), "notice.signature")),
                      notice.signature.begin());
    return notice;
}

void write_body(Writer& writer, const NoticeDigest& digest) {
    writer.integer(std::uint8_t{digest.is_reply});
    for (const NoticeDigest::Item& item : digest.items) {
        writer.integer(item.slot);
        writer.varint(item.epoch);
        writer.integer(item.mark);
    }
}

Result<NoticeDigest> read_notice_digest(Reader& reader) {
    NoticeDigest digest;
    digest.is_reply = GV_TRY(read_flag(reader, "notice_digest.flags"));
    while (!reader.at_end()) {
        NoticeDigest::Item item;
        item.slot = GV_TRY(reader.integer<std::uint64_t>("notice_digest.slot"));
        item.epoch = GV_TRY(reader.varint("notice_digest.epoch"));
        item.mark = GV_TRY(reader.integer<std::uint64_t>("notice_digest.mark"));
        digest.items.push_back(item);
    }
    return digest;
}

Bytes encode_notice_signed_part(std::string_view overlay, const Notice& notice) {
    assert(overlay.size() <= kOverlayNameBytesMax);
    Bytes bytes;
    Writer writer(bytes);
    writer.integer(kNoticeTag);
    writer.sized_text(overlay);
    writer.integer(notice.kind);
    writer.sized_text(notice.name);
    writer.varint(notice.epoch);
    writer.bytes(notice.author);
    writer.sized_bytes(notice.body);
    return bytes;
}

Bytes encode_notice(const Notice& notice) {
    assert(check(notice));
    Bytes bytes;
    Writer writer(bytes);
    write_notice(writer, notice);
    return bytes;
}

Result<Notice> decode_notice(ByteView bytes) {
    Reader reader(bytes);
    Notice notice = GV_TRY(read_notice(reader));
    GV_TRY_VOID(reader.expect_end("notice"));
    GV_TRY_VOID(check(notice));
    return notice;
}

}  // namespace grapevine::wire::native
