#pragma once

#include <algorithm>
#include <cstdint>

#include "base/time.hpp"

namespace grapevine::protocol {

/// How well we ourselves are doing: a detector that is slow sees everybody else as slow.
///
/// Source: Dadgar, Phillips, Currey, "Lifeguard: Local Health Awareness for More Accurate Failure
/// Detection", 2018, section IV-A (LHA-Probe). A saturating counter 0 .. S: a probe that succeeded
/// lowers it by one; one that failed, a nack that did not come, and a suspicion of ourselves that
/// we had to refute raise it by one each. Interval and timeouts of probes are multiplied by it plus
/// one.
class LocalHealth {
public:
    explicit LocalHealth(std::uint32_t multiplier_max) : multiplier_max_(multiplier_max) {}

    void probe_succeeded() { multiplier_ -= multiplier_ > 0 ? 1 : 0; }
    void probe_failed() { raise(); }
    void nack_missed() { raise(); }
    void refuted() { raise(); }

    /// 0 (well) .. S.
    [[nodiscard]] std::uint32_t multiplier() const { return multiplier_; }

    /// `base` times the multiplier plus one.
    [[nodiscard]] Duration stretch(Duration base) const {
        return base * static_cast<Duration::rep>(multiplier_ + 1);
    }

private:
    void raise() { multiplier_ = std::min(multiplier_ + 1, multiplier_max_); }

    std::uint32_t multiplier_ = 0;
    std::uint32_t multiplier_max_;
};

}  // namespace grapevine::protocol
