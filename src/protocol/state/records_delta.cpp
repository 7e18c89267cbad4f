// What to send of a record: the reading half of `Records`. See records.hpp for the rules.

#include <algorithm>
#include <cassert>
#include <utility>

#include "base/mutant.hpp"
#include "base/random.hpp"
#include "protocol/state/records.hpp"
#include "wire/size.hpp"

namespace grapevine::protocol {
namespace {

using wire::StateDelta;
using wire::StateItem;

/// Counts and lengths in a frame take a byte or two more when the section is full than when empty.
constexpr std::size_t kGrowthBytes = 4;

std::size_t frame_bytes(const StateDelta& empty) {
    return wire::encoded_size(wire::Section(empty)) + kGrowthBytes;
}

/// Items of `record` above `from`, lowest version first.
std::vector<const StateItem*> items_above(const Record& record, Version from) {
    std::vector<const StateItem*> items;
    for (const auto& [key, item] : record.items) {
        if (item.version > from) items.push_back(&item);
    }
    std::ranges::sort(items, {}, [](const StateItem* item) { return item->version; });
    return items;
}

/// Does one who has (`from`, `collected`) need `record` from the start? Its copy may hold keys
/// whose deletions up to `record.collected` nobody can tell it any more.
bool needs_reset(const Record& record, Version from, Version collected) {
    return std::max(from, collected) < record.collected;
}

bool has_news(const Record& record, Version from, Version collected) {
    if (record.version != from) return record.version > from;
    return record.collected > collected;
}

}  // namespace

std::optional<StateDelta> Records::delta(MemberId member, Version from, Version their_collected,
                                         std::size_t budget_bytes) const {
    const Record* record = find(member);
    if (record == nullptr || !has_news(*record, from, their_collected)) return std::nullopt;

    StateDelta delta;
    delta.member = member;
    delta.is_reset = needs_reset(*record, from, their_collected);
    delta.from = delta.is_reset ? Version{} : from;
    delta.to = record->version;
    delta.collected = record->collected;

    std::size_t used = frame_bytes(delta);
    if (used > budget_bytes) return std::nullopt;
    const std::vector<const StateItem*> items = items_above(*record, delta.from);
    for (const StateItem* item : items) {
        if (GV_MUTANT(skip_scuttlebutt_item) && item->version.value() % 4 == 0) continue;
        used += wire::encoded_size(*item);
        if (used > budget_bytes) {
            if (delta.items.empty()) return std::nullopt;
            delta.to = delta.items.back().version;
            break;
        }
        delta.items.push_back(*item);
    }
    // The asker is in the middle of a reset and would refuse this (see Records::judge).
    const bool is_catching_up = from < their_collected && !delta.is_reset;
    if (is_catching_up && delta.collected != their_collected && delta.to < their_collected) {
        return std::nullopt;
    }
    return delta;
}

std::optional<StateDelta> Records::newest(MemberId member) const {
    const Record* record = find(member);
    if (record == nullptr) return std::nullopt;
    std::vector<const StateItem*> items = items_above(*record, record->collected);
    if (items.empty()) return std::nullopt;

    StateDelta delta;
    delta.member = member;
    delta.from = record->collected;
    delta.to = record->version;
    delta.collected = record->collected;
    std::size_t used = 0;
    for (auto item = items.rbegin(); item != items.rend(); ++item) {
        used += wire::encoded_size(**item);
        if (!delta.items.empty() && used > kNewestBytesMax) {
            delta.from = (*item)->version;
            break;
        }
        delta.items.push_back(**item);
    }
    std::ranges::reverse(delta.items);
    return delta;
}

std::vector<StateDelta> Records::pack(const std::vector<Want>& wants, std::size_t budget_bytes,
                                      std::uint64_t tie_break) const {
    // Scuttle-depth: the member with most pending items first, so that the stalest copies, which
    // the paper shows to cost most, are caught up; equals in random order, so that none starves.
    struct Pending {
        const Want* want;
        std::size_t count;
    };
    std::vector<Pending> pending;
    for (const Want& want : wants) {
        const Record* record = find(want.member);
        if (record == nullptr || !has_news(*record, want.from, want.collected)) continue;
        const bool resets = needs_reset(*record, want.from, want.collected);
        pending.push_back({&want, items_above(*record, resets ? Version{} : want.from).size()});
    }
    Random(tie_break).shuffle(std::span(pending));
    std::ranges::stable_sort(pending, std::ranges::greater{}, &Pending::count);

    std::vector<StateDelta> deltas;
    std::size_t left = budget_bytes;
    for (const auto& [want, count] : pending) {
        auto next = delta(want->member, want->from, want->collected, left);
        if (!next) continue;
        const std::size_t size = wire::encoded_size(wire::Section(*next));
        assert(size <= left);
        left -= size;
        deltas.push_back(std::move(*next));
    }
    return deltas;
}

}  // namespace grapevine::protocol
