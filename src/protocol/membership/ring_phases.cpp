#include "protocol/membership/ring_phases.hpp"

#include <algorithm>
#include <cassert>

namespace grapevine::protocol {
namespace {

/// An observer that was not heard for so many periods is not reckoned with.
constexpr int kSilentPeriods = 3;
/// What the ack can carry.
constexpr Duration kToldMax = std::chrono::milliseconds(INT16_MAX);

}  // namespace

RingPhases::RingPhases(std::uint8_t ring_count, Duration period)
    : ring_count_(ring_count), period_(period) {
    assert(ring_count <= kRingsMax && period > Duration::zero());
}

void RingPhases::use_period(Duration period) {
    assert(period > Duration::zero());
    period_ = period;
    slots_ = {};
}

std::chrono::milliseconds RingPhases::heard(Instant now, std::uint8_t ring) {
    assert(ring < ring_count_);
    const Instant next = now + period_;
    Duration before = period_;  // From the nearest ping before ours to ours.
    Duration farthest{};        // From the farthest before ours, which is also the next behind it.
    bool has_others = false;
    for (std::uint8_t other = 0; other < ring_count_; ++other) {
        const Slot& slot = slots_[other];
        if (other == ring || !slot.is_known) continue;
        if (now - slot.heard_at > kSilentPeriods * period_) continue;
        Duration ahead = (next - slot.next_at) % period_;
        if (ahead < Duration::zero()) ahead += period_;
        before = std::min(before, ahead);
        farthest = std::max(farthest, ahead);
        has_others = true;
    }
    Duration shift{};
    if (has_others) shift = (period_ - farthest - before) / 2;
    const Duration bound = std::min(shift_max(period_), kToldMax);
    const auto told =
        std::chrono::duration_cast<std::chrono::milliseconds>(std::clamp(shift, -bound, bound));
    slots_[ring] = {true, now, next + told};
    return told;
}

}  // namespace grapevine::protocol
