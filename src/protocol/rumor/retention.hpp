#pragma once

#include <algorithm>
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
///
/// An offer must hold until it is taken: an event is withdrawn (not offered any more, but still
/// given to who asks) some time before it is dropped. Otherwise one who comes back after a long
/// absence asks for events that expire while it asks, and hears of several gaps where there is one.
class Retention {
public:
    using Key = std::pair<wire::StreamId, EventSequence>;

    /// `notice`: how long before their end events are withdrawn, at most an eighth of `age`; and an
    /// eighth of the bytes.
    Retention(Duration age, std::size_t bytes_max, Duration notice)
        : age_(age), bytes_max_(bytes_max), notice_(std::min(notice, age / 8)) {}

    /// Other bounds from now on, for what is held already too: call `withdraw` afterwards.
    void configure(Duration age, std::size_t bytes_max, Duration notice) {
        age_ = age;
        bytes_max_ = bytes_max;
        notice_ = std::min(notice, age / 8);
    }

    /// Nothing happens if it is held already.
    void add(Instant now, SharedEvent event);

    /// Withdraws the oldest event that is offered, if it is close to its end, and drops what is
    /// over age or size. Call until nothing comes back, after every `add` and at the deadline.
    std::optional<Key> withdraw(Instant now);
    [[nodiscard]] Instant deadline() const;
    /// Drops everything of other streams, at once.
    void keep_only(wire::StreamId stream);
    /// Drops what was published before, at once; the keys, in the order of streams and sequences.
    std::vector<Key> drop_published_before(WallTime before);

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

    void drop(Instant now);
    /// Drops what is not to be kept, at once.
    template <typename IsKept>
    std::vector<Key> filter(IsKept is_kept);

    Duration age_;
    std::size_t bytes_max_;
    Duration notice_;
    std::size_t bytes_ = 0;
    std::size_t offered_bytes_ = 0;
    std::size_t withdrawn_count_ = 0;  ///< So many of the oldest are not offered any more.
    std::map<Key, SharedEvent> events_;
    std::deque<Entry> order_;  ///< Oldest first.
};

}  // namespace grapevine::protocol
