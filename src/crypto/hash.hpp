#pragma once

#include <array>
#include <cstdint>
#include <span>

#include "base/bytes.hpp"

namespace grapevine::crypto {

using Digest = std::array<std::uint8_t, 32>;

/// SHA-256 (FIPS 180-4).
Digest sha256(ByteView message);

/// HMAC-SHA-256 (RFC 2104). A key of any length.
Digest hmac_sha256(ByteView key, ByteView message);

/// HKDF-SHA-256 (RFC 5869), extract and expand. Fills `out`, at most 255 * 32 bytes.
void hkdf_sha256(ByteView secret, ByteView salt, ByteView info, std::span<std::uint8_t> out);

/// Equal length and content, in a time that depends on the length only.
bool constant_time_equal(ByteView a, ByteView b);

}  // namespace grapevine::crypto
