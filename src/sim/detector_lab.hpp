#pragma once

#include <cstdint>
#include <functional>
#include <vector>

#include "base/time.hpp"
#include "protocol/membership/config.hpp"

// The detectors side by side: the same group, the same crashes, the same faults, each detector in
// its turn. What is measured is the whole daemon over a virtual network, not the detector alone: a
// failure counts as detected when a member's view says dead.
namespace grapevine::sim {

struct DetectorLab {
    std::size_t members = 64;
    std::size_t crashes = 20;  ///< In each cell: one after the other, each restarted afterwards.
    std::uint64_t seed = 1;
    protocol::Profile profile = protocol::Profile::fast;
    /// Changed after the profile and the detector have been chosen; may be empty.
    std::function<void(protocol::ProtocolConfig&)> adjust;
    /// How long each cell is watched without any crash: for bytes and false verdicts.
    Duration calm = std::chrono::seconds(30);
    /// A crash that not everybody knows after this long counts as unnoticed.
    Duration patience = std::chrono::minutes(5);
};

/// What is done to the group, all the while.
struct LabCondition {
    double loss = 0;
    /// Every second on average, one member at random does nothing for this long.
    Duration stall{};
};

/// One detector under one condition.
struct DetectorCell {
    protocol::DetectorKind detector = protocol::DetectorKind::rings;
    std::size_t crashes = 0;
    std::size_t unnoticed = 0;  ///< Of these, not known to all in time.
    /// From the crash until the first and the last survivor believed it, in rising order.
    std::vector<Duration> first;
    std::vector<Duration> last;
    /// Sent by a member in calm, IP and UDP headers counted.
    double bytes_per_second = 0;
    double datagrams_per_second = 0;
    std::uint64_t suspicions = 0;    ///< Lives that were suspected while they ran.
    std::uint64_t false_deaths = 0;  ///< Lives that were declared dead while they ran.
    double simulated_seconds = 0;
};

/// `quantile` of values in rising order, 0 to 1; zero of none.
Duration quantile_of(const std::vector<Duration>& rising, double quantile);

/// Fills one cell. Equal arguments give equal cells.
DetectorCell measure(const DetectorLab& lab, protocol::DetectorKind detector,
                     const LabCondition& condition);

}  // namespace grapevine::sim
