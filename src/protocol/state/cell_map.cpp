#include "protocol/state/cell_map.hpp"

#include <algorithm>
#include <cassert>
#include <utility>

namespace grapevine::protocol {

bool CellMap::ById::operator()(Handle a, Handle b) const {
    return map->id_at(a) < map->id_at(b);
}
bool CellMap::ById::operator()(Handle a, std::string_view b) const {
    return map->id_at(a) < b;
}
bool CellMap::ById::operator()(std::string_view a, Handle b) const {
    return a < map->id_at(b);
}

CellMap::CellMap(Hash hash) : hash_(std::move(hash)), by_id_(ById{this}) {}

std::optional<Stamp> CellMap::end_of(const Cell& cell) {
    // Dead now, or by its own date.
    const auto* value = std::get_if<ValueContent>(&cell.content);
    if (value != nullptr && value->expires_ms != 0) return dead_since(cell);
    if (!is_dead(cell, 0)) return std::nullopt;
    return dead_since(cell);
}

bool CellMap::put(const Cell& cell) {
    const Bytes encoded = encode(cell);
    const auto found = by_id_.find(encoded_id(encoded));
    if (found != by_id_.end()) {
        const Handle handle = *found;
        if (bytes_ - slots_[handle].size + encoded.size() > kStateBytesMax) return false;
        const Bytes before(bytes_at(handle).begin(), bytes_at(handle).end());
        unlink(handle);
        if (link(handle, cell, encoded)) return true;
        // The place of another cell: one in 2^64. What was there stays.
        const auto old = decode_cell(before);
        assert(old);
        const bool is_back = link(handle, *old, before);
        assert(is_back);
        return false;
    }
    if (count() >= kStateCellsMax || bytes_ + encoded.size() > kStateBytesMax) return false;
    Handle handle = 0;
    if (free_.empty()) {
        handle = static_cast<Handle>(slots_.size());
        slots_.emplace_back();
    } else {
        handle = free_.back();
        free_.pop_back();
    }
    if (!link(handle, cell, encoded)) {
        free_.push_back(handle);
        return false;
    }
    by_id_.insert(handle);
    return true;
}

bool CellMap::link(Handle handle, const Cell& cell, const Bytes& bytes) {
    const StateHash hash = hash_(bytes);
    if (!tree_.insert({cell.stamp, hash, handle})) return false;
    Slot& slot = slots_[handle];
    if (slot.size != bytes.size()) {
        slot.bytes = std::make_unique<std::uint8_t[]>(bytes.size());
        slot.size = static_cast<std::uint32_t>(bytes.size());
    }
    std::ranges::copy(bytes, slot.bytes.get());
    slot.low = hash.low;
    bytes_ += bytes.size();
    if (const auto end = end_of(cell)) ends_.emplace(*end, handle);
    return true;
}

void CellMap::unlink(Handle handle) {
    const Cell cell = at(handle);
    const auto gone = tree_.erase({cell.stamp, slots_[handle].low});
    assert(gone && gone->handle == handle);
    if (const auto end = end_of(cell)) ends_.erase({*end, handle});
    bytes_ -= slots_[handle].size;
}

bool CellMap::erase(std::string_view id) {
    const auto found = by_id_.find(id);
    if (found == by_id_.end()) return false;
    const Handle handle = *found;
    unlink(handle);
    by_id_.erase(found);
    slots_[handle] = {};
    free_.push_back(handle);
    return true;
}

void CellMap::clear() {
    by_id_.clear();
    ends_.clear();
    slots_.clear();
    free_.clear();
    tree_ = RangeTree();
    bytes_ = 0;
}

void CellMap::rehash(Hash hash) {
    hash_ = std::move(hash);
    tree_ = RangeTree();
    for (const Handle handle : by_id_) {
        const StateHash fresh = hash_(bytes_at(handle));
        slots_[handle].low = fresh.low;
        const bool is_placed = tree_.insert({at(handle).stamp, fresh, handle});
        assert(is_placed);
    }
}

std::optional<Cell> CellMap::find(const CellId& id) const {
    const auto found = by_id_.find(std::string_view(encode(id)));
    if (found == by_id_.end()) return std::nullopt;
    return at(*found);
}

Cell CellMap::at(Handle handle) const {
    auto cell = decode_cell(bytes_at(handle));
    assert(cell);
    return *std::move(cell);
}

ByteView CellMap::bytes_at(Handle handle) const {
    const Slot& slot = slots_[handle];
    return {slot.bytes.get(), slot.size};
}

wire::StatePosition CellMap::position_at(Handle handle) const {
    return {at(handle).stamp, slots_[handle].low};
}

std::string_view CellMap::id_at(Handle handle) const {
    return encoded_id(bytes_at(handle));
}

void CellMap::visit(std::string_view prefix, std::string_view start,
                    const std::function<bool(ByteView)>& visit) const {
    for (auto at = by_id_.lower_bound(std::max(prefix, start)); at != by_id_.end(); ++at) {
        if (!id_at(*at).starts_with(prefix) || !visit(bytes_at(*at))) return;
    }
}

std::vector<CellMap::Handle> CellMap::ending(Stamp after, Stamp up_to,
                                             std::size_t count_max) const {
    std::vector<Handle> handles;
    for (auto at = ends_.upper_bound({after, ~Handle{0}}); at != ends_.end(); ++at) {
        if (at->first > up_to || handles.size() == count_max) break;
        handles.push_back(at->second);
    }
    return handles;
}

std::optional<Stamp> CellMap::next_end(Stamp after) const {
    const auto at = ends_.upper_bound({after, ~Handle{0}});
    if (at == ends_.end()) return std::nullopt;
    return at->first;
}

void CellMap::check_invariants() const {
    tree_.check_invariants();
    assert(tree_.count() == by_id_.size());
    std::size_t bytes = 0;
    for (const Handle handle : by_id_) bytes += slots_[handle].size;
    assert(bytes == bytes_);
}

}  // namespace grapevine::protocol
