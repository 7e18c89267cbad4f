#include "base/bytes.hpp"

#include <array>

namespace grapevine {
namespace {

constexpr std::string_view kHexDigits = "0123456789abcdef";
constexpr std::string_view kUrlAlphabet =
    "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
constexpr std::string_view kAlphabet =
    "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

int hex_value(char digit) {
    if (digit >= '0' && digit <= '9') return digit - '0';
    if (digit >= 'a' && digit <= 'f') return digit - 'a' + 10;
    if (digit >= 'A' && digit <= 'F') return digit - 'A' + 10;
    return -1;
}

std::string encode64(ByteView bytes, std::string_view alphabet) {
    std::string text;
    text.reserve((bytes.size() + 2) / 3 * 4);
    std::uint32_t group = 0;
    int bits = 0;
    for (const std::uint8_t byte : bytes) {
        group = (group << 8) | byte;
        bits += 8;
        while (bits >= 6) {
            bits -= 6;
            text += alphabet[(group >> bits) & 63];
        }
    }
    if (bits > 0) text += alphabet[(group << (6 - bits)) & 63];
    return text;
}

Result<Bytes> decode64(std::string_view text, std::string_view alphabet) {
    if (text.size() % 4 == 1) {
        return std::unexpected(
            Error{Error::Code::truncated, "base64", static_cast<std::uint32_t>(text.size())});
    }
    Bytes bytes;
    bytes.reserve(text.size() * 3 / 4);
    std::uint32_t group = 0;
    int bits = 0;
    for (std::size_t index = 0; index < text.size(); ++index) {
        const std::size_t value = alphabet.find(text[index]);
        if (value == std::string_view::npos) {
            return std::unexpected(
                Error{Error::Code::malformed, "base64", static_cast<std::uint32_t>(index)});
        }
        group = (group << 6) | static_cast<std::uint32_t>(value);
        bits += 6;
        if (bits >= 8) {
            bits -= 8;
            bytes.push_back(static_cast<std::uint8_t>(group >> bits));
        }
    }
    // Left-over bits must be zero, or two texts would decode to the same bytes.
    if ((group & ((1U << bits) - 1)) != 0) {
        return std::unexpected(
            Error{Error::Code::malformed, "base64", static_cast<std::uint32_t>(text.size())});
    }
    return bytes;
}

}  // namespace

std::string to_hex(ByteView bytes) {
    std::string text;
    text.reserve(bytes.size() * 2);
    for (const std::uint8_t byte : bytes) {
        text += kHexDigits[byte >> 4];
        text += kHexDigits[byte & 15];
    }
    return text;
}

Result<Bytes> from_hex(std::string_view text) {
    if (text.size() % 2 != 0) {
        return std::unexpected(
            Error{Error::Code::truncated, "hex", static_cast<std::uint32_t>(text.size())});
    }
    Bytes bytes;
    bytes.reserve(text.size() / 2);
    for (std::size_t index = 0; index < text.size(); index += 2) {
        const int high = hex_value(text[index]);
        const int low = hex_value(text[index + 1]);
        if (high < 0 || low < 0) {
            return std::unexpected(
                Error{Error::Code::malformed, "hex", static_cast<std::uint32_t>(index)});
        }
        bytes.push_back(static_cast<std::uint8_t>(high << 4 | low));
    }
    return bytes;
}

std::string to_base64url(ByteView bytes) {
    return encode64(bytes, kUrlAlphabet);
}

Result<Bytes> from_base64url(std::string_view text) {
    return decode64(text, kUrlAlphabet);
}

std::string to_base64(ByteView bytes) {
    std::string text = encode64(bytes, kAlphabet);
    while (text.size() % 4 != 0) text += '=';
    return text;
}

Result<Bytes> from_base64(std::string_view text) {
    if (text.size() % 4 != 0) {
        return std::unexpected(
            Error{Error::Code::truncated, "base64", static_cast<std::uint32_t>(text.size())});
    }
    for (int padding = 0; padding < 2 && text.ends_with('='); ++padding) text.remove_suffix(1);
    return decode64(text, kAlphabet);
}

}  // namespace grapevine
