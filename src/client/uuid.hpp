#pragma once

#include <array>
#include <cstdint>
#include <string>

#include "base/random.hpp"

namespace grapevine::client {

/// The text of a version 4 UUID (RFC 9562, section 5.4), lower case with dashes, 36 characters: the
/// form that envelope ids of the old protocol have by custom. Six of the 128 bits are overwritten
/// by version and variant.
std::string uuid_text(std::array<std::uint8_t, 16> bits);

/// The same of random bits.
std::string uuid_text(Random& random);

}  // namespace grapevine::client
