#include <algorithm>
#include <cassert>
#include <cmath>
#include <utility>

#include "protocol/state/range_cutter.hpp"
#include "protocol/state/range_sync.hpp"

// The side that asks.
namespace grapevine::protocol {

using wire::StatePosition;
using wire::StateRange;
using wire::StateRanges;

RangeExchange::RangeExchange(std::uint32_t number, const StatePosition& lower,
                             const StatePosition& upper)
    : number_(number) {
    assert(lower < upper);
    todo_.emplace(lower, Open{upper, false});
}

std::vector<RangeExchange::Turn> RangeExchange::newest(const RangeTree& tree,
                                                       std::size_t bytes) const {
    constexpr std::size_t kAskBytes = 6;
    constexpr std::size_t kPartsBytes = kStateSplitParts * 20;
    std::vector<Turn> turns;
    std::size_t used = 0;
    for (auto open = todo_.rbegin(); open != todo_.rend() && used < bytes; ++open) {
        const auto& [lower, range] = *open;
        turns.push_back({lower, range, tree.in(lower, range.upper)});
        used += turns.back().sum.count < kStateListBelow ? kAskBytes : kPartsBytes;
    }
    std::ranges::reverse(turns);
    return turns;
}

std::vector<StateRanges> RangeExchange::next(const RangeTree& tree, std::size_t budget_bytes,
                                             std::size_t sections_max) {
    const std::size_t left = kStateExchangeSectionsMax - counters_.sections_sent;
    if (left == 0 && !todo_.empty()) {
        is_cut_ = true;
        todo_.clear();
    }
    sections_max = std::min(sections_max, left);
    const StateRanges blank{number_, false, tree.count(), {}, {}};
    RangeCutter<StateRanges> cutter(blank, budget_bytes, sections_max);
    for (const Turn& turn : newest(tree, sections_max * budget_bytes)) {
        StatePosition reached = turn.lower;
        if (turn.sum.count >= kStateListBelow) {
            reached = add_parts(cutter, tree, turn.lower, turn.open.upper, false);
        } else {
            StateRange range{turn.open.upper, StateRange::Ask{}};
            if (!turn.open.is_different) range.content = fingerprint_of(turn.sum);
            if (cutter.add(turn.lower, std::move(range))) reached = turn.open.upper;
        }
        if (reached == turn.lower) break;
        todo_.erase(turn.lower);
        Open asked = turn.open;
        asked.upper = reached;
        asked_.emplace(turn.lower, asked);
        if (reached == turn.open.upper) continue;
        todo_.emplace(reached, turn.open);
        break;
    }
    auto sections = cutter.finish();
    counters_.sections_sent += sections.size();
    return sections;
}

void RangeExchange::ask_again() {
    todo_.merge(asked_);
    assert(asked_.empty());
}

void RangeExchange::handle(const RangeTree& tree, const StateRanges& reply) {
    if (!reply.is_reply || reply.number != number_) {
        ++counters_.dropped_stray;
        return;
    }
    ++counters_.sections_received;
    peer_total_ = reply.total;
    is_peer_heard_ = true;
    Tally tally;
    StatePosition lower = reply.lower;
    for (const StateRange& range : reply.ranges) {
        const StatePosition start = std::exchange(lower, range.upper);
        const bool is_skip = std::holds_alternative<StateRange::Skip>(range.content);
        const bool is_equal = std::holds_alternative<StateRange::Equal>(range.content);
        if (is_skip && &range != &reply.ranges.back()) continue;
        if (is_skip || is_equal) {
            settle_all(tree, start, range.upper, is_equal);
            continue;
        }
        const auto parent = settle(start, range.upper);
        if (!parent) {
            ++counters_.ranges_unasked;
        } else if (std::holds_alternative<StateRange::Ids>(range.content)) {
            take_ids(tree, start, range, *parent);
        } else {
            take_counted(tree, start, range, *parent, tally);
        }
    }
    learn(tally);
}

void RangeExchange::take_counted(const RangeTree& tree, const StatePosition& lower,
                                 const StateRange& range, const Open& parent, Tally& tally) {
    const auto& counted = std::get<StateRange::Counted>(range.content);
    const RangeSum sum = tree.in(lower, range.upper);
    tally.compared += 1;
    if (parent.is_saturated) {
        tally.is_saturated = true;
        tally.entries += static_cast<double>(std::max<std::uint64_t>(sum.count, counted.count));
    }
    if (counted.fingerprint == fingerprint_of(sum)) return;
    tally.differing += 1;
    const std::uint64_t apart =
        sum.count > counted.count ? sum.count - counted.count : counted.count - sum.count;
    open(lower, {range.upper, true, false, static_cast<double>(std::max<std::uint64_t>(1, apart))});
    tally.opened.push_back(lower);
}

/// Of N ranges, d differences strewn at random leave N e^(-d/N) equal. If none is equal, half a
/// range counts as such.
void RangeExchange::learn(const Tally& tally) {
    if (tally.differing == 0) return;
    const bool is_saturated =
        tally.differing == tally.compared && tally.compared >= double{kStateSplitParts};
    const double differing = std::min(tally.differing, tally.compared - 0.5);
    const double all = -tally.compared * std::log1p(-differing / tally.compared);
    for (const StatePosition& lower : tally.opened) {
        const auto place = todo_.find(lower);
        if (place == todo_.end()) continue;
        place->second.is_saturated = is_saturated;
        place->second.expected = std::max(place->second.expected, all / tally.differing);
    }
    if (tally.is_saturated && !is_saturated) {
        explored_entries_ += tally.entries;
        explored_differing_ += all;
    }
}

void RangeExchange::take_ids(const RangeTree& tree, const StatePosition& lower,
                             const StateRange& range, const Open& parent) {
    const auto items = tree.items(lower, range.upper, kStateScanMax + 1);
    if (items.size() > kStateScanMax) {
        Open longer = parent;
        longer.upper = range.upper;
        open(lower, longer);
        return;
    }
    const auto& ids = std::get<StateRange::Ids>(range.content);
    const std::uint64_t found = need_count_ + have_count_;
    compare(items, lower, range.upper, ids);
    if (!parent.is_saturated) return;
    explored_entries_ += static_cast<double>(std::max(items.size(), ids.size()));
    explored_differing_ += static_cast<double>(need_count_ + have_count_ - found);
}

void RangeExchange::open(const StatePosition& lower, const Open& open) {
    if (todo_.size() + asked_.size() >= kStateOpenRangesMax) {
        is_cut_ = true;
        if (todo_.empty() || lower < todo_.begin()->first) return;
        todo_.erase(todo_.begin());
    }
    todo_.emplace(lower, open);
}

/// A reply cuts what it was asked about, so its ranges lie within those.
std::optional<RangeExchange::Open> RangeExchange::settle(const StatePosition& lower,
                                                         const StatePosition& upper) {
    auto place = asked_.upper_bound(lower);
    if (place == asked_.begin()) return std::nullopt;
    --place;
    const Open open = place->second;
    if (open.upper < upper) return std::nullopt;
    if (upper < open.upper) {
        if (asked_.size() >= kStateOpenRangesMax) return std::nullopt;
        asked_.emplace(upper, open);
    }
    if (place->first < lower) {
        place->second.upper = lower;
    } else {
        asked_.erase(place);
    }
    return open;
}

/// Equal ranges in a row are told as one, and so are those that found no room.
void RangeExchange::settle_all(const RangeTree& tree, const StatePosition& lower,
                               const StatePosition& upper, bool is_equal) {
    auto place = asked_.upper_bound(lower);
    if (place != asked_.begin()) --place;
    while (place != asked_.end() && place->first < upper) {
        const StatePosition start = std::max(lower, place->first);
        const StatePosition end = std::min(upper, place->second.upper);
        ++place;
        if (start >= end) continue;
        auto part = settle(start, end);
        if (!part) return;
        part->upper = end;
        if (!is_equal) {
            open(start, *part);
        } else if (part->is_saturated) {
            explored_entries_ += static_cast<double>(tree.in(start, end).count);
        }
    }
}

void RangeExchange::compare(const std::vector<RangeTree::Item>& items, const StatePosition& lower,
                            const StatePosition& upper, StateRange::Ids ids) {
    std::ranges::sort(ids);
    const auto twins = std::ranges::unique(ids);
    ids.erase(twins.begin(), twins.end());
    std::vector<bool> is_here(ids.size(), false);
    for (const RangeTree::Item& item : items) {
        const auto place = std::ranges::lower_bound(ids, item.hash.low);
        if (place != ids.end() && *place == item.hash.low) {
            is_here[static_cast<std::size_t>(place - ids.begin())] = true;
        } else {
            add_have(item);
        }
    }
    Need need{lower, upper, {}};
    for (std::size_t index = 0; index < ids.size(); ++index) {
        if (!is_here[index]) need.ids.push_back(ids[index]);
    }
    if (!need.ids.empty()) add_need(std::move(need));
}

void RangeExchange::add_have(const RangeTree::Item& item) {
    ++have_count_;
    if (haves_.size() < kStateFoundMax) {
        haves_.push_back(item);
    } else {
        is_cut_ = true;
    }
}

void RangeExchange::add_need(Need need) {
    need_count_ += need.ids.size();
    if (needs_held_ + need.ids.size() <= kStateFoundMax) {
        needs_held_ += need.ids.size();
        needs_.push_back(std::move(need));
    } else {
        is_cut_ = true;
    }
}

std::vector<wire::StateWant> RangeExchange::take_needs(std::size_t budget_bytes) {
    std::ranges::sort(needs_, {}, &Need::lower);
    RangeCutter<wire::StateWant> cutter({}, budget_bytes, kStateFoundMax);
    for (Need& need : needs_) {
        const bool is_told = cutter.add(need.lower, {need.upper, std::move(need.ids)});
        assert(is_told);
    }
    needs_.clear();
    needs_held_ = 0;
    return cutter.finish();
}

std::vector<RangeTree::Item> RangeExchange::take_haves() {
    return std::exchange(haves_, {});
}

// -- How much differs --

std::uint64_t RangeExchange::peer_total(const RangeTree& tree) const {
    return is_peer_heard_ ? peer_total_ : tree.count();
}

std::uint64_t RangeExchange::differing_estimate(const RangeTree& tree) const {
    const std::uint64_t ours = tree.count();
    const std::uint64_t theirs = peer_total(tree);
    const double share = explored_entries_ > 0 ? explored_differing_ / explored_entries_ : 0;
    auto found = static_cast<double>(need_count_ + have_count_);
    for (const Ranges* ranges : {&todo_, &asked_}) {
        for (const auto& [lower, open] : *ranges) {
            if (!open.is_different) continue;
            double expected = open.expected;
            if (open.is_saturated && share > 0) {
                const auto entries = static_cast<double>(tree.in(lower, open.upper).count);
                expected = std::max(expected, share * entries);
            }
            found += expected;
        }
    }
    const std::uint64_t apart = ours > theirs ? ours - theirs : theirs - ours;
    return std::max(apart, static_cast<std::uint64_t>(found));
}

bool RangeExchange::is_mostly_different(const RangeTree& tree) const {
    constexpr std::uint64_t kShare = 20;
    const std::uint64_t differing = differing_estimate(tree);
    return differing > kStateFoundMax &&
           differing * kShare > std::max(tree.count(), peer_total(tree));
}

}  // namespace grapevine::protocol
