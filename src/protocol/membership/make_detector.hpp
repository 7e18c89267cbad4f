#pragma once

#include <cstdint>
#include <memory>

#include "base/ids.hpp"
#include "protocol/membership/config.hpp"
#include "protocol/membership/detector.hpp"

namespace grapevine::protocol {

/// The detector that `config.detector` names. `seed` is all that it leaves to chance.
std::unique_ptr<Detector> make_detector(MemberId self, const ProtocolConfig& config,
                                        std::uint64_t seed);

}  // namespace grapevine::protocol
