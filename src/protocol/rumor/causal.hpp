#pragma once

#include <cstddef>
#include <cstdint>
#include <deque>
#include <functional>
#include <map>
#include <optional>
#include <set>
#include <utility>
#include <variant>
#include <vector>

#include "base/error.hpp"
#include "base/ids.hpp"
#include "base/limits.hpp"
#include "base/outbox.hpp"
#include "base/time.hpp"
#include "protocol/rumor/event.hpp"

namespace grapevine::protocol {

/// Holds events back until those that they depend on have been told.
///
/// Source: Bailis et al., "The Potential Dangers of Causal Consistency and an Explicit Solution",
/// SoCC 2012: applications know which few events a new one answers, where a system that tracks all
/// that could have mattered would send up to nine orders of magnitude more.
///
/// The problem: B publishes an answer to A's question, and C gets the answer first, because it came
/// by another way. The idea: the answer names the question (`PublishOptions::after`), and C holds
/// it, and what follows of B's stream, until the question has been told, or until `patience` is
/// over; then it is told all the same, flagged, so that nobody waits for ever for what may never
/// come.
///
/// What counts as told: delivered, or told as a gap, for then subscribers know that it is missing;
/// and everything of a stream whose beginning was before our time. A dependency on a stream that
/// we do not follow is ignored. One on a stream of which nothing is known here yet is waited for:
/// its first event may be late itself. One on the event's own stream is met by its order.
///
/// Streams advance while events wait here: others may still get them from us, and frontiers stay
/// equal on members that agree. Only subscribers wait.
///
/// Bounds: kCausalWaitingMax things held, kCausalBytesMax of them; what is full tells the one that
/// has waited longest, flagged. A machine (protocol/machine.hpp).
class Causal {
public:
    /// Tell subscribers this event.
    struct Tell {
        SharedEvent event;
        /// Not all that it depends on has been told before it.
        bool is_unknown = false;
    };
    /// Tell subscribers that [first, last] of `stream` cannot be had any more.
    struct TellGap {
        wire::StreamId stream;
        EventSequence first;
        EventSequence last;
    };
    using Action = std::variant<Tell, TellGap>;

    struct Counters {
        std::uint64_t held = 0;       ///< Events that had to wait for others.
        std::uint64_t unknown = 0;    ///< Events told although what they depend on was not.
        std::uint64_t displaced = 0;  ///< ... of them, for want of room.
    };

    /// `has_passed`: has the stream of this event put it, and all before it, into our hands (or
    /// given it up), or is it none that we follow?
    using HasPassed = std::function<bool(const EventKey&)>;

    Causal(Duration patience, HasPassed has_passed)
        : patience_(patience), has_passed_(std::move(has_passed)) {}

    /// The next event of its stream, or a gap in it. In the order of the stream; told in that
    /// order.
    void offer(Instant now, SharedEvent event);
    void offer(Instant now, const TellGap& gap);
    /// `stream` has moved on without anything to tell; what waits for it may go on.
    void moved(const wire::StreamId& stream) { wake(stream); }

    void advance(Instant now);
    [[nodiscard]] std::optional<Action> poll() { return outbox_.pop(); }
    [[nodiscard]] Instant deadline() const {
        return timers_.empty() ? kNever : timers_.begin()->first;
    }

    [[nodiscard]] bool is_told(const EventKey& event) const;
    [[nodiscard]] std::size_t waiting_count() const { return waiting_count_; }
    [[nodiscard]] const Counters& counters() const { return counters_; }
    /// Asserts what must hold between any two inputs.
    void check_invariants() const;

private:
    using Item = std::variant<SharedEvent, TellGap>;
    struct Waiting {
        Item item;
        Instant until{};
    };
    /// A stream whose first item waits, and all that came behind it.
    struct Queue {
        std::deque<Waiting> items;
        wire::StreamId blocked_on;  ///< Of the first dependency that is not met.
    };
    using Queues = std::map<wire::StreamId, Queue>;

    void offer(Instant now, const wire::StreamId& stream, Item item);
    [[nodiscard]] const EventKey* first_unmet(const Item& item) const;
    void block(Queues::iterator queue, const wire::StreamId& on);
    void unblock(Queues::iterator queue);
    /// Tells what stands first in `queue`.
    void tell_first(Queues::iterator queue, bool is_unknown);
    void tell(const Item& item, bool is_unknown);
    /// Tells from `queue` on what can be told, and removes it when it is empty.
    void release(Queues::iterator queue);
    /// `stream` has moved on: those that wait for it are looked at again, and those for them.
    void wake(const wire::StreamId& stream);
    void give_up_first();

    Duration patience_;
    HasPassed has_passed_;
    Queues queues_;
    /// By the stream that they are blocked on: whom to look at when it moves.
    std::map<wire::StreamId, std::set<wire::StreamId>> blocked_;
    std::set<std::pair<Instant, wire::StreamId>> timers_;  ///< Of the first item of each queue.
    std::size_t waiting_count_ = 0;
    std::size_t waiting_bytes_ = 0;
    Outbox<Action> outbox_;
    Counters counters_;
};

// -- The block in front of the payload: FORMAT.md, section 6.11 --

/// Empty for no dependencies. At most kDependenciesMax, of different streams, in order.
Bytes encode_dependencies(const std::vector<EventKey>& after);

struct Dependencies {
    std::vector<EventKey> after;
    std::size_t bytes = 0;  ///< Of the block; behind it the payload begins.
};
Result<Dependencies> decode_dependencies(ByteView payload);

/// Fills in what the payload of an event says about its dependencies, which has been checked.
void read_dependencies(Event& event);

/// Of each stream the last, sorted: what an event names after it was given `after`.
std::vector<EventKey> newest_of_each(std::vector<EventKey> after);

}  // namespace grapevine::protocol
