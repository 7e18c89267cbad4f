#include "sql/exact_sum.hpp"

#include <bit>
#include <cmath>
#include <limits>

namespace grapevine::sql {
namespace {

constexpr unsigned kMantissaBits = 52;

bool bit_of(const std::array<std::uint64_t, 34>& words, unsigned bit) {
    return (words[bit / 64] >> (bit % 64) & 1U) != 0;
}

/// 64 bits from `bit` on.
std::uint64_t word_at(const std::array<std::uint64_t, 34>& words, unsigned bit) {
    const std::size_t index = bit / 64;
    const unsigned shift = bit % 64;
    const std::uint64_t high = index + 1 < words.size() ? words[index + 1] : 0;
    return shift == 0 ? words[index] : words[index] >> shift | high << (64 - shift);
}

}  // namespace

void ExactSum::add(double number) {
    change(number, Sign::plus);
}

void ExactSum::remove(double number) {
    change(number, Sign::minus);
}

void ExactSum::add(std::int64_t number) {
    const auto bits = static_cast<std::uint64_t>(number);
    accumulate(number < 0 ? 0 - bits : bits, kOneBit, number < 0 ? Sign::minus : Sign::plus);
}

void ExactSum::remove(std::int64_t number) {
    const auto bits = static_cast<std::uint64_t>(number);
    accumulate(number < 0 ? 0 - bits : bits, kOneBit, number < 0 ? Sign::plus : Sign::minus);
}

void ExactSum::change(double number, Sign sign) {
    const std::int64_t count = sign == Sign::plus ? 1 : -1;
    if (std::isnan(number)) {
        nans_ += count;
        return;
    }
    if (std::isinf(number)) {
        (number > 0 ? plus_infinities_ : minus_infinities_) += count;
        return;
    }
    const auto bits = std::bit_cast<std::uint64_t>(number);
    const auto exponent = static_cast<unsigned>(bits >> kMantissaBits & 0x7FFU);
    std::uint64_t mantissa = bits & ((std::uint64_t{1} << kMantissaBits) - 1);
    // Subnormal numbers have no hidden bit, and the exponent of the smallest normal ones.
    if (exponent != 0) mantissa |= std::uint64_t{1} << kMantissaBits;
    const bool is_negative = bits >> 63U != 0;
    const bool is_addition = (sign == Sign::plus) != is_negative;
    accumulate(mantissa, exponent == 0 ? 0 : exponent - 1, is_addition ? Sign::plus : Sign::minus);
}

void ExactSum::accumulate(std::uint64_t mantissa, unsigned bit, Sign sign) {
    const unsigned shift = bit % 64;
    std::uint64_t parts[2] = {mantissa << shift, shift == 0 ? 0 : mantissa >> (64 - shift)};
    std::uint64_t carry = 0;
    for (std::size_t index = bit / 64, step = 0; index < kWords; ++index, ++step) {
        if (step >= 2 && carry == 0) return;
        const std::uint64_t part = step < 2 ? parts[step] : 0;
        std::uint64_t& word = words_[index];
        const std::uint64_t before = word;
        if (sign == Sign::plus) {
            word = before + part + carry;
            carry = word < before || (carry == 1 && word == before) ? 1 : 0;
        } else {
            word = before - part - carry;
            carry = word > before || (carry == 1 && word == before) ? 1 : 0;
        }
    }
}

double ExactSum::value() const {
    const double infinity = std::numeric_limits<double>::infinity();
    if (nans_ > 0 || (plus_infinities_ > 0 && minus_infinities_ > 0)) {
        return std::numeric_limits<double>::quiet_NaN();
    }
    if (plus_infinities_ > 0) return infinity;
    if (minus_infinities_ > 0) return -infinity;

    Words magnitude = words_;
    const bool is_negative = words_.back() >> 63U != 0;
    if (is_negative) {
        std::uint64_t carry = 1;
        for (std::uint64_t& word : magnitude) {
            word = ~word + carry;
            carry = carry == 1 && word == 0 ? 1 : 0;
        }
    }
    unsigned highest = 0;
    bool is_zero = true;
    for (std::size_t index = kWords; index-- > 0 && is_zero;) {
        if (magnitude[index] == 0) continue;
        is_zero = false;
        highest = static_cast<unsigned>(index * 64) + 63 -
                  static_cast<unsigned>(std::countl_zero(magnitude[index]));
    }
    if (is_zero) return 0.0;
    double result = 0;
    if (highest <= kMantissaBits) {
        result = std::ldexp(static_cast<double>(magnitude[0]), -static_cast<int>(kOneBit));
    } else {
        const unsigned lowest = highest - kMantissaBits;
        std::uint64_t mantissa =
            word_at(magnitude, lowest) & ((std::uint64_t{2} << kMantissaBits) - 1);
        const bool is_half = bit_of(magnitude, lowest - 1);
        bool is_above_half = false;
        for (unsigned bit = 0; bit + 1 < lowest && !is_above_half; ++bit) {
            is_above_half = bit_of(magnitude, bit);
        }
        if (is_half && (is_above_half || (mantissa & 1U) != 0)) ++mantissa;
        result = std::ldexp(static_cast<double>(mantissa),
                            static_cast<int>(lowest) - static_cast<int>(kOneBit));
    }
    return is_negative ? -result : result;
}

std::optional<std::int64_t> ExactSum::whole() const {
    if (nans_ > 0 || plus_infinities_ > 0 || minus_infinities_ > 0) return std::nullopt;
    for (unsigned index = 0; index < kOneBit / 64; ++index) {
        if (words_[index] != 0) return std::nullopt;
    }
    if ((words_[kOneBit / 64] & ((std::uint64_t{1} << (kOneBit % 64)) - 1)) != 0) {
        return std::nullopt;
    }
    const auto result = static_cast<std::int64_t>(word_at(words_, kOneBit));
    // What is above must repeat the sign.
    const std::uint64_t expected = result < 0 ? ~std::uint64_t{0} : 0;
    constexpr unsigned kAbove = kOneBit + 64;
    for (std::size_t index = kAbove / 64 + 1; index < kWords; ++index) {
        if (words_[index] != expected) return std::nullopt;
    }
    if (words_[kAbove / 64] >> (kAbove % 64) != expected >> (kAbove % 64)) return std::nullopt;
    return result;
}

}  // namespace grapevine::sql
