#pragma once

#include <cstddef>
#include <deque>
#include <map>
#include <optional>
#include <utility>

#include "base/ids.hpp"
#include "base/time.hpp"
#include "protocol/rumor/event.hpp"
#include "wire/messages.hpp"

namespace grapevine::protocol {

/// The events that we can still give to others, over all streams.
///
/// Bounded by bytes and by age since the event came here (not since it was published: clocks of
/// hosts differ). What is full displaces the oldest, over all streams. A busy publisher therefore
/// shortens everybody's memory; it cannot end it, since the newest event is kept whatever its size.
class Retention {
public:
    using Key = std::pair<wire::StreamId, EventSequence>;

    Retention(Duration age, std::size_t bytes_max) : age_(age), bytes_max_(bytes_max) {}

    /// Nothing happens if it is held already.
    void add(Instant now, SharedEvent event);

    /// Removes the oldest event if it is over age or the whole is over size. Call until nothing
    /// comes back, after every `add` and at the deadline.
    std::optional<Key> expire(Instant now);
    [[nodiscard]] Instant deadline() const;

    /// The first event of `stream` at or after `sequence`; null if there is none.
    [[nodiscard]] SharedEvent at_or_after(wire::StreamId stream, EventSequence sequence) const;

    /// Payloads, topics, and kEventOverheadBytes for each.
    [[nodiscard]] std::size_t bytes() const { return bytes_; }
    [[nodiscard]] std::size_t count() const { return events_.size(); }

    /// Asserts what must hold between any two inputs.
    void check_invariants() const;

private:
    struct Entry {
        Instant stored_at;
        Key key;
    };

    Duration age_;
    std::size_t bytes_max_;
    std::size_t bytes_ = 0;
    std::map<Key, SharedEvent> events_;
    std::deque<Entry> order_;  ///< Oldest first.
};

}  // namespace grapevine::protocol
