#pragma once

#include <string>

#include "sim/world.hpp"

namespace grapevine::sim {

/// What the tests of this folder begin with.
inline WorldConfig world_config(std::size_t hosts, protocol::Profile profile, std::uint64_t seed) {
    WorldConfig config;
    config.seed = seed;
    config.hosts = hosts;
    config.protocol = protocol::profile_config(profile);
    return config;
}

/// Starts everybody; false if they have not all found each other within `limit`.
inline bool start_and_converge(World& world, Duration within = std::chrono::seconds(1),
                               Duration limit = std::chrono::seconds(60)) {
    world.start_all(within);
    world.run_for(within);
    return world.run_until([&] { return world.has_converged(); }, limit);
}

/// One line for each violation; empty if there is none.
inline std::string violations_of(const World& world) {
    std::string text;
    for (const Violation& violation : world.checkers().violations()) {
        const double seconds =
            std::chrono::duration<double>(violation.time.time_since_epoch()).count();
        text += std::to_string(seconds) + " " + violation.property + ": " + violation.text + "\n";
    }
    return text;
}

inline double seconds(Duration duration) {
    return std::chrono::duration<double>(duration).count();
}

}  // namespace grapevine::sim
