#pragma once

#include <atomic>
#include <condition_variable>
#include <map>
#include <mutex>
#include <string>
#include <thread>
#include <vector>

#include "cli/console.hpp"
#include "cli/demo_cluster.hpp"
#include "cli/demo_ledger.hpp"
#include "cli/event_lines.hpp"
#include "runtime/clock.hpp"

namespace grapevine::cli {

/// What somebody sees of a member, and since when.
struct Sighting {
    std::string status;  ///< alive, suspect, dead, left; empty: not known.
    Instant since{};
};

/// All numbers of the demo at one moment.
struct TrafficCounts {
    std::uint64_t published = 0;
    std::uint64_t expected = 0;
    std::uint64_t delivered = 0;
    std::uint64_t gaps = 0;
    std::optional<Duration> latency_median;
    std::optional<Duration> latency_p99;
    /// Why the last event could not be published; empty as long as all could.
    std::string publish_failure;
};

/// Subscribes to every daemon and publishes through them in turn, over HTTP like anybody else.
///
/// One thread per subscriber and one that publishes; what they see is kept behind one mutex. The
/// cluster must outlive this object. Every daemon that is stopped or killed ends its subscriber's
/// stream; the subscriber waits for its return and attaches again.
class DemoTraffic {
public:
    DemoTraffic(const DemoCluster& cluster, double events_per_second);
    /// Ends all threads. The streams must have ended, or end soon: stop the cluster first.
    ~DemoTraffic();
    DemoTraffic(const DemoTraffic&) = delete;
    DemoTraffic& operator=(const DemoTraffic&) = delete;

    /// Begins to subscribe.
    void start();
    /// Ends subscribers and publisher; streams end at their next line.
    void stop();

    /// From now on events are published through this daemon and expected at it.
    void include(std::size_t daemon);
    /// From now on nothing is published through it; events are still expected at it.
    void publish_elsewhere(std::size_t daemon);
    /// From now on nothing is expected at it.
    void exclude(std::size_t daemon);
    void pause_publishing();

    /// `[observer][member]`, as the streams tell it.
    [[nodiscard]] std::vector<std::vector<Sighting>> sightings() const;
    [[nodiscard]] TrafficCounts counts() const;
    [[nodiscard]] Instant now() const { return clock_.now(); }

private:
    void subscribe(std::size_t daemon);
    bool fetch_members(std::size_t daemon, const Connection& connection);
    void take(std::size_t daemon, const ServerEvent& event);
    void see(std::size_t observer, const std::string& member, const std::string& status);
    void publish_all();
    std::optional<std::size_t> next_publisher();
    void pause(std::chrono::milliseconds duration);

    const DemoCluster& cluster_;
    const double events_per_second_;
    runtime::SteadyClock clock_;
    std::vector<std::thread> threads_;
    std::atomic<bool> is_stopping_ = false;

    mutable std::mutex mutex_;
    std::condition_variable wake_;
    DemoLedger ledger_;
    std::vector<std::map<std::string, Sighting>> views_;
    std::vector<bool> publishes_;
    std::size_t last_publisher_ = 0;
    std::uint64_t next_number_ = 1;
    std::string publish_failure_;
};

}  // namespace grapevine::cli
