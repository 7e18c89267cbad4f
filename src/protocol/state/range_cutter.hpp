#pragma once

#include <algorithm>
#include <cassert>
#include <cstddef>
#include <utility>
#include <vector>

#include "protocol/state/range_sync.hpp"
#include "wire/messages.hpp"
#include "wire/size.hpp"

namespace grapevine::protocol {

/// Puts ranges into sections, each of which fits a datagram and has a lower bound of its own.
/// Ranges come in order; what lies between two of them becomes a skip, or the end of a section.
/// `Section` is wire::StateRanges or wire::StateWant.
template <typename Section>
class RangeCutter {
public:
    /// `blank` is what every section begins as. The budget is at least kRangeBudgetBytesMin.
    RangeCutter(Section blank, std::size_t budget_bytes, std::size_t sections_max)
        : blank_(std::move(blank)), budget_bytes_(budget_bytes), sections_max_(sections_max) {
        assert(budget_bytes >= kRangeBudgetBytesMin);
    }

    /// Adds what `range` says of the entries from `lower` on. False, and nothing has changed, if
    /// that wants one section too many.
    bool add(const wire::StatePosition& lower, wire::StateRange range) {
        assert(lower < range.upper);
        if (is_open() && extend(lower, range)) return true;
        if (is_open() && put(lower, range)) return true;
        if (sections_.size() == sections_max_) return false;
        sections_.push_back(blank_);
        sections_.back().lower = lower;
        size_ = kFrameBytes + wire::encoded_body_size(sections_.back());
        end_ = lower;
        const bool fits = put(lower, range);
        assert(fits);
        return fits;
    }

    /// Says that what follows, up to `upper`, found no room. After `add` has refused.
    void cut(const wire::StatePosition& upper) {
        assert(is_open() && end_ < upper);
        sections_.back().ranges.push_back({upper, wire::StateRange::Skip{}});
        end_ = upper;
    }

    /// How many ids the next range can list, if it begins at `lower`. If there is room for a few
    /// only, it is that of a new section.
    [[nodiscard]] std::size_t id_room(const wire::StatePosition& lower) const {
        constexpr std::size_t kFew = 8;
        const std::size_t fixed = 3 * kRangeBoundBytesMax + 2;
        std::size_t used = size_ + fixed;
        if (is_open() && lower >= end_ && used + kFew * 8 <= budget_bytes_) {
            return std::min(kStateIdsMax, (budget_bytes_ - used) / 8);
        }
        used = kFrameBytes + wire::encoded_body_size(blank_) + fixed;
        return std::min(kStateIdsMax, (budget_bytes_ - used) / 8);
    }

    [[nodiscard]] std::vector<Section> finish() { return std::move(sections_); }

private:
    /// Type and length of a section.
    static constexpr std::size_t kFrameBytes = 3;

    [[nodiscard]] bool is_open() const { return !sections_.empty(); }

    /// Two equal ranges in a row are one.
    bool extend(const wire::StatePosition& lower, const wire::StateRange& range) {
        using Equal = wire::StateRange::Equal;
        auto& ranges = sections_.back().ranges;
        if (ranges.empty() || lower != end_) return false;
        if (!std::holds_alternative<Equal>(ranges.back().content)) return false;
        if (!std::holds_alternative<Equal>(range.content)) return false;
        const auto& start =
            ranges.size() > 1 ? ranges[ranges.size() - 2].upper : sections_.back().lower;
        const std::size_t size =
            size_ - wire::encoded_size(ranges.back(), start) + wire::encoded_size(range, start);
        if (size + kRangeBoundBytesMax > budget_bytes_) return false;
        size_ = size;
        end_ = ranges.back().upper = range.upper;
        return true;
    }

    bool put(const wire::StatePosition& lower, wire::StateRange& range) {
        auto& ranges = sections_.back().ranges;
        assert(lower >= end_);
        const wire::StateRange skip{lower, wire::StateRange::Skip{}};
        const std::size_t skip_bytes = lower == end_ ? 0 : wire::encoded_size(skip, end_);
        const std::size_t size = size_ + skip_bytes + wire::encoded_size(range, lower);
        // The last section keeps room for the word that it is the last.
        const bool is_last = sections_.size() == sections_max_;
        const std::size_t kept = is_last ? kRangeBoundBytesMax : 0;
        if (size + kept > budget_bytes_) return false;
        if (ranges.size() + 3 > kStateRangesMax) return false;
        if (skip_bytes > 0) ranges.push_back(skip);
        end_ = range.upper;
        size_ = size;
        ranges.push_back(std::move(range));
        return true;
    }

    Section blank_;
    std::size_t budget_bytes_;
    std::size_t sections_max_;
    std::vector<Section> sections_;
    std::size_t size_ = 0;  ///< Of the last section, as it travels.
    wire::StatePosition end_;
};

/// Adds fingerprints of kStateSplitParts parts of equal count, of the entries of [lower, upper), of
/// which there are at least as many. Returns up to where they fitted.
/// A reply has the counts beside them.
wire::StatePosition add_parts(RangeCutter<wire::StateRanges>& cutter, const RangeTree& tree,
                              const wire::StatePosition& lower, const wire::StatePosition& upper,
                              bool is_reply);

}  // namespace grapevine::protocol
