#pragma once

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <cstdint>

#include "base/time.hpp"
#include "protocol/membership/config.hpp"

namespace grapevine::protocol {

/// How long a suspect has to clear its name, by how many accuse it.
///
/// Source: Lifeguard (Dadgar et al. 2018), section IV-B (LHA-Suspicion): a slow node suspects
/// others wrongly, but alone. So a suspicion begins with a long timer (Max), and each confirmation
/// by another member, independent of those before, shortens it towards Min; the first confirmation
/// by the most.
///
///     timeout(C) = max(Min, Max - (Max - Min) log(C + 1) / log(K + 1))
///     Min = alpha log10(n) T,   Max = beta Min
///
/// The logarithm counts as at least one (n = 10), as in memberlist: below ten members Min would
/// fall to zero otherwise, and a suspect must always have a round trip to answer in.
///
/// K is lowered to the number of members that could confirm at all: n less ourselves and the
/// suspect. With nobody left to ask (n = 2) there is nothing to wait for, and Min holds at once.
/// Deviation: memberlist goes to Min as soon as fewer than K others exist; a group of four would
/// then never profit from the second opinion that it can have.
struct SuspicionTimes {
    Duration minimum{};
    Duration maximum{};
    std::uint32_t confirmations_max = 0;  ///< K after the adjustment.

    /// `member_count`: alive and suspect members, ourselves and the suspect included.
    static SuspicionTimes make(const ProtocolConfig& config, std::size_t member_count) {
        const double scale =
            std::log10(std::max(static_cast<double>(member_count), 10.0)) * config.suspicion_alpha;
        const double minimum = scale * static_cast<double>(config.probe_period.count());
        const double maximum = minimum * std::max(config.suspicion_beta, 1.0);
        const std::size_t witnesses = member_count > 2 ? member_count - 2 : 0;
        return {
            Duration(static_cast<Duration::rep>(minimum)),
            Duration(static_cast<Duration::rep>(maximum)),
            static_cast<std::uint32_t>(
                std::min<std::size_t>(config.suspicion_confirmations, witnesses)),
        };
    }

    /// The same, but not below `hold`, which a member gets that keeps coming back (flaps.hpp).
    [[nodiscard]] SuspicionTimes held_for(Duration hold) const {
        return {std::max(minimum, hold), std::max(maximum, hold), confirmations_max};
    }

    /// `confirmations` is C: independent accusers after the first.
    [[nodiscard]] Duration timeout(std::uint32_t confirmations) const {
        if (confirmations_max == 0) return minimum;
        const double fraction = std::log(static_cast<double>(confirmations) + 1) /
                                std::log(static_cast<double>(confirmations_max) + 1);
        const double span = static_cast<double>((maximum - minimum).count());
        const Duration shortened =
            maximum - Duration(static_cast<Duration::rep>(std::llround(span * fraction)));
        return std::max(minimum, shortened);
    }
};

}  // namespace grapevine::protocol
