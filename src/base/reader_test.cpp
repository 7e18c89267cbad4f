#include "base/reader.hpp"

#include <gtest/gtest.h>
#include <limits>

#include "base/random.hpp"

namespace grapevine {
namespace {

using Code = Error::Code;
constexpr std::uint64_t kMax = std::numeric_limits<std::uint64_t>::max();

Bytes varint_of(std::uint64_t value) {
    Bytes bytes;
    Writer(bytes).varint(value);
    return bytes;
}

/// Refused as `code`, with the position where it was.
void expect_varint_refused(const Bytes& bytes, Code code) {
    Reader reader(bytes);
    const auto value = reader.varint("field");
    ASSERT_FALSE(value.has_value()) << to_hex(bytes);
    EXPECT_EQ(value.error(), (Error{code, "field", 0})) << to_hex(bytes);
    EXPECT_EQ(reader.position(), 0U);
}

TEST(Reader, integers_are_big_endian) {
    const Bytes bytes = {0x01, 0x02, 0x03, 0x04, 0x05, 0x06, 0x07, 0x08,
                         0x09, 0x0a, 0x0b, 0x0c, 0x0d, 0x0e, 0x0f};
    Reader reader(bytes);
    EXPECT_EQ(reader.integer<std::uint8_t>("a").value(), 0x01);
    EXPECT_EQ(reader.integer<std::uint16_t>("b").value(), 0x0203);
    EXPECT_EQ(reader.integer<std::uint32_t>("c").value(), 0x04050607U);
    EXPECT_EQ(reader.integer<std::uint64_t>("d").value(), 0x08090a0b0c0d0e0fULL);
    EXPECT_TRUE(reader.at_end());
}

TEST(Reader, a_truncated_integer_names_field_and_offset_and_moves_nothing) {
    const Bytes bytes = {1, 2, 3, 4, 5};
    Reader reader(bytes);
    ASSERT_TRUE(reader.integer<std::uint16_t>("first").has_value());
    EXPECT_EQ(reader.integer<std::uint32_t>("second").error(),
              (Error{Code::truncated, "second", 2}));
    EXPECT_EQ(reader.remaining(), 3U);
    EXPECT_EQ(reader.integer<std::uint16_t>("third").value(), 0x0304);
}

TEST(Reader, nothing_can_be_read_from_nothing) {
    Reader reader({});
    EXPECT_TRUE(reader.at_end());
    EXPECT_EQ(reader.integer<std::uint8_t>("a").error().code, Code::truncated);
    EXPECT_EQ(reader.varint("b").error().code, Code::truncated);
    EXPECT_EQ(reader.bytes(1, "c").error().code, Code::truncated);
    EXPECT_TRUE(reader.bytes(0, "d").has_value());
    EXPECT_TRUE(reader.expect_end("e").has_value());
}

TEST(Reader, a_rest_is_refused_with_its_offset) {
    const Bytes bytes = {1, 2};
    Reader reader(bytes);
    ASSERT_TRUE(reader.integer<std::uint8_t>("a").has_value());
    EXPECT_EQ(reader.expect_end("packet").error(), (Error{Code::malformed, "packet", 1}));
}

TEST(Reader, bytes_are_a_view_of_the_input) {
    const Bytes bytes = {1, 2, 3};
    Reader reader(bytes);
    const ByteView view = reader.bytes(2, "a").value();
    EXPECT_EQ(view.data(), bytes.data());
    EXPECT_EQ(view.size(), 2U);
    EXPECT_EQ(reader.bytes(2, "b").error(), (Error{Code::truncated, "b", 2}));
    EXPECT_EQ(reader.remaining(), 1U);
}

TEST(Varint, values_at_the_edges_have_the_encoding_of_leb128) {
    EXPECT_EQ(varint_of(0), (Bytes{0x00}));
    EXPECT_EQ(varint_of(127), (Bytes{0x7f}));
    EXPECT_EQ(varint_of(128), (Bytes{0x80, 0x01}));
    EXPECT_EQ(varint_of(624485), (Bytes{0xe5, 0x8e, 0x26}));  // The example of DWARF and Wikipedia.
    EXPECT_EQ(varint_of(kMax), (Bytes{0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x01}));
}

TEST(Varint, every_width_comes_back_and_has_the_announced_size) {
    for (unsigned bit = 0; bit < 64; ++bit) {
        const std::uint64_t power = std::uint64_t{1} << bit;
        for (const std::uint64_t value : {power - 1, power, kMax >> bit}) {
            const Bytes bytes = varint_of(value);
            EXPECT_EQ(bytes.size(), varint_size(value));
            Reader reader(bytes);
            EXPECT_EQ(reader.varint("value").value(), value);
            EXPECT_TRUE(reader.at_end());
        }
    }
}

TEST(Varint, a_truncated_one_is_refused_at_every_length) {
    const Bytes whole = varint_of(kMax);
    for (std::size_t size = 0; size < whole.size(); ++size) {
        expect_varint_refused(Bytes(whole.begin(), whole.begin() + static_cast<long>(size)),
                              Code::truncated);
    }
}

TEST(Varint, one_written_longer_than_needed_is_malformed) {
    expect_varint_refused({0x80, 0x00}, Code::malformed);
    expect_varint_refused({0xff, 0x00}, Code::malformed);
    expect_varint_refused({0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x00},
                          Code::malformed);
}

TEST(Varint, one_above_64_bits_is_malformed) {
    expect_varint_refused({0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x02},
                          Code::malformed);
    expect_varint_refused({0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x81},
                          Code::malformed);
    expect_varint_refused(Bytes(11, 0xff), Code::malformed);
}

TEST(SizedBytes, what_is_written_comes_back) {
    Bytes bytes;
    Writer writer(bytes);
    writer.sized_text("hello");
    writer.sized_bytes({});
    writer.sized_text(std::string(300, 'x'));
    EXPECT_EQ(writer.size(), 1U + 5U + 1U + 2U + 300U);
    Reader reader(bytes);
    EXPECT_EQ(reader.sized_text(5, "a").value(), "hello");
    EXPECT_EQ(reader.sized_bytes(0, "b").value().size(), 0U);
    EXPECT_EQ(reader.sized_text(300, "c").value(), std::string(300, 'x'));
    EXPECT_TRUE(reader.at_end());
}

TEST(SizedBytes, a_size_above_the_limit_is_refused_before_its_bytes_are_looked_for) {
    Bytes bytes;
    Writer(bytes).varint(kMax);
    Reader reader(bytes);
    EXPECT_EQ(reader.sized_bytes(64, "name").error().code, Code::over_limit);
    EXPECT_EQ(reader.position(), 0U);
}

TEST(SizedBytes, the_limit_itself_passes_and_one_more_does_not) {
    for (const std::size_t size : {64U, 65U}) {
        Bytes bytes;
        Writer(bytes).sized_text(std::string(size, 'x'));
        Reader reader(bytes);
        EXPECT_EQ(reader.sized_text(64, "name").has_value(), size == 64);
    }
}

TEST(SizedBytes, a_truncated_one_moves_nothing) {
    const Bytes bytes = {5, 'h', 'e', 'l'};
    Reader reader(bytes);
    EXPECT_EQ(reader.sized_text(5, "name").error().code, Code::truncated);
    EXPECT_EQ(reader.position(), 0U);
}

TEST(Reader, integers_written_come_back) {
    Random random(7);
    for (int round = 0; round < 1000; ++round) {
        const std::uint64_t value = random.next();
        Bytes bytes;
        Writer writer(bytes);
        writer.integer(value);
        writer.integer(static_cast<std::uint32_t>(value));
        writer.integer(static_cast<std::uint16_t>(value));
        writer.integer(static_cast<std::uint8_t>(value));
        Reader reader(bytes);
        EXPECT_EQ(reader.integer<std::uint64_t>("a").value(), value);
        EXPECT_EQ(reader.integer<std::uint32_t>("b").value(), static_cast<std::uint32_t>(value));
        EXPECT_EQ(reader.integer<std::uint16_t>("c").value(), static_cast<std::uint16_t>(value));
        EXPECT_EQ(reader.integer<std::uint8_t>("d").value(), static_cast<std::uint8_t>(value));
    }
}

}  // namespace
}  // namespace grapevine
