#include "api/gossiperl/digest_body.hpp"

#include <boost/json/parse.hpp>
#include <boost/json/value.hpp>
#include <fmt/core.h>
#include <gtest/gtest.h>

#include "api/gossiperl/token_table.hpp"
#include "base/limits.hpp"

namespace grapevine::api::gossiperl {
namespace {

namespace json = boost::json;

std::expected<Digest, DigestRefusal> read(std::string_view text) {
    return read_digest(json::parse(json::string_view(text.data(), text.size())).as_object());
}

/// The struct of one field, in hexadecimal, or "unfit" or "incomplete".
std::string one_field(std::string_view field) {
    const auto digest = read(fmt::format(R"({{"t":[{}]}})", field));
    if (digest) return to_hex(digest->payload);
    return digest.error().kind == DigestRefusal::Kind::unfit ? "unfit" : "incomplete";
}

TEST(OldDigest, fields_are_written_as_thrift_has_them) {
    const std::pair<const char*, const char*> kFields[] = {
        {R"({"x":"some","string":1})", "0b000100000004736f6d6500"},
        {R"({"x":"","string":258})", "0b01020000000000"},
        {R"({"x":"ä","string":1})", "0b000100000002c3a400"},
        {R"({"x":true,"bool":1})", "0200010100"},
        {R"({"x":false,"bool":1})", "0200010000"},
        {R"({"x":-128,"byte":1})", "0300018000"},
        {R"({"x":127,"byte":1})", "0300017f00"},
        {R"({"x":-32768,"i16":1})", "060001800000"},
        {R"({"x":32767,"i16":1})", "0600017fff00"},
        {R"({"x":1234,"i32":2})", "080002000004d200"},
        {R"({"x":-2147483648,"i32":2})", "0800028000000000"},
        {R"({"x":9223372036854775807,"i64":3})", "0a00037fffffffffffffff00"},
        {R"({"x":-1,"i64":32767})", "0a7fffffffffffffffffff00"},
        {R"({"x":1.5,"double":1})", "0400013ff800000000000000"},
        {R"({"x":-2,"double":1})", "040001c00000000000000000"},
    };
    for (const auto& [field, hex] : kFields) EXPECT_EQ(one_field(field), hex) << field;
}

TEST(OldDigest, a_value_that_does_not_fit_its_type_is_refused) {
    for (const char* field : {
             R"({"x":"text","i32":1})",
             R"({"x":128,"byte":1})",
             R"({"x":-129,"byte":1})",
             R"({"x":32768,"i16":1})",
             R"({"x":2147483648,"i32":1})",
             R"({"x":-2147483649,"i32":1})",
             R"({"x":9223372036854775808,"i64":1})",
             R"({"x":5.0,"i32":1})",
             R"({"x":1,"bool":1})",
             R"({"x":"true","bool":1})",
             R"({"x":null,"string":1})",
             R"({"x":5,"string":1})",
             R"({"x":[],"string":1})",
             R"({"x":{},"double":1})",
             R"({"x":"1.5","double":1})",
             R"({"x":1e999,"double":1})",
             R"({"x":1,"i32":0})",
             R"({"x":1,"i32":-1})",
             R"({"x":1,"i32":32768})",
             R"({"x":1,"i32":"1"})",
             R"({"x":1,"i32":1.0})",
             R"({"x":1,"int":1})",
             R"({"x":1,"list":1})",
             R"({"x":1})",
             R"({})",
             R"({"x":1,"i32":1,"y":2})",
             "5",
             "[]",
             R"({"x":1,"i32":1},{"y":2,"i32":1})",
         }) {
        EXPECT_EQ(one_field(field), "unfit") << field;
    }
}

TEST(OldDigest, the_keys_of_a_field_may_stand_in_any_order) {
    EXPECT_EQ(one_field(R"({"i32":2,"x":1234})"), "080002000004d200");
    // Both are names of types: then the order decides, as it did.
    EXPECT_EQ(one_field(R"({"i32":2,"i16":1})"), "060001000200");
    EXPECT_EQ(one_field(R"({"i16":1,"i32":2})"),
              "080002000000"
              "0100");
    EXPECT_EQ(one_field(R"({"i16":1,"string":"x"})"), "unfit");
    EXPECT_EQ(one_field(R"({"string":1,"bool":true})"), "unfit");
}

TEST(OldDigest, fields_are_written_in_the_order_of_their_ids) {
    EXPECT_EQ(one_field(R"({"b":2,"byte":2},{"a":1,"byte":1})"),
              "03000101"
              "03000202"
              "00");
    EXPECT_EQ(one_field(""), "00");
}

TEST(OldDigest, a_recipient_is_an_address_and_a_port) {
    const auto recipient = [](std::string_view rest) {
        const auto digest = read(fmt::format(R"({{"t":[],{}}})", rest));
        if (digest) return digest->recipient.value_or("none");
        return std::string(digest.error().kind == DigestRefusal::Kind::unfit ? "unfit"
                                                                             : "incomplete");
    };
    EXPECT_EQ(recipient(R"("recipient_ip":"1.2.3.4","recipient_port":6666)"), "1.2.3.4:6666");
    EXPECT_EQ(recipient(R"("recipient_port":6666,"recipient_ip":"::1")"), "[::1]:6666");
    EXPECT_EQ(recipient(R"("recipient_port":6666)"), "incomplete");
    EXPECT_EQ(recipient(R"("recipient_ip":"1.2.3.4")"), "incomplete");
    EXPECT_EQ(recipient(R"("recipient_ip":"host","recipient_port":6666)"), "unfit");
    EXPECT_EQ(recipient(R"("recipient_ip":"1.2.3.4","recipient_port":0)"), "unfit");
    EXPECT_EQ(recipient(R"("recipient_ip":"1.2.3.4","recipient_port":65536)"), "unfit");
    EXPECT_EQ(recipient(R"("recipient_ip":"1.2.3.4","recipient_port":"1")"), "unfit");
    EXPECT_EQ(recipient(R"("recipient_ip":1,"recipient_port":1)"), "unfit");
    EXPECT_EQ(recipient(R"("recipient":"1.2.3.4:1")"), "incomplete");
    EXPECT_EQ(read(R"({"recipient_ip":"::1","recipient_port":1,"t":[]})")->type, "t");
}

TEST(OldDigest, what_is_not_of_its_form_is_incomplete) {
    for (const char* text :
         {"{}", R"({"t":5})", R"({"t":{}})", R"({"t":null})", R"({"t":[],"u":[]})",
          R"({"recipient_ip":"::1","recipient_port":1})"}) {
        const auto digest = read(text);
        ASSERT_FALSE(digest) << text;
        EXPECT_EQ(digest.error().kind, DigestRefusal::Kind::incomplete) << text;
    }
}

TEST(OldDigest, nobody_speaks_in_the_voice_of_the_daemon) {
    for (const char* type : {"digest", "digestAck", "digestEvent", "digestError", "digestExit",
                             "digestSubscribeAck", "digestEnvelope"}) {
        const auto digest = read(fmt::format(R"({{"{}":[]}})", type));
        ASSERT_FALSE(digest) << type;
        EXPECT_EQ(digest.error().kind, DigestRefusal::Kind::unfit);
    }
    EXPECT_TRUE(read(R"({"Digest":[],"recipient_ip":"::1","recipient_port":1})"));
    EXPECT_TRUE(read(R"({"digestForwardableTest":[]})"));
}

TEST(OldDigest, types_and_structs_have_limits) {
    const auto of_type = [](std::size_t bytes) {
        return read(fmt::format(R"({{"{}":[]}})", std::string(bytes, 't')));
    };
    EXPECT_FALSE(of_type(0));
    EXPECT_TRUE(of_type(kOldTextBytesMax));
    EXPECT_FALSE(of_type(kOldTextBytesMax + 1));
    const auto of_size = [](std::size_t bytes) {
        // Type, id, length and stop are eight bytes.
        return one_field(fmt::format(R"({{"x":"{}","string":1}})", std::string(bytes - 8, 'x')));
    };
    EXPECT_NE(of_size(kOldDatagramBytesMax), "unfit");
    EXPECT_EQ(of_size(kOldDatagramBytesMax + 1), "unfit");
}

// -- Tokens --

TokenTable table_of_ones() {
    return TokenTable([](std::size_t count) { return Bytes(count, 0x11); });
}

TEST(OldTokens, a_token_is_a_uuid_of_version_four) {
    EXPECT_EQ(table_of_ones().make("o"), "11111111-1111-4111-9111-111111111111");
}

TEST(OldTokens, tokens_follow_the_overlays) {
    TokenTable table = table_of_ones();
    table.keep({"a", "b"}, table.moment());
    EXPECT_NE(table.find("a"), "");
    table.keep({"b"}, table.moment());
    EXPECT_EQ(table.find("a"), "");
    EXPECT_NE(table.find("b"), "");
    table.drop("b");
    EXPECT_EQ(table.find("b"), "");
    EXPECT_EQ(table.size(), 0U);
}

TEST(OldTokens, a_list_that_is_older_than_a_token_does_not_drop_it) {
    TokenTable table = table_of_ones();
    const auto asked = table.moment();
    table.make("new");
    table.keep({}, asked);
    EXPECT_NE(table.find("new"), "");
    table.keep({}, table.moment());
    EXPECT_EQ(table.find("new"), "");
}

TEST(OldTokens, an_overlay_beyond_the_limit_has_none) {
    TokenTable table = table_of_ones();
    for (std::size_t index = 0; index < kOverlaysMax; ++index) {
        EXPECT_NE(table.make(std::to_string(index)), "");
    }
    EXPECT_EQ(table.make("one more"), "");
    EXPECT_EQ(table.size(), kOverlaysMax);
    EXPECT_NE(table.make("0"), "");
}

}  // namespace
}  // namespace grapevine::api::gossiperl
