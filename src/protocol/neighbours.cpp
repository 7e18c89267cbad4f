#include "protocol/neighbours.hpp"

#include <algorithm>
#include <cassert>
#include <cstdint>
#include <limits>

namespace grapevine::protocol {
namespace {

/// Where a member stands on a ring. Finalizer of splitmix64: spreads its argument over all 64 bits.
std::uint64_t position(MemberId member, std::uint64_t ring) {
    std::uint64_t z = member.value() + (ring + 1) * 0x9e3779b97f4a7c15ULL;
    z = (z ^ (z >> 30U)) * 0xbf58476d1ce4e5b9ULL;
    z = (z ^ (z >> 27U)) * 0x94d049bb133111ebULL;
    return z ^ (z >> 31U);
}

void add_distinct(std::vector<MemberId>& members, MemberId member) {
    if (std::ranges::find(members, member) == members.end()) members.push_back(member);
}

}  // namespace

std::vector<MemberId> ring_neighbours(MemberId self, std::span<const MemberId> peers,
                                      std::size_t count) {
    std::vector<MemberId> successors;
    std::vector<MemberId> predecessors;
    std::vector<MemberId> found;
    if (count == 0 || peers.empty()) return found;
    const std::size_t wanted = std::min(count, peers.size());
    if (wanted == peers.size()) {
        // Everybody: one ring gives the order, by distance from us, and nothing needs a search.
        found.assign(peers.begin(), peers.end());
        const std::uint64_t here = position(self, 0);
        std::ranges::sort(found, {},
                          [here](MemberId member) { return position(member, 0) - here; });
        return found;
    }
    for (std::uint64_t ring = 0; found.size() < wanted; ++ring) {
        const std::uint64_t here = position(self, ring);
        std::uint64_t nearest = std::numeric_limits<std::uint64_t>::max();
        std::uint64_t farthest = 0;
        MemberId successor = kNobody;
        MemberId predecessor = kNobody;
        for (const MemberId peer : peers) {
            const std::uint64_t distance = position(peer, ring) - here;
            if (distance <= nearest) {
                nearest = distance;
                successor = peer;
            }
            if (distance >= farthest) {
                farthest = distance;
                predecessor = peer;
            }
        }
        successors.push_back(successor);
        predecessors.push_back(predecessor);
        add_distinct(found, successor);
        add_distinct(found, predecessor);
        // In a small group the last ones missing may stand between others on ring after ring.
        if (ring >= 4 * count) break;
    }
    found.clear();
    for (const MemberId member : successors) add_distinct(found, member);
    for (const MemberId member : predecessors) add_distinct(found, member);
    if (found.size() > wanted) found.resize(wanted);
    return found;
}

}  // namespace grapevine::protocol
