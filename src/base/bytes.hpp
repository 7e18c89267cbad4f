#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/error.hpp"

namespace grapevine {

using Bytes = std::vector<std::uint8_t>;
using ByteView = std::span<const std::uint8_t>;

inline ByteView as_bytes(std::string_view text) {
    return {reinterpret_cast<const std::uint8_t*>(text.data()), text.size()};
}
inline std::string_view as_text(ByteView bytes) {
    return {reinterpret_cast<const char*>(bytes.data()), bytes.size()};
}

/// Lower-case hexadecimal, two digits a byte.
std::string to_hex(ByteView bytes);

/// Either case. An odd count or a foreign digit is malformed.
Result<Bytes> from_hex(std::string_view text);

/// RFC 4648 section 5 (URL-safe alphabet), without padding.
std::string to_base64url(ByteView bytes);

/// Accepts the output of `to_base64url`; padding, whitespace and foreign letters are malformed.
Result<Bytes> from_base64url(std::string_view text);

/// RFC 4648 section 4, with padding: what JSON clients expect for binary payloads.
std::string to_base64(ByteView bytes);
Result<Bytes> from_base64(std::string_view text);

}  // namespace grapevine
