#pragma once

#include <array>
#include <cstdint>
#include <optional>

namespace grapevine::sql {

/// The sum of numbers without any rounding until it is read.
///
/// Floating-point addition depends on the order, so two members that add the same numbers in
/// different orders get different bytes. Here every number is added to one fixed-point number that
/// is wide enough for all doubles (bit 0 is worth 2^-1074), in two's complement. So the result
/// depends on the numbers alone, and is the double nearest to their true sum. What was added can be
/// taken out again, without a trace.
///
/// Deviation from Kahan's compensated sum, which is more exact than a plain one and yet depends on
/// the order.
///
/// 34 words: 2,098 bits for the range of doubles, the rest for the carries of 2^62 additions.
/// All bytes zero is a valid, empty sum: SQLite gives zeroed memory.
class ExactSum {
public:
    void add(double number);
    void add(std::int64_t number);
    /// The inverse of `add` of the same number.
    void remove(double number);
    void remove(std::int64_t number);

    /// Rounded once, to nearest, ties to even. Infinities and NaN as IEEE 754 adds them; a sum
    /// beyond the range of doubles is infinite.
    [[nodiscard]] double value() const;
    /// If it is a whole number within range.
    [[nodiscard]] std::optional<std::int64_t> whole() const;

private:
    enum class Sign : std::uint8_t { plus, minus };
    static constexpr std::size_t kWords = 34;
    /// Bit 0 is worth 2^-1074, so this one is worth 1.
    static constexpr unsigned kOneBit = 1074;
    using Words = std::array<std::uint64_t, kWords>;

    void change(double number, Sign sign);
    /// Adds or takes `mantissa` * 2^(`bit` - 1074).
    void accumulate(std::uint64_t mantissa, unsigned bit, Sign sign);

    Words words_{};
    std::int64_t plus_infinities_ = 0;
    std::int64_t minus_infinities_ = 0;
    std::int64_t nans_ = 0;
};

}  // namespace grapevine::sql
