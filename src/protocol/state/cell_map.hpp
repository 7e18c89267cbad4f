#pragma once

#include <cstddef>
#include <cstdint>
#include <deque>
#include <functional>
#include <memory>
#include <optional>
#include <set>
#include <string_view>
#include <utility>
#include <vector>

#include "base/bytes.hpp"
#include "base/ids.hpp"
#include "base/limits.hpp"
#include "protocol/state/cell.hpp"
#include "protocol/state/range_tree.hpp"

namespace grapevine::protocol {

/// The cells of a shared map: by id, in the order in which members compare, and by the time at
/// which they end.
///
/// A cell is held as its encoding, one piece of memory, because a million of them are held.
/// Bounds: kStateCellsMax cells, kStateBytesMax bytes of encodings.
class CellMap {
public:
    /// Of an encoding; the same on all members.
    using Hash = std::function<StateHash(ByteView)>;
    using Handle = std::uint32_t;

    explicit CellMap(Hash hash);
    CellMap(const CellMap&) = delete;
    CellMap& operator=(const CellMap&) = delete;

    /// Takes the place of the cell of the same id. False, and nothing has changed: there is no
    /// room.
    bool put(const Cell& cell);
    bool erase(std::string_view id);
    void clear();
    /// All hashes anew, under another key. Half a second for a million cells.
    void rehash(Hash hash);

    [[nodiscard]] std::optional<Cell> find(const CellId& id) const;
    [[nodiscard]] Cell at(Handle handle) const;
    [[nodiscard]] ByteView bytes_at(Handle handle) const;
    [[nodiscard]] wire::StatePosition position_at(Handle handle) const;
    /// Calls `visit` with each encoding whose id begins with `prefix` and is not before `start`,
    /// by id, until it returns false.
    void visit(std::string_view prefix, std::string_view start,
               const std::function<bool(ByteView)>& visit) const;
    /// Cells that are dead, or will be by themselves, in (after, up_to]: the first ones.
    [[nodiscard]] std::vector<Handle> ending(Stamp after, Stamp up_to, std::size_t count_max) const;
    /// When the first one after this ends; nothing if none does.
    [[nodiscard]] std::optional<Stamp> next_end(Stamp after) const;

    [[nodiscard]] const RangeTree& tree() const { return tree_; }
    [[nodiscard]] std::size_t count() const { return by_id_.size(); }
    [[nodiscard]] std::size_t bytes() const { return bytes_; }
    [[nodiscard]] std::size_t ending_count() const { return ends_.size(); }
    void check_invariants() const;

private:
    struct Slot {
        std::unique_ptr<std::uint8_t[]> bytes;
        std::uint32_t size = 0;
        std::uint64_t low = 0;  ///< Of the hash: with the stamp, its place in the tree.
    };
    struct ById {
        using is_transparent = void;
        const CellMap* map;
        bool operator()(Handle a, Handle b) const;
        bool operator()(Handle a, std::string_view b) const;
        bool operator()(std::string_view a, Handle b) const;
    };

    [[nodiscard]] std::string_view id_at(Handle handle) const;
    [[nodiscard]] static std::optional<Stamp> end_of(const Cell& cell);
    void unlink(Handle handle);
    bool link(Handle handle, const Cell& cell, const Bytes& bytes);

    Hash hash_;
    std::deque<Slot> slots_;
    std::vector<Handle> free_;
    std::set<Handle, ById> by_id_;
    std::set<std::pair<Stamp, Handle>> ends_;
    RangeTree tree_;
    std::size_t bytes_ = 0;
};

}  // namespace grapevine::protocol
