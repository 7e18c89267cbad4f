#pragma once

#include <cstdint>
#include <memory>

#include "base/ids.hpp"
#include "protocol/membership/config.hpp"
#include "protocol/membership/detector.hpp"

namespace grapevine::protocol {

/// Whether this build has that detector: who takes one from outside asks first, and refuses.
constexpr bool is_available(DetectorKind kind) {
    return kind == DetectorKind::rings || kind == DetectorKind::swim;
}

/// The detector that `config.detector` names; it must be available. `seed` decides all that is left
/// to chance.
std::unique_ptr<Detector> make_detector(MemberId self, const ProtocolConfig& config,
                                        std::uint64_t seed);

}  // namespace grapevine::protocol
