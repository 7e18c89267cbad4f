#include "base/bytes.hpp"

#include <array>
#include <gtest/gtest.h>
#include <utility>

namespace grapevine {
namespace {

using Code = Error::Code;

// RFC 4648, section 10.
constexpr std::array<std::pair<std::string_view, std::string_view>, 7> kVectors = {{
    {"", ""},
    {"f", "Zg=="},
    {"fo", "Zm8="},
    {"foo", "Zm9v"},
    {"foob", "Zm9vYg=="},
    {"fooba", "Zm9vYmE="},
    {"foobar", "Zm9vYmFy"},
}};

std::string_view without_padding(std::string_view text) {
    return text.substr(0, text.find('='));
}

Bytes every_byte() {
    Bytes bytes(256);
    for (std::size_t index = 0; index < bytes.size(); ++index) {
        bytes[index] = static_cast<std::uint8_t>(index);
    }
    return bytes;
}

template <typename T>
Error error_of(const Result<T>& result) {
    EXPECT_FALSE(result.has_value());
    return result.has_value() ? Error{} : result.error();
}

TEST(Base64, encodes_the_vectors_of_rfc_4648) {
    for (const auto& [plain, text] : kVectors) EXPECT_EQ(to_base64(as_bytes(plain)), text);
}

TEST(Base64, decodes_the_vectors_of_rfc_4648) {
    for (const auto& [plain, text] : kVectors) {
        const auto bytes = from_base64(text);
        ASSERT_TRUE(bytes.has_value()) << text;
        EXPECT_EQ(as_text(*bytes), plain);
    }
}

TEST(Base64, url_alphabet_encodes_the_vectors_without_padding) {
    for (const auto& [plain, text] : kVectors) {
        EXPECT_EQ(to_base64url(as_bytes(plain)), without_padding(text));
        const auto bytes = from_base64url(without_padding(text));
        ASSERT_TRUE(bytes.has_value()) << text;
        EXPECT_EQ(as_text(*bytes), plain);
    }
}

TEST(Base64, the_last_two_letters_differ_between_the_alphabets) {
    const Bytes bytes = {0xfb, 0xff, 0xbf};
    EXPECT_EQ(to_base64(bytes), "+/+/");
    EXPECT_EQ(to_base64url(bytes), "-_-_");
    EXPECT_FALSE(from_base64("-_-_").has_value());
    EXPECT_FALSE(from_base64url("+/+/").has_value());
}

TEST(Base64, every_byte_comes_back) {
    const Bytes bytes = every_byte();
    EXPECT_EQ(from_base64(to_base64(bytes)).value(), bytes);
    EXPECT_EQ(from_base64url(to_base64url(bytes)).value(), bytes);
}

TEST(Base64, padding_may_stand_only_where_it_is_due) {
    for (const std::string_view text :
         {"=", "==", "====", "Z===", "Zg=", "Zg", "Zm8", "Zg==Zg==", "Zm9v====", "Zg=A", "=Zg="}) {
        EXPECT_FALSE(from_base64(text).has_value()) << text;
    }
    for (const std::string_view text : {"Zg==", "Zm8=", "="}) {
        EXPECT_FALSE(from_base64url(text).has_value()) << text;
    }
}

TEST(Base64, left_over_bits_must_be_zero) {
    EXPECT_EQ(error_of(from_base64("Zh==")).code, Code::malformed);
    EXPECT_EQ(error_of(from_base64("Zm9=")).code, Code::malformed);
    EXPECT_EQ(error_of(from_base64url("Zh")).code, Code::malformed);
}

TEST(Base64, foreign_letters_are_named_by_their_offset) {
    EXPECT_EQ(error_of(from_base64url("Zm9v YmFy")).code, Code::truncated);
    EXPECT_EQ(error_of(from_base64url("Zm9v Ymy")), (Error{Code::malformed, "base64", 4}));
    EXPECT_EQ(error_of(from_base64("Zm9\n")), (Error{Code::malformed, "base64", 3}));
    EXPECT_EQ(error_of(from_base64(std::string_view("Zm9\0", 4))).code, Code::malformed);
}

TEST(Hex, encodes_the_vectors_of_rfc_4648_in_lower_case) {
    EXPECT_EQ(to_hex({}), "");
    EXPECT_EQ(to_hex(as_bytes("foobar")), "666f6f626172");
    EXPECT_EQ(to_hex(Bytes{0x00, 0xff, 0x0a}), "00ff0a");
}

TEST(Hex, decodes_either_case) {
    EXPECT_EQ(from_hex("00fF0A").value(), (Bytes{0x00, 0xff, 0x0a}));
    EXPECT_EQ(from_hex(to_hex(every_byte())).value(), every_byte());
}

TEST(Hex, an_odd_count_or_a_foreign_digit_is_refused) {
    EXPECT_EQ(error_of(from_hex("abc")), (Error{Code::truncated, "hex", 3}));
    EXPECT_EQ(error_of(from_hex("ab0g")), (Error{Code::malformed, "hex", 2}));
    EXPECT_EQ(error_of(from_hex("0x12")), (Error{Code::malformed, "hex", 0}));
}

TEST(Bytes, text_and_bytes_are_views_of_the_same_memory) {
    const std::string text = "abc";
    const ByteView bytes = as_bytes(text);
    EXPECT_EQ(static_cast<const void*>(bytes.data()), static_cast<const void*>(text.data()));
    EXPECT_EQ(as_text(bytes), text);
}

}  // namespace
}  // namespace grapevine
