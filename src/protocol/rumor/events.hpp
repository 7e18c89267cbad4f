#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <variant>
#include <vector>

#include "base/bytes.hpp"
#include "base/error.hpp"
#include "base/ids.hpp"
#include "base/random.hpp"
#include "base/time.hpp"
#include "protocol/membership/config.hpp"
#include "protocol/peers.hpp"
#include "wire/messages.hpp"

namespace grapevine::protocol {

/// An event as subscribers see it. Immutable and shared: store, log and streams hold one copy.
struct Event {
    wire::StreamId stream;
    EventSequence sequence;
    WallTime published_at;
    std::string topic;
    std::shared_ptr<const Bytes> payload;
};
using SharedEvent = std::shared_ptr<const Event>;

/// The message bus of one overlay: one stream per publisher and life (epoch), in order, repaired by
/// request, with explicit gaps. Eager push of small events to a few random members, announcement of
/// large ones, repair by request to whoever has it, a frontier digest as the backstop, and a
/// bounded retention log that answers requests.
class Events {
public:
    struct Send {
        MemberId to;
        wire::Section section;  ///< EventFragment, EventFrontier or EventRequest.
    };
    /// In order per publisher, each once.
    struct Deliver {
        SharedEvent event;
    };
    /// [first, last] of `stream` cannot be had any more. Told once, in the place of the events.
    struct Gap {
        wire::StreamId stream;
        EventSequence first;
        EventSequence last;
    };
    using Action = std::variant<Send, Deliver, Gap>;

    struct Counters {
        std::uint64_t published = 0;
        std::uint64_t delivered = 0;
        std::uint64_t duplicates = 0;  ///< Fragments that came again.
        std::uint64_t requested = 0;   ///< Fragments and events asked for.
        std::uint64_t resent = 0;      ///< ... sent because somebody asked.
        std::uint64_t gaps = 0;
        std::uint64_t lost = 0;  ///< Events inside those gaps.
        std::uint64_t dropped_conflict =
            0;                           ///< Fragments at odds with what is known of their event.
        std::uint64_t dropped_full = 0;  ///< Streams refused at kStreamsMax.
    };

    /// `epoch` is our incarnation at this start.
    Events(MemberId self, Epoch epoch, ProtocolConfig config, const Peers& peers,
           std::uint64_t seed);

    /// Refused: an empty topic, one above kTopicBytesMax or with control characters, a payload
    /// above kEventPayloadBytesMax; nothing has changed then. Delivered to ourselves like to
    /// everybody.
    Outcome<EventSequence> publish(Instant now, WallTime wall, std::string topic, Bytes payload);

    void handle(Instant now, MemberId from, const wire::EventFragment& fragment);
    void handle(Instant now, MemberId from, const wire::EventFrontier& frontier);
    void handle(Instant now, MemberId from, const wire::EventRequest& request);

    /// A newcomer hears only what is published after it came, unless `from_retained` is asked for:
    /// the first frontier we see of a stream then starts at its lowest retained event.
    /// `peer_differs`: a ping's summary shows that `peer` has other frontiers than we.
    void peer_differs(Instant now, MemberId peer);
    void peer_joined(Instant now, MemberId peer);

    void advance(Instant now);
    [[nodiscard]] std::optional<Action> poll();
    [[nodiscard]] Instant deadline() const;

    /// One number for all frontiers (wire::Summary::events).
    [[nodiscard]] std::uint64_t summary() const;
    [[nodiscard]] const Counters& counters() const;
    [[nodiscard]] std::size_t retained_bytes() const;
    void check_invariants() const;
};

}  // namespace grapevine::protocol
