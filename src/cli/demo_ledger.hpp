#pragma once

#include <cstddef>
#include <cstdint>
#include <deque>
#include <map>
#include <optional>
#include <vector>

#include "base/time.hpp"

namespace grapevine::cli {

/// Who should have got which event of the demo, and who has.
///
/// An event is *expected* at a daemon if, when it was published, the daemon's subscriber was
/// attached and every daemon saw it alive, and that stays so. At a daemon that is down, or on its
/// way back, it is not expected; if it comes all the same, it is not counted. When a daemon is
/// killed, events published within `kSettle` before that are taken off its account: they may have
/// been on their way. An event counts once per daemon however often it comes.
///
/// One thread. Memory: what is not yet delivered everywhere, at most `kOpenMax` events (the oldest
/// go, and stay missing), and the last `kLatenciesMax` latencies.
class DemoLedger {
public:
    /// Loopback takes milliseconds, repair tens of them; a second is long.
    static constexpr Duration kSettle = std::chrono::seconds(1);
    static constexpr std::size_t kOpenMax = 10'000;
    static constexpr std::size_t kLatenciesMax = 2'000;

    explicit DemoLedger(std::size_t daemons) : is_attached_(daemons, false) {}

    /// From now on it is to get everything.
    void attach(std::size_t daemon) { is_attached_[daemon] = true; }
    /// It was killed, or its stream broke.
    void detach(Instant now, std::size_t daemon);

    void publish(Instant now, std::uint64_t number);
    /// It was not taken after all.
    void withdraw(std::uint64_t number);
    void deliver(Instant now, std::size_t daemon, std::uint64_t number);
    void gap() { ++gaps_; }

    [[nodiscard]] std::uint64_t published() const { return published_; }
    [[nodiscard]] std::uint64_t expected() const { return expected_; }
    [[nodiscard]] std::uint64_t delivered() const { return delivered_; }
    [[nodiscard]] std::uint64_t gaps() const { return gaps_; }
    [[nodiscard]] bool is_complete() const { return delivered_ == expected_; }

    /// From just before it was handed to its daemon until a subscriber had it: the part of
    /// `fraction` of the latest deliveries took no longer than this.
    [[nodiscard]] std::optional<Duration> latency(double fraction) const;

private:
    struct Open {
        Instant published_at{};
        std::vector<bool> is_due;  ///< By daemon.
        std::size_t due_count = 0;
    };

    std::vector<bool> is_attached_;
    std::map<std::uint64_t, Open> open_;
    std::deque<Duration> latencies_;
    std::uint64_t published_ = 0;
    std::uint64_t expected_ = 0;
    std::uint64_t delivered_ = 0;
    std::uint64_t gaps_ = 0;
};

}  // namespace grapevine::cli
