#include "protocol/coordinates/vivaldi.hpp"

#include <algorithm>
#include <cassert>
#include <cmath>
#include <limits>

namespace grapevine::protocol {
namespace {

constexpr double kStep = 20e-6;
constexpr double kErrorStep = 1e-3;
constexpr Duration kRoundTripMax = std::chrono::seconds(10);
/// Below this a length is none, and a round trip or an error too small to divide by.
constexpr double kNothing = 1e-6;
/// No place is further out, or squares overflow; nothing special in this value.
constexpr double kOutermost = 1000;

double length_of(const std::array<double, wire::Coordinate::kDimensions>& vector) {
    double sum = 0;
    for (const double value : vector) sum += value * value;
    return std::sqrt(sum);
}

/// Without the adjustments, which are reckoned from it.
double raw_distance(const Place& from, const Place& to) {
    auto difference = from.position;
    for (std::size_t at = 0; at < difference.size(); ++at) difference[at] -= to.position[at];
    return length_of(difference) + from.height + to.height;
}

/// False for what is no number, too.
bool is_within_reach(double value) {
    return std::abs(value) <= kOutermost;
}

bool is_sane(const Place& place) {
    return std::ranges::all_of(place.position, is_within_reach) && is_within_reach(place.height) &&
           is_within_reach(place.adjustment) && is_within_reach(place.error);
}

template <typename Integer>
Integer steps_of(double value, double step) {
    using Limits = std::numeric_limits<Integer>;
    const double steps = std::round(value / step);
    return static_cast<Integer>(std::clamp(steps, double{Limits::lowest()}, double{Limits::max()}));
}

}  // namespace

double distance(const Place& from, const Place& to) {
    const double raw = raw_distance(from, to);
    const double adjusted = raw + from.adjustment + to.adjustment;
    return adjusted > 0 ? adjusted : raw;
}

wire::Coordinate to_wire(const Place& place) {
    wire::Coordinate coordinate;
    for (std::size_t at = 0; at < place.position.size(); ++at) {
        coordinate.position[at] = steps_of<std::int16_t>(place.position[at], kStep);
    }
    coordinate.height = steps_of<std::uint16_t>(place.height, kStep);
    coordinate.adjustment = steps_of<std::int16_t>(place.adjustment, kStep);
    coordinate.error = steps_of<std::uint16_t>(place.error, kErrorStep);
    return coordinate;
}

Place from_wire(const wire::Coordinate& coordinate, const VivaldiConfig& config) {
    Place place;
    for (std::size_t at = 0; at < place.position.size(); ++at) {
        place.position[at] = coordinate.position[at] * kStep;
    }
    place.height = std::max(coordinate.height * kStep, config.height_min);
    place.adjustment = coordinate.adjustment * kStep;
    place.error = std::min(coordinate.error * kErrorStep, config.error_max);
    return place;
}

Vivaldi::Vivaldi(std::uint64_t seed, VivaldiConfig config)
    : config_(config), random_(seed), residues_(config.adjustment_window) {
    assert(config.dimensions > 0 && config.dimensions <= wire::Coordinate::kDimensions);
    assert(config.adjustment_window > 0);
    place_.height = config.height_min;
    place_.error = config.error_max;
}

bool Vivaldi::sample(const Place& other, Duration round_trip) {
    if (!is_sane(other)) return false;
    if (round_trip < Duration::zero() || round_trip > kRoundTripMax) return false;
    const double seconds = std::chrono::duration<double>(round_trip).count();
    move(other, seconds);
    adjust(other, seconds);
    fall();
    if (!is_sane(place_)) {
        ++resets_;
        place_ = {};
        place_.height = config_.height_min;
        place_.error = config_.error_max;
    }
    return true;
}

Vivaldi::Direction Vivaldi::away_from(const Place& other) {
    Direction direction;
    for (std::size_t at = 0; at < config_.dimensions; ++at) {
        direction.unit[at] = place_.position[at] - other.position[at];
    }
    direction.length = length_of(direction.unit);
    double length = direction.length;
    if (length <= kNothing) {
        // At the same spot, any direction will do, but both must not take the same one.
        direction.length = 0;
        for (std::size_t at = 0; at < config_.dimensions; ++at) {
            direction.unit[at] = random_.unit() - 0.5;
        }
        length = length_of(direction.unit);
        if (length <= kNothing) {
            direction.unit = {1};
            length = 1;
        }
    }
    for (double& value : direction.unit) value /= length;
    return direction;
}

void Vivaldi::push(double force, const Place& other) {
    const Direction direction = away_from(other);
    for (std::size_t at = 0; at < config_.dimensions; ++at) {
        place_.position[at] += direction.unit[at] * force;
    }
    if (direction.length > kNothing) {
        const double height =
            (place_.height + other.height) * force / direction.length + place_.height;
        place_.height = std::max(height, config_.height_min);
    }
}

void Vivaldi::move(const Place& other, double round_trip) {
    const double expected = distance(place_, other);
    round_trip = std::max(round_trip, kNothing);
    const double wrongness = std::abs(expected - round_trip) / round_trip;
    const double weight = place_.error / std::max(place_.error + other.error, kNothing);
    const double share = config_.error_share * weight;
    place_.error = std::min(share * wrongness + place_.error * (1 - share), config_.error_max);
    push(config_.force_share * weight * (round_trip - expected), other);
}

void Vivaldi::adjust(const Place& other, double round_trip) {
    residues_[next_residue_] = round_trip - raw_distance(place_, other);
    next_residue_ = (next_residue_ + 1) % residues_.size();
    double sum = 0;
    for (const double residue : residues_) sum += residue;
    // Half of it: the other end adjusts by the other half.
    place_.adjustment = sum / (2 * static_cast<double>(residues_.size()));
}

void Vivaldi::fall() {
    Place origin;
    origin.height = config_.height_min;
    const double share = distance(origin, place_) / config_.gravity_distance;
    push(-share * share, origin);
}

}  // namespace grapevine::protocol
