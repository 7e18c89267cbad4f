#include "protocol/membership/ring_order.hpp"

#include <algorithm>
#include <cassert>

namespace grapevine::protocol {
namespace {

/// How far `to` lies behind `from` on a circle of 2^64 places.
constexpr std::uint64_t way(std::uint64_t from, std::uint64_t to) {
    return to - from;
}

}  // namespace

RingOrder::RingOrder(MemberId self, std::uint8_t ring_count)
    : self_(self), ring_count_(ring_count) {
    assert(self != kNobody);
    assert(ring_count >= 1 && ring_count <= kRingsMax);
    for (std::uint8_t ring = 0; ring < ring_count; ++ring) places_[ring] = place(self, ring);
}

/// The finaliser of splitmix64 over the id and a key per ring, multiples of the golden ratio as in
/// its sequence. Each step can be undone, so different ids have different places.
std::uint64_t RingOrder::place(MemberId member, std::uint8_t ring) {
    std::uint64_t z = member.value() + 0x9e37'79b9'7f4a'7c15ULL * (std::uint64_t{ring} + 1);
    z = (z ^ (z >> 30U)) * 0xbf58'476d'1ce4'e5b9ULL;
    z = (z ^ (z >> 27U)) * 0x94d0'49bb'1331'11ebULL;
    return z ^ (z >> 31U);
}

void RingOrder::meet(std::uint8_t ring, MemberId member) {
    Neighbours& held = neighbours_[ring];
    const std::uint64_t own = places_[ring];
    const std::uint64_t its = place(member, ring);
    if (held.subject == kNobody || way(own, its) < way(own, place(held.subject, ring))) {
        held.subject = member;
    }
    if (held.observer == kNobody || way(its, own) < way(place(held.observer, ring), own)) {
        held.observer = member;
    }
}

void RingOrder::add(MemberId member) {
    if (member == self_) return;
    for (std::uint8_t ring = 0; ring < ring_count_; ++ring) meet(ring, member);
}

void RingOrder::remove(MemberId member, std::span<const MemberId> members) {
    for (std::uint8_t ring = 0; ring < ring_count_; ++ring) {
        Neighbours& held = neighbours_[ring];
        if (held.subject != member && held.observer != member) continue;
        held = {};
        for (const MemberId other : members) meet(ring, other);
    }
}

std::vector<MemberId> RingOrder::observers_of(MemberId subject,
                                              std::span<const MemberId> members) const {
    std::vector<MemberId> observers;
    for (std::uint8_t ring = 0; ring < ring_count_; ++ring) {
        const std::uint64_t its = place(subject, ring);
        MemberId nearest = kNobody;
        std::uint64_t shortest = UINT64_MAX;
        const auto consider = [&](MemberId member, std::uint64_t its_place) {
            if (member == subject || way(its_place, its) > shortest) return;
            shortest = way(its_place, its);
            nearest = member;
        };
        consider(self_, places_[ring]);
        for (const MemberId member : members) consider(member, place(member, ring));
        if (nearest == kNobody || std::ranges::find(observers, nearest) != observers.end()) {
            continue;
        }
        observers.push_back(nearest);
    }
    return observers;
}

}  // namespace grapevine::protocol
