#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <map>
#include <optional>

#include "base/bytes.hpp"
#include "base/error.hpp"

namespace grapevine::sql {

/// Quantiles of numbers that nobody has all of.
///
/// The idea: count numbers in buckets whose bounds grow by a constant factor. Whatever number a
/// quantile is, the middle of its bucket is within 1% of it, and two sketches are merged by adding
/// the counts: exactly, and in whatever order.
///
/// Source: Masson, Rim, Lee, "DDSketch", VLDB 2019: bucket i holds (gamma^(i-1), gamma^i] and
/// stands for 2 gamma^i / (gamma + 1), with gamma = (1 + a) / (1 - a).
/// Deviation: where more than kBucketsMax buckets would be needed, numbers below the lowest are
/// counted there: the window hangs below the largest magnitude. The paper merges the lowest
/// *filled* ones, which depends on the order of merging.
///
/// Unlike maxima, merging twice counts twice: a sketch is merged up a tree or once per origin,
/// never from gossip partner to gossip partner.
///
/// Memory: two windows of kBucketsMax buckets at most, one for each sign, filled ones only. 2,048
/// buckets span a factor of 6 * 10^17.
class DdSketch {
public:
    static constexpr double kAccuracy = 0.01;
    static constexpr std::int32_t kBucketsMax = 2048;
    /// Numbers of a smaller magnitude are counted as zero, and larger ones as this.
    static constexpr double kMagnitudeMin = 1e-300;
    static constexpr double kMagnitudeMax = 1e300;

    /// NaN is no number and not counted; false then.
    bool add(double value, std::uint64_t times = 1);
    void merge(const DdSketch& other);

    [[nodiscard]] std::uint64_t count() const;
    /// Tells each bucket as a number that `add` counts there again, and how often.
    void for_each(const std::function<void(double value, std::uint64_t times)>& tell) const;
    /// Of those numbers, in order, that of rank `q` (count - 1); 0 <= q <= 1. Nothing if empty.
    [[nodiscard]] std::optional<double> quantile(double q) const;

    /// The same bytes for the same numbers, in whatever order they came and were merged.
    [[nodiscard]] Bytes encode() const;
    static Result<DdSketch> decode(ByteView bytes);

    static std::int32_t bucket_of(double magnitude);
    static double value_of(std::int32_t bucket);

    friend bool operator==(const DdSketch&, const DdSketch&) = default;

private:
    using Buckets = std::map<std::int32_t, std::uint64_t>;

    static void count_in(Buckets& buckets, std::int32_t bucket, std::uint64_t times);

    Buckets positive_;
    Buckets negative_;  ///< By magnitude.
    std::uint64_t zeros_ = 0;
};

}  // namespace grapevine::sql
