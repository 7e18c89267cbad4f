#pragma once

#include <cstddef>
#include <cstdint>
#include <deque>
#include <functional>
#include <optional>
#include <string>

#include "base/bytes.hpp"
#include "base/error.hpp"
#include "base/time.hpp"
#include "control/control.hpp"
#include "runtime/loop.hpp"

namespace grapevine::daemon {

/// What stands between those who publish over the API and an overlay of which a member cannot keep
/// up: requests wait their turn, in order, and are answered when their event is published.
///
/// Bounded: kPublishesWaitingMax requests, kPublishBytesWaitingMax of their payloads, and no longer
/// than kWaitMax at the present rate. What is more is refused as busy, with the name of the slowest
/// member, the rate that gets through to it, and the time after which to try again. So nobody waits
/// without knowing why, and nothing is dropped.
class PublishQueue {
public:
    using Receipt = Outcome<control::PublishReceipt>;
    using Done = std::function<void(Receipt)>;
    /// Of the overlay.
    struct Hooks {
        /// When the next event may be published; at or before `now` is at once.
        std::function<Instant(Instant)> ready_at;
        /// Somebody has to wait, or is refused.
        std::function<void()> held_up;
        std::function<Receipt(control::Publish wanted)> publish;
        /// Who slows us down, if it is a member and not our own network.
        std::function<std::optional<control::PressureView>(Instant)> pressure;
    };
    struct Counters {
        std::uint64_t delayed = 0;
        std::uint64_t refused = 0;
    };

    static constexpr Duration kWaitMax = std::chrono::seconds(2);

    PublishQueue(runtime::Loop& loop, Hooks hooks);
    /// Who still waits is told that we end.
    ~PublishQueue();
    PublishQueue(const PublishQueue&) = delete;
    PublishQueue& operator=(const PublishQueue&) = delete;

    /// Calls `done` exactly once: within this call, or later on this thread.
    void publish(control::Publish wanted, Done done);

    [[nodiscard]] std::size_t size() const { return waiting_.size(); }
    [[nodiscard]] const Counters& counters() const { return counters_; }

private:
    struct Waiting {
        control::Publish wanted;
        Done done;
    };
    void serve();
    [[nodiscard]] std::optional<Refusal> check_room(Instant now, std::size_t bytes) const;

    runtime::Loop& loop_;
    Hooks hooks_;
    std::deque<Waiting> waiting_;
    std::size_t bytes_ = 0;
    Counters counters_;
    runtime::Timer timer_;
};

}  // namespace grapevine::daemon
