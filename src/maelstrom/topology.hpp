#pragma once

#include <algorithm>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "protocol/peers.hpp"

namespace grapevine::maelstrom {

/// The nodes that `init` names, as members: the n-th of them, in the order of their names, is
/// member n, on every node alike.
class Topology final : public protocol::Peers {
public:
    enum class Shape : std::uint8_t {
        full,  ///< Standing links among all: one hop from anywhere to anywhere.
        hub,   ///< All links lead to the first node: two hops, and one link per node to gather on.
    };

    /// `self` is among `nodes`, and no two are equal.
    Topology(std::vector<std::string> nodes, std::string_view self, Shape shape);

    [[nodiscard]] MemberId self() const { return self_; }
    [[nodiscard]] std::optional<MemberId> member_of(std::string_view node) const;
    [[nodiscard]] const std::string& name_of(MemberId member) const;
    [[nodiscard]] const std::vector<MemberId>& peers() const { return peers_; }

    [[nodiscard]] std::size_t peer_count() const override { return peers_.size(); }
    [[nodiscard]] std::vector<MemberId> pick(Random& random, std::size_t count,
                                             MemberId except = kNobody) const override;
    [[nodiscard]] std::vector<MemberId> neighbours(std::size_t count) const override;

private:
    std::vector<std::string> nodes_;  ///< Sorted.
    MemberId self_;
    std::vector<MemberId> peers_;
    Shape shape_;
};

}  // namespace grapevine::maelstrom
