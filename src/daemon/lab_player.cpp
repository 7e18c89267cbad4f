#include "daemon/lab_player.hpp"

#include <algorithm>
#include <chrono>
#include <fmt/core.h>
#include <utility>
#include <variant>

#include "sim/lab/text.hpp"

using namespace std::chrono_literals;

namespace grapevine::daemon {

namespace lab = sim::lab;

namespace {

/// Thirty frames a second look like motion.
constexpr Duration kFrameInterval = 33ms;
/// How long a command may wait for us.
constexpr Duration kSlice = 10ms;
/// A run further behind than this goes on from where it is.
constexpr Duration kBehindMax = 100ms;
constexpr Duration kSpeedInterval = 1s;
/// What is simulated between two looks at the clock adapts itself within these.
constexpr Duration kChunkMin = 100us;
constexpr Duration kChunkMax = 60s;

Duration scaled(Duration duration, double factor) {
    return Duration(static_cast<Duration::rep>(static_cast<double>(duration.count()) * factor));
}

}  // namespace

LabPlayer::LabPlayer(runtime::Loop& loop, const std::atomic<bool>& is_ending, Tell tell)
    : loop_(loop),
      is_ending_(is_ending),
      tell_(std::move(tell)),
      timer_(loop, [this] { turn(); }),
      chunk_(1ms) {}

// -- Commands ------------------------------------------------------------------------------------

void LabPlayer::obey(const control::LabCommand& command) {
    const bool is_start = std::holds_alternative<control::LabStart>(command);
    if (!is_start && refuse_without_run()) return;
    std::visit([this](const auto& what) { handle(what); }, command);
}

bool LabPlayer::refuse_without_run() {
    if (run_ != nullptr) return false;
    tell_(std::unexpected(Refusal{Refusal::Code::conflict, "no run has been started",
                                  R"(send {"type":"start","link":"experiment=rumor"} first)",
                                  "type"}));
    return true;
}

void LabPlayer::handle(const control::LabStart& start) {
    auto settings = lab::Settings::parse_link(start.link);
    if (!settings) return tell_(std::unexpected(settings.error()));
    auto run = lab::Run::create(*std::move(settings));
    if (!run) return tell_(std::unexpected(run.error()));
    run_ = *std::move(run);
    mode_ = Mode::paused;
    is_end_told_ = false;
    thinned_ = 0;
    const lab::Settings& of_run = run_->settings();
    tell_(fmt::format(R"({{"type":"started","link":"{}","settings":{},"members":{},)"
                      R"("interval_ms":{},"theory":{},"actions":{}}})",
                      of_run.to_link(), lab::settings_json(of_run), run_->members(),
                      of_run.interval() / 1ms, lab::theory_json(lab::theory_of(of_run)),
                      lab::actions_json(of_run.actions())));
    tell_frame();
}

void LabPlayer::handle(const control::LabPlay& play) {
    speed_ = play.speed;
    mode_ = Mode::playing;
    begin_pace();
    tell_playing(speed_);
    timer_.arm(loop_.now());
}

void LabPlayer::handle(const control::LabPause&) {
    mode_ = Mode::paused;
    timer_.cancel();
    tell_frame();
    tell_paused();
}

void LabPlayer::handle(const control::LabStep&) {
    race_to(run_->now() + run_->settings().interval());
}

void LabPlayer::handle(const control::LabSeek& seek) {
    auto run = lab::Run::create(run_->settings());
    if (!run) return tell_(std::unexpected(run.error()));
    run_ = *std::move(run);
    is_end_told_ = false;
    race_to(sim::Moment(std::chrono::milliseconds(seek.at_ms)));
}

void LabPlayer::handle(const control::LabAct& act) {
    auto action = lab::parse_action(act.action);
    if (!action) return tell_(std::unexpected(action.error()));
    const auto timed = run_->act(*std::move(action));
    if (!timed) return tell_(std::unexpected(timed.error()));
    is_end_told_ = false;
    tell_(fmt::format(R"({{"type":"acted","action":"{}","link":"{}"}})", lab::to_string(*timed),
                      run_->settings().to_link()));
    if (mode_ != Mode::paused) return;
    // Who acts on a run that stands still wants to see it: the millisecond in which it happens.
    run_->run_until(sim::Moment(std::chrono::milliseconds(timed->at_ms)));
    tell_frame();
}

// -- The wheel -----------------------------------------------------------------------------------

void LabPlayer::begin_pace() {
    pace_from_ = run_->now();
    paced_at_ = loop_.now();
    speed_from_ = pace_from_;
    speed_told_at_ = paced_at_;
}

void LabPlayer::race_to(sim::Moment goal) {
    goal_ = goal;
    mode_ = Mode::racing;
    timer_.arm(loop_.now());
}

void LabPlayer::turn() {
    if (mode_ == Mode::playing) play_on();
    if (mode_ != Mode::racing) return;
    simulate(goal_);
    if (run_->now() >= goal_ || run_->has_ended()) return arrive();
    timer_.arm(loop_.now());
}

void LabPlayer::arrive() {
    mode_ = Mode::paused;
    tell_frame();
    if (run_->has_ended()) return come_to_end();
    tell_paused();
}

void LabPlayer::simulate(sim::Moment goal) {
    const Instant end = loop_.now() + kSlice;
    Instant before = loop_.now();
    while (run_->now() < goal && !run_->has_ended() && before < end && !is_ending_) {
        run_->run_until(std::min(goal, run_->now() + chunk_));
        const Instant after = loop_.now();
        if (after - before < kSlice / 8) chunk_ = std::min(2 * chunk_, kChunkMax);
        if (after - before > kSlice / 2) chunk_ = std::max(chunk_ / 2, kChunkMin);
        before = after;
    }
}

void LabPlayer::play_on() {
    const Instant now = loop_.now();
    const sim::Moment goal = pace_from_ + scaled(now - paced_at_, speed_);
    simulate(goal);
    if (run_->has_ended()) {
        mode_ = Mode::paused;
        tell_frame();
        come_to_end();
        return;
    }
    const bool is_behind = run_->now() < goal;
    if (goal - run_->now() > scaled(kBehindMax, speed_)) {
        pace_from_ = run_->now();
        paced_at_ = loop_.now();
    }
    tell_frame_if_due();
    tell_speed_if_due();
    timer_.arm(is_behind ? loop_.now() : std::max(frame_at_, now + kFrameInterval / 4));
}

// -- What is told --------------------------------------------------------------------------------

void LabPlayer::tell_frame() {
    tell_(lab::frame_json(run_->take_frame(), std::exchange(thinned_, 0)));
    frame_at_ = loop_.now() + kFrameInterval;
    has_room_ = false;
}

void LabPlayer::tell_frame_if_due() {
    if (loop_.now() < frame_at_) return;
    if (has_room_) return tell_frame();
    ++thinned_;
    frame_at_ = loop_.now() + kFrameInterval;
}

void LabPlayer::tell_paused() {
    tell_(fmt::format(R"({{"type":"paused","at_ms":{}}})", run_->now_ms()));
}

void LabPlayer::tell_playing(double real_speed) {
    tell_(fmt::format(R"({{"type":"playing","speed":{:.4g},"real_speed":{:.3g}}})", speed_,
                      real_speed));
}

void LabPlayer::tell_speed_if_due() {
    const Duration real = loop_.now() - speed_told_at_;
    if (real < kSpeedInterval) return;
    const Duration simulated = run_->now() - speed_from_;
    speed_told_at_ += real;
    speed_from_ += simulated;
    tell_playing(static_cast<double>(simulated.count()) / static_cast<double>(real.count()));
}

void LabPlayer::come_to_end() {
    if (std::exchange(is_end_told_, true)) return tell_paused();
    tell_(fmt::format(R"({{"type":"ended","at_ms":{},"trace_hash":"{}","link":"{}","summary":{}}})",
                      run_->now_ms(), lab::hash_text(run_->trace_hash()),
                      run_->settings().to_link(), lab::summary_json(*run_)));
}

}  // namespace grapevine::daemon
