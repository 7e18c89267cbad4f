#pragma once

#include <atomic>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>

#include "control/lab.hpp"
#include "runtime/loop.hpp"
#include "sim/lab/run.hpp"

namespace grapevine::daemon {

/// Plays one run of the lab against real time: simulated time goes on at a speed, or as fast as it
/// can to a moment; what happens is told in frames.
///
/// A frame leaves when one was asked for, and at most every 33 ms; in between they merge, and
/// `thinned` says how many. Frames that answer a command leave at once.
///
/// Simulates for at most 10 ms at a time and then looks for commands. A run that is too slow for
/// the speed falls behind and says so (`real_speed`); it does not try to catch up.
/// Lives on the thread of `loop`, which it may keep busy.
class LabPlayer {
public:
    /// Called with each message, on our thread. `is_ending` is looked at within long computations.
    using Tell = std::function<void(control::LabMessage)>;

    LabPlayer(runtime::Loop& loop, const std::atomic<bool>& is_ending, Tell tell);

    void obey(const control::LabCommand& command);
    /// There is room for a frame.
    void ready() { has_room_ = true; }

private:
    enum class Mode : std::uint8_t { paused, playing, racing };

    void handle(const control::LabStart& start);
    void handle(const control::LabPlay& play);
    void handle(const control::LabPause& pause);
    void handle(const control::LabStep& step);
    void handle(const control::LabAct& act);
    void handle(const control::LabSeek& seek);

    void turn();
    /// Towards `goal`, for a slice of real time.
    void simulate(sim::Moment goal);
    void play_on();
    void race_to(sim::Moment goal);
    void begin_pace();
    void arrive();
    void come_to_end();
    void tell_frame();
    void tell_frame_if_due();
    void tell_paused();
    void tell_playing(double real_speed);
    void tell_speed_if_due();
    bool refuse_without_run();

    runtime::Loop& loop_;
    const std::atomic<bool>& is_ending_;
    Tell tell_;
    runtime::Timer timer_;
    std::unique_ptr<sim::lab::Run> run_;

    Mode mode_ = Mode::paused;
    double speed_ = 1;
    sim::Moment goal_{};  ///< Of a race.
    /// Where simulated and real time were together.
    sim::Moment pace_from_{};
    Instant paced_at_{};
    sim::Moment speed_from_{};
    Instant speed_told_at_{};
    Duration chunk_;

    bool has_room_ = true;
    bool is_end_told_ = false;
    Instant frame_at_{};
    std::uint64_t thinned_ = 0;
};

}  // namespace grapevine::daemon
