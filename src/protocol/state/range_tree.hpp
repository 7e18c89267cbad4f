#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <deque>
#include <optional>
#include <tuple>
#include <vector>

#include "base/limits.hpp"
#include "wire/state_ranges.hpp"

namespace grapevine::protocol {

/// The hash of a whole entry under a key that only members have, or a sum of such, modulo 2^128.
struct StateHash {
    std::uint64_t high = 0;
    std::uint64_t low = 0;

    constexpr StateHash& operator+=(const StateHash& other) {
        low += other.low;
        high += other.high + (low < other.low ? 1 : 0);
        return *this;
    }
    constexpr StateHash& operator-=(const StateHash& other) {
        high -= other.high + (low < other.low ? 1 : 0);
        low -= other.low;
        return *this;
    }
    friend constexpr bool operator==(const StateHash&, const StateHash&) = default;
};

/// How many entries there are in a range, and the sum of their hashes.
struct RangeSum {
    std::uint64_t count = 0;
    StateHash hashes;

    constexpr RangeSum& operator+=(const RangeSum& other) {
        count += other.count;
        hashes += other.hashes;
        return *this;
    }
    constexpr RangeSum& operator-=(const RangeSum& other) {
        count -= other.count;
        hashes -= other.hashes;
        return *this;
    }
    friend constexpr RangeSum operator+(RangeSum a, const RangeSum& b) { return a += b; }
    friend constexpr RangeSum operator-(RangeSum a, const RangeSum& b) { return a -= b; }
    friend constexpr bool operator==(const RangeSum&, const RangeSum&) = default;
};

/// What of a range travels: equal sums have equal fingerprints, and of sums with equal counts no
/// others have. Part of the protocol (wire/native/FORMAT.md, 6.24).
wire::StateFingerprint fingerprint_of(const RangeSum& sum);

/// Entries of a shared map in the order of time, by stamp and then by the low half of the hash, so
/// that any range of them can be summed, counted and split at a cost in the logarithm of all.
///
/// It is the order alone: what an entry is, its owner knows by `handle`. An entry that changes is
/// erased and inserted anew, since stamp and hash change with it.
///
/// A B+-tree: the entries are in leaves, chained in order, and inner nodes hold for each child the
/// sum of what is below it. The sum of a range is the difference of two sums from the beginning,
/// which the hashes allow because they form a group under addition. (XOR would be a group too, and
/// whoever knows the hashes could cancel them by linear algebra; a sum of n terms needs 2^(128 /
/// (1 + log n)) work by Wagner's algorithm, "A Generalized Birthday Problem", 2002, and the key.)
///
/// Source: Meyer, "Range-Based Set Reconciliation and Authenticated Set Representations", 2022.
///
/// 28 bytes an entry, in leaves that are full after inserts in the order of time and some 70 % full
/// after inserts at random: 29 and 42 bytes with the inner nodes (docs/benchmarks.md). Memory of
/// erased entries is used again, and given back with the tree.
class RangeTree {
public:
    struct Item {
        Stamp stamp;  ///< Not the last of all (wire::kStateEnd).
        StateHash hash;
        std::uint32_t handle = 0;  ///< The owner's.

        [[nodiscard]] wire::StatePosition position() const { return {stamp, hash.low}; }
        friend bool operator==(const Item&, const Item&) = default;
    };

    RangeTree();

    /// False, and nothing has changed, if the place is taken or there are kStateCellsMax.
    bool insert(const Item& item);
    /// What was there; nothing if there was nothing.
    std::optional<Item> erase(const wire::StatePosition& position);

    [[nodiscard]] std::optional<Item> find(const wire::StatePosition& position) const;
    [[nodiscard]] std::uint64_t count() const { return total_.count; }
    /// Of all entries.
    [[nodiscard]] const RangeSum& total() const { return total_; }
    /// Of the entries before `bound`.
    [[nodiscard]] RangeSum before(const wire::StatePosition& bound) const;
    /// Of the entries in [lower, upper); zero if upper <= lower.
    [[nodiscard]] RangeSum in(const wire::StatePosition& lower,
                              const wire::StatePosition& upper) const;
    /// Walks the entries from one on, in order. Valid until the tree changes.
    class Cursor {
    public:
        /// The next one, or nothing at the end.
        [[nodiscard]] std::optional<Item> next();

    private:
        friend class RangeTree;
        Cursor(const RangeTree& tree, std::uint32_t leaf, std::size_t slot)
            : tree_(&tree), leaf_(leaf), slot_(slot) {}

        const RangeTree* tree_;
        std::uint32_t leaf_;
        std::size_t slot_;
    };
    /// From the first entry that is not before `bound`.
    [[nodiscard]] Cursor from(const wire::StatePosition& bound) const;
    /// From the entry that has `index` before it.
    [[nodiscard]] Cursor from_index(std::uint64_t index) const;

