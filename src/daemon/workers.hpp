#pragma once

#include <cstddef>
#include <deque>
#include <memory>
#include <thread>
#include <vector>

#include "runtime/clock.hpp"
#include "runtime/loop.hpp"

namespace grapevine::daemon {

/// The threads that overlays live on, each with a loop. Overlays are dealt out in turn and share
/// nothing. Ended by the destructor, which waits for the task at hand.
class Workers {
public:
    /// `count` is at least 1. All loops share `clock`, so their Instants can be compared.
    Workers(std::size_t count, const runtime::SteadyClock& clock) {
        for (std::size_t index = 0; index < count; ++index) loops_.emplace_back(clock);
        for (runtime::Loop& loop : loops_) threads_.emplace_back([&loop] { loop.run(); });
    }
    ~Workers() {
        for (runtime::Loop& loop : loops_) loop.stop();
    }
    Workers(const Workers&) = delete;
    Workers& operator=(const Workers&) = delete;

    [[nodiscard]] runtime::Loop& next() { return loops_[next_++ % loops_.size()]; }

private:
    std::deque<runtime::Loop> loops_;
    std::vector<std::jthread> threads_;
    std::size_t next_ = 0;
};

}  // namespace grapevine::daemon
