#include "sql/dd_sketch.hpp"

#include <algorithm>
#include <cassert>
#include <cmath>
#include <limits>

#include "base/reader.hpp"

namespace grapevine::sql {
namespace {

constexpr double kGamma = (1 + DdSketch::kAccuracy) / (1 - DdSketch::kAccuracy);

double log_gamma() {
    static const double value = std::log(kGamma);
    return value;
}

/// Sums of garbage from outside must not wrap.
std::uint64_t saturating_sum(std::uint64_t a, std::uint64_t b) {
    const std::uint64_t sum = a + b;
    return sum < a ? std::numeric_limits<std::uint64_t>::max() : sum;
}

/// Signed numbers near zero in few bytes, whatever their sign.
std::uint64_t zigzag(std::int32_t value) {
    return (static_cast<std::uint32_t>(value) << 1U) ^ static_cast<std::uint32_t>(value >> 31);
}

std::int32_t unzigzag(std::uint64_t value) {
    const auto low = static_cast<std::uint32_t>(value);
    return static_cast<std::int32_t>((low >> 1U) ^ (0U - (low & 1U)));
}

void write_buckets(Writer& writer, const std::map<std::int32_t, std::uint64_t>& buckets) {
    writer.varint(buckets.size());
    if (buckets.empty()) return;
    std::int32_t at = buckets.begin()->first;
    writer.varint(zigzag(at));
    for (const auto& [bucket, times] : buckets) {
        writer.varint(static_cast<std::uint64_t>(bucket - at));
        writer.varint(times);
        at = bucket;
    }
}

Result<std::map<std::int32_t, std::uint64_t>> read_buckets(Reader& reader) {
    std::map<std::int32_t, std::uint64_t> buckets;
    using Buckets = decltype(buckets);
    const std::uint64_t count = GV_TRY(reader.varint("dd_sketch.count"));
    if (count > static_cast<std::uint64_t>(DdSketch::kBucketsMax)) {
        return reader.refuse<Buckets>(Error::Code::over_limit, "dd_sketch.count");
    }
    if (count == 0) return buckets;
    const std::int32_t lowest_legal = DdSketch::bucket_of(DdSketch::kMagnitudeMin);
    const std::int32_t highest_legal = DdSketch::bucket_of(DdSketch::kMagnitudeMax);
    const std::uint64_t first = GV_TRY(reader.varint("dd_sketch.bucket"));
    if (first > std::numeric_limits<std::uint32_t>::max()) {
        return reader.refuse<Buckets>(Error::Code::malformed, "dd_sketch.bucket");
    }
    std::int64_t at = unzigzag(first);
    for (std::uint64_t index = 0; index < count; ++index) {
        const std::uint64_t step = GV_TRY(reader.varint("dd_sketch.bucket"));
        const bool is_legal_step = index == 0 ? step == 0 : step > 0;
        if (!is_legal_step || step >= static_cast<std::uint64_t>(DdSketch::kBucketsMax)) {
            return reader.refuse<Buckets>(Error::Code::malformed, "dd_sketch.bucket");
        }
        at += static_cast<std::int64_t>(step);
        const std::uint64_t times = GV_TRY(reader.varint("dd_sketch.times"));
        if (times == 0 || at < lowest_legal || at > highest_legal) {
            return reader.refuse<Buckets>(Error::Code::malformed, "dd_sketch.bucket");
        }
        buckets.emplace(static_cast<std::int32_t>(at), times);
    }
    if (buckets.rbegin()->first - buckets.begin()->first >= DdSketch::kBucketsMax) {
        return reader.refuse<Buckets>(Error::Code::malformed, "dd_sketch.bucket");
    }
    return buckets;
}

}  // namespace

std::int32_t DdSketch::bucket_of(double magnitude) {
    return static_cast<std::int32_t>(std::ceil(std::log(magnitude) / log_gamma()));
}

double DdSketch::value_of(std::int32_t bucket) {
    return 2 * std::exp(bucket * log_gamma()) / (kGamma + 1);
}

bool DdSketch::add(double value, std::uint64_t times) {
    if (std::isnan(value)) return false;
    const double magnitude = std::min(std::abs(value), kMagnitudeMax);
    if (magnitude < kMagnitudeMin) {
        zeros_ = saturating_sum(zeros_, times);
    } else {
        count_in(value > 0 ? positive_ : negative_, bucket_of(magnitude), times);
    }
    return true;
}

void DdSketch::count_in(Buckets& buckets, std::int32_t bucket, std::uint64_t times) {
    if (times == 0) return;
    const std::int32_t top = buckets.empty() ? bucket : std::max(bucket, buckets.rbegin()->first);
    const std::int32_t floor = top - kBucketsMax + 1;
    std::uint64_t& place = buckets[std::max(bucket, floor)];
    place = saturating_sum(place, times);
    while (buckets.begin()->first < floor) {
        const std::uint64_t below = buckets.begin()->second;
        buckets.erase(buckets.begin());
        std::uint64_t& lowest = buckets[floor];
        lowest = saturating_sum(lowest, below);
    }
}

void DdSketch::merge(const DdSketch& other) {
    // Merging with itself walks what it changes.
    const DdSketch copy = other;
    zeros_ = saturating_sum(zeros_, copy.zeros_);
    for (const auto& [bucket, times] : copy.positive_) count_in(positive_, bucket, times);
    for (const auto& [bucket, times] : copy.negative_) count_in(negative_, bucket, times);
}

std::uint64_t DdSketch::count() const {
    std::uint64_t sum = zeros_;
    for (const Buckets* buckets : {&positive_, &negative_}) {
        for (const auto& [bucket, times] : *buckets) sum = saturating_sum(sum, times);
    }
    return sum;
}

void DdSketch::for_each(const std::function<void(double value, std::uint64_t times)>& tell) const {
    for (const auto& [bucket, times] : negative_) tell(-value_of(bucket), times);
    if (zeros_ > 0) tell(0, zeros_);
    for (const auto& [bucket, times] : positive_) tell(value_of(bucket), times);
}

std::optional<double> DdSketch::quantile(double q) const {
    assert(q >= 0 && q <= 1);
    const std::uint64_t total = count();
    if (total == 0) return std::nullopt;
    const double rank = q * static_cast<double>(total - 1);
    double seen = 0;
    for (auto entry = negative_.rbegin(); entry != negative_.rend(); ++entry) {
        seen += static_cast<double>(entry->second);
        if (seen > rank) return -value_of(entry->first);
    }
    seen += static_cast<double>(zeros_);
    if (seen > rank) return 0.0;
    for (const auto& [bucket, times] : positive_) {
        seen += static_cast<double>(times);
        if (seen > rank) return value_of(bucket);
    }
    // Where a count is too large for a double to hold exactly.
    return positive_.empty() ? 0.0 : value_of(positive_.rbegin()->first);
}

Bytes DdSketch::encode() const {
    Bytes bytes;
    Writer writer(bytes);
    writer.varint(zeros_);
    write_buckets(writer, positive_);
    write_buckets(writer, negative_);
    return bytes;
}

Result<DdSketch> DdSketch::decode(ByteView bytes) {
    Reader reader(bytes);
    DdSketch sketch;
    sketch.zeros_ = GV_TRY(reader.varint("dd_sketch.zeros"));
    sketch.positive_ = GV_TRY(read_buckets(reader));
    sketch.negative_ = GV_TRY(read_buckets(reader));
    GV_TRY_VOID(reader.expect_end("dd_sketch"));
    return sketch;
}

}  // namespace grapevine::sql
