#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "maelstrom/modes.hpp"

namespace grapevine::maelstrom {

enum class Workload : std::uint8_t {
    broadcast,   ///< 25 nodes, 100 ms, 100 operations a second, 20 s (challenges 3d and 3e).
    partitions,  ///< 5 nodes, 10 operations a second, split every other 5 s (challenge 3c).
    counter,     ///< 3 nodes, 100 operations a second, split every other 5 s (challenge 4).
};
inline constexpr std::array<std::string_view, 3> kWorkloadNames = {"broadcast", "partitions",
                                                                   "counter"};
std::optional<Workload> parse_workload(std::string_view name);

/// A table for people: one line per mode (all of them without `mode`) and seed from 1 up.
std::string simulate(Workload workload, std::optional<Mode> mode, std::uint64_t seeds);

}  // namespace grapevine::maelstrom
