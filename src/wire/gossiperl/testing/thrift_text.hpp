#pragma once

#include <cstdint>
#include <string_view>

#include "base/bytes.hpp"

// Thrift's binary protocol by hand, for tests that want bytes which no library writes.
namespace grapevine::wire::gossiperl::testing {

enum class Type : std::uint8_t {
    stop = 0,
    boolean = 2,
    byte = 3,
    double_float = 4,
    i16 = 6,
    i32 = 8,
    i64 = 10,
    string = 11,
    structure = 12,
    map = 13,
    set = 14,
    list = 15,
};

/// Appends what it is told to, right or wrong.
class ThriftText {
public:
    ThriftText& number(std::int64_t value, int size) {
        for (int shift = 8 * (size - 1); shift >= 0; shift -= 8) {
            bytes_.push_back(static_cast<std::uint8_t>(value >> shift));
        }
        return *this;
    }
    ThriftText& type(Type type) { return number(static_cast<std::int64_t>(type), 1); }
    ThriftText& field(Type kind, std::int16_t id) { return type(kind).number(id, 2); }
    ThriftText& raw(std::string_view text) {
        bytes_.insert(bytes_.end(), text.begin(), text.end());
        return *this;
    }
    ThriftText& text(std::string_view text) {
        return number(static_cast<std::int64_t>(text.size()), 4).raw(text);
    }
    ThriftText& text_field(std::int16_t id, std::string_view value) {
        return field(Type::string, id).text(value);
    }
    ThriftText& i32_field(std::int16_t id, std::int32_t value) {
        return field(Type::i32, id).number(value, 4);
    }
    ThriftText& i64_field(std::int16_t id, std::int64_t value) {
        return field(Type::i64, id).number(value, 8);
    }
    ThriftText& list_field(std::int16_t id, Type element, std::int64_t count) {
        return field(Type::list, id).type(element).number(count, 4);
    }
    ThriftText& stop() { return type(Type::stop); }

    [[nodiscard]] const Bytes& bytes() const { return bytes_; }

private:
    Bytes bytes_;
};

/// An envelope around the bytes of a message.
inline Bytes envelope(std::string_view type, ByteView payload, std::string_view id = "id-1") {
    return ThriftText()
        .text_field(1, type)
        .text_field(2, to_base64(payload))
        .text_field(3, id)
        .stop()
        .bytes();
}

}  // namespace grapevine::wire::gossiperl::testing
