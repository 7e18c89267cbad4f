#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <vector>

#include "base/random.hpp"
#include "base/time.hpp"
#include "wire/messages.hpp"

namespace grapevine::protocol {

/// The constants of Serf's package `coordinate`, under which its published bounds hold. Times are
/// seconds.
struct VivaldiConfig {
    /// Of those that a coordinate has, how many are used. Fewer only in tests of figures that are
    /// given for fewer.
    std::size_t dimensions = wire::Coordinate::kDimensions;
    /// Where the error begins, and what it never exceeds: 1.5 is "no idea".
    double error_max = 1.5;
    /// How much one sample may change the error, and the place.
    double error_share = 0.25;
    double force_share = 0.25;
    /// Samples whose mean residue becomes the adjustment.
    std::size_t adjustment_window = 20;
    double height_min = 10e-6;
    /// A place at this distance from the origin falls by a second per sample; gravity only keeps
    /// the whole cloud from drifting away.
    double gravity_distance = 150;
};

/// A place in the space of round trips, as reckoned with: seconds.
struct Place {
    std::array<double, wire::Coordinate::kDimensions> position{};
    double height = 10e-6;
    double adjustment = 0;
    double error = 1.5;
};

/// The round trip between two places, in seconds; not below zero.
double distance(const Place& from, const Place& to);

/// Nearest in steps of 20 us; what does not fit (a coordinate beyond .65 s, a height beyond 1.3 s)
/// becomes the outermost value that does.
wire::Coordinate to_wire(const Place& place);

/// Whatever came: a height below the least becomes the least, an error above "no idea" becomes
/// that. On the wire all is integers, so there is nothing that is no number.
Place from_wire(const wire::Coordinate& coordinate, const VivaldiConfig& config);

/// Finds our own place among the others from round trips alone.
///
/// The problem: who wants to know which of 1,000 members are near would have to ping all of them,
/// and still could not tell how far two others are from each other. The idea: members are bodies
/// with springs between them, each as long as the round trip that was measured. Everybody moves a
/// little along the spring of each sample, by more if the other is surer of its place than oneself,
/// until the springs are at rest. The distance of two places is then the expected round trip, also
/// between members that never spoke. A height above the plane stands for what every path of a
/// member has in common (its access line), and an adjustment for what the space cannot express.
///
/// Source: Dabek, Cox, Kaashoek, Morris, "Vivaldi", SIGCOMM 2004; the variant and constants of
/// HashiCorp's Serf, after Ledlie, Gardner, Seltzer, "Network Coordinates in the Wild", NSDI 2007.
/// Deviation: coordinates travel in steps of 20 us. Within one rack that is a fifth of a round
/// trip, which nobody chooses by.
///
/// No filter and no table: `Coordinates` has both. Never for correctness: a lie about a place moves
/// ours by a quarter of a spring at most, and estimates are only ever preferences.
class Vivaldi {
public:
    explicit Vivaldi(std::uint64_t seed, VivaldiConfig config = {});

    /// Moves by one sample: the round trip to somebody who was at `other`. Round trips outside
    /// [0, 10 s] and places that are no numbers are refused; then nothing has changed, and the
    /// result is false.
    bool sample(const Place& other, Duration round_trip);

    [[nodiscard]] const Place& place() const { return place_; }
    /// Starts from there; for tests of what is known of such a start.
    void set_place(const Place& place) { place_ = place; }
    /// How often we were thrown out of the space and began anew at the origin.
    [[nodiscard]] std::uint64_t resets() const { return resets_; }

private:
    using Vector = std::array<double, wire::Coordinate::kDimensions>;

    struct Direction {
        Vector unit{};
        double length = 0;
    };
    [[nodiscard]] Direction away_from(const Place& other);
    void push(double force, const Place& other);
    void move(const Place& other, double round_trip);
    void adjust(const Place& other, double round_trip);
    void fall();

    const VivaldiConfig config_;
    Random random_;
    Place place_;
    std::vector<double> residues_;  ///< A ring of `adjustment_window`.
    std::size_t next_residue_ = 0;
    std::uint64_t resets_ = 0;
};

}  // namespace grapevine::protocol
