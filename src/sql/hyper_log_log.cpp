#include "sql/hyper_log_log.hpp"

#include <algorithm>
#include <bit>
#include <cmath>
#include <limits>

#include "base/checksum.hpp"

namespace grapevine::sql {
namespace {

/// Ertl 2017, algorithm 5 (sigma) and 6 (tau): what empty and full registers stand for.
double sigma(double x) {
    if (x == 1) return std::numeric_limits<double>::infinity();
    double y = 1;
    double z = x;
    for (double before = -1; z != before;) {
        before = z;
        x *= x;
        z += x * y;
        y += y;
    }
    return z;
}

double tau(double x) {
    if (x == 0 || x == 1) return 0;
    double y = 1;
    double z = 1 - x;
    for (double before = -1; z != before;) {
        before = z;
        x = std::sqrt(x);
        y /= 2;
        z -= (1 - x) * (1 - x) * y;
    }
    return z / 3;
}

}  // namespace

void HyperLogLog::add(std::uint64_t hash) {
    const std::size_t index = hash >> (64 - kIndexBits);
    // A one behind the last bit ends the row.
    const std::uint64_t rest = (hash << kIndexBits) | (std::uint64_t{1} << (kIndexBits - 1));
    const auto rank = static_cast<std::uint8_t>(std::countl_zero(rest) + 1);
    registers_[index] = std::max(registers_[index], rank);
}

void HyperLogLog::merge(const HyperLogLog& other) {
    for (std::size_t index = 0; index < kRegisters; ++index) {
        registers_[index] = std::max(registers_[index], other.registers_[index]);
    }
}

double HyperLogLog::estimate() const {
    std::array<std::uint32_t, kRankMax + 1> counts{};
    for (const std::uint8_t rank : registers_) ++counts[rank];
    constexpr double kM = kRegisters;
    double z = kM * tau(1 - static_cast<double>(counts[kRankMax]) / kM);
    for (std::size_t rank = kRankMax - 1; rank >= 1; --rank) z = (z + counts[rank]) / 2;
    z += kM * sigma(static_cast<double>(counts[0]) / kM);
    // alpha of infinitely many registers: 1 / (2 ln 2).
    return kM * kM / (2 * std::log(2.0) * z);
}

Bytes HyperLogLog::encode() const {
    Bytes bytes(kBytes);
    for (std::size_t index = 0; index < kRegisters; ++index) {
        const std::size_t bit = index * 6;
        const auto wide = static_cast<std::uint32_t>(registers_[index]) << (10 - bit % 8);
        bytes[bit / 8] |= static_cast<std::uint8_t>(wide >> 8U);
        if (bit / 8 + 1 < kBytes) bytes[bit / 8 + 1] |= static_cast<std::uint8_t>(wide);
    }
    return bytes;
}

Result<HyperLogLog> HyperLogLog::decode(ByteView bytes) {
    if (bytes.size() != kBytes) {
        const auto code = bytes.size() < kBytes ? Error::Code::truncated : Error::Code::malformed;
        return std::unexpected(Error{code, "hyper_log_log", 0});
    }
    HyperLogLog sketch;
    for (std::size_t index = 0; index < kRegisters; ++index) {
        const std::size_t bit = index * 6;
        std::uint32_t wide = static_cast<std::uint32_t>(bytes[bit / 8]) << 8U;
        if (bit / 8 + 1 < kBytes) wide |= bytes[bit / 8 + 1];
        const auto rank = static_cast<std::uint8_t>((wide >> (10 - bit % 8)) & 0x3fU);
        if (rank > kRankMax) {
            return std::unexpected(Error{Error::Code::malformed, "hyper_log_log.register",
                                         static_cast<std::uint32_t>(bit / 8)});
        }
        sketch.registers_[index] = rank;
    }
    return sketch;
}

std::uint64_t HyperLogLog::hash_of(ByteView thing) {
    return mix64(fnv1a(thing));
}

}  // namespace grapevine::sql
