#pragma once

#include <array>
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <variant>
#include <vector>

#include "base/bytes.hpp"
#include "base/endpoint.hpp"
#include "base/ids.hpp"
#include "base/outbox.hpp"
#include "base/time.hpp"
#include "client/sessions.hpp"
#include "overlay/old_envelopes.hpp"
#include "protocol/membership/membership.hpp"
#include "protocol/rumor/event.hpp"

namespace grapevine::overlay {

/// The door through which applications with a client library of the old protocol take part in a
/// *native* overlay: datagrams of loopback on one side, members and events of the overlay on the
/// other.
///
///     old client                            native overlay
///     digest, digestSubscribe, ...          nothing: clients are shown to nobody elsewhere
///     application message (type, struct) -> event (topic = type, payload = bytes of the struct)
///     application message (type, struct) <- event (topic, payload)
///     member_in ... member_out           <- members by their names, as their status changes
///
/// An event is the same event on both sides: topic and payload pass without loss. Only the id of
/// the envelope is new on the other hosts; it is made of publisher, epoch and sequence, so that
/// every daemon gives the same event the same id.
///
/// Statuses become the states that old applications know, none of them skipped:
///
///     alive    member_in, member_rejoin if it was suspect
///     suspect  member_quarantine
///     dead     member_unreachable, member_drop, member_out
///     left, or forgotten                                                       member_out
///
/// Whoever returns after it was dead comes in anew, as in the old protocol after a drop. A member
/// that changes its name goes out under the old one and comes in under the new. Names need not be
/// unique in a native overlay: namesakes look like one member that comes twice.
///
/// Two things do not pass. What a client publishes under a type that is no topic (control
/// characters, above `kTopicBytesMax`) is met with silence, so that its publisher learns from the
/// missing acknowledgement. And an event whose topic is a message of the old protocol itself
/// ("digest") or whose payload fits no datagram (above some 48 kB) reaches no client. All are
/// counted.
///
/// A machine (protocol/machine.hpp). Memory: that of Sessions, and a name for each member.
class ClientPort {
public:
    struct Settings {
        std::string symmetric_key;  ///< Text, as clients are configured with it.
        client::SessionSettings sessions;
    };
    /// What differs from start to start.
    struct Start {
        std::vector<client::SavedSession> sessions;  ///< As loaded.
        OldEnvelopes::Secret iv_secret{};            ///< Random.
        std::uint64_t seed = 0;                      ///< Of the envelope ids we make.
    };

    /// One datagram, from the port that clients send to.
    struct Transmit {
        Endpoint to;
        Bytes bytes;
    };
    /// A client published this, and has been told that we have it. Once per envelope id.
    struct Publish {
        std::string topic;
        Bytes payload;
    };
    using ClientChanged = client::Sessions::Changed;
    using Persist = client::Sessions::Persist;
    using Action = std::variant<Transmit, Publish, ClientChanged, Persist>;

    struct Counters {
        std::uint64_t dropped_source = 0;  ///< Not from loopback: neither opened nor decoded.
        std::uint64_t refused_topic = 0;   ///< Published by a client under a type that is no topic.
        std::uint64_t unsaid_type = 0;     ///< Events called like a message of the old protocol.
        std::uint64_t unsaid_size = 0;     ///< Events that fit no datagram.
    };

    /// Whether an event began with a client of this port. The others have heard it then, if they
    /// should, when it was published.
    enum class Publisher : std::uint8_t { anybody, client_here };

    /// `self` is our own member, about which clients are told nothing.
    ClientPort(Settings settings, MemberId self, Start start, Instant now);

    // -- Inputs: one, then drain --
    void receive(Instant now, WallTime wall, const Endpoint& from, ByteView datagram);
    /// Every change of the overlay's view, from the first on.
    void member_changed(Instant now, WallTime wall, const protocol::MemberChange& change);
    /// An event of the overlay. One of a publisher that is no client goes to the clients that
    /// subscribed to exactly its topic, until they acknowledge.
    void event(Instant now, const protocol::Event& event, Publisher publisher);
    void advance(Instant now, WallTime wall);
    void change(Settings settings);

    // -- Outputs --
    [[nodiscard]] std::optional<Action> poll() { return outbox_.pop(); }
    [[nodiscard]] Instant deadline() const { return sessions_.deadline(); }

    [[nodiscard]] const client::Sessions& sessions() const { return sessions_; }
    [[nodiscard]] const OldEnvelopes& envelopes() const { return envelopes_; }
    [[nodiscard]] const Counters& counters() const { return counters_; }
    /// Asserts what must hold between any two inputs.
    void check_invariants() const;

private:
    /// A member that clients have been told of.
    struct Known {
        std::string name;
        bool is_suspect = false;
    };

    void tell(Instant now, WallTime wall, client::MemberEvent event, const std::string& name);
    void tell_end(Instant now, WallTime wall, const Known& known, bool is_dead);
    void drain();
    void transmit(const Endpoint& to, const wire::gossiperl::Letter& letter);

    MemberId self_;
    OldEnvelopes envelopes_;
    client::Sessions sessions_;
    std::map<MemberId, Known> known_;
    Outbox<Action> outbox_;
    Counters counters_;
};

/// The id under which every daemon hands this event to its old clients: a UUID by its form, the
/// beginning of SHA-256 by its content.
std::string envelope_id(const protocol::Event& event);

}  // namespace grapevine::overlay
