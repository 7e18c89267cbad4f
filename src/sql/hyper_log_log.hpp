#pragma once

#include <array>
#include <cstddef>
#include <cstdint>

#include "base/bytes.hpp"
#include "base/error.hpp"

namespace grapevine::sql {

/// How many different things are there, if many members have seen them, some of them the same ones?
///
/// The problem: sums count twice what two members have seen. The idea: hash every thing; of those
/// whose hash begins with the same 12 bits, remember only the longest row of zeros that followed.
/// n different hashes make such a row about log2(n) long, and however often one comes, in whatever
/// order, at however many members, the longest stays the same. So sketches can be merged as often
/// as gossip likes.
///
/// Source: Flajolet, Fusy, Gandouet, Meunier, "HyperLogLog", AofA 2007; the estimate is that of
/// Ertl, "New cardinality estimation algorithms for HyperLogLog sketches", 2017, section 4, which
/// needs no corrections from tables for small and large numbers.
///
/// Relative standard error 1.04 / sqrt(4096) = 1.6%. Memory: 4,096 bytes; as bytes 3,072, because a
/// row of 64 - 12 zeros at most needs six bits.
class HyperLogLog {
public:
    static constexpr std::size_t kIndexBits = 12;
    static constexpr std::size_t kRegisters = std::size_t{1} << kIndexBits;
    static constexpr std::size_t kBytes = kRegisters * 6 / 8;

    /// A well mixed hash of the thing; `hash_of` is one.
    void add(std::uint64_t hash);
    void merge(const HyperLogLog& other);
    [[nodiscard]] double estimate() const;

    /// The same bytes for the same things, in whatever order they came and were merged.
    [[nodiscard]] Bytes encode() const;
    static Result<HyperLogLog> decode(ByteView bytes);

    static std::uint64_t hash_of(ByteView thing);

    friend bool operator==(const HyperLogLog&, const HyperLogLog&) = default;

private:
    /// Zeros behind the index, plus one; 0 if nothing came here.
    static constexpr std::uint8_t kRankMax = 64 - kIndexBits + 1;

    std::array<std::uint8_t, kRegisters> registers_{};
};

}  // namespace grapevine::sql
