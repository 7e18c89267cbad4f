#pragma once

#include <algorithm>
#include <vector>

#include "base/random.hpp"
#include "protocol/state/range_tree.hpp"

// Entries of a shared state made up for tests and benchmarks.
namespace grapevine::protocol::testing {

inline RangeTree::Item sample_item(Random& random, Stamp stamp) {
    return {stamp, {random.next(), random.next()}, static_cast<std::uint32_t>(random.next())};
}

/// The first of a millisecond.
inline Stamp stamp_at(std::uint64_t unix_ms) {
    return Stamp(unix_ms << 16U);
}

/// Sorted vector and loops: what a tree must agree with.
class NaiveRanges {
public:
    using Item = RangeTree::Item;

    bool insert(const Item& item) {
        const auto place = place_of(item.position());
        if (place != items_.end() && place->position() == item.position()) return false;
        items_.insert(place, item);
        return true;
    }
    std::optional<Item> erase(const wire::StatePosition& position) {
        const auto place = place_of(position);
        if (place == items_.end() || place->position() != position) return std::nullopt;
        const Item item = *place;
        items_.erase(place);
        return item;
    }
    [[nodiscard]] RangeSum in(const wire::StatePosition& lower,
                              const wire::StatePosition& upper) const {
        RangeSum sum;
        for (const Item& item : items_) {
            if (item.position() >= lower && item.position() < upper) sum += {1, item.hash};
        }
        return sum;
    }
    [[nodiscard]] const std::vector<Item>& items() const { return items_; }

private:
    std::vector<Item>::iterator place_of(const wire::StatePosition& position) {
        return std::ranges::lower_bound(items_, position, {}, &Item::position);
    }
    std::vector<Item> items_;
};

}  // namespace grapevine::protocol::testing
