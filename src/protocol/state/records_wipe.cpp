// The wipe of all records of keys (notices.hpp), as each owner and each copy obeys it. See
// docs/internals/notices.md.

#include <algorithm>
#include <charconv>
#include <string>
#include <utility>

#include "protocol/state/records.hpp"
#include "protocol/state/reserved_keys.hpp"

namespace grapevine::protocol {
namespace {

using wire::StateItem;

/// The last wipe of which the owner says that it has obeyed it.
std::uint64_t epoch_in(const StateItem& item) {
    std::uint64_t epoch = 0;
    const auto [end, error] =
        std::from_chars(item.value.data(), item.value.data() + item.value.size(), epoch);
    const bool is_whole = error == std::errc{} && end == item.value.data() + item.value.size();
    return is_whole && !item.is_tombstone ? epoch : 0;
}

std::uint64_t obeyed_by(const Record& record) {
    const auto item = record.items.find(kWipedKey);
    return item == record.items.end() ? 0 : epoch_in(item->second);
}

}  // namespace

/// A copy is as clean as the first thing that it was told: the mark of the wipe stands in front of
/// all that was written after it.
bool Records::is_wiped(const Record& held, const wire::StateDelta& delta) const {
    if (wiped_ == 0 || obeyed_by(held) >= wiped_) return true;
    if (delta.from != Version{} || delta.items.empty()) return false;
    const StateItem& first = delta.items.front();
    return first.key == kWipedKey && epoch_in(first) >= wiped_;
}

void Records::wipe(Instant now, std::uint64_t epoch, Instant since) {
    if (epoch <= wiped_) return;
    wiped_ = epoch;
    for (auto record = records_.begin(); record != records_.end();) {
        if (record->first == self_ || obeyed_by(record->second) >= wiped_) {
            ++record;
            continue;
        }
        Changed changed{record->first, {}, true};
        for (const auto& [key, item] : record->second.items) {
            if (!item.is_tombstone) changed.items.push_back({key, {}, true, item.version});
        }
        std::ranges::sort(changed.items, {}, &StateItem::version);
        record = records_.erase(record);
        outbox_.push(std::move(changed));
    }
    if (obeyed_by(own()) < wiped_) wipe_own(now, since);
}

/// As in `adopt`, every copy of before lies below the new base, and is replaced by a reset, also by
/// those who have not heard of the wipe yet.
void Records::wipe_own(Instant /*now*/, Instant since) {
    Record& record = own();
    const Version base = record.version.next();
    std::vector<StateItem> kept = {{std::string(kWipedKey), std::to_string(wiped_), false, {}}};
    std::vector<StateItem> changes;
    std::vector<StateItem> gone;
    for (const auto& [key, item] : record.items) {
        if (key == kWipedKey) continue;
        const auto written = written_.find(key);
        const bool is_later = written != written_.end() && written->second >= since;
        if (!item.is_tombstone && (is_reserved_key(key) || is_later)) {
            kept.push_back(item);
        } else {
            gone.push_back({key, {}, true, item.version});
            if (!item.is_tombstone) changes.push_back(gone.back());
        }
    }
    tombstones_.clear();
    record.items.clear();
    record.collected = base;
    record.version = base;
    for (StateItem& item : kept) {
        record.version = record.version.next();
        item.version = record.version;
        record.items[item.key] = item;
        changes.push_back(item);
    }
    std::ranges::sort(changes, {}, &StateItem::version);
    std::ranges::sort(gone, {}, &StateItem::version);
    // What is gone leaves the disk too: as tombstones that have been collected.
    gone.insert(gone.end(), kept.begin(), kept.end());
    outbox_.push(Persist{std::move(gone), record.version, record.collected});
    outbox_.push(Changed{self_, std::move(changes), true});
}

}  // namespace grapevine::protocol
