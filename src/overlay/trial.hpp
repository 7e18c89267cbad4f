#pragma once

#include <cstdint>

#include "base/time.hpp"
#include "overlay/rollout_plan.hpp"
#include "protocol/node.hpp"

namespace grapevine::overlay {

/// What tells whether a member is well: counters of its whole life, and how it is now.
struct Vitals {
    std::uint64_t suspicions = 0;   ///< Of others, begun here or heard of.
    std::uint64_t deaths = 0;       ///< Of others, declared here or heard of.
    std::uint64_t refutations = 0;  ///< Of suspicions about ourselves.
    std::uint64_t lost_events = 0;  ///< That our subscribers were told they lack.
    std::uint32_t local_health = 0;
};
Vitals vitals_of(const protocol::Node& node);

/// A canary's watch over itself.
///
/// The problem: some trouble is ordinary, and a trial that ends for it never succeeds; and what is
/// ordinary differs from overlay to overlay. The idea: what a counter has risen by since the trial
/// began is held against what it would have risen by at the pace of the life before it. Twice that
/// and a few more (`kSuspicionsAllowed` ...) are let pass.
///
/// Source: none. The numbers: a single crash elsewhere is one suspicion and one death, and shall
/// not end a trial; two at once may. Events are lost so rarely that each counts.
class Trial {
public:
    static constexpr std::uint64_t kSuspicionsAllowed = 2;
    static constexpr std::uint64_t kDeathsAllowed = 1;
    static constexpr std::uint64_t kRefutationsAllowed = 1;
    static constexpr std::uint64_t kLostEventsAllowed = 0;
    /// Of 8: all timeouts are five times as long. At two looks in a row.
    static constexpr std::uint32_t kLocalHealthMax = 4;

    /// `life`: how long the counters had run when the trial began; shorter ones than `interval`
    /// count as that.
    Trial(Instant begun, const Vitals& before, Duration life, Duration interval);

    /// What is wrong; none if nothing is.
    RolloutState::Reason judge(Instant now, const Vitals& vitals);
    [[nodiscard]] Instant begun() const { return begun_; }

private:
    [[nodiscard]] bool is_above(Instant now, std::uint64_t before, std::uint64_t after,
                                std::uint64_t allowed) const;

    Instant begun_;
    Vitals before_;
    Duration life_;
    bool was_slow_ = false;
};

}  // namespace grapevine::overlay
