#include "protocol/state/range_sync.hpp"

#include <algorithm>
#include <cassert>
#include <utility>

#include "protocol/state/range_cutter.hpp"

namespace grapevine::protocol {

using wire::StatePosition;
using wire::StateRange;
using wire::StateRanges;

StatePosition bound_between(const StatePosition& a, const StatePosition& b) {
    assert(a < b);
    const std::uint64_t milliseconds = wire::milliseconds_of(b.stamp);
    if (wire::milliseconds_of(a.stamp) < milliseconds) {
        return {wire::make_stamp(milliseconds, 0), 0};
    }
    if (a.stamp < b.stamp) return {b.stamp, 0};
    for (unsigned bits = 56; bits > 0; bits -= 8) {
        const std::uint64_t prefix = b.id >> bits << bits;
        if (a.id < prefix) return {b.stamp, prefix};
    }
    return b;
}

StatePosition add_parts(RangeCutter<StateRanges>& cutter, const RangeTree& tree,
                        const StatePosition& lower, const StatePosition& upper, bool is_reply) {
    RangeSum before = tree.before(lower);
    const std::uint64_t first = before.count;
    const std::uint64_t count = tree.before(upper).count - first;
    assert(count >= kStateSplitParts);
    StatePosition reached = lower;
    for (std::size_t part = 1; part <= kStateSplitParts; ++part) {
        StatePosition bound = upper;
        if (part < kStateSplitParts) {
            auto cursor = tree.from_index(first + count * part / kStateSplitParts - 1);
            const StatePosition last = cursor.next()->position();
            bound = bound_between(last, cursor.next()->position());
        }
        const RangeSum until = tree.before(bound);
        const RangeSum sum = until - before;
        StateRange range{bound, fingerprint_of(sum)};
        if (is_reply) {
            range.content =
                StateRange::Counted{fingerprint_of(sum), static_cast<std::uint32_t>(sum.count)};
        }
        if (!cutter.add(reached, std::move(range))) break;
        reached = bound;
        before = until;
    }
    return reached;
}

namespace {

/// All ids of [lower, upper), in as many ranges as they take; whether they fitted.
bool add_ids(RangeCutter<StateRanges>& cutter, const RangeTree& tree, const StatePosition& lower,
             const StatePosition& upper) {
    auto cursor = tree.from(lower);
    auto item = cursor.next();
    StatePosition start = lower;
    while (start < upper) {
        StateRange::Ids ids;
        StatePosition last;
        const std::size_t room = cutter.id_room(start);
        while (item && item->position() < upper && ids.size() < room) {
            ids.push_back(item->hash.low);
            last = item->position();
            item = cursor.next();
        }
        const bool is_end = !item || item->position() >= upper;
        const StatePosition bound = is_end ? upper : bound_between(last, item->position());
        if (!cutter.add(start, {bound, std::move(ids)})) return false;
        start = bound;
    }
    return true;
}

}  // namespace

std::vector<StateRanges> answer(const RangeTree& tree, const StateRanges& request,
                                std::size_t budget_bytes) {
    assert(!request.is_reply);
    const StateRanges blank{request.number, true, tree.count(), {}, {}};
    RangeCutter<StateRanges> cutter(blank, budget_bytes, kStateReplySectionsMax);
    StatePosition lower = request.lower;
    for (const StateRange& range : request.ranges) {
        bool is_told = true;
        if (const auto* fingerprint = std::get_if<wire::StateFingerprint>(&range.content)) {
            const RangeSum sum = tree.in(lower, range.upper);
            if (fingerprint_of(sum) == *fingerprint) {
                is_told = cutter.add(lower, {range.upper, StateRange::Equal{}});
            } else if (sum.count < kStateListBelow) {
                is_told = add_ids(cutter, tree, lower, range.upper);
            } else {
                is_told = add_parts(cutter, tree, lower, range.upper, true) == range.upper;
            }
        } else if (std::holds_alternative<StateRange::Ask>(range.content)) {
            is_told = add_ids(cutter, tree, lower, range.upper);
        }
        if (!is_told) {
            cutter.cut(request.ranges.back().upper);
            break;
        }
        lower = range.upper;
    }
    return cutter.finish();
}

std::vector<std::uint32_t> wanted(const RangeTree& tree, const wire::StateWant& want) {
    std::vector<std::uint32_t> handles;
    std::size_t scans_left = kStateWantScanMax;
    StatePosition lower = want.lower;
    for (const StateRange& range : want.ranges) {
        if (const auto* listed = std::get_if<StateRange::Ids>(&range.content)) {
            StateRange::Ids ids = *listed;
            std::ranges::sort(ids);
            auto cursor = tree.from(lower);
            for (; scans_left > 0; --scans_left) {
                const auto item = cursor.next();
                if (!item || item->position() >= range.upper) break;
                if (std::ranges::binary_search(ids, item->hash.low)) {
                    handles.push_back(item->handle);
                }
            }
        }
        lower = range.upper;
    }
    return handles;
}

}  // namespace grapevine::protocol
