#pragma once

#include <cstddef>
#include <vector>

#include "base/ids.hpp"
#include "base/random.hpp"
#include "protocol/peers.hpp"
#include "sim/moment.hpp"

namespace grapevine::sim::lab {

inline MemberId id_of(HostIndex member) {
    return MemberId{member + std::uint64_t{1}};
}
inline HostIndex index_of(MemberId member) {
    return static_cast<HostIndex>(member.value() - 1);
}

/// Who is believed to be there: one view that all members of a run share, because membership is not
/// what these runs are about.
///
/// Drawing costs a few steps however many members there are, and so do neighbours: the rings are
/// drawn once for everybody (`protocol::ring_neighbours` walks over all members for each).
class Roster {
public:
    Roster(std::size_t members, std::uint64_t seed);

    [[nodiscard]] std::size_t count() const { return members_.size(); }
    [[nodiscard]] bool has(HostIndex member) const { return place_[member] != kNowhere; }
    void add(HostIndex member);
    void remove(HostIndex member);

    /// As protocol::Peers promises.
    [[nodiscard]] std::vector<MemberId> pick(HostIndex self, Random& random, std::size_t count,
                                             MemberId except) const;
    [[nodiscard]] std::vector<MemberId> neighbours(HostIndex self, std::size_t count) const;

private:
    static constexpr std::uint32_t kNowhere = UINT32_MAX;
    /// As many as a publisher of a tree with 32 links needs, and some for those that overlap.
    static constexpr std::size_t kRings = 24;
    struct Ring {
        std::vector<HostIndex> order;
        std::vector<std::uint32_t> place;  ///< By member.
    };
    void draw_rings() const;

    std::uint64_t seed_;
    std::vector<HostIndex> members_;
    std::vector<std::uint32_t> place_;  ///< In `members_`; kNowhere if it is not there.
    mutable std::vector<Ring> rings_;   ///< Empty: the view has changed since they were drawn.
};

/// The same as one of them sees it.
class RosterPeers final : public protocol::Peers {
public:
    RosterPeers(const Roster& roster, HostIndex self) : roster_(roster), self_(self) {}
    [[nodiscard]] std::size_t peer_count() const override {
        return roster_.count() - (roster_.has(self_) ? 1 : 0);
    }
    [[nodiscard]] std::vector<MemberId> pick(Random& random, std::size_t count,
                                             MemberId except = kNobody) const override {
        return roster_.pick(self_, random, count, except);
    }
    [[nodiscard]] std::vector<MemberId> neighbours(std::size_t count) const override {
        return roster_.neighbours(self_, count);
    }

private:
    const Roster& roster_;
    HostIndex self_;
};

}  // namespace grapevine::sim::lab
