#pragma once

#include <cstddef>
#include <vector>

#include "base/ids.hpp"
#include "base/random.hpp"

namespace grapevine::protocol {

/// Whom one can talk to: the members believed alive or suspect, without ourselves. Membership keeps
/// it; everybody who needs "some random members" asks it. Lives as long as the node.
class Peers {
public:
    virtual ~Peers() = default;

    [[nodiscard]] virtual std::size_t peer_count() const = 0;

    /// Up to `count` distinct peers, uniformly, without `except`. All of them if there are no more.
    [[nodiscard]] virtual std::vector<MemberId> pick(Random& random, std::size_t count,
                                                     MemberId except = kNobody) const = 0;

    /// Up to `count` distinct peers to whom we have standing links, always the same in one view;
    /// see neighbours.hpp for what others can rely on. All of them if there are no more.
    [[nodiscard]] virtual std::vector<MemberId> neighbours(std::size_t count) const = 0;
};

}  // namespace grapevine::protocol
