#pragma once

#include <bit>
#include <cstdint>

#include "base/random.hpp"
#include "base/time.hpp"

namespace grapevine::sim {

/// Exponentially distributed with the given mean, in integers, so that a seed replays under every
/// compiler and mathematical library. Resolution 2^-24 of the mean; never above 44 means.
///
/// -ln(u) = ln 2 * (-log2 u), and the binary digits of a logarithm come one by one from squaring
/// (Knuth, The Art of Computer Programming, volume 1, section 1.2.2, exercise 25).
inline Duration exponential(Random& random, Duration mean) {
    __extension__ using Wide = unsigned __int128;
    const std::uint64_t uniform = random.next() | 1U;  // Never zero: log 0 is no delay.
    const auto leading = static_cast<unsigned>(std::countl_zero(uniform));
    std::uint64_t mantissa = uniform << leading;  // In [1, 2), as 1.63 fixed point.
    std::uint64_t fraction = 0;                   // log2 of the mantissa, 24 binary digits.
    for (int digit = 0; digit < 24; ++digit) {
        const Wide square = static_cast<Wide>(mantissa) * mantissa;  // 2.126 fixed point.
        fraction <<= 1U;
        if ((square >> 127U) != 0) {
            fraction |= 1U;
            mantissa = static_cast<std::uint64_t>(square >> 64U);
        } else {
            mantissa = static_cast<std::uint64_t>(square >> 63U);
        }
    }
    // -log2(u) = leading + 1 - log2(mantissa), with 24 binary digits behind the point.
    const std::uint64_t bits = (static_cast<std::uint64_t>(leading + 1) << 24U) - fraction;
    constexpr std::uint64_t kLn2 = 0xb17217f7;  // ln 2 * 2^32
    const Wide scaled = static_cast<Wide>(bits) * kLn2 * static_cast<std::uint64_t>(mean.count());
    return Duration(static_cast<std::int64_t>(scaled >> 56U));
}

/// Uniform in [low, high).
inline Duration between(Random& random, Duration low, Duration high) {
    if (high <= low) return low;
    return low + Duration(static_cast<std::int64_t>(
                     random.below(static_cast<std::uint64_t>((high - low).count()))));
}

}  // namespace grapevine::sim
