#pragma once

#include <array>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <variant>
#include <vector>

#include "base/bytes.hpp"
#include "base/endpoint.hpp"
#include "base/ids.hpp"
#include "base/limits.hpp"
#include "base/time.hpp"
#include "wire/aggregate_step.hpp"
#include "wire/state_map.hpp"
#include "wire/state_ranges.hpp"

// What members say to each other, as values. No bytes here: `native/` turns them into datagrams,
// and `native/FORMAT.md` is their specification. Values that arrive have passed the decoder: every
// length is within its limit, every enumerator is known.
namespace grapevine::wire {

using PublicKey = std::array<std::uint8_t, 32>;
using Signature = std::array<std::uint8_t, 64>;

/// What we believe about a member, in order of severity: at equal incarnation the later one wins.
enum class Status : std::uint8_t { alive = 0, suspect = 1, dead = 2, left = 3 };

struct Label {
    std::string key;
    std::string value;
    friend auto operator<=>(const Label&, const Label&) = default;
};

/// What a member says about itself, and nobody else can: it is signed by its own key, which
/// `member` is derived from. Immutable once made, and shared, because 10,000 members are held in
/// every table.
struct MemberRecord {
    MemberId member;
    PublicKey public_key{};
    Incarnation incarnation;
    Boot boot;
    /// The last thing a member says: it goes on purpose. Outranks an ordinary record of the same
    /// incarnation.
    bool leaving = false;
    std::uint8_t protocol_min = 1;
    std::uint8_t protocol_max = 1;
    std::vector<Endpoint> addresses;  ///< Best first; 1 .. kMemberAddressesMax.
    std::string name;
    std::vector<Label> labels;  ///< Sorted by key, keys unique.
    /// What a later release has added, kept as it came, because the signature covers it and we must
    /// be able to pass the record on. At most kRecordExtensionBytesMax; empty in ours.
    Bytes extensions;
    /// Over the encoded form of all of the above; checked before the value reaches the protocol.
    /// Our own record is signed on its way out, so it is blank inside our own node.
    Signature signature{};

