#pragma once

#include <cstdint>
#include <optional>
#include <string>

// Estimates that all members make together, as the outside sees them. Part of control.hpp.
namespace grapevine::control {

/// Begins a run of gossip aggregation and waits for its end.
struct ShowEstimate {
    std::string overlay;
    std::string of = "count";  ///< count, mean, sum, max, min
    std::string key;           ///< Of the members' records; may be empty for a count.
    std::string method;        ///< push-pull, push-sum, extrema; empty: what fits.
};

struct EstimateView {
    std::string of;
    std::string key;
    std::string method;
    std::optional<double> value;  ///< Nothing: no member has a number under this key.
    double error = 0;             ///< Relative standard deviation that was to be expected.
    std::uint32_t rounds = 0;
    std::optional<double> contributors;  ///< About so many have a number; if it was counted.
    std::int64_t took_us = 0;
};

}  // namespace grapevine::control
