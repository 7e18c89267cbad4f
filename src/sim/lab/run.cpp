#include "sim/lab/run.hpp"

#include <algorithm>
#include <fmt/core.h>
#include <utility>

#include "base/limits.hpp"

namespace grapevine::sim::lab {
namespace {

Moment moment_of(std::int64_t ms) {
    return Moment(std::chrono::milliseconds(ms));
}

/// With all that are added. Whole overlays have places for some newcomers only.
std::size_t members_max(const Settings& settings) {
    if (settings.kind() == Kind::detection || settings.kind() == Kind::group) {
        return std::min(kLabOverlayMembersMax, settings.members() + kWorldNewcomersMax);
    }
    return kLabMembersMax;
}

}  // namespace

Run::Run(Settings settings)
    : settings_(std::move(settings)),
      trial_(make_trial(settings_)),
      end_(settings_.duration("duration_ms")) {}

Outcome<std::unique_ptr<Run>> Run::create(Settings settings) {
    std::size_t members = settings.members();
    const Duration duration = settings.duration("duration_ms");
    for (const TimedAction& timed : settings.actions()) {
        GV_TRY_VOID(check_members(timed.action, members, members_max(settings)));
        if (timed.action.what == Action::Do::add) members += timed.action.count;
        if (std::chrono::milliseconds(timed.at_ms) < duration) continue;
        return std::unexpected(
            Refusal{Refusal::Code::invalid,
                    fmt::format("\"{}\" comes after the end of the run", to_string(timed)),
                    "make duration_ms longer", "actions"});
    }
    return std::unique_ptr<Run>(new Run(std::move(settings)));
}

std::int64_t Run::now_ms() const {
    return std::chrono::duration_cast<std::chrono::milliseconds>(now_.time_since_epoch()).count();
}

void Run::run_until(Moment target) {
    target = std::min(target, end_);
    if (target < now_) return;
    has_begun_ = true;
    while (next_action_ < settings_.actions().size()) {
        const TimedAction& timed = settings_.actions()[next_action_];
        if (moment_of(timed.at_ms) > target) {
            now_ = trial_->run_until(target, Trial::Stopping::not_before);
            return;
        }
        now_ = moment_of(timed.at_ms);
        trial_->run_until(now_ - Duration(1), Trial::Stopping::not_before);
        // One that came with the link may not fit any more, because of those that were done since.
        if (trial_->check(timed.action)) trial_->act(now_, timed.action);
        ++next_action_;
    }
    now_ = trial_->run_until(target, Trial::Stopping::at_its_end);
}

bool Run::has_ended() const {
    if (now_ >= end_) return true;
    return has_begun_ && next_action_ == settings_.actions().size() && trial_->has_ended();
}

Outcome<TimedAction> Run::act(Action action) {
    if (now_ >= end_) {
        return std::unexpected(Refusal{Refusal::Code::conflict, "the run has ended",
                                       "start anew, or go back to an earlier moment", ""});
    }
    GV_TRY_VOID(trial_->check(action));
    TimedAction timed{has_begun_ ? now_ms() + 1 : 0, std::move(action)};
    GV_TRY_VOID(settings_.add(timed));
    return timed;
}

Frame Run::take_frame() {
    Frame frame = trial_->film().take();
    frame.at_ms = now_ms();
    frame.round = now_.time_since_epoch() / settings_.interval();
    frame.points = points();
    return frame;
}

}  // namespace grapevine::sim::lab
