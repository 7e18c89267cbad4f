#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

#include "base/time.hpp"
#include "maelstrom/adapter.hpp"

namespace grapevine::maelstrom {

/// Maelstrom's broadcast workload: clients at random nodes ask for operations at a mean rate, half
/// of them broadcasts and half reads; then ten seconds of quiet, and a last read of every node.
struct BroadcastPlan {
    std::size_t nodes = 25;
    Duration latency = std::chrono::milliseconds(100);
    std::uint32_t operations_per_second = 100;
    Duration duration = std::chrono::seconds(20);
    Duration quiet = std::chrono::seconds(10);
    /// Not zero: for so long the nodes are split in two random parts, then whole for as long, in
    /// turn, and whole from the end of `duration`.
    Duration partition = Duration::zero();
};

struct BroadcastReport {
    std::uint64_t operations = 0;  ///< The last reads included.
    std::uint64_t broadcasts = 0;
    std::uint64_t messages = 0;  ///< Between nodes, from the first moment to the last.
    /// Values that a last read did not give, over all nodes, and those that it gave and nobody
    /// broadcast.
    std::uint64_t lost = 0;
    std::uint64_t invented = 0;
    /// From the answer of each broadcast, or from the last healing since then, until the last node
    /// knew it; in order of length.
    std::vector<Duration> stable_latencies;

    [[nodiscard]] double messages_per_operation() const;
    /// `share` 0.5 is the median, 1 the longest. Zero if there are none.
    [[nodiscard]] Duration stable_latency(double share) const;
};

BroadcastReport run_broadcast(const BroadcastPlan& plan, const Settings& settings,
                              std::uint64_t seed);

/// Maelstrom's workload of a counter that only grows, with the network split as above.
struct CounterPlan {
    std::size_t nodes = 3;
    Duration latency = std::chrono::milliseconds(50);
    std::uint32_t operations_per_second = 100;
    Duration duration = std::chrono::seconds(20);
    Duration quiet = std::chrono::seconds(10);
    Duration partition = std::chrono::seconds(5);
};
struct CounterReport {
    std::uint64_t operations = 0;
    std::uint64_t sum = 0;              ///< What was added.
    std::vector<std::uint64_t> totals;  ///< What each node's last read gave.
    std::uint64_t decreases = 0;        ///< Reads below an earlier one of the same node.
    std::uint64_t excesses = 0;         ///< Reads above what had been added.
};
CounterReport run_counter(const CounterPlan& plan, const Settings& settings, std::uint64_t seed);

}  // namespace grapevine::maelstrom
