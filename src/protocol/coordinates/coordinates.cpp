#include "protocol/coordinates/coordinates.hpp"

#include <algorithm>
#include <cassert>
#include <cmath>

namespace grapevine::protocol {
namespace {

constexpr Duration kTellInterval = std::chrono::seconds(5);
/// Of its distance from the origin that a place must have moved to be told early.
constexpr double kMovementShare = 0.1;
/// Within a site round trips are shorter than what they vary by; who moves less than this (in
/// seconds) says so in its turn.
constexpr double kMovementMin = 0.001;
constexpr Duration kRoundTripMax = std::chrono::seconds(10);

Duration seconds(double value) {
    return std::chrono::duration_cast<Duration>(std::chrono::duration<double>(value));
}

/// How far a place is from the origin, or has moved: all that an estimate is made of.
double extent(const Place& place, const Place& from) {
    double sum = 0;
    for (std::size_t at = 0; at < place.position.size(); ++at) {
        const double difference = place.position[at] - from.position[at];
        sum += difference * difference;
    }
    return std::sqrt(sum) + std::abs(place.height - from.height) +
           std::abs(place.adjustment - from.adjustment);
}

}  // namespace

Coordinates::Coordinates(MemberId self, std::uint64_t seed)
    : self_(self), vivaldi_(seed, config_), announced_(vivaldi_.place()) {}

Duration Coordinates::Peer::median() const {
    assert(sample_count > 0 && sample_count <= kFilterSize);
    // The newest stand last.
    const auto& [first, second, third] = samples_us;
    static_assert(kFilterSize == 3);
    if (sample_count == 1) return std::chrono::microseconds(third);
    if (sample_count == 2) return std::chrono::microseconds(std::max(second, third));
    return std::chrono::microseconds(
        std::max(std::min(first, second), std::min(std::max(first, second), third)));
}

Coordinates::Peer& Coordinates::peer(Instant now, MemberId member) {
    auto found = std::ranges::lower_bound(peers_, member, {}, &Peer::member);
    if (found == peers_.end() || found->member != member) {
        if (peers_.size() >= kPlacesMax) {
            peers_.erase(std::ranges::min_element(peers_, {}, &Peer::touched));
            found = std::ranges::lower_bound(peers_, member, {}, &Peer::member);
        }
        Peer fresh;
        fresh.member = member;
        found = peers_.insert(found, fresh);
    }
    found->touched = now;
    return *found;
}

const Coordinates::Peer* Coordinates::find(MemberId member) const {
    const auto found = std::ranges::lower_bound(peers_, member, {}, &Peer::member);
    return found == peers_.end() || found->member != member ? nullptr : &*found;
}

void Coordinates::measured(Instant now, MemberId member, Duration round_trip) {
    if (member == self_ || round_trip < Duration::zero() || round_trip > kRoundTripMax) return;
    Peer& known = peer(now, member);
    std::ranges::rotate(known.samples_us, known.samples_us.begin() + 1);
    known.samples_us.back() = static_cast<std::uint32_t>(
        std::chrono::duration_cast<std::chrono::microseconds>(round_trip).count());
    if (known.sample_count < kFilterSize) ++known.sample_count;
    known.measured_at = now;
    if (!known.has_place) return;
    if (vivaldi_.sample(from_wire(known.place, config_), known.median())) ++samples_;
    note_movement(now);
}

void Coordinates::heard(Instant now, MemberId member, const wire::Coordinate& place) {
    if (member == self_) return;
    Peer& known = peer(now, member);
    known.place = place;
    known.has_place = true;
}

void Coordinates::forget(MemberId member) {
    const auto found = std::ranges::lower_bound(peers_, member, {}, &Peer::member);
    if (found != peers_.end() && found->member == member) peers_.erase(found);
}

void Coordinates::note_movement(Instant now) {
    const double moved = extent(vivaldi_.place(), announced_);
    if (moved <= std::max(kMovementMin, kMovementShare * extent(announced_, Place{}))) return;
    announced_ = vivaldi_.place();
    moved_at_ = now;
}

std::optional<wire::Coordinate> Coordinates::to_tell(Instant now, MemberId to) {
    if (to == self_) return std::nullopt;
    Peer& known = peer(now, to);
    if (known.told != kNever && known.told >= moved_at_ && now - known.told < kTellInterval) {
        return std::nullopt;
    }
    known.told = now;
    return own();
}

std::optional<Place> Coordinates::place_of(MemberId member) const {
    if (member == self_) return vivaldi_.place();
    const Peer* known = find(member);
    if (known == nullptr || !known->has_place) return std::nullopt;
    return from_wire(known->place, config_);
}

Coordinates::RoundTrip Coordinates::between(MemberId from, MemberId to) const {
    RoundTrip trip;
    const auto start = place_of(from);
    const auto end = place_of(to);
    if (start && end && from != to) {
        trip.estimate = seconds(distance(*start, *end));
        trip.error = std::max(start->error, end->error);
    }
    const MemberId other = from == self_ ? to : from;
    const Peer* known = from == self_ || to == self_ ? find(other) : nullptr;
    if (known != nullptr && known->sample_count > 0) {
        trip.measured = known->median();
        trip.measured_at = known->measured_at;
    }
    return trip;
}

std::optional<Duration> Coordinates::distance_to(MemberId member) const {
    const RoundTrip trip = between(self_, member);
    return trip.measured ? trip.measured : trip.estimate;
}

std::vector<MemberId> Coordinates::nearest(std::size_t count) const {
    std::vector<std::pair<Duration, MemberId>> ranked;
    for (const Peer& known : peers_) {
        if (const auto away = distance_to(known.member)) ranked.emplace_back(*away, known.member);
    }
    const auto kept = std::min(count, ranked.size());
    std::ranges::partial_sort(ranked, ranked.begin() + static_cast<std::ptrdiff_t>(kept));
    std::vector<MemberId> members;
    for (std::size_t at = 0; at < kept; ++at) members.push_back(ranked[at].second);
    return members;
}

void Coordinates::check_invariants() const {
    assert(peers_.size() <= kPlacesMax);
    for (std::size_t at = 0; at < peers_.size(); ++at) {
        assert(peers_[at].member != self_ && peers_[at].sample_count <= kFilterSize);
        assert(at == 0 || peers_[at - 1].member < peers_[at].member);
    }
}

}  // namespace grapevine::protocol
