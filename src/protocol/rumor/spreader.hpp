#pragma once

#include <cstdint>
#include <optional>
#include <variant>
#include <vector>

#include "base/ids.hpp"
#include "base/time.hpp"
#include "protocol/membership/config.hpp"
#include "protocol/rumor/event_key.hpp"
#include "wire/messages.hpp"

namespace grapevine::protocol {

/// An event, and how it came here.
struct Arrival {
    EventKey event;
    /// Who sent it; kNobody if it was published here.
    MemberId from;
    /// How far we are from its publisher on this way: 0 at the publisher itself.
    std::uint8_t hops = 0;
    /// No part of it came unasked.
    bool is_repair = false;
    /// Above kEagerFragmentsMax fragments: a push of it is its first fragment, which says how large
    /// it is, and the receiver asks for the rest.
    bool is_large = false;
};

/// Decides to whom an event goes on and who is told that it exists. What every way of dissemination
/// looks like from `Events`, so that an overlay can choose one (make_spreader.hpp). It holds no
/// events, repairs nothing and owes nobody anything: what it leaves out, the repair of `Events`
/// brings. A machine (protocol/machine.hpp) behind a virtual interface.
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

    /// An event is here for the first time, and retained.
    virtual void added(Instant now, const Arrival& arrival) = 0;
    /// A part of an event came again, unasked.
    virtual void duplicate(Instant now, const Arrival& arrival) = 0;
    /// The newest events of a stream did not come by themselves. `from` has announced them, and is
    /// asked for them now.
    virtual void repaired(Instant now, const wire::StreamId& stream, MemberId from) = 0;

    virtual void handle(Instant now, MemberId from, const wire::Section& section) = 0;

    /// From whom we get the events of a stream; kNobody if from nobody in particular.
    [[nodiscard]] virtual MemberId upstream(const wire::StreamId& stream) const {
        (void)stream;
        return kNobody;
    }

    /// The view has changed: `member` came (back), or is gone.
    virtual void peer_joined(Instant now, MemberId member) = 0;
    virtual void peer_left(Instant now, MemberId member) = 0;
    /// `stream` is not followed any more.
    virtual void forget(const wire::StreamId& stream) = 0;

    /// Other times and counts from now on, of the same kind of dissemination.
    virtual void configure(const ProtocolConfig& config) = 0;

    virtual void advance(Instant now) = 0;
    [[nodiscard]] virtual std::optional<Action> poll() = 0;
    [[nodiscard]] virtual Instant deadline() const = 0;
    /// Asserts what must hold between any two inputs.
    virtual void check_invariants() const = 0;
};

}  // namespace grapevine::protocol
