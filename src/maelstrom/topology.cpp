#include "maelstrom/topology.hpp"

#include <cassert>
#include <span>
#include <utility>

#include "protocol/neighbours.hpp"

namespace grapevine::maelstrom {

Topology::Topology(std::vector<std::string> nodes, std::string_view self, Shape shape)
    : nodes_(std::move(nodes)), shape_(shape) {
    std::ranges::sort(nodes_);
    const auto found = member_of(self);
    assert(found);
    self_ = *found;
    for (std::size_t number = 1; number <= nodes_.size(); ++number) {
        if (const MemberId member(number); member != self_) peers_.push_back(member);
    }
}

std::optional<MemberId> Topology::member_of(std::string_view node) const {
    const auto found = std::ranges::lower_bound(nodes_, node);
    if (found == nodes_.end() || *found != node) return std::nullopt;
    return MemberId(static_cast<std::uint64_t>(found - nodes_.begin()) + 1);
}

const std::string& Topology::name_of(MemberId member) const {
    return nodes_.at(member.value() - 1);
}

std::vector<MemberId> Topology::pick(Random& random, std::size_t count, MemberId except) const {
    std::vector<MemberId> picked = peers_;
    std::erase(picked, except);
    random.shuffle(std::span(picked));
    if (picked.size() > count) picked.resize(count);
    return picked;
}

std::vector<MemberId> Topology::neighbours(std::size_t count) const {
    const MemberId hub(1);
    if (shape_ == Shape::hub && self_ != hub) return {hub};
    return protocol::ring_neighbours(self_, peers_, count);
}

}  // namespace grapevine::maelstrom
