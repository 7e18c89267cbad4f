#include "wire/gossiperl/codec.hpp"

#include <gtest/gtest.h>

#include "base/limits.hpp"
#include "wire/gossiperl/testing/thrift_text.hpp"

// What is tolerated and what is refused, with bytes that no library writes. The recorded bytes of
// the original are in tests/golden/gossiperl_test.cpp.
namespace grapevine::wire::gossiperl {
namespace {

using testing::envelope;
using testing::ThriftText;
using testing::Type;

const Digest kDigest{"client", 54'321, 1'420'070'400, "digest-1", "secret"};

ThriftText digest_fields() {
    return ThriftText()
        .text_field(1, "client")
        .i32_field(2, 54'321)
        .i64_field(3, 1'420'070'400)
        .text_field(4, "digest-1")
        .text_field(5, "secret");
}

Bytes digest_struct() {
    return digest_fields().stop().bytes();
}

void expect_digest(ByteView plaintext) {
    const auto letter = decode(plaintext);
    ASSERT_TRUE(letter) << describe(letter.error());
    EXPECT_EQ(letter->id, "id-1");
    EXPECT_EQ(std::get<Digest>(letter->message), kDigest);
}

void expect_refused(ByteView plaintext, Error::Code code, std::string_view field) {
    const auto letter = decode(plaintext);
    ASSERT_FALSE(letter);
    EXPECT_EQ(to_string(letter.error().code), to_string(code)) << describe(letter.error());
    EXPECT_EQ(letter.error().field, field);
}

// -- What is tolerated ---------------------------------------------------------------------------

TEST(OldCodecTolerates, garbage_behind_the_envelope) {
    for (const std::string_view tail : {"\x05\x05\x05\x05\x05", "\x01\x7f\xff", "{}", "\x0b"}) {
        Bytes plaintext = envelope("digest", digest_struct());
        plaintext.insert(plaintext.end(), tail.begin(), tail.end());
        expect_digest(plaintext);
    }
}

TEST(OldCodecTolerates, fields_in_any_order) {
    const Bytes payload = ThriftText()
                              .text_field(5, "secret")
                              .i64_field(3, 1'420'070'400)
                              .text_field(1, "client")
                              .text_field(4, "digest-1")
                              .i32_field(2, 54'321)
                              .stop()
                              .bytes();
    expect_digest(ThriftText()
                      .text_field(3, "id-1")
                      .text_field(2, to_base64(payload))
                      .text_field(1, "digest")
                      .stop()
                      .bytes());
}

TEST(OldCodecTolerates, unknown_fields_of_every_type) {
    const std::vector<ThriftText> unknown = {
        ThriftText().field(Type::boolean, 9).number(1, 1),
        ThriftText().field(Type::byte, 9).number(-1, 1),
        ThriftText().field(Type::double_float, 9).number(0x4009'21fb'5444'2d18, 8),
        ThriftText().field(Type::i16, 9).number(-2, 2),
        ThriftText().i32_field(9, -3),
        ThriftText().i64_field(-9, 4),
        ThriftText().text_field(9, "text"),
        ThriftText().text_field(9, std::string(kOldTextBytesMax + 1, 'x')),
        ThriftText().field(Type::structure, 9).text_field(1, "within").stop(),
        ThriftText().list_field(9, Type::i32, 2).number(1, 4).number(2, 4),
        ThriftText().list_field(9, Type::structure, 1).i32_field(1, 1).stop(),
        ThriftText().field(Type::set, 9).type(Type::string).number(1, 4).text("entry"),
        ThriftText()
            .field(Type::map, 9)
            .type(Type::string)
            .type(Type::byte)
            .number(1, 4)
            .text("key")
            .number(7, 1)};
    for (const ThriftText& field : unknown) {
        const std::string_view bytes = as_text(field.bytes());
        expect_digest(envelope("digest", digest_fields().raw(bytes).stop().bytes()));
        Bytes outer = envelope("digest", digest_struct());
        outer.insert(outer.begin(), bytes.begin(), bytes.end());
        expect_digest(outer);
    }
}

TEST(OldCodecTolerates, base64_broken_into_lines) {
    std::string text = to_base64(digest_struct());
    for (std::size_t index = 60; index < text.size(); index += 62) text.insert(index, "\r\n");
    expect_digest(ThriftText()
                      .text_field(1, "digest")
                      .text_field(2, " " + text + "\t\n")
                      .text_field(3, "id-1")
                      .stop()
                      .bytes());
}

TEST(OldCodecTolerates, bytes_behind_the_struct_within) {
    Bytes payload = digest_struct();
    payload.insert(payload.end(), {0, 1, 2});
    expect_digest(envelope("digest", payload));
}

TEST(OldCodecTolerates, a_field_that_is_there_twice_and_takes_the_last) {
    const auto letter =
        decode(envelope("digest", digest_fields().text_field(1, "another").stop().bytes()));
    ASSERT_TRUE(letter);
    EXPECT_EQ(std::get<Digest>(letter->message).name, "another");
}

TEST(OldCodecTolerates, an_empty_list_of_any_type) {
    const Bytes payload = ThriftText()
                              .text_field(1, "node")
                              .i64_field(2, 1)
                              .text_field(3, "id")
                              .list_field(4, Type::string, 0)
                              .stop()
                              .bytes();
    const auto letter = decode(envelope("digestAck", payload));
    ASSERT_TRUE(letter);
    EXPECT_TRUE(std::get<DigestAck>(letter->message).membership.empty());
}

TEST(OldCodecTolerates, bytes_in_texts_that_are_no_utf8) {
    const Bytes payload =
        ThriftText().text_field(1, "\xff\xfe").i64_field(2, 1).text_field(3, "").stop().bytes();
    const auto letter = decode(envelope("digestExit", payload));
    ASSERT_TRUE(letter);
    EXPECT_EQ(std::get<DigestExit>(letter->message).name, "\xff\xfe");
}

// -- What is refused -----------------------------------------------------------------------------

TEST(OldCodecRefuses, nothing_at_all) {
    expect_refused({}, Error::Code::truncated, "envelope");
    expect_refused(envelope("digest", {}), Error::Code::truncated, "digest");
}

TEST(OldCodecRefuses, an_envelope_that_lacks_a_field) {
    for (std::int16_t missing = 1; missing <= 3; ++missing) {
        ThriftText text;
        for (std::int16_t id = 1; id <= 3; ++id) {
            if (id != missing) text.text_field(id, id == 1 ? "digest" : "");
        }
        expect_refused(text.stop().bytes(), Error::Code::malformed, "envelope");
    }
}

TEST(OldCodecRefuses, a_message_that_lacks_a_field_or_has_one_of_another_type) {
    for (std::int16_t wrong = 1; wrong <= 5; ++wrong) {
        for (const bool is_missing : {true, false}) {
            ThriftText text;
            for (std::int16_t id = 1; id <= 5; ++id) {
                if (id == wrong) {
                    if (!is_missing) text.field(Type::i16, id).number(1, 2);
                } else if (id == 2) {
                    text.i32_field(id, 6666);
                } else if (id == 3) {
                    text.i64_field(id, 1);
                } else {
                    text.text_field(id, "text");
                }
            }
            expect_refused(envelope("digest", text.stop().bytes()), Error::Code::malformed,
                           "digest");
        }
    }
}

TEST(OldCodecRefuses, what_is_no_base64) {
    for (const std::string_view text : {"***", "****", "CwA", "C===", "CwAB=AAA", "CwAB-_AA"}) {
        const auto letter = decode(ThriftText()
                                       .text_field(1, "anything")
                                       .text_field(2, text)
                                       .text_field(3, "id")
                                       .stop()
                                       .bytes());
        ASSERT_FALSE(letter) << text;
        EXPECT_EQ(letter.error().field, "envelope.bin_payload");
    }
}

TEST(OldCodecRefuses, lengths_of_texts_that_are_not_there) {
    expect_refused(ThriftText().field(Type::string, 1).number(-1, 4).raw("abc").bytes(),
                   Error::Code::malformed, "envelope");
    for (const std::int64_t length : {4LL, 65'508LL, 0x7fff'ffffLL}) {
        const auto letter =
            decode(ThriftText().field(Type::string, 1).number(length, 4).raw("abc").bytes());
        EXPECT_FALSE(letter) << length;
    }
}

TEST(OldCodecRefuses, counts_of_entries_that_are_not_there) {
    for (const std::int64_t count : {-1LL, 2LL, 4096LL, 65'536LL, 0x7fff'ffffLL}) {
        for (const int id : {4, 9}) {
            const Bytes payload =
                ThriftText()
                    .text_field(1, "node")
                    .i64_field(2, 1)
                    .text_field(3, "id")
                    .list_field(static_cast<std::int16_t>(id), Type::structure, count)
                    .text_field(1, "member")
                    .stop()
                    .stop()
                    .bytes();
            EXPECT_FALSE(decode(envelope("digestAck", payload))) << count << " in field " << id;
        }
        for (const Type type : {Type::set, Type::map}) {
            ThriftText unknown = digest_fields().field(type, 9).type(Type::byte);
            if (type == Type::map) unknown.type(Type::byte);
            unknown.number(count, 4).number(0, 1).stop();
            EXPECT_FALSE(decode(envelope("digest", unknown.bytes()))) << count;
        }
    }
}

TEST(OldCodecRefuses, a_count_before_it_makes_room_for_its_entries) {
    // 4,000 empty entries fit the bytes for libthrift, which thinks that a struct may take none.
    const Bytes payload = ThriftText()
                              .text_field(1, "node")
                              .i64_field(2, 1)
                              .text_field(3, "id")
                              .list_field(4, Type::structure, 4000)
                              .raw(std::string(4000, '\0'))
                              .stop()
                              .bytes();
    expect_refused(envelope("digestAck", payload), Error::Code::truncated, "digestAck");
}

TEST(OldCodecRefuses, a_list_of_another_type) {
    const Bytes payload = ThriftText()
                              .text_field(1, "client")
                              .i64_field(2, 1)
                              .text_field(3, "id")
                              .list_field(4, Type::i32, 1)
                              .number(0, 4)
                              .text_field(5, "secret")
                              .stop()
                              .bytes();
    expect_refused(envelope("digestSubscribe", payload), Error::Code::malformed, "digestSubscribe");
}

TEST(OldCodecRefuses, a_list_entry_that_lacks_a_field) {
    const Bytes payload = ThriftText()
                              .text_field(1, "node")
                              .i64_field(2, 1)
                              .text_field(3, "id")
                              .list_field(4, Type::structure, 1)
                              .text_field(1, "member")
                              .text_field(2, "10.0.0.1")
                              .i32_field(3, 6666)
                              .stop()
                              .raw(std::string(30, '\0'))
                              .stop()
                              .bytes();
    expect_refused(envelope("digestAck", payload), Error::Code::malformed, "digestAck");
}

TEST(OldCodecRefuses, a_type_of_field_that_does_not_exist) {
    for (int type = 1; type < 256; ++type) {
        const bool exists = type == 2 || type == 3 || type == 4 || type == 6 || type == 8 ||
                            (type >= 10 && type <= 15);
        if (exists) continue;
        const Bytes payload =
            digest_fields().number(type, 1).number(9, 2).raw(std::string(64, '\0')).bytes();
        EXPECT_FALSE(decode(envelope("digest", payload))) << type;
    }
}

TEST(OldCodecRefuses, ports_outside_1_to_65535) {
    for (const std::int32_t port : {0, -1, 65'536, INT32_MIN, INT32_MAX}) {
        expect_refused(encode({"id", Digest{"name", port, 1, "id", "secret"}}),
                       Error::Code::malformed, "digest.port");
        expect_refused(encode({"id", DigestAck{"name", 1, "id", {{"name", "::", port, 1}}}}),
                       Error::Code::malformed, "digestAck.membership.member_port");
    }
    EXPECT_TRUE(decode(encode({"id", Digest{"name", 1, 1, "id", "secret"}})));
    EXPECT_TRUE(decode(encode({"id", Digest{"name", 65'535, 1, "id", "secret"}})));
}

// -- Limits --------------------------------------------------------------------------------------

TEST(OldCodecLimits, a_text_of_the_limit_passes_and_one_byte_more_does_not) {
    const std::string longest(kOldTextBytesMax, 'x');
    const std::string longer = longest + 'x';
    EXPECT_TRUE(decode(encode({longest, DigestExit{longest, 1, longest}})));
    expect_refused(encode({longer, DigestExit{"name", 1, "secret"}}), Error::Code::over_limit,
                   "envelope.id");
    expect_refused(encode({"id", DigestExit{longer, 1, "secret"}}), Error::Code::over_limit,
                   "digestExit.name");
    expect_refused(encode({"id", DigestSubscribeAck{1, "id", {"type", longer}}}),
                   Error::Code::over_limit, "digestSubscribeAck.event_types");
    EXPECT_TRUE(decode(envelope(longest, {})));
    expect_refused(envelope(longer, {}), Error::Code::over_limit, "envelope.payload_type");
}

TEST(OldCodecLimits, a_list_of_the_limit_passes_and_one_entry_more_does_not) {
    // Whole datagrams of empty texts; entries of members are too long for as many of them.
    const std::vector<std::string> longest(kOldListMax);
    EXPECT_TRUE(decode(encode({"id", DigestSubscribeAck{1, "id", longest}})));
    const std::vector<std::string> longer(kOldListMax + 1);
    expect_refused(encode({"id", DigestSubscribeAck{1, "id", longer}}), Error::Code::over_limit,
                   "digestSubscribeAck");
}

TEST(OldCodecLimits, a_datagram_of_the_limit_passes_and_one_byte_more_does_not) {
    Bytes plaintext = envelope("digest", digest_struct());
    plaintext.resize(kOldDatagramBytesMax);
    expect_digest(plaintext);
    plaintext.push_back(0);
    expect_refused(plaintext, Error::Code::over_limit, "envelope");
}

TEST(OldCodecLimits, an_unknown_field_may_nest_to_the_limit_and_not_deeper) {
    const auto nested = [](int depth) {
        ThriftText text = digest_fields();
        for (int level = 0; level < depth; ++level) text.field(Type::structure, 9);
        for (int level = 0; level < depth; ++level) text.stop();
        return envelope("digest", text.stop().bytes());
    };
    EXPECT_TRUE(decode(nested(kOldNestingMax - 1)));  // The message is a level of its own.
    expect_refused(nested(kOldNestingMax), Error::Code::over_limit, "digest");
    expect_refused(nested(5000), Error::Code::over_limit, "digest");
}

TEST(OldCodecLimits, lists_in_lists_end_at_the_same_depth) {
    ThriftText text = digest_fields().field(Type::list, 9);
    for (int level = 0; level < 5000; ++level) text.type(Type::list).number(1, 4);
    expect_refused(envelope("digest", text.bytes()), Error::Code::over_limit, "digest");
}

// -- Messages of applications --------------------------------------------------------------------

TEST(OldApplication, any_other_type_is_one) {
    for (const std::string_view type : {"orderPlaced", "Digest", "digestEnvelope", "member_in"}) {
        const Bytes payload = {1, 2, 3};
        const auto letter = decode(envelope(type, payload));
        ASSERT_TRUE(letter) << type;
        const auto& application = std::get<Application>(letter->message);
        EXPECT_EQ(application.type, type);
        EXPECT_EQ(*application.payload, payload);
        EXPECT_EQ(payload_type(letter->message), type);
    }
}

TEST(OldApplication, it_keeps_its_envelope_as_it_came_up_to_the_last_byte) {
    // Fields in another order, an unknown one, Base64 in lines: all of it travels on.
    const Bytes odd = ThriftText()
                          .text_field(3, "m-1")
                          .i32_field(9, 5)
                          .text_field(2, "AQ\nID")
                          .text_field(1, "orderPlaced")
                          .stop()
                          .bytes();
    Bytes plaintext = odd;
    plaintext.insert(plaintext.end(), 17, 0x01);
    const auto letter = decode(plaintext);
    ASSERT_TRUE(letter);
    EXPECT_EQ(letter->id, "m-1");
    EXPECT_EQ(encode(*letter), odd);
    EXPECT_EQ(*std::get<Application>(letter->message).payload, (Bytes{1, 2, 3}));
}

TEST(OldApplication, its_payload_may_be_as_large_as_a_datagram) {
    const std::size_t text_bytes = kOldDatagramBytesMax - 100;
    const Bytes payload(text_bytes / 4 * 3, 0x5a);
    const auto letter = decode(encode(make_application("id", "orderPlaced", payload)));
    ASSERT_TRUE(letter);
    EXPECT_EQ(*std::get<Application>(letter->message).payload, payload);
}

TEST(OldApplication, its_payload_is_not_looked_into) {
    EXPECT_TRUE(decode(envelope("orderPlaced", {})));
    EXPECT_TRUE(decode(envelope("orderPlaced", Bytes(10, 0xff))));
}

}  // namespace
}  // namespace grapevine::wire::gossiperl