    friend bool operator==(const MemberRecord&, const MemberRecord&) = default;
};
using SharedRecord = std::shared_ptr<const MemberRecord>;

/// "That member, in that life, did not answer me": which member and life, whoever carries the vote
/// says. Signed by `voter`, so that nobody can vote for another; checked before the value reaches
/// the protocol. Our own vote is signed on its way out and blank inside our own node, as is our
/// record.
struct Vote {
    MemberId voter;
    Signature signature{};
    /// The host of the member has said that nobody listens there: its process has ended, not it.
    bool is_refused = false;
    friend bool operator==(const Vote&, const Vote&) = default;
};

/// `accuser` believes `member` to be suspect or dead in the life named by `incarnation`. `votes` is
/// the evidence: of different voters, at most kVotesMax.
struct Accusation {
    MemberId member;
    Incarnation incarnation;
    Status status = Status::suspect;  ///< suspect or dead, nothing else.
    MemberId accuser;
    std::vector<Vote> votes{};
    friend bool operator==(const Accusation&, const Accusation&) = default;
};

// -- Probes (SWIM, section 3.1; nack: Lifeguard) --

/// One number for the whole of what a member believes, so that two members notice a difference
/// without an exchange of its own: it rides on every ping.
struct Summary {
    std::uint64_t view = 0;    ///< Members and versions of their records (see sync/reconciler.hpp).
    std::uint64_t events = 0;  ///< Frontiers of all event streams.
    std::uint64_t state = 0;   ///< The shared map (protocol/state/map.hpp); 0 if it is empty.
    friend bool operator==(const Summary&, const Summary&) = default;
};

struct Ping {
    ProbeSequence sequence;
    Summary summary;
    friend bool operator==(const Ping&, const Ping&) = default;
};
struct Ack {
    ProbeSequence sequence;
    /// Observers of one member spread their pings over the period: "ping me this much later next
    /// time" (negative: earlier). Zero from one who does not care.
    std::int16_t shift_ms = 0;
    friend bool operator==(const Ack&, const Ack&) = default;
};
/// "Please ping `target` for me"; answered by an ack or a nack of the same sequence.
struct PingReq {
    ProbeSequence sequence;
    MemberId target;
    friend bool operator==(const PingReq&, const PingReq&) = default;
};
/// "I am here, the one you asked about has not answered me yet."
struct Nack {
    ProbeSequence sequence;
    friend bool operator==(const Nack&, const Nack&) = default;
};

/// "Ping `target` so often, and tell me by a `BurstVerdict` what came of it": the second stage of
/// an observer's confirmation. Asked of the other observers of the target.
struct BurstRequest {
    ProbeSequence sequence;
    MemberId target;
    Incarnation incarnation;  ///< The life that a vote would speak of.
    friend bool operator==(const BurstRequest&, const BurstRequest&) = default;
};
/// `vote` stands only if nothing answered; it is about `target` in the life `incarnation`.
struct BurstVerdict {
    ProbeSequence sequence;
    MemberId target;
    Incarnation incarnation;
    bool is_alive = false;
    std::optional<Vote> vote;  ///< Exactly if not alive.
    friend bool operator==(const BurstVerdict&, const BurstVerdict&) = default;
};

/// Heartbeat counters (van Renesse, Minsky, Hayden 1998): the greatest that the sender knows.
struct Heartbeats {
    struct Item {
        MemberId member;
        std::uint32_t counter = 0;
        friend bool operator==(const Item&, const Item&) = default;
    };
    /// As on a ping: where heartbeats are gossiped, nobody pings.
    Summary summary;
    std::vector<Item> items;  ///< 1 .. kHeartbeatsPerPacketMax
    friend bool operator==(const Heartbeats&, const Heartbeats&) = default;
};

/// Where the sender lies in the network's space of round trips (Vivaldi), in steps of 20 us.
struct Coordinate {
    static constexpr std::size_t kDimensions = 8;
    std::array<std::int16_t, kDimensions> position{};
    std::uint16_t height = 0;
    std::int16_t adjustment = 0;
    std::uint16_t error = 0;  ///< In thousandths; 1,500 is "no idea".
    friend bool operator==(const Coordinate&, const Coordinate&) = default;
};

// -- Records of keys (Scuttlebutt) --

/// One key of a member's record. A tombstone has no value and still a version.
struct StateItem {
    std::string key;
    std::string value;
    bool is_tombstone = false;
    Version version;
    friend bool operator==(const StateItem&, const StateItem&) = default;
};

/// The changes of one member's record with versions in (from, to], lowest first. The receiver
/// applies it only if it holds exactly `from`, or if `is_reset` is set: then it drops what it holds
/// of that member first, because tombstones up to `collected` are gone and could otherwise be
/// missed.
struct StateDelta {
    MemberId member;
    Version from;
    Version to;
    Version collected;
    bool is_reset = false;
    std::vector<StateItem> items;
    friend bool operator==(const StateDelta&, const StateDelta&) = default;
};

// -- Notices: what concerns the whole overlay (protocol/notices.hpp) --

/// Kinds that we know; others are kept and passed on.
enum class NoticeKind : std::uint8_t { rotation = 1, configuration = 2, wipe = 3, summary = 4 };

/// What everybody must hold about one subject, which `kind` and `name` are: that of the highest
/// `epoch`. Immutable once made, and shared.
struct Notice {
    std::uint8_t kind = 0;  ///< Not 0; not only those of NoticeKind.
    std::string name;
    std::uint64_t epoch = 0;  ///< Not 0.
    /// Who made it: an operator of the overlay, or a member.
    PublicKey author{};
    Bytes body;  ///< What it says, by its kind; at most kNoticeBodyBytesMax.
    /// By the author, over all of the above and the name of the overlay.
    Signature signature{};
    friend bool operator==(const Notice&, const Notice&) = default;
};
using SharedNotice = std::shared_ptr<const Notice>;

/// All notices that the sender holds.
struct NoticeDigest {
    struct Item {
        std::uint64_t slot = 0;  ///< Names kind and name.
        std::uint64_t epoch = 0;
        std::uint64_t mark = 0;  ///< Of the whole notice, for two of one epoch.
        friend bool operator==(const Item&, const Item&) = default;
    };
    bool is_reply = false;    ///< Draws notices, and no digest.
    std::vector<Item> items;  ///< At most kNoticesMax, by slot, ascending.
    friend bool operator==(const NoticeDigest&, const NoticeDigest&) = default;
};

// -- Rumors (Demers 1987) --

using RumorItem = std::variant<SharedRecord, Accusation, StateDelta, SharedNotice>;

/// Numbers of pushes that ask for no feedback. Told directly is news, which the receiver spreads
/// on: a refutation, a suspicion told to the suspect. Told on request is what anti-entropy brings:
/// the receiver lacked it, but that does not make it news to others, so it is applied and not
/// spread.
inline constexpr std::uint32_t kToldDirectly = 0;
inline constexpr std::uint32_t kToldOnRequest = 0xffff'ffff;

/// Small news, told while it is hot. The receiver answers with a `RumorFeedback` of the same
/// number, unless it is one of the two above.
struct RumorPush {
    std::uint32_t number = kToldDirectly;
    std::vector<RumorItem> items;
};
/// Bit i (from the lowest) is set if item i of that push was already known.
struct RumorFeedback {
    std::uint32_t number = 0;
    std::uint64_t known = 0;
    friend bool operator==(const RumorFeedback&, const RumorFeedback&) = default;
};
/// As many as the bitmap has bits.
inline constexpr std::size_t kRumorsPerPushMax = 64;

// -- Anti-entropy of the view --

inline constexpr std::size_t kSyncBuckets = 64;

/// One fingerprint per bucket of member ids. Asks the receiver to compare and to answer with
/// entries of those buckets that differ.
struct SyncDigest {
    std::array<std::uint64_t, kSyncBuckets> buckets{};
    friend bool operator==(const SyncDigest&, const SyncDigest&) = default;
};

/// What the sender holds of one member that it believes to be alive. The dead and the left are not
/// listed: a digest must not grow with them.
struct SyncEntry {
    MemberId member;
    Incarnation incarnation;  ///< Of the record held.
    Version collected;        ///< Of that member's record of keys: tombstones up to here are gone.
    Version version;          ///< Highest version held of that record.
    friend bool operator==(const SyncEntry&, const SyncEntry&) = default;
};
/// All that the sender holds of one bucket with ids in (after, up_to]. What lies in the range and
/// is not listed, the sender does not know.
struct SyncEntries {
    std::uint8_t bucket = 0;
    MemberId after;
    MemberId up_to;
    std::vector<SyncEntry> entries;
    friend bool operator==(const SyncEntries&, const SyncEntries&) = default;
};
/// "Send me what you know of these."
struct SyncPull {
    struct Item {
        MemberId member;
        bool wants_record = false;
        Version state_from;       ///< Highest version held, so the delta can start there.
        Version state_collected;  ///< What the asker has collected up to.
        friend bool operator==(const Item&, const Item&) = default;
    };
    std::vector<Item> items;
    friend bool operator==(const SyncPull&, const SyncPull&) = default;
};

// -- Events --

/// Of the streams on which members tell what they write into the shared map.
inline constexpr std::uint32_t kStateChannel = 1;

struct StreamId {
    MemberId publisher;
    Epoch epoch;
    /// 0: what everybody gets. kStateChannel. Others: topics that go to their subscribers only.
    std::uint32_t channel = 0;
    friend auto operator<=>(const StreamId&, const StreamId&) = default;
};

/// A part of shared bytes, so that fragments of one event and all its copies share one buffer.
struct Slice {
    std::shared_ptr<const Bytes> buffer;
    std::size_t offset = 0;
    std::size_t size = 0;

