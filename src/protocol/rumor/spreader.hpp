#pragma once

#include <optional>
#include <variant>
#include <vector>

#include "base/ids.hpp"
#include "base/time.hpp"
#include "wire/messages.hpp"

namespace grapevine::protocol {

/// Names one event.
struct EventKey {
    wire::StreamId stream;
    EventSequence sequence;
    friend auto operator<=>(const EventKey&, const EventKey&) = default;
};

/// Decides to whom an event goes on and who is told that it exists. What every way of dissemination
/// looks like from `Events`, so that an overlay can choose one. It holds no events, repairs nothing
/// and owes nobody anything: what it leaves out, the repair of `Events` brings. A machine
/// (protocol/machine.hpp) behind a virtual interface.
class Spreader {
public:
    /// Send the event to `to` now. If it is not retained any more: nothing.
    struct Push {
        MemberId to;
        EventKey event;
    };
    /// Tell `to` up to where we hold these streams.
    struct Announce {
        MemberId to;
        std::vector<wire::StreamId> streams;
    };
    /// EventLink, EventFeedback or EventPull.
    struct Tell {
        MemberId to;
        wire::Section section;
    };
    using Action = std::variant<Push, Announce, Tell>;

    virtual ~Spreader() = default;

    /// An event is here for the first time: from `from`, or published here (kNobody). `hops` as in
    /// wire::EventFragment. `is_repair`: it was asked for.
    virtual void added(Instant now, const EventKey& event, MemberId from, std::uint8_t hops,
                       bool is_repair) = 0;
    /// An event came again, unasked.
    virtual void duplicate(Instant now, const EventKey& event, MemberId from) = 0;
    /// `from` had to be asked for an event that it had announced: its link was too lazy.
    virtual void repaired(Instant now, const wire::StreamId& stream, MemberId from) = 0;

    virtual void handle(Instant now, MemberId from, const wire::Section& section) = 0;

    /// The view has changed: `member` came (back), or is gone.
    virtual void peer_joined(Instant now, MemberId member) = 0;
    virtual void peer_left(Instant now, MemberId member) = 0;
    /// Nothing more is retained of `stream`.
    virtual void forget(const wire::StreamId& stream) = 0;

    virtual void advance(Instant now) = 0;
    [[nodiscard]] virtual std::optional<Action> poll() = 0;
    [[nodiscard]] virtual Instant deadline() const = 0;
};

}  // namespace grapevine::protocol
