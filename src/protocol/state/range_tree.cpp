#include "protocol/state/range_tree.hpp"

#include <algorithm>
#include <cassert>
#include <limits>
#include <utility>

namespace grapevine::protocol {

namespace {

/// The finaliser of splitmix64 (Steele, Lea, Flood 2014): a bijection in which every bit of the
/// input moves half of the bits of the output.
constexpr std::uint64_t scatter(std::uint64_t value) {
    value += 0x9e3779b97f4a7c15ULL;
    value = (value ^ (value >> 30)) * 0xbf58476d1ce4e5b9ULL;
    value = (value ^ (value >> 27)) * 0x94d049bb133111ebULL;
    return value ^ (value >> 31);
}

// Leaves and inner nodes are both a size and some arrays of equal length, in which slots move
// together.

/// Makes room for `count` slots at `slot`.
template <typename Node>
void open_slots(Node& node, std::size_t slot, std::size_t count) {
    const auto move = [&](auto& array) {
        const auto first = array.begin();
        std::copy_backward(first + slot, first + node.size, first + node.size + count);
    };
    std::apply([&](auto&... array) { (move(array), ...); }, node.arrays());
    node.size += static_cast<std::uint32_t>(count);
}

template <typename Node>
void close_slots(Node& node, std::size_t slot, std::size_t count) {
    const auto move = [&](auto& array) {
        const auto first = array.begin();
        std::copy(first + slot + count, first + node.size, first + slot);
    };
    std::apply([&](auto&... array) { (move(array), ...); }, node.arrays());
    node.size -= static_cast<std::uint32_t>(count);
}

template <typename Node>
void copy_slots(Node& source, std::size_t from, std::size_t count, Node& target, std::size_t to) {
    [&]<std::size_t... I>(auto sources, auto targets, std::index_sequence<I...>) {
        (std::copy_n(std::get<I>(sources).begin() + from, count, std::get<I>(targets).begin() + to),
         ...);
    }(source.arrays(), target.arrays(),
      std::make_index_sequence<std::tuple_size_v<decltype(source.arrays())>>{});
}

/// The last `count` slots of `left` to the front of `right`.
template <typename Node>
void move_right(Node& left, Node& right, std::size_t count) {
    open_slots(right, 0, count);
    left.size -= static_cast<std::uint32_t>(count);
    copy_slots(left, left.size, count, right, 0);
}

template <typename Node>
void move_left(Node& left, Node& right, std::size_t count) {
    copy_slots(right, 0, count, left, left.size);
    left.size += static_cast<std::uint32_t>(count);
    close_slots(right, 0, count);
}

/// Half of what both have to each.
template <typename Node>
void even_out(Node& left, Node& right) {
    const std::size_t half = (left.size + right.size) / 2;
    if (left.size > half) {
        move_right(left, right, left.size - half);
    } else {
        move_left(left, right, half - left.size);
    }
}

}  // namespace

wire::StateFingerprint fingerprint_of(const RangeSum& sum) {
    const std::uint64_t low = scatter(sum.hashes.low + scatter(sum.count));
    return {scatter(sum.hashes.high ^ low), low};
}

// -- Nodes --

std::size_t RangeTree::Leaf::lower_bound(const wire::StatePosition& position) const {
    std::size_t first = 0;
    std::size_t count = size;
    while (count > 0) {
        const std::size_t half = count / 2;
        if (this->position(first + half) < position) {
            first += half + 1;
            count -= half + 1;
        } else {
            count = half;
        }
    }
    return first;
}

RangeSum RangeTree::Leaf::sum(std::size_t slots) const {
    RangeSum sum{slots, {}};
    for (std::size_t slot = 0; slot < slots; ++slot) sum.hashes += {highs[slot], lows[slot]};
    return sum;
}

void RangeTree::Leaf::set(std::size_t slot, const Item& item) {
    stamps[slot] = item.stamp.value();
    highs[slot] = item.hash.high;
    lows[slot] = item.hash.low;
    handles[slot] = item.handle;
}

std::size_t RangeTree::Inner::child_of(const wire::StatePosition& position) const {
    const auto after =
        std::upper_bound(bounds.begin() + 1, bounds.begin() + size, position) - bounds.begin();
    return static_cast<std::size_t>(after) - 1;
}

RangeSum RangeTree::Inner::sum(std::size_t slots) const {
    RangeSum sum;
    for (std::size_t slot = 0; slot < slots; ++slot) sum += {counts[slot], hashes[slot]};
    return sum;
}

void RangeTree::Inner::add(std::size_t slot, const RangeSum& sum) {
    counts[slot] += static_cast<std::uint32_t>(sum.count);
    hashes[slot] += sum.hashes;
}

void RangeTree::Inner::subtract(std::size_t slot, const RangeSum& sum) {
    assert(sum.count <= counts[slot]);
    counts[slot] -= static_cast<std::uint32_t>(sum.count);
    hashes[slot] -= sum.hashes;
}

std::uint32_t RangeTree::new_leaf() {
    if (free_leaves_.empty()) {
        leaves_.emplace_back();
        return static_cast<std::uint32_t>(leaves_.size() - 1);
    }
    const std::uint32_t index = free_leaves_.back();
    free_leaves_.pop_back();
    leaves_[index].size = 0;
    leaves_[index].next = kNone;
    return index;
}

std::uint32_t RangeTree::new_inner() {
    if (free_inners_.empty()) {
        inners_.emplace_back();
        return static_cast<std::uint32_t>(inners_.size() - 1);
    }
    const std::uint32_t index = free_inners_.back();
    free_inners_.pop_back();
    inners_[index].size = 0;
    return index;
}

// -- The tree --

RangeTree::RangeTree() : root_(new_leaf()) {}

RangeTree::Path RangeTree::path_to(const wire::StatePosition& position) const {
    Path path;
    std::uint32_t node = root_;
    for (std::size_t level = 0; level < height_; ++level) {
        const Inner& inner = inners_[node];
        path.steps[level] = {node, inner.child_of(position)};
        node = inner.children[path.steps[level].slot];
    }
    path.leaf = node;
    return path;
}

bool RangeTree::insert(const Item& item) {
    static_assert(kStateCellsMax < std::numeric_limits<std::uint32_t>::max());
    assert(item.stamp < wire::kStateEnd.stamp);
    if (total_.count == kStateCellsMax) return false;
    const wire::StatePosition position = item.position();
    const Path path = path_to(position);
    Leaf& leaf = leaves_[path.leaf];
    const std::size_t slot = leaf.lower_bound(position);
    if (slot < leaf.size && leaf.position(slot) == position) return false;

    const RangeSum sum{1, item.hash};
    for (std::size_t level = 0; level < height_; ++level) {
        inners_[path.steps[level].node].add(path.steps[level].slot, sum);
    }
    total_ += sum;
    if (leaf.size == kLeafItems) {
        const bool is_last = leaf.next == kNone && slot == leaf.size;
        tell_parents(path, split(path.leaf, slot, item, is_last), is_last);
    } else {
        open_slots(leaf, slot, 1);
        leaf.set(slot, item);
    }
    return true;
}

RangeTree::Twin RangeTree::split(std::uint32_t index, std::size_t slot, const Item& item,
                                 bool is_last) {
    const std::uint32_t twin_index = new_leaf();
    Leaf& leaf = leaves_[index];
    Leaf& twin = leaves_[twin_index];
    // Entries come in the order of time, mostly: what is behind all others fills leaf after leaf.
    const std::size_t kept = is_last ? kLeafItems : kLeafItems / 2;
    move_right(leaf, twin, leaf.size - kept);
    twin.next = std::exchange(leaf.next, twin_index);
    Leaf& home = slot > kept || is_last ? twin : leaf;
    const std::size_t home_slot = &home == &twin ? slot - kept : slot;
    open_slots(home, home_slot, 1);
    home.set(home_slot, item);
    return {twin_index, twin.position(0), twin.sum(twin.size)};
}

void RangeTree::put(Inner& parent, std::size_t slot, const Twin& twin) {
    open_slots(parent, slot, 1);
    parent.children[slot] = twin.node;
    parent.bounds[slot] = twin.bound;
    parent.counts[slot] = static_cast<std::uint32_t>(twin.sum.count);
    parent.hashes[slot] = twin.sum.hashes;
}

RangeTree::Twin RangeTree::split(const Step& step, const Twin& child, bool is_last) {
    const std::uint32_t twin_index = new_inner();
    Inner& inner = inners_[step.node];
    Inner& twin = inners_[twin_index];
    // Two children at least, so that every node has a neighbour to join.
    const std::size_t kept = is_last ? kFanout - 1 : kFanout / 2;
    move_right(inner, twin, inner.size - kept);
    const std::size_t slot = step.slot + 1;
    if (slot > kept) {
        put(twin, slot - kept, child);
    } else {
        put(inner, slot, child);
    }
    return {twin_index, twin.bounds[0], twin.sum(twin.size)};
}

/// The sums on the way already count what was inserted, under the node that was split.
void RangeTree::tell_parents(const Path& path, Twin twin, bool is_last) {
    for (std::size_t level = height_; level-- > 0;) {
        const Step& step = path.steps[level];
        Inner& parent = inners_[step.node];
        parent.subtract(step.slot, twin.sum);
        if (parent.size < kFanout) {
            put(parent, step.slot + 1, twin);
            return;
        }
        twin = split(step, twin, is_last);
    }
    assert(height_ < kHeightMax);
    const std::uint32_t root = new_inner();
    put(inners_[root], 0, {root_, wire::kStateBegin, total_ - twin.sum});
    put(inners_[root], 1, twin);
    root_ = root;
    ++height_;
}

std::optional<RangeTree::Item> RangeTree::erase(const wire::StatePosition& position) {
    const Path path = path_to(position);
    Leaf& leaf = leaves_[path.leaf];
    const std::size_t slot = leaf.lower_bound(position);
    if (slot == leaf.size || leaf.position(slot) != position) return std::nullopt;
    const Item item = leaf.item(slot);
    close_slots(leaf, slot, 1);
    const RangeSum sum{1, item.hash};
    for (std::size_t level = 0; level < height_; ++level) {
        inners_[path.steps[level].node].subtract(path.steps[level].slot, sum);
    }
    total_ -= sum;
    if (leaf.size < kLeafItemsMin) mend(path);
    return item;
}

void RangeTree::mend(const Path& path) {
    for (std::size_t level = height_; level-- > 0;) {
        const Step& step = path.steps[level];
        Inner& parent = inners_[step.node];
        assert(parent.size >= 2);
        const std::size_t left = step.slot > 0 ? step.slot - 1 : 0;
        const bool is_joined =
            level + 1 == height_ ? join_leaves(parent, left) : join_inners(parent, left);
        if (!is_joined) return;
        parent.add(left, {parent.counts[left + 1], parent.hashes[left + 1]});
        close_slots(parent, left + 1, 1);
        if (level > 0 && parent.size >= kFanoutMin) return;
    }
    if (height_ == 0 || inners_[root_].size > 1) return;
    free_inners_.push_back(root_);
    root_ = inners_[root_].children[0];
    --height_;
}

bool RangeTree::join_leaves(Inner& parent, std::size_t left_slot) {
    Leaf& left = leaves_[parent.children[left_slot]];
    const std::uint32_t right_index = parent.children[left_slot + 1];
    Leaf& right = leaves_[right_index];
    if (left.size + right.size <= kLeafJoinMax) {
        move_left(left, right, right.size);
        left.next = right.next;
        free_leaves_.push_back(right_index);
        return true;
    }
    const RangeSum before = left.sum(left.size);
    even_out(left, right);
    const RangeSum after = left.sum(left.size);
    parent.subtract(left_slot, before);
    parent.add(left_slot + 1, before);
    parent.add(left_slot, after);
    parent.subtract(left_slot + 1, after);
    parent.bounds[left_slot + 1] = right.position(0);
    return false;
}

bool RangeTree::join_inners(Inner& parent, std::size_t left_slot) {
    Inner& left = inners_[parent.children[left_slot]];
    const std::uint32_t right_index = parent.children[left_slot + 1];
    Inner& right = inners_[right_index];
    right.bounds[0] = parent.bounds[left_slot + 1];
    if (left.size + right.size <= kFanoutJoinMax) {
        move_left(left, right, right.size);
        free_inners_.push_back(right_index);
        return true;
    }
    const RangeSum before = left.sum(left.size);
    even_out(left, right);
    const RangeSum after = left.sum(left.size);
    parent.subtract(left_slot, before);
    parent.add(left_slot + 1, before);
    parent.add(left_slot, after);
    parent.subtract(left_slot + 1, after);
    parent.bounds[left_slot + 1] = right.bounds[0];
    return false;
}

// -- Questions --

std::optional<RangeTree::Item> RangeTree::find(const wire::StatePosition& position) const {
    const Leaf& leaf = leaves_[path_to(position).leaf];
    const std::size_t slot = leaf.lower_bound(position);
    if (slot == leaf.size || leaf.position(slot) != position) return std::nullopt;
    return leaf.item(slot);
}

RangeSum RangeTree::before(const wire::StatePosition& bound) const {
    RangeSum sum;
    std::uint32_t node = root_;
    for (std::size_t level = 0; level < height_; ++level) {
        const Inner& inner = inners_[node];
        const std::size_t slot = inner.child_of(bound);
        sum += inner.sum(slot);
        node = inner.children[slot];
    }
    const Leaf& leaf = leaves_[node];
    return sum + leaf.sum(leaf.lower_bound(bound));
}

RangeSum RangeTree::in(const wire::StatePosition& lower, const wire::StatePosition& upper) const {
    if (upper <= lower) return {};
    return before(upper) - before(lower);
}

RangeTree::Cursor RangeTree::from(const wire::StatePosition& bound) const {
    const std::uint32_t leaf = path_to(bound).leaf;
    return {*this, leaf, leaves_[leaf].lower_bound(bound)};
}

RangeTree::Cursor RangeTree::from_index(std::uint64_t index) const {
    assert(index < total_.count);
    std::uint32_t node = root_;
    for (std::size_t level = 0; level < height_; ++level) {
        const Inner& inner = inners_[node];
        std::size_t slot = 0;
        while (index >= inner.counts[slot]) index -= inner.counts[slot++];
        node = inner.children[slot];
    }
    return {*this, node, static_cast<std::size_t>(index)};
}

std::optional<RangeTree::Item> RangeTree::Cursor::next() {
    // No leaf is empty but the only one of an empty tree.
    if (leaf_ != kNone && slot_ == tree_->leaves_[leaf_].size) {
        leaf_ = tree_->leaves_[leaf_].next;
        slot_ = 0;
    }
    if (leaf_ == kNone) return std::nullopt;
    return tree_->leaves_[leaf_].item(slot_++);
}

std::vector<RangeTree::Item> RangeTree::items(const wire::StatePosition& lower,
                                              const wire::StatePosition& upper,
                                              std::size_t count_max) const {
    std::vector<Item> items;
    Cursor cursor = from(lower);
    while (items.size() < count_max) {
        const auto item = cursor.next();
        if (!item || item->position() >= upper) break;
        items.push_back(*item);
    }
    return items;
}

std::size_t RangeTree::memory_bytes() const {
    return leaves_.size() * sizeof(Leaf) + inners_.size() * sizeof(Inner) +
           (free_leaves_.capacity() + free_inners_.capacity()) * sizeof(std::uint32_t);
}

// -- Invariants --

void RangeTree::check_invariants() const {
    assert(check(root_, 0, wire::kStateBegin, wire::kStateEnd, true) == total_);
    std::uint64_t count = 0;
    Cursor cursor = from(wire::kStateBegin);
    while (cursor.next()) ++count;
    assert(count == total_.count);
}

RangeSum RangeTree::check(std::uint32_t node, std::size_t level, const wire::StatePosition& lower,
                          const wire::StatePosition& upper, bool is_last) const {
    const bool is_root = level == 0;
    if (level == height_) {
        const Leaf& leaf = leaves_[node];
        assert(is_root || leaf.size >= (is_last ? 1 : kLeafItemsMin));
        assert((leaf.next == kNone) == is_last);
        for (std::size_t slot = 0; slot < leaf.size; ++slot) {
            assert(leaf.position(slot) >= lower && leaf.position(slot) < upper);
            assert(slot == 0 || leaf.position(slot - 1) < leaf.position(slot));
        }
        return leaf.sum(leaf.size);
    }
    const Inner& inner = inners_[node];
    assert(inner.size >= (is_root || is_last ? 2 : kFanoutMin));
    for (std::size_t slot = 0; slot < inner.size; ++slot) {
        const bool is_end = slot + 1 == inner.size;
        const RangeSum sum =
            check(inner.children[slot], level + 1, slot == 0 ? lower : inner.bounds[slot],
                  is_end ? upper : inner.bounds[slot + 1], is_last && is_end);
        assert((sum == RangeSum{inner.counts[slot], inner.hashes[slot]}));
    }
    return inner.sum(inner.size);
}

}  // namespace grapevine::protocol
