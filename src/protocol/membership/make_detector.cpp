#include "protocol/membership/make_detector.hpp"

#include <cassert>

#include "protocol/membership/rings.hpp"
#include "protocol/membership/swim.hpp"

namespace grapevine::protocol {

std::unique_ptr<Detector> make_detector(MemberId self, const ProtocolConfig& config,
                                        std::uint64_t seed) {
    assert(is_available(config.detector));
    switch (config.detector) {
        case DetectorKind::rings:
            return std::make_unique<Rings>(self, config, seed);
        case DetectorKind::swim:
        case DetectorKind::heartbeat:
        case DetectorKind::phi:
            break;
    }
    return std::make_unique<Swim>(self, config, seed);
}

}  // namespace grapevine::protocol
