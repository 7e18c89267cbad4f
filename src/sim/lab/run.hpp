#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "base/error.hpp"
#include "sim/lab/frame.hpp"
#include "sim/lab/settings.hpp"
#include "sim/lab/trial.hpp"

namespace grapevine::sim::lab {

/// One run of an experiment, which can be looked at and interfered with while simulated time goes
/// on. What is done is recorded, so that the link of the run replays it.
///
///     run_until(a moment) ... take_frame() ... act(...) ... run_until(a later one) ...
///
/// The same link gives the same trace hash on every machine, however the time is cut into calls,
/// whenever frames are taken, and whether the actions came with the link or one by one.
/// One thread; no clock, no files.
class Run {
public:
    /// Refuses actions that cannot be done.
    [[nodiscard]] static Outcome<std::unique_ptr<Run>> create(Settings settings);

    /// With all actions so far.
    [[nodiscard]] const Settings& settings() const { return settings_; }
    [[nodiscard]] Moment now() const { return now_; }
    [[nodiscard]] std::int64_t now_ms() const;

    /// Up to there, or to the end of the run. A moment in the past changes nothing.
    void run_until(Moment target);
    /// Nothing more happens, unless somebody acts; or the duration is over.
    [[nodiscard]] bool has_ended() const;

    /// Does it in the millisecond after the present one, and records it. Refused: a member that is
    /// not there, an action that the experiment does not know, kLabActionsMax, and a run whose
    /// duration is over. Nothing has changed then.
    [[nodiscard]] Outcome<TimedAction> act(Action action);

    /// What has gathered since the last frame. The first has the state of everybody.
    [[nodiscard]] Frame take_frame();
    [[nodiscard]] std::vector<Point> points() const { return trial_->points(now_); }
    [[nodiscard]] std::vector<Point> summary() const { return trial_->summary(); }
    [[nodiscard]] std::vector<Verdict> verdicts() const { return trial_->verdicts(); }
    [[nodiscard]] std::uint64_t trace_hash() const { return trial_->trace_hash(); }
    [[nodiscard]] std::size_t members() const { return trial_->film().members(); }

private:
    explicit Run(Settings settings);

    Settings settings_;
    std::unique_ptr<Trial> trial_;
    Moment end_;
    std::size_t next_action_ = 0;
    Moment now_{};
    bool has_begun_ = false;
};

}  // namespace grapevine::sim::lab
