#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "daemon/influx_text.hpp"

namespace grapevine::daemon {

/// Brings statistics to InfluxDB, on a thread of its own, because its client waits.
///
/// `write` never waits: points go into a queue, and the thread sends what is there about once per
/// `Pace::batch`, the points of one overlay in one request. It makes an overlay's database before
/// the first points of it. A server that is absent, slow or answers with 5xx is asked again, after
/// pauses that double; meanwhile points wait, and stay in their order. Points that it refuses (4xx)
/// are dropped: it would refuse them again. What is dropped is counted, and said in the log once
/// per `Pace::log`.
///
/// At most `kInfluxQueueMax` points wait; the newest is dropped beyond. The end of the writer waits
/// for nobody: a request under way is left to finish alone, and what waits is lost.
class InfluxWriter {
public:
    struct Pace {
        Duration batch = std::chrono::seconds(1);
        Duration retry_min = std::chrono::seconds(1);
        Duration retry_max = std::chrono::seconds(30);
        Duration log = std::chrono::minutes(1);
    };
    struct Counters {
        std::uint64_t points_written = 0;
        std::uint64_t points_dropped_full = 0;     ///< The queue was full.
        std::uint64_t points_dropped_refused = 0;  ///< The server did not take them.
        std::uint64_t requests_failed = 0;         ///< No answer, or 5xx; asked again.
        std::uint64_t points_waiting = 0;          ///< Now.
    };

    explicit InfluxWriter(InfluxSettings settings);
    InfluxWriter(InfluxSettings settings, Pace pace);
    ~InfluxWriter();
    InfluxWriter(const InfluxWriter&) = delete;
    InfluxWriter& operator=(const InfluxWriter&) = delete;

    /// What was counted in an overlay since it was last written, up to `at`
    /// (`overlay::Statistics::take_new`). Any thread.
    void write(const std::string& overlay, std::vector<control::gossiperl::Series> series,
               WallTime at);

    /// Any thread.
    [[nodiscard]] Counters counters() const;

private:
    struct State;
    std::shared_ptr<State> state_;
};

}  // namespace grapevine::daemon
