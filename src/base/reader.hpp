#pragma once

#include <bit>
#include <concepts>
#include <cstring>
#include <string>
#include <string_view>

#include "base/bytes.hpp"
#include "base/error.hpp"

namespace grapevine {

/// Reads big-endian fields from bytes that nobody has vouched for. Every read names its field, is
/// checked against what remains, and leaves the position where it was when it refuses. It never
/// allocates before the length is known to be present. The view must outlive the reader.
class Reader {
public:
    explicit Reader(ByteView bytes) : bytes_(bytes) {}

    [[nodiscard]] std::size_t remaining() const { return bytes_.size() - position_; }
    [[nodiscard]] bool at_end() const { return remaining() == 0; }
    [[nodiscard]] std::uint32_t position() const { return static_cast<std::uint32_t>(position_); }

    template <std::unsigned_integral T>
    Result<T> integer(std::string_view field) {
        if (remaining() < sizeof(T)) return refuse<T>(Error::Code::truncated, field);
        T value{};
        std::memcpy(&value, bytes_.data() + position_, sizeof(T));
        position_ += sizeof(T);
        if constexpr (std::endian::native == std::endian::little && sizeof(T) > 1) {
            value = std::byteswap(value);
        }
        return value;
    }

    /// Unsigned LEB128: seven bits a byte, low first. A value above 64 bits, or one written longer
    /// than it needs to be, is malformed, so that every value has one encoding.
    Result<std::uint64_t> varint(std::string_view field) {
        std::uint64_t value = 0;
        const std::size_t start = position_;
        for (unsigned shift = 0; shift < 70; shift += 7) {
            if (at_end()) {
                position_ = start;
                return refuse<std::uint64_t>(Error::Code::truncated, field);
            }
            const std::uint8_t byte = bytes_[position_++];
            if (shift == 63 && byte > 1) break;
            value |= static_cast<std::uint64_t>(byte & 0x7f) << shift;
            if ((byte & 0x80) == 0) {
                if (byte == 0 && shift > 0) break;
                return value;
            }
        }
        position_ = start;
        return refuse<std::uint64_t>(Error::Code::malformed, field);
    }

    /// A view into the input, not a copy.
    Result<ByteView> bytes(std::size_t count, std::string_view field) {
        if (remaining() < count) return refuse<ByteView>(Error::Code::truncated, field);
        const ByteView view = bytes_.subspan(position_, count);
        position_ += count;
        return view;
    }

    /// A varint length of at most `max`, then that many bytes.
    Result<ByteView> sized_bytes(std::size_t max, std::string_view field) {
        const std::size_t start = position_;
        const auto count = varint(field);
        if (!count) return std::unexpected(count.error());
        if (*count > max) {
            position_ = start;
            return refuse<ByteView>(Error::Code::over_limit, field);
        }
        auto view = bytes(static_cast<std::size_t>(*count), field);
        if (!view) position_ = start;
        return view;
    }

    Result<std::string> sized_text(std::size_t max, std::string_view field) {
        const auto view = sized_bytes(max, field);
        if (!view) return std::unexpected(view.error());
        return std::string(as_text(*view));
    }

    /// Refuses a rest: every format of ours ends where its last field does.
    Result<void> expect_end(std::string_view field) const {
        if (!at_end()) return std::unexpected(Error{Error::Code::malformed, field, position()});
        return {};
    }

    template <typename T>
    [[nodiscard]] Result<T> refuse(Error::Code code, std::string_view field) const {
        return std::unexpected(Error{code, field, position()});
    }

private:
    ByteView bytes_;
    std::size_t position_ = 0;
};

/// Appends big-endian fields to a buffer. The counterpart of `Reader`, name for name.
class Writer {
public:
    explicit Writer(Bytes& out) : out_(out) {}

    template <std::unsigned_integral T>
    void integer(T value) {
        if constexpr (std::endian::native == std::endian::little && sizeof(T) > 1) {
            value = std::byteswap(value);
        }
        const auto* first = reinterpret_cast<const std::uint8_t*>(&value);
        out_.insert(out_.end(), first, first + sizeof(T));
    }

    void varint(std::uint64_t value) {
        while (value >= 0x80) {
            out_.push_back(static_cast<std::uint8_t>(value | 0x80));
            value >>= 7;
        }
        out_.push_back(static_cast<std::uint8_t>(value));
    }

    void bytes(ByteView view) { out_.insert(out_.end(), view.begin(), view.end()); }

    void sized_bytes(ByteView view) {
        varint(view.size());
        bytes(view);
    }
    void sized_text(std::string_view text) { sized_bytes(as_bytes(text)); }

    [[nodiscard]] std::size_t size() const { return out_.size(); }

private:
    Bytes& out_;
};

/// How many bytes `Writer::varint` will write.
constexpr std::size_t varint_size(std::uint64_t value) {
    std::size_t size = 1;
    while (value >= 0x80) {
        value >>= 7;
        ++size;
    }
    return size;
}

}  // namespace grapevine