    /// At most `count_max` entries of [lower, upper), the first ones.
    [[nodiscard]] std::vector<Item> items(const wire::StatePosition& lower,
                                          const wire::StatePosition& upper,
                                          std::size_t count_max) const;

    [[nodiscard]] std::size_t memory_bytes() const;

    /// Asserts that order, sums and fill are as they must be. Walks everything.
    void check_invariants() const;

private:
    static constexpr std::size_t kLeafItems = 64;
    static constexpr std::size_t kFanout = 32;
    /// A node with fewer takes from its neighbour or joins it, when something is erased.
    static constexpr std::size_t kLeafItemsMin = kLeafItems / 4;
    static constexpr std::size_t kFanoutMin = kFanout / 4;
    /// Two nodes that have at most this together become one: not quite full, so that the next
    /// insert does not split it again.
    static constexpr std::size_t kLeafJoinMax = kLeafItems * 3 / 4;
    static constexpr std::size_t kFanoutJoinMax = kFanout * 3 / 4;
    /// Inner levels. Nodes have kFanoutMin children and kLeafItemsMin entries at least, but for the
    /// last of each level: 2,000,000 / 16 / 8^6 < 1.
    static constexpr std::size_t kHeightMax = 8;
    static constexpr std::uint32_t kNone = 0xffff'ffff;

    struct Leaf {
        std::uint32_t size = 0;
        std::uint32_t next = kNone;
        std::array<std::uint64_t, kLeafItems> stamps;
        std::array<std::uint64_t, kLeafItems> highs;
        std::array<std::uint64_t, kLeafItems> lows;
        std::array<std::uint32_t, kLeafItems> handles;

        auto arrays() { return std::tie(stamps, highs, lows, handles); }
        [[nodiscard]] wire::StatePosition position(std::size_t slot) const {
            return {Stamp(stamps[slot]), lows[slot]};
        }
        [[nodiscard]] Item item(std::size_t slot) const {
            return {Stamp(stamps[slot]), {highs[slot], lows[slot]}, handles[slot]};
        }
        [[nodiscard]] std::size_t lower_bound(const wire::StatePosition& position) const;
        [[nodiscard]] RangeSum sum(std::size_t slots) const;
        void set(std::size_t slot, const Item& item);
    };
    /// Child i holds what is at or after `bounds[i]` and before `bounds[i + 1]`; the first of the
    /// bounds is not looked at.
    struct Inner {
        std::uint32_t size = 0;
        std::array<std::uint32_t, kFanout> children;
        std::array<std::uint32_t, kFanout> counts;
        std::array<StateHash, kFanout> hashes;
        std::array<wire::StatePosition, kFanout> bounds;

        auto arrays() { return std::tie(children, counts, hashes, bounds); }
        [[nodiscard]] std::size_t child_of(const wire::StatePosition& position) const;
        [[nodiscard]] RangeSum sum(std::size_t slots) const;
        void add(std::size_t slot, const RangeSum& sum);
        void subtract(std::size_t slot, const RangeSum& sum);
    };
    /// The way from the root to a leaf: at each inner level the node, and which child.
    struct Step {
        std::uint32_t node = kNone;
        std::size_t slot = 0;
    };
    struct Path {
        std::array<Step, kHeightMax> steps;
        std::uint32_t leaf = kNone;
    };
    /// A node that a split has made, for its parent.
    struct Twin {
        std::uint32_t node = kNone;
        wire::StatePosition bound;
        RangeSum sum;
    };

    [[nodiscard]] Path path_to(const wire::StatePosition& position) const;
    Twin split(std::uint32_t leaf, std::size_t slot, const Item& item, bool is_last);
    Twin split(const Step& step, const Twin& twin, bool is_last);
    void put(Inner& parent, std::size_t slot, const Twin& twin);
    void tell_parents(const Path& path, Twin twin, bool is_last);
    void mend(const Path& path);
    /// Makes one of the two children from `left` on, or two of about equal size; whether it is one.
    bool join_leaves(Inner& parent, std::size_t left);
    bool join_inners(Inner& parent, std::size_t left);
    std::uint32_t new_leaf();
    std::uint32_t new_inner();
    RangeSum check(std::uint32_t node, std::size_t level, const wire::StatePosition& lower,
                   const wire::StatePosition& upper, bool is_last) const;

    std::deque<Leaf> leaves_;
    std::deque<Inner> inners_;
    std::vector<std::uint32_t> free_leaves_;
    std::vector<std::uint32_t> free_inners_;
    std::size_t height_ = 0;  ///< Inner levels above the leaves.
    std::uint32_t root_ = 0;  ///< A leaf if there are none.
    RangeSum total_;
};

}  // namespace grapevine::protocol
