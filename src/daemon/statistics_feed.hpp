#pragma once

#include <functional>
#include <utility>
#include <vector>

#include "control/gossiperl.hpp"
#include "runtime/loop.hpp"

namespace grapevine::daemon {

/// Hands on what an overlay has counted, about once per second. Lives on the loop of its pump.
class StatisticsFeed {
public:
    using Take = std::function<std::vector<control::gossiperl::Series>()>;
    /// Never waits.
    using Sink = std::function<void(std::vector<control::gossiperl::Series>)>;

    StatisticsFeed(runtime::Loop& loop, Take take, Sink sink)
        : loop_(loop), take_(std::move(take)), sink_(std::move(sink)), timer_(loop, [this] {
              auto series = take_();
              if (!series.empty()) sink_(std::move(series));
              arm();
          }) {
        arm();
    }

private:
    static constexpr Duration kInterval = std::chrono::seconds(1);
    void arm() { timer_.arm(loop_.now() + kInterval); }

    runtime::Loop& loop_;
    Take take_;
    Sink sink_;
    runtime::Timer timer_;
};

}  // namespace grapevine::daemon
