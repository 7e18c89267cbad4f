#pragma once

#include <array>
#include <cassert>
#include <cmath>
#include <cstdint>
#include <span>
#include <utility>
#include <vector>

namespace grapevine {

/// A reproducible source of numbers: xoshiro256** (Blackman and Vigna, 2018), seeded by splitmix64.
/// The distributions of <random> differ between standard libraries, so a seed would not replay;
/// these do not. Never for keys: those come from the operating system.
class Random {
public:
    explicit Random(std::uint64_t seed) {
        for (std::uint64_t& word : state_) {
            seed += 0x9e3779b97f4a7c15ULL;
            std::uint64_t z = seed;
            z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9ULL;
            z = (z ^ (z >> 27)) * 0x94d049bb133111ebULL;
            word = z ^ (z >> 31);
        }
    }

    [[nodiscard]] std::uint64_t next() {
        const std::uint64_t result = rotate(state_[1] * 5, 7) * 9;
        const std::uint64_t t = state_[1] << 17;
        state_[2] ^= state_[0];
        state_[3] ^= state_[1];
        state_[1] ^= state_[2];
        state_[0] ^= state_[3];
        state_[2] ^= t;
        state_[3] = rotate(state_[3], 45);
        return result;
    }

    /// Uniform in [0, bound). Lemire's multiplication with rejection: no modulo bias.
    [[nodiscard]] std::uint64_t below(std::uint64_t bound) {
        assert(bound > 0);
        __extension__ using Wide = unsigned __int128;
        const std::uint64_t threshold = (0 - bound) % bound;
        for (;;) {
            const Wide product = static_cast<Wide>(next()) * bound;
            if (static_cast<std::uint64_t>(product) >= threshold) {
                return static_cast<std::uint64_t>(product >> 64);
            }
        }
    }

    /// Uniform in [0, 1), 53 bits.
    [[nodiscard]] double unit() { return static_cast<double>(next() >> 11) * 0x1.0p-53; }

    /// True with probability `p`; never for p <= 0, always for p >= 1.
    [[nodiscard]] bool chance(double p) { return unit() < p; }

    /// Exponential with the given mean. Never negative, below 40 means.
    [[nodiscard]] double exponential(double mean) { return -mean * std::log1p(-unit()); }

    template <typename T>
    void shuffle(std::span<T> items) {
        for (std::size_t count = items.size(); count > 1; --count) {
            std::swap(items[count - 1], items[below(count)]);
        }
    }

    /// A generator for a part of the whole, independent of this one and of its other children.
    [[nodiscard]] Random fork() { return Random(next()); }

private:
    static constexpr std::uint64_t rotate(std::uint64_t x, int k) {
        return (x << k) | (x >> (64 - k));
    }

    std::array<std::uint64_t, 4> state_{};
};

}  // namespace grapevine
