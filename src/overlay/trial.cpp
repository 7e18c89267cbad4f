#include "overlay/trial.hpp"

#include <algorithm>
#include <utility>

namespace grapevine::overlay {
namespace {

/// Times the pace of the life before.
constexpr double kOrdinary = 2;

}  // namespace

Vitals vitals_of(const protocol::Node& node) {
    const auto& counters = node.membership().counters();
    return {counters.suspicions, counters.deaths + counters.deaths_heard, counters.refutations,
            node.event_counters().lost, node.detector().local_health()};
}

Trial::Trial(Instant begun, const Vitals& before, Duration life, Duration interval)
    : begun_(begun), before_(before), life_(std::max(life, interval)) {}

bool Trial::is_above(Instant now, std::uint64_t before, std::uint64_t after,
                     std::uint64_t allowed) const {
    const double share =
        static_cast<double>((now - begun_).count()) / static_cast<double>(life_.count());
    const double ordinary = kOrdinary * share * static_cast<double>(before);
    return static_cast<double>(after - before) > ordinary + static_cast<double>(allowed);
}

RolloutState::Reason Trial::judge(Instant now, const Vitals& vitals) {
    using Reason = RolloutState::Reason;
    const bool is_slow = vitals.local_health >= kLocalHealthMax;
    if (std::exchange(was_slow_, is_slow) && is_slow) return Reason::slow;
    if (is_above(now, before_.lost_events, vitals.lost_events, kLostEventsAllowed)) {
        return Reason::lost_events;
    }
    if (is_above(now, before_.refutations, vitals.refutations, kRefutationsAllowed)) {
        return Reason::suspected;
    }
    if (is_above(now, before_.deaths, vitals.deaths, kDeathsAllowed)) return Reason::deaths;
    if (is_above(now, before_.suspicions, vitals.suspicions, kSuspicionsAllowed)) {
        return Reason::suspects;
    }
    return Reason::none;
}

}  // namespace grapevine::overlay
