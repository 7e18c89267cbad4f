#pragma once

#include <string>

#include "base/random.hpp"

namespace grapevine::gossiperl {

/// A UUID of version 4 (RFC 9562, section 5.4), lower case: what the old protocol uses for ids. To
/// everybody it is opaque; it must be new, not secret.
inline std::string make_letter_id(Random& random) {
    static constexpr char kDigits[] = "0123456789abcdef";
    std::string id;
    id.reserve(36);
    for (int digit = 0; digit < 32; ++digit) {
        if (digit == 8 || digit == 12 || digit == 16 || digit == 20) id.push_back('-');
        std::uint64_t value = random.below(16);
        if (digit == 12) value = 4;                   // The version.
        if (digit == 16) value = 8U | (value & 3U);  // The variant.
        id.push_back(kDigits[value]);
    }
    return id;
}

}  // namespace grapevine::gossiperl
