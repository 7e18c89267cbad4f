#pragma once

#include <functional>
#include <initializer_list>
#include <memory>

#include "base/time.hpp"
#include "runtime/clock.hpp"

namespace boost::asio {
class io_context;
}

namespace grapevine::runtime {

/// Waits for sockets, timers, signals and posted tasks, and calls who asked for them, one after
/// the other, on the thread that calls `run`. What hangs on one loop therefore needs no lock.
///
/// The daemon has one loop for HTTP and files, and one per worker for the overlays, each on a
/// thread of its own. `post` and `stop` may be called from any thread, everything else only from
/// the loop's thread (or before it runs). The loop must outlive all that hangs on it.
class Loop {
public:
    using Task = std::move_only_function<void()>;

    /// Give all loops of a process the same clock, so that their Instants can be compared.
    explicit Loop(SteadyClock clock = SteadyClock());
    ~Loop();
    Loop(const Loop&) = delete;
    Loop& operator=(const Loop&) = delete;

    /// Returns after `stop`, even when nothing is left to wait for. May be called again.
    void run();

    /// As `run`, but for no longer than this. For tests and short-lived tools.
    void run_for(Duration duration);

    /// Ends `run` after the task at hand. Tasks that still wait stay for the next `run`, or are
    /// destroyed, uncalled, with the loop. A stop before `run` makes that run return at once.
    void stop();

    /// Calls `task` on the loop's thread, later: never from within this call. In order per caller.
    void post(Task task);

    /// Calls `handler` with the number of each of these signals, on the loop and not in signal
    /// context, each time one arrives.
    void on_signal(std::initializer_list<int> signals, std::move_only_function<void(int)> handler);

    [[nodiscard]] Instant now() const { return clock_.now(); }
    [[nodiscard]] const SteadyClock& clock() const { return clock_; }

    /// For the sources of this folder; nobody else includes Asio.
    [[nodiscard]] boost::asio::io_context& context();

private:
    struct State;
    SteadyClock clock_;
    std::unique_ptr<State> state_;
};

/// Calls one function at one instant: what a machine's `deadline()` is waited for with.
///
/// One shot: after it has fired it rests until armed again. The function never runs from within
/// `arm`, and never after `cancel` or the end of the timer, even if the instant had already
/// passed. It may arm, cancel and destroy its own timer.
class Timer {
public:
    Timer(Loop& loop, Loop::Task on_fire);
    ~Timer();
    Timer(Timer&&) noexcept;
    Timer& operator=(Timer&&) noexcept;

    /// Fires once, at or soon after `at`, instead of when it was armed for before. An instant in
    /// the past fires as soon as the loop turns; `kNever` cancels.
    void arm(Instant at);
    void cancel();

    [[nodiscard]] bool is_armed() const;

private:
    struct State;
    void disarm_and_release();
    std::shared_ptr<State> state_;
};

}  // namespace grapevine::runtime
