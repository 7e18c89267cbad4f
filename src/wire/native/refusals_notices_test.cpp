#include <functional>
#include <gtest/gtest.h>
#include <string>

#include "wire/native/codec.hpp"

// What the decoder refuses in notices and in lists of them (FORMAT.md, 6.28 and 7.2): each limit at
// limit + 1, each rule broken once. The bytes are written field by field, because the encoder would
// assert.
namespace grapevine::wire::native {
namespace {

struct Fields {
    std::uint8_t kind = 1;
    std::string name;
    std::uint64_t epoch = 1;
    std::size_t body_bytes = 3;
};

Bytes notice(const Fields& fields) {
    Bytes bytes;
    Writer writer(bytes);
    writer.integer(fields.kind);
    writer.sized_text(fields.name);
    writer.varint(fields.epoch);
    writer.bytes(Bytes(32, 0xaa));
    writer.sized_bytes(Bytes(fields.body_bytes, 'b'));
    writer.bytes(Bytes(64, 0x55));
    return bytes;
}

std::string verdict(ByteView bytes) {
    const auto decoded = decode_notice(bytes);
    if (decoded) return "accepted";
    return std::string(to_string(decoded.error().code)) + " " + std::string(decoded.error().field);
}

std::string verdict(const Fields& fields) {
    return verdict(notice(fields));
}

TEST(RefusalsOfNotices, names_and_bodies_have_limits) {
    EXPECT_EQ(verdict({.name = std::string(kNoticeNameBytesMax, 'n')}), "accepted");
    EXPECT_EQ(verdict({.name = std::string(kNoticeNameBytesMax + 1, 'n')}),
              "over limit notice.name");
    EXPECT_EQ(verdict({.body_bytes = kNoticeBodyBytesMax}), "accepted");
    EXPECT_EQ(verdict({.body_bytes = kNoticeBodyBytesMax + 1}), "over limit notice.body");
}

TEST(RefusalsOfNotices, kind_and_epoch_are_not_zero_and_names_are_plain) {
    EXPECT_EQ(verdict({.kind = 255}), "accepted") << "kinds that nobody knows yet";
    EXPECT_EQ(verdict({.kind = 0}), "malformed notice.kind");
    EXPECT_EQ(verdict({.epoch = 0}), "malformed notice.epoch");
    EXPECT_EQ(verdict({.name = "a\nb"}), "malformed notice.name");
}

TEST(RefusalsOfNotices, every_field_may_be_cut_short) {
    const Bytes whole = notice({});
    for (std::size_t size = 0; size < whole.size(); ++size) {
        EXPECT_TRUE(verdict(ByteView(whole).first(size)).starts_with("truncated")) << size;
    }
    Bytes longer = whole;
    longer.push_back(0);
    EXPECT_EQ(verdict(longer), "malformed notice");
}

struct Listed {
    std::uint64_t slot = 0;
    std::uint64_t epoch = 1;
};

std::string listing(std::uint8_t flags, const std::vector<Listed>& items, std::size_t cut = 0) {
    Bytes body;
    Writer writer(body);
    writer.integer(flags);
    for (const Listed& item : items) {
        writer.integer(item.slot);
        writer.varint(item.epoch);
        writer.integer(std::uint64_t{7});
    }
    body.resize(body.size() - cut);
    Bytes bytes;
    Writer frame(bytes);
    frame.integer(static_cast<std::uint8_t>(SectionType::notice_digest));
    frame.sized_bytes(body);
    const auto decoded = decode(bytes);
    if (decoded) return "accepted";
    return std::string(to_string(decoded.error().code)) + " " + std::string(decoded.error().field);
}

TEST(RefusalsOfNotices, a_list_has_a_limit_and_climbs) {
    std::vector<Listed> items;
    for (std::uint64_t slot = 1; slot <= kNoticesMax; ++slot) items.push_back({slot});
    EXPECT_EQ(listing(0, {}), "accepted");
    EXPECT_EQ(listing(1, items), "accepted");
    items.push_back({kNoticesMax + 1});
    EXPECT_EQ(listing(0, items), "over limit notice_digest.items");
    EXPECT_EQ(listing(2, {}), "malformed notice_digest.flags");
    EXPECT_EQ(listing(0, {{2}, {2}}), "malformed notice_digest.slot");
    EXPECT_EQ(listing(0, {{2, 0}}), "malformed notice_digest.epoch");
    EXPECT_EQ(listing(0, {{2}}, 1), "truncated notice_digest.mark");
}

}  // namespace
}  // namespace grapevine::wire::native
