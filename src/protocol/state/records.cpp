#include "protocol/state/records.hpp"

#include <algorithm>
#include <cassert>
#include <fmt/core.h>
#include <utility>

#include "base/limits.hpp"
#include "base/mutant.hpp"
#include "protocol/state/reserved_keys.hpp"

namespace grapevine::protocol {
namespace {

using wire::StateDelta;
using wire::StateItem;

/// Versions that a record can honestly reach; above it somebody wants ours to overflow.
constexpr Version kVersionMax{std::uint64_t{1} << 62U};

/// How far above the version that we have heard of we go when ours turns out to be old. He who told
/// us need not be the one who holds most of our forgotten life. A thousand writes ahead of the
/// first news of it: nothing special in this value.
constexpr std::uint64_t kAdoptStride = 1024;

bool is_plain(std::string_view text) {
    return std::ranges::none_of(text, [](char letter) {
        const auto byte = static_cast<unsigned char>(letter);
        return byte < 0x20 || byte == 0x7f;
    });
}

Outcome<void> check_item(std::string_view key, std::string_view value) {
    const auto refuse = [](Refusal::Code code, std::string message, std::string cure,
                           std::string_view field) -> Outcome<void> {
        return std::unexpected(
            Refusal{code, std::move(message), std::move(cure), std::string(field)});
    };
    if (key.empty()) return refuse(Refusal::Code::invalid, "the key is empty", "name it", "key");
    if (!is_plain(key)) {
        return refuse(Refusal::Code::invalid, "the key has control characters",
                      "use printable text for keys", "key");
    }
    if (key.size() > kRecordKeyBytesMax) {
        return refuse(Refusal::Code::over_limit, fmt::format("the key has {} bytes", key.size()),
                      fmt::format("at most {} are possible", kRecordKeyBytesMax), "key");
    }
    if (value.size() > kRecordValueBytesMax) {
        return refuse(
            Refusal::Code::over_limit, fmt::format("the value has {} bytes", value.size()),
            fmt::format("at most {} are possible; publish larger things as events, or store them "
                        "elsewhere and put their address here",
                        kRecordValueBytesMax),
            "value");
    }
    return {};
}

struct Size {
    std::size_t keys = 0;
    std::size_t bytes = 0;  ///< Of keys and values of what is not deleted.
};

enum class Of : std::uint8_t { all, users };

Size size_of(const Record& record, Of whose) {
    Size size;
    for (const auto& [key, item] : record.items) {
        if (item.is_tombstone || (whose == Of::users && is_reserved_key(key))) continue;
        ++size.keys;
        size.bytes += key.size() + item.value.size();
    }
    return size;
}

void drop_tombstones(Record& record, Version up_to) {
    std::erase_if(record.items, [up_to](const auto& entry) {
        return entry.second.is_tombstone && entry.second.version <= up_to;
    });
}

}  // namespace

Records::Records(MemberId self, Record own, ProtocolConfig config)
    : self_(self), config_(std::move(config)) {
    own.version = std::max(own.version, own.collected);
    for (const auto& [key, item] : own.items) own.version = std::max(own.version, item.version);
    drop_tombstones(own, own.collected);
    for (const auto& [key, item] : own.items) {
        if (item.is_tombstone) tombstones_.emplace(item.version, Instant{});
    }
    records_.emplace(self, std::move(own));
}

Outcome<Version> Records::set(Instant now, std::string_view key, std::string_view value) {
    GV_TRY_VOID(check_item(key, value));
    const Record& record = own();
    const auto found = record.items.find(key);
    const bool is_there = found != record.items.end() && !found->second.is_tombstone;
    if (is_there && found->second.value == value) return found->second.version;

    // What daemons write for themselves shall never be refused for what users have stored.
    if (is_reserved_key(key))
        return write(now, StateItem{std::string(key), std::string(value), false, {}});
    const Size size = size_of(record, Of::users);
    if (!is_there && size.keys >= kRecordKeysMax) {
        return std::unexpected(Refusal{Refusal::Code::over_limit,
                                       fmt::format("the record has {} keys already", size.keys),
                                       "erase one first", "key"});
    }
    const std::size_t freed = is_there ? key.size() + found->second.value.size() : 0;
    const std::size_t bytes = size.bytes - freed + key.size() + value.size();
    if (bytes > kRecordBytesMax) {
        return std::unexpected(
            Refusal{Refusal::Code::over_limit, fmt::format("the record would have {} bytes", bytes),
                    fmt::format("at most {} are possible", kRecordBytesMax), "value"});
    }
    return write(now, StateItem{std::string(key), std::string(value), false, {}});
}

Outcome<Version> Records::erase(Instant now, std::string_view key) {
    const Record& record = own();
    const auto found = record.items.find(key);
    if (found == record.items.end() || found->second.is_tombstone) {
        return std::unexpected(Refusal{Refusal::Code::not_found,
                                       fmt::format("the record has no key \"{}\"", key),
                                       "list the record to see its keys", "key"});
    }
    return write(now, StateItem{std::string(key), {}, true, {}});
}

Version Records::write(Instant now, StateItem item) {
    Record& record = own();
    record.version = record.version.next();
    item.version = record.version;
    const auto [position, is_new] = record.items.try_emplace(item.key);
    if (!is_new && position->second.is_tombstone) tombstones_.erase(position->second.version);
    position->second = item;
    if (!is_reserved_key(item.key)) {
        if (item.is_tombstone) {
            written_.erase(item.key);
        } else {
            written_[item.key] = now;
        }
    }
    if (item.is_tombstone) tombstones_.emplace(item.version, now);
    if (tombstones_.size() > kRecordTombstonesMax) {
        counters_.collected_early += collect(tombstones_.begin()->first);
    }
    outbox_.push(Persist{{item}, record.version, record.collected});
    outbox_.push(Changed{self_, {std::move(item)}, false});
    return record.version;
}

std::size_t Records::collect(Version up_to) {
    Record& record = own();
    const auto end = tombstones_.upper_bound(up_to);
    const auto count = static_cast<std::size_t>(std::distance(tombstones_.begin(), end));
    tombstones_.erase(tombstones_.begin(), end);
    drop_tombstones(record, up_to);
    if (!GV_MUTANT(forget_collection)) record.collected = std::max(record.collected, up_to);
    counters_.collected += count;
    return count;
}

bool Records::handle_delta(Instant /*now*/, const StateDelta& delta) {
    if (!is_well_formed(delta)) {
        ++counters_.dropped_malformed;
        return false;
    }
    if (delta.member == self_) return handle_own(delta);

    const auto found = records_.find(delta.member);
    static const Record kNothing;
    const Record& held = found == records_.end() ? kNothing : found->second;
    if (!is_wiped(held, delta)) {
        ++counters_.dropped_wiped;
        return false;
    }
    const Fit fit = judge(held, delta);
    if (fit == Fit::known) ++counters_.dropped_known;
    if (fit == Fit::gap) ++counters_.dropped_gap;
    if (fit == Fit::known || fit == Fit::gap) return false;
    const bool has_room = found != records_.end() || records_.size() < kMembersMax;
    if (!has_room || !fits_limits(held, delta, fit)) {
        ++counters_.dropped_full;
        return false;
    }
    apply(delta, fit);
    return true;
}

bool Records::is_well_formed(const StateDelta& delta) {
    if (delta.member == kNobody || delta.from > delta.to) return false;
    if (delta.to > kVersionMax || delta.collected > kVersionMax) return false;
    Version previous = delta.from;
    for (const StateItem& item : delta.items) {
        if (item.version <= previous || item.version > delta.to) return false;
        previous = item.version;
    }
    return !delta.is_reset || delta.from == Version{};
}

Records::Fit Records::judge(const Record& held, const StateDelta& delta) {
    // Deletions up to here are accounted for: told one by one, or by a reset.
    const Version seen = std::max(held.version, held.collected);
    if (delta.collected > seen && !GV_MUTANT(skip_reset_rule)) {
        return delta.is_reset ? Fit::reset : Fit::gap;
    }

    if (delta.to <= held.version) {
        const bool collects = delta.collected > held.collected;
        return collects ? Fit::collect : Fit::known;
    }
    if (delta.from > held.version) return Fit::gap;
    // We are in the middle of a reset. A holder that has not collected as far as we have may send a
    // key whose tombstone lies beyond the end of this delta, and which nobody will send us later.
    const bool is_catching_up = held.version < held.collected;
    if (is_catching_up && delta.collected != held.collected && delta.to < held.collected) {
        return Fit::gap;
    }
    return Fit::append;
}

bool Records::fits_limits(const Record& held, const StateDelta& delta, Fit fit) {
    std::size_t count = fit == Fit::reset ? 0 : held.items.size();
    std::size_t bytes = fit == Fit::reset ? 0 : size_of(held, Of::all).bytes;
    for (const StateItem& item : delta.items) {
        const auto found = held.items.find(item.key);
        const bool replaces = fit != Fit::reset && found != held.items.end();
        if (!replaces) ++count;
        if (replaces && !found->second.is_tombstone) {
            bytes -= item.key.size() + found->second.value.size();
        }
        if (!item.is_tombstone) bytes += item.key.size() + item.value.size();
    }
    return count <= kRecordItemsMax && bytes <= 2 * kRecordBytesMax;
}

void Records::apply(const StateDelta& delta, Fit fit) {
    Record& record = records_[delta.member];
    Changed changed{delta.member, {}, fit == Fit::reset};
    ++counters_.applied;
    if (fit == Fit::reset) {
        ++counters_.resets;
        std::map<std::string, StateItem, std::less<>> before;
        before.swap(record.items);
        for (const StateItem& item : delta.items) before.erase(item.key);
        for (auto& [key, item] : before) {
            if (!item.is_tombstone) changed.items.push_back({key, {}, true, item.version});
        }
        std::ranges::sort(changed.items, {}, &StateItem::version);
        record.version = Version{};
    }
    for (const StateItem& item : delta.items) {
        if (item.version <= record.version) continue;
        record.items.insert_or_assign(item.key, item);
        changed.items.push_back(item);
    }
    // A reset takes the version of the delta even if that lies below ours: what we held above it is
    // of a state that cannot be continued. The pair (collected, version) grows all the same.
    record.version = std::max(record.version, delta.to);
    record.collected = std::max(record.collected, delta.collected);
    drop_tombstones(record, record.collected);
    outbox_.push(std::move(changed));
}

bool Records::handle_own(const StateDelta& delta) {
    const Version theirs = std::max(delta.to, delta.collected);
    if (theirs <= own().version) {
        ++counters_.dropped_own;
        return false;
    }
    adopt(theirs);
    return true;
}

// Somebody holds a version of ours that we have not written: our disk was restored from a snapshot,
// and others remember a life of ours that we forgot. Continuing at our old version would mix both
// lives under equal versions. So everything we have is written again above theirs, and `collected`
// is put between the two: every copy lies below it, and the reset rule replaces it as a whole.
void Records::adopt(Version theirs) {
    ++counters_.adopted;
    Record& record = own();
    const Version base{theirs.value() + kAdoptStride};
    drop_tombstones(record, record.version);
    tombstones_.clear();

    std::vector<StateItem> items;
    items.reserve(record.items.size());
    for (const auto& [key, item] : record.items) items.push_back(item);
    std::ranges::sort(items, {}, &StateItem::version);
    record.version = base;
    record.collected = base;
    for (StateItem& item : items) {
        record.version = record.version.next();
        item.version = record.version;
        record.items[item.key].version = item.version;
    }
    outbox_.push(Persist{items, record.version, record.collected});
    outbox_.push(Changed{self_, std::move(items), true});
}

void Records::forget(MemberId member) {
    if (member != self_) records_.erase(member);
}

void Records::advance(Instant now) {
    Version up_to;
    for (const auto& [version, made] : tombstones_) {
        if (made + config_.tombstone_life > now) break;
        up_to = version;
    }
    if (up_to == Version{}) return;
    collect(up_to);
    outbox_.push(Persist{{}, own().version, own().collected});
    outbox_.push(Changed{self_, {}, false});
}

Instant Records::deadline() const {
    if (tombstones_.empty()) return kNever;
    return tombstones_.begin()->second + config_.tombstone_life;
}

const Record* Records::find(MemberId member) const {
    const auto found = records_.find(member);
    return found == records_.end() ? nullptr : &found->second;
}

void Records::check_invariants() const {
    assert(records_.contains(self_));
    for (const auto& [member, record] : records_) {
        std::map<Version, int> versions;
        for (const auto& [key, item] : record.items) {
            assert(key == item.key);
            assert(item.version != Version{} && item.version <= record.version);
            assert(++versions[item.version] == 1);
            assert(!item.is_tombstone || (item.value.empty() && item.version > record.collected));
        }
        assert(record.items.size() <= kRecordItemsMax);
    }
    const Record& mine = records_.at(self_);
    assert(mine.collected <= mine.version);
    const Size size = size_of(mine, Of::users);
    assert(size.keys <= kRecordKeysMax && size.bytes <= kRecordBytesMax);
    assert(mine.items.size() == size_of(mine, Of::all).keys + tombstones_.size());
    assert(tombstones_.size() <= kRecordTombstonesMax);
}

}  // namespace grapevine::protocol
