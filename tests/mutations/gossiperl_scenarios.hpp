#pragma once

#include <cstdint>
#include <string>

namespace grapevine::sim {

/// What went wrong in any of the runs of this seed with daemons of the old protocol, or nothing.
std::string any_gossiperl_finding(std::uint64_t seed);

}  // namespace grapevine::sim
