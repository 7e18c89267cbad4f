#pragma once

#include <cstdint>

#include "base/bytes.hpp"

namespace grapevine {

/// FNV-1a, 64 bits (Fowler, Noll, Vo). Finds torn writes and typing errors; stops nobody who means
/// harm. Also the hash of simulation traces, because it is the same everywhere.
constexpr std::uint64_t fnv1a(ByteView bytes, std::uint64_t hash = 0xcbf29ce484222325ULL) {
    for (const std::uint8_t byte : bytes) {
        hash ^= byte;
        hash *= 0x100000001b3ULL;
    }
    return hash;
}

/// Spreads every bit of `value` over all bits of the result: splitmix64's finaliser (Steele et al.,
/// 2014). A bijection, so distinct values stay distinct.
constexpr std::uint64_t mix64(std::uint64_t value) {
    value ^= value >> 30;
    value *= 0xbf58476d1ce4e5b9ULL;
    value ^= value >> 27;
    value *= 0x94d049bb133111ebULL;
    value ^= value >> 31;
    return value;
}

}  // namespace grapevine
