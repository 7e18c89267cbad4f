#include "runtime/loop.hpp"

#include <boost/asio/executor_work_guard.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/signal_set.hpp>
#include <boost/asio/steady_timer.hpp>
#include <cassert>
#include <list>

namespace grapevine::runtime {
namespace asio = boost::asio;

namespace {

struct SignalWatch {
    SignalWatch(asio::io_context& context, std::move_only_function<void(int)> handler_in)
        : set(context), handler(std::move(handler_in)) {}

    void wait() {
        set.async_wait([this](boost::system::error_code failure, int signal_number) {
            if (failure) return;
            handler(signal_number);
            wait();
        });
    }

    asio::signal_set set;
    std::move_only_function<void(int)> handler;
};

}  // namespace

struct Loop::State {
    // The hint says that one thread runs the loop: no lock is taken for what it does by itself.
    asio::io_context context{1};
    asio::executor_work_guard<asio::io_context::executor_type> work{context.get_executor()};
    std::list<SignalWatch> signal_watches;
};

Loop::Loop(SteadyClock clock) : clock_(clock), state_(std::make_unique<State>()) {}

Loop::~Loop() = default;

void Loop::run() {
    state_->context.run();
    state_->context.restart();
}

void Loop::run_for(Duration duration) {
    state_->context.run_for(duration);
    state_->context.restart();
}

void Loop::stop() {
    state_->context.stop();
}

void Loop::post(Task task) {
    asio::post(state_->context, [task = std::move(task)]() mutable { task(); });
}

void Loop::on_signal(std::initializer_list<int> signals,
                     std::move_only_function<void(int)> handler) {
    SignalWatch& watch = state_->signal_watches.emplace_back(state_->context, std::move(handler));
    for (const int signal_number : signals) {
        boost::system::error_code failure;
        watch.set.add(signal_number, failure);
        assert(!failure && "a signal that cannot be caught was asked for");
    }
    watch.wait();
}

asio::io_context& Loop::context() {
    return state_->context;
}

struct Timer::State {
    State(Loop& loop_in, Loop::Task on_fire_in)
        : clock(loop_in.clock()), timer(loop_in.context()), on_fire(std::move(on_fire_in)) {}

    SteadyClock clock;
    asio::steady_timer timer;
    Loop::Task on_fire;
    Instant armed_for = kNever;
    // Asio may have queued the call already when it is cancelled; an old number tells it so.
    std::uint64_t generation = 0;
};

Timer::Timer(Loop& loop, Loop::Task on_fire)
    : state_(std::make_shared<State>(loop, std::move(on_fire))) {}

Timer::Timer(Timer&&) noexcept = default;

Timer& Timer::operator=(Timer&& other) noexcept {
    if (this != &other) {
        disarm_and_release();
        state_ = std::move(other.state_);
    }
    return *this;
}

Timer::~Timer() {
    disarm_and_release();
}

void Timer::disarm_and_release() {
    if (state_) cancel();
    state_.reset();
}

void Timer::arm(Instant at) {
    if (at == kNever) return cancel();
    if (at == state_->armed_for) return;
    state_->armed_for = at;
    const std::uint64_t generation = ++state_->generation;
    state_->timer.expires_at(state_->clock.to_system(at));
    state_->timer.async_wait([state = state_, generation](boost::system::error_code) {
        if (generation != state->generation) return;
        state->armed_for = kNever;
        state->on_fire();
    });
}

void Timer::cancel() {
    if (state_->armed_for == kNever) return;
    state_->armed_for = kNever;
    ++state_->generation;
    state_->timer.cancel();
}

bool Timer::is_armed() const {
    return state_->armed_for != kNever;
}

}  // namespace grapevine::runtime
