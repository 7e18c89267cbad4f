#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

#include "base/ids.hpp"
#include "protocol/membership/ring_sequence.hpp"

namespace grapevine::protocol {

/// Who observes whom: the members in a circle, on each of K rings in another order, which all who
/// hold the same view agree on without a word. The predecessor observes its successor.
///
/// Source: Suresh et al., "Stable and Consistent Membership at Scale with Rapid", USENIX ATC 2018,
/// section 4.1: K rings, so that every member has K observers and K subjects, and their graph is an
/// expander: whichever members fail, some of the living observe some of the failed.
///
/// The place on ring r is a mix of the id that is a bijection, so no two members share one. The key
/// is public and the same for all: a member that can choose its id (by trying key pairs) can choose
/// whom it observes. It must hold the overlay's key for that, and one of K observers decides
/// nothing.
///
/// It keeps our own neighbours alone, 16 bytes per ring, and no ring: the nearest of all on either
/// side changes by comparing it with whoever comes, and is looked for among all only when it goes.
/// With 10,000 members in the view this is what makes the difference between nothing and half a
/// megabyte per node. Other members' neighbours are found by one walk over the view, about 10 ns
/// per member and ring; that is asked only when somebody does not answer.
class RingOrder {
public:
    /// `ring_count`: 1 .. kRingsMax.
    RingOrder(MemberId self, std::uint8_t ring_count);

    /// The member's place on a ring. All 64 bits count, and the highest is followed by zero.
    [[nodiscard]] static std::uint64_t place(MemberId member, std::uint8_t ring);

    /// O(K).
    void add(MemberId member);
    /// `members`: all others of the group, without `member`. O(K), unless it was a neighbour.
    void remove(MemberId member, std::span<const MemberId> members);

    /// Whom we observe on that ring; kNobody if we are alone.
    [[nodiscard]] MemberId subject(std::uint8_t ring) const { return neighbours_[ring].subject; }
    /// Who observes us on that ring; kNobody if we are alone.
    [[nodiscard]] MemberId observer(std::uint8_t ring) const { return neighbours_[ring].observer; }

    /// The observers of `subject`, each once, by ring; we may be among them. `members`: all others
    /// of the group. O(n K).
    [[nodiscard]] std::vector<MemberId> observers_of(MemberId subject,
                                                     std::span<const MemberId> members) const;

    [[nodiscard]] std::uint8_t ring_count() const { return ring_count_; }

private:
    struct Neighbours {
        MemberId subject = kNobody;
        MemberId observer = kNobody;
    };

    void meet(std::uint8_t ring, MemberId member);

    const MemberId self_;
    const std::uint8_t ring_count_;
    std::array<std::uint64_t, kRingsMax> places_{};  ///< Our own.
    std::array<Neighbours, kRingsMax> neighbours_{};
};

}  // namespace grapevine::protocol
