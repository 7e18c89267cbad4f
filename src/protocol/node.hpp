#pragma once

#include <cstdint>
#include <deque>
#include <map>
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
#include "protocol/membership/detector.hpp"
#include "protocol/membership/membership.hpp"
#include "protocol/rumor/events.hpp"
#include "protocol/rumor/rumors.hpp"
#include "protocol/state/records.hpp"
#include "protocol/sync/reconciler.hpp"
#include "wire/messages.hpp"

namespace grapevine::protocol {

/// Joins the machines of one overlay: packets and commands in, actions out. It routes sections to
/// machines in a fixed order that matters (probes, member updates, anti-entropy, events), carries
/// what one machine says to another by value, and fills every outgoing packet to its budget with
/// what else is waiting for that peer, most urgent first: probes never wait for state.
class Node {
public:
    /// Within kPacketBytesMax, to a member in our view.
    struct Send {
        MemberId to;
        wire::Packet packet;
    };
    /// Try to reach this member, believed dead, by a handshake at its last addresses.
    struct Reach {
        MemberId member;
    };
    struct PersistIncarnation {
        Incarnation incarnation;
    };
    using PersistRecord = Records::Persist;
    struct Changed {
        MemberChange change;
    };
    struct RecordChanged {
        MemberId member;
        std::vector<wire::StateItem> items;
        Version version;
    };
    using Deliver = Events::Deliver;
    using Gap = Events::Gap;
    using Action = std::variant<Send, Reach, PersistIncarnation, PersistRecord, Changed,
                                RecordChanged, Deliver, Gap>;

    struct Counters {
        std::uint64_t syncs_begun = 0;     ///< Anti-entropy exchanges that we asked for.
        std::uint64_t sync_entries = 0;    ///< Entries compared because a bucket differed.
        std::uint64_t records_pushed = 0;  ///< Records sent outside rumors.
        std::uint64_t sections_received = 0;
        std::uint64_t packets_sent = 0;
    };

    /// `self`: our record with the incarnation of this start. `own`: our keys, as restored.
    Node(wire::MemberRecord self, Record own, ProtocolConfig config, std::uint64_t seed);

    /// `from` has proven itself to the layer below; `packet` has passed the decoder.
    void receive(Instant now, MemberId from, const wire::Packet& packet);
    /// A peer has just proven itself for the first time in its life or ours: views are compared at
    /// once.
    void introduce(Instant now, MemberId peer);
    void unreachable(Instant now, MemberId member);
    void advance(Instant now);

    Outcome<EventSequence> publish(Instant now, WallTime wall, std::string topic, Bytes payload);
    Outcome<Version> set_record(Instant now, std::string_view key, std::string_view value);
    Outcome<Version> erase_record(Instant now, std::string_view key);
    Outcome<void> forget(Instant now, MemberId member);
    void leave(Instant now);
    void change_self(Instant now, wire::MemberRecord next);

    [[nodiscard]] std::optional<Action> poll();
    [[nodiscard]] Instant deadline() const;

    [[nodiscard]] const Membership& membership() const { return membership_; }
    [[nodiscard]] const Records& records() const { return records_; }
    [[nodiscard]] const Events& events() const { return events_; }
    [[nodiscard]] const Detector& detector() const { return *detector_; }
    [[nodiscard]] const Counters& counters() const { return counters_; }
    [[nodiscard]] std::uint64_t view_fingerprint() const { return reconciler_.root(); }
    void check_invariants() const;
};

}  // namespace grapevine::protocol
