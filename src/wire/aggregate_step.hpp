#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "base/ids.hpp"

// What members say to each other while they estimate something together. Part of messages.hpp.
namespace grapevine::wire {

/// One step of a run. It says what the run is about, so that whoever hears of it can take part. See
/// protocol/aggregate/aggregates.hpp.
struct AggregateStep {
    enum class Method : std::uint8_t { push_pull = 1, push_sum = 2, extrema = 3 };
    enum class Of : std::uint8_t { count = 1, mean = 2, sum = 3, max = 4, min = 5 };
    enum class Part : std::uint8_t { offer = 1, reply = 2 };
    /// What the sender has, or moves, of what began with 1 at `starter`.
    struct Instance {
        MemberId starter;
        double amount = 0;
        friend bool operator==(const Instance&, const Instance&) = default;
    };

    MemberId starter;       ///< Of the run.
    std::uint64_t run = 0;  ///< Its number among the starter's; random.
    Method method = Method::push_pull;
    Of of = Of::count;
    std::string key;          ///< Of the members' records; empty: none.
    std::uint8_t rounds = 1;  ///< Of the run; 1 .. kAggregateRoundsMax.
    std::uint8_t round = 0;   ///< In which the sender is; at most `rounds`.
    Part part = Part::offer;
    std::uint32_t sequence = 0;       ///< Of the exchange, at the one who offers.
    std::vector<double> values;       ///< At most kAggregateValuesMax, all finite.
    std::vector<Instance> instances;  ///< By starter, at most kAggregateInstancesMax.
    /// None, or kAggregateMinima and then no values or instances. Not negative; infinity where
    /// nobody has added anything.
    std::vector<float> minima;
    friend bool operator==(const AggregateStep&, const AggregateStep&) = default;
};

}  // namespace grapevine::wire