    [[nodiscard]] ByteView view() const {
        return buffer ? ByteView(*buffer).subspan(offset, size) : ByteView{};
    }
    friend bool operator==(const Slice& a, const Slice& b) {
        return as_text(a.view()) == as_text(b.view());
    }
};

/// An event, or the `index`th of its `count` parts. Every part but the last is kFragmentBytesMax
/// long.
struct EventFragment {
    StreamId stream;
    EventSequence sequence;
    WallTime published_at;
    std::string topic;
    std::uint32_t total_bytes = 0;  ///< Payload of the whole event.
    std::uint16_t index = 0;
    std::uint16_t count = 1;  ///< 1 .. kFragmentsMax
    Slice payload;
    /// The payload begins with the events that this one depends on (rumor/causal.hpp).
    bool has_dependencies = false;
    /// Members keep a note of how they learned of it.
    bool is_traced = false;
    std::uint8_t hops = 0;  ///< From the publisher; stays at 255.
    friend bool operator==(const EventFragment&, const EventFragment&) = default;
};

/// "Of this stream I can give you [lowest, highest]." Serves as announcement (one item) and as
/// digest.
struct EventFrontier {
    struct Item {
        StreamId stream;
        EventSequence lowest;   ///< First still retained; highest + 1 if none is.
        EventSequence highest;  ///< Last known to exist with all before it known to the sender.
        friend bool operator==(const Item&, const Item&) = default;
    };
    /// The sender wants the receiver's frontier back where that one knows more.
    bool wants_reply = false;
    std::vector<Item> items;
    friend bool operator==(const EventFrontier&, const EventFrontier&) = default;
};

/// "Send me these." A range covers whole events, or one event's fragments if first == last.
struct EventRequest {
    struct Range {
        EventSequence first;
        EventSequence last;
        std::uint16_t fragment_first = 0;
        std::uint16_t fragment_count = 0;  ///< 0: all of them.
        friend bool operator==(const Range&, const Range&) = default;
    };
    StreamId stream;
    std::vector<Range> ranges;  ///< 1 .. kRequestRangesMax
    friend bool operator==(const EventRequest&, const EventRequest&) = default;
};

/// Along which links a stream's events travel (Plumtree): false is PRUNE, "I have them from
/// elsewhere, only announce them to me"; true is GRAFT, "send them to me again".
struct EventLink {
    StreamId stream;
    bool is_eager = false;
    friend bool operator==(const EventLink&, const EventLink&) = default;
};

/// "Publish slower": told up the tree, from those who cannot keep up to the publisher.
struct EventPressure {
    StreamId stream;
    MemberId slowest;           ///< Whose link it is.
    std::uint32_t backlog = 0;  ///< Events that it is behind.
    std::uint32_t rate = 0;     ///< Events per second that get through; 0: none do.
    friend bool operator==(const EventPressure&, const EventPressure&) = default;
};

/// What came of events that were told as rumors (Demers 1987): known already, or news.
struct EventFeedback {
    struct Item {
        StreamId stream;
        EventSequence sequence;
        bool was_known = false;
        std::uint8_t counter = 0;  ///< Of the one who answers; for minimisation.
        friend bool operator==(const Item&, const Item&) = default;
    };
    std::vector<Item> items;  ///< 1 .. kEventFeedbackMax
    friend bool operator==(const EventFeedback&, const EventFeedback&) = default;
};
/// "Tell me your hot rumors."
struct EventPull {
    std::uint16_t events_max = 0;
    friend bool operator==(const EventPull&, const EventPull&) = default;
};

// -- Questions to single members (query/gather.hpp) --

struct Question {
    std::uint64_t number = 0;
    std::uint8_t kind = 0;  ///< One that is not known is answered by nothing.
    /// Which parts of the answer are wanted now, bit i for part i. At least one; those that the
    /// answer does not have are wanted in vain.
    std::uint64_t parts = 1;
    Bytes body;  ///< At most kQuestionBytesMax.
    friend bool operator==(const Question&, const Question&) = default;
};
/// The `index`th of `count` parts of an answer; every part but the last is kAnswerPartBytes long.
struct AnswerPart {
    std::uint64_t number = 0;
    std::uint16_t index = 0;
    std::uint16_t count = 1;  ///< 1 .. kAnswerPartsMax
    Bytes body;
    friend bool operator==(const AnswerPart&, const AnswerPart&) = default;
};

// -- A packet --

using Section =
    std::variant<Ping, Ack, PingReq, Nack, RumorPush, RumorFeedback, SyncDigest, SyncEntries,
                 SyncPull, StateDelta, EventFragment, EventFrontier, EventRequest, EventLink,
                 EventPressure, EventFeedback, EventPull, BurstRequest, BurstVerdict, Coordinate,
                 Heartbeats, Question, AnswerPart, StateRanges, StateWant, StateHello, StateCells,
                 NoticeDigest, AggregateStep>;

/// What one datagram says, in order. At most kSectionsMax sections and kPacketBytesMax bytes.
using Packet = std::vector<Section>;

}  // namespace grapevine::wire
