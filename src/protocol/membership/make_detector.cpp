#include "protocol/membership/make_detector.hpp"

#include "protocol/membership/accrual_detector.hpp"
#include "protocol/membership/heartbeat.hpp"
#include "protocol/membership/rings.hpp"
#include "protocol/membership/swim.hpp"

namespace grapevine::protocol {

std::unique_ptr<Detector> make_detector(MemberId self, const ProtocolConfig& config,
                                        std::uint64_t seed) {
    switch (config.detector) {
        case DetectorKind::rings:
            return std::make_unique<Rings>(self, config, seed);
        case DetectorKind::swim:
            return std::make_unique<Swim>(self, config, seed);
        case DetectorKind::heartbeat:
            return std::make_unique<Heartbeat>(self, config, seed);
        case DetectorKind::phi:
            return std::make_unique<AccrualDetector>(self, config, seed);
    }
    return std::make_unique<Swim>(self, config, seed);
}

}  // namespace grapevine::protocol
