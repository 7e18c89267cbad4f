#pragma once

#include <cstddef>
#include <cstdint>
#include <deque>
#include <map>
#include <utility>

#include "base/ids.hpp"
#include "base/time.hpp"
#include "protocol/rumor/event_key.hpp"

namespace grapevine::protocol {

/// What it took to get an event.
enum class TraceRepair : std::uint8_t {
    none = 0,      ///< It came unasked.
    asked = 1,     ///< A later event showed that it was missing, and we asked for it.
    frontier = 2,  ///< An announcement or a digest named it, and we asked for it.
};

/// How a member learned of an event (an infection, in the words of Demers et al. 1987).
struct TraceNote {
    MemberId from;          ///< Who brought it, or its last part; kNobody: published here.
    std::uint8_t hops = 0;  ///< From the publisher, on the way on which it came.
    TraceRepair repair = TraceRepair::none;
    Instant learned_at{};          ///< When it was whole here.
    std::uint32_t duplicates = 0;  ///< Fragments of it that came again.
    friend bool operator==(const TraceNote&, const TraceNote&) = default;
};

/// The notes of one member about the events that were published with a trace: from whom and when it
/// learned of each, by which repair, and how often it was told again. Together with those of the
/// others they make the infection tree (trace_report.hpp).
///
/// A note lives as long as events are retained. Full, at kTraceNotesMax, the oldest is displaced:
/// tracing everything shortens the memory of traces and costs nothing else.
class Traces {
public:
    explicit Traces(Duration life) : life_(life) {}

    void configure(Duration life) { life_ = life; }

    /// The event is whole here for the first time. A second call for one event is ignored.
    void learned(const EventKey& event, TraceNote note);
    /// A fragment of it came again. Nothing happens if there is no note.
    void duplicate(const EventKey& event);

    /// Null if there is no note, or its life is over.
    [[nodiscard]] const TraceNote* find(Instant now, const EventKey& event) const;
    [[nodiscard]] std::size_t count() const { return notes_.size(); }
    /// Asserts what must hold between any two inputs.
    void check_invariants() const;

private:
    void drop_oldest();

    Duration life_;
    std::map<EventKey, TraceNote> notes_;
    std::deque<EventKey> order_;  ///< Oldest first.
};

}  // namespace grapevine::protocol
