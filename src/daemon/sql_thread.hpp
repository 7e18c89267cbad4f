#pragma once

#include <functional>
#include <thread>

#include "runtime/loop.hpp"
#include "sql/engine.hpp"

namespace grapevine::daemon {

/// Runs statements on a thread of their own, one after the other: a heavy one must hold up neither
/// an overlay nor the API.
///
/// The thread starts with the first job. The end waits for the job at hand, which its limits bound,
/// and drops the others uncalled. Who posts bounds how many wait.
class SqlThread {
public:
    /// Called there, with an engine that belongs to the thread.
    using Job = std::move_only_function<void(sql::Engine&)>;

    explicit SqlThread(const runtime::SteadyClock& clock)
        : loop_(clock), engine_([this] { return loop_.now(); }) {}
    ~SqlThread() { loop_.stop(); }
    SqlThread(const SqlThread&) = delete;
    SqlThread& operator=(const SqlThread&) = delete;

    void post(Job job) {
        if (!thread_.joinable()) thread_ = std::jthread([this] { loop_.run(); });
        loop_.post([this, job = std::move(job)]() mutable { job(engine_); });
    }

private:
    runtime::Loop loop_;
    sql::Engine engine_;  ///< Only touched by the thread.
    std::jthread thread_;
};

}  // namespace grapevine::daemon
