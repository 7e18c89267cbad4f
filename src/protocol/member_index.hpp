#pragma once

#include <cassert>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <utility>
#include <vector>

#include "base/ids.hpp"

namespace grapevine::protocol {

/// Finds the position of a member in a vector that its owner keeps, in constant time.
///
/// Why not std::unordered_map? One process simulates 10,000 nodes with 10,000 members each, so
/// every byte per member is 100 MB: a node of a map costs 40 bytes and more, a slot here 4 to 10.
/// And nothing can be iterated, so no order of a hash table can reach an output.
///
/// Open addressing with linear probing, at most three quarters full; erasing shifts back, so there
/// are no tombstones. Positions only: the owner says which member stands at a position
/// (`member_at(position) -> MemberId`), and must answer for every position that is in the index.
class MemberIndex {
public:
    template <typename MemberAt>
    [[nodiscard]] std::optional<std::uint32_t> find(MemberId member,
                                                    const MemberAt& member_at) const {
        if (slots_.empty()) return std::nullopt;
        const std::size_t slot = slot_of(member, member_at);
        if (slots_[slot] == kEmpty) return std::nullopt;
        return slots_[slot];
    }

    /// `member` must be absent, and stand at `position` already.
    template <typename MemberAt>
    void insert(MemberId member, std::uint32_t position, const MemberAt& member_at) {
        if ((count_ + 1) * 4 > slots_.size() * 3) grow(member_at);
        const std::size_t slot = slot_of(member, member_at);
        assert(slots_[slot] == kEmpty);
        slots_[slot] = position;
        ++count_;
    }

    /// `member`, present and still found at its old position, is about to stand at `position`.
    template <typename MemberAt>
    void move(MemberId member, std::uint32_t position, const MemberAt& member_at) {
        const std::size_t slot = slot_of(member, member_at);
        assert(slots_[slot] != kEmpty);
        slots_[slot] = position;
    }

    /// Two members that are present trade places; call it before they do.
    template <typename MemberAt>
    void swap(MemberId first, MemberId second, const MemberAt& member_at) {
        const std::size_t first_slot = slot_of(first, member_at);
        const std::size_t second_slot = slot_of(second, member_at);
        assert(slots_[first_slot] != kEmpty && slots_[second_slot] != kEmpty);
        std::swap(slots_[first_slot], slots_[second_slot]);
    }

    /// `member` must be present, and still stand at its position.
    template <typename MemberAt>
    void erase(MemberId member, const MemberAt& member_at) {
        std::size_t hole = slot_of(member, member_at);
        assert(slots_[hole] != kEmpty);
        // Whatever was pushed past the hole by a collision moves back into it.
        for (std::size_t slot = next(hole); slots_[slot] != kEmpty; slot = next(slot)) {
            const std::size_t home = home_of(member_at(slots_[slot]));
            const std::size_t mask = slots_.size() - 1;
            if (((slot - home) & mask) >= ((slot - hole) & mask)) {
                slots_[hole] = slots_[slot];
                hole = slot;
            }
        }
        slots_[hole] = kEmpty;
        --count_;
    }

    [[nodiscard]] std::size_t count() const { return count_; }

private:
    static constexpr std::uint32_t kEmpty = UINT32_MAX;

    [[nodiscard]] std::size_t next(std::size_t slot) const {
        return (slot + 1) & (slots_.size() - 1);
    }
    /// Fibonacci hashing: ids are hashes already, but those of tests are 1, 2, 3.
    [[nodiscard]] std::size_t home_of(MemberId member) const {
        return (member.value() * 0x9e3779b97f4a7c15ULL >> 20) & (slots_.size() - 1);
    }
    template <typename MemberAt>
    [[nodiscard]] std::size_t slot_of(MemberId member, const MemberAt& member_at) const {
        std::size_t slot = home_of(member);
        while (slots_[slot] != kEmpty && member_at(slots_[slot]) != member) slot = next(slot);
        return slot;
    }
    template <typename MemberAt>
    void grow(const MemberAt& member_at) {
        const std::vector<std::uint32_t> old = std::move(slots_);
        slots_.assign(old.empty() ? 8 : old.size() * 2, kEmpty);
        for (const std::uint32_t position : old) {
            if (position != kEmpty) slots_[slot_of(member_at(position), member_at)] = position;
        }
    }

    std::vector<std::uint32_t> slots_;  ///< A power of two, or none.
    std::size_t count_ = 0;
};

/// Room for one more, a quarter at a time: doubling would waste up to half of the largest tables.
template <typename T>
void reserve_one_more(std::vector<T>& items) {
    if (items.size() == items.capacity()) items.reserve(items.size() + items.size() / 4 + 4);
}

}  // namespace grapevine::protocol
