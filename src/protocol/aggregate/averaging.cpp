#include "protocol/aggregate/averaging.hpp"

#include <algorithm>
#include <cassert>
#include <iterator>
#include <utility>

namespace grapevine::protocol {
namespace {

/// Below this an instance is one that has hardly begun to spread.
constexpr double kInstanceMin = 1e-9;

void add(Averaging::Amounts& to, const Averaging::Amounts& what, double sign) {
    if (to.values.size() < what.values.size()) to.values.resize(what.values.size());
    for (std::size_t index = 0; index < what.values.size(); ++index) {
        to.values[index] += sign * what.values[index];
    }
    for (const auto& [member, amount] : what.instances) to.instances[member] += sign * amount;
}

/// Everybody leaves out the same ones, so those that stay keep their mass.
void keep_bounded(Averaging::Amounts& amounts) {
    while (amounts.instances.size() > kAggregateInstancesMax) {
        amounts.instances.erase(std::prev(amounts.instances.end()));
    }
}

/// (ours - theirs) / 2: what brings both to the mean.
Averaging::Amounts half_difference(const Averaging::Amounts& ours,
                                   const Averaging::Amounts& theirs) {
    Averaging::Amounts half = ours;
    add(half, theirs, -1);
    for (double& value : half.values) value /= 2;
    for (auto& [member, amount] : half.instances) amount /= 2;
    keep_bounded(half);
    return half;
}

}  // namespace

Averaging::Link* Averaging::link_to(MemberId partner) {
    const auto found = links_.find(partner);
    if (found != links_.end()) return &found->second;
    if (links_.size() >= kAggregatePartnersMax) return nullptr;
    return &links_[partner];
}

void Averaging::move(Link& link, const Amounts& amounts, double sign) {
    add(now_, amounts, -sign);
    add(link.given, amounts, sign);
    keep_bounded(now_);
    keep_bounded(link.given);
}

std::optional<Averaging::Offer> Averaging::begin(MemberId partner) {
    if (open_with_ != kNobody || link_to(partner) == nullptr) return std::nullopt;
    open_with_ = partner;
    ++sequence_;
    return Offer{sequence_, now_};
}

std::optional<Averaging::Offer> Averaging::repeat() const {
    if (open_with_ == kNobody) return std::nullopt;
    return Offer{sequence_, now_};
}

std::optional<Averaging::Reply> Averaging::handle(MemberId from, const Offer& offer) {
    if (offer.has.values.size() != now_.values.size()) return std::nullopt;
    Link* const link = link_to(from);
    if (link == nullptr || offer.sequence < link->last_sequence) return std::nullopt;
    if (offer.sequence > link->last_sequence) {
        link->last_sequence = offer.sequence;
        link->last_moved = half_difference(now_, offer.has);
        move(*link, link->last_moved, 1);
    }
    return Reply{offer.sequence, link->last_moved};
}

void Averaging::handle(MemberId from, const Reply& reply) {
    if (from != open_with_ || reply.sequence != sequence_) return;
    if (reply.moved.values.size() != now_.values.size()) return;
    open_with_ = kNobody;
    Link* const link = link_to(from);
    assert(link != nullptr && "made when the offer was");
    move(*link, reply.moved, -1);
}

void Averaging::peer_left(MemberId member) {
    if (open_with_ == member) open_with_ = kNobody;
    const auto found = links_.find(member);
    if (found == links_.end()) return;
    const Amounts given = std::exchange(found->second.given, {});
    links_.erase(found);
    if (!given.values.empty() || !given.instances.empty()) add(now_, given, 1);
    keep_bounded(now_);
}

std::optional<double> count_of(const Averaging::Instances& instances) {
    std::vector<double> counts;
    for (const auto& [member, amount] : instances) {
        if (amount > kInstanceMin) counts.push_back(1 / amount);
    }
    if (counts.empty()) return std::nullopt;
    std::ranges::sort(counts);
    const std::size_t middle = counts.size() / 2;
    if (counts.size() % 2 == 1) return counts[middle];
    return (counts[middle - 1] + counts[middle]) / 2;
}

}  // namespace grapevine::protocol
