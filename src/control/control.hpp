#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <variant>
#include <vector>

#include "base/bytes.hpp"
#include "base/error.hpp"
#include "base/ids.hpp"
#include "base/time.hpp"
#include "control/aggregate.hpp"
#include "control/detection.hpp"
#include "control/dissemination.hpp"
#include "control/estimate.hpp"
#include "control/event_id.hpp"
#include "control/gossiperl.hpp"
#include "control/keys.hpp"
#include "control/lab.hpp"
#include "control/queries.hpp"
#include "control/rollout.hpp"
#include "control/sampling.hpp"
#include "control/sql.hpp"
#include "control/state.hpp"
#include "control/summary.hpp"
#include "control/topology.hpp"
#include "control/trace.hpp"

// The vocabulary in which the outside (HTTP, command line, old clients) speaks to the daemon.
// Values and interfaces only. What users see is decided here, and not by the structs of the
// protocol.
namespace grapevine::control {

using Labels = std::vector<std::pair<std::string, std::string>>;

// -- What can be seen --

struct MemberView {
    std::string id;  ///< 16 hexadecimal digits.
    std::string name;
    std::string status;  ///< alive, suspect, dead, left
    std::uint32_t incarnation = 0;
    std::vector<std::string> addresses;  ///< "ip:port", best first.
    Labels labels;
    std::int64_t status_age_ms = 0;  ///< How long it has had this status, as seen here.
    bool is_self = false;
    /// How we reach it: unknown, both, "in only", "out only", relayed, none. Empty: of ourselves,
    /// and where the protocol does not tell.
    std::string path{};
    /// The round trip to it: measured if it was, else estimated by coordinates.
    std::optional<std::int64_t> rtt_us{};
    bool is_rtt_measured = false;
};

/// The round trip between two members, as far as it is known here.
struct RoundTripView {
    std::string from;  ///< Member ids.
    std::string to;
    std::string from_name;
    std::string to_name;
    std::optional<std::int64_t> estimated_us{};   ///< Nothing: a coordinate is not known.
    std::optional<std::int64_t> error_percent{};  ///< Of the estimate: 10 is good, 100 a guess.
    std::optional<std::int64_t> measured_us{};    ///< Nothing: `from` has never measured it.
    std::optional<std::int64_t> measured_age_ms{};
    /// Whose coordinates are not known here.
    std::vector<std::string> unknown{};
};

struct KeyValue {
    std::string key;
    std::string value;
    std::uint64_t version = 0;
};

struct RecordView {
    std::string member;
    std::uint64_t version = 0;
    std::vector<KeyValue> items;  ///< By key.
};

/// Who reaches whom, as each member tells it.
struct ReachabilityView {
    struct Member {
        std::string id;
        std::string name;
        std::string status;
        bool has_answered = false;
        /// What it says of each member, in the order of the list: + both, < in only, > out only,
        /// ~ relayed, x none, ? unknown, . itself. Empty if it has not answered.
        std::string paths{};
        /// The same for round trips; empty with more than 200 members.
        std::vector<std::optional<std::int64_t>> rtt_us{};
    };
    /// What is wrong between two of them.
    struct Trouble {
        std::string kind;  ///< one_way (nothing gets from `from` to `to`), both_ways, doubtful
        std::string from;  ///< Ids.
        std::string from_name;
        std::string to;
        std::string to_name;
        std::string text;  ///< For people.
    };
    std::vector<Member> members;  ///< By name and id.
    std::vector<Trouble> troubles;
};

/// What a user says about an overlay, in the configuration file or over the API. Absent means "as
/// it is" in a change and "the default" in a creation. Names are those of the configuration.
struct OverlaySpec {
    std::string name;
    std::optional<std::string> protocol;  ///< grapevine, gossiperl; cannot be changed.
    std::optional<std::string> bind;      ///< "ip:port"; port 0 picks one.
    std::optional<std::vector<std::string>>
        advertise;                                  ///< Addresses told to others; default: bind.
    std::optional<std::vector<std::string>> seeds;  ///< "host:port"
    std::optional<std::vector<std::string>> keys;   ///< "id:base64url"; the first is used to send.
    /// Public keys of those who may decide for the whole overlay, base64url.
    std::optional<std::vector<std::string>> operators;
    std::optional<std::string> profile;  ///< fast, lan, wan
    Detection detection;                 ///< Of a native overlay.
    Dissemination dissemination;         ///< Of a native overlay.
    std::optional<std::string> cipher;   ///< chacha20-poly1305, aes-256-gcm
    std::optional<std::string> member_name;
    std::optional<Labels> labels;
    std::optional<std::int64_t> retention_age_ms;
    std::optional<std::uint64_t> retention_bytes;
    /// Old clients of a native overlay: the text of their symmetric key; absent: none are served.
    std::optional<std::string> client_key;
    std::optional<std::uint16_t> client_port;  ///< On loopback; default: the overlay's port + 1000.
    std::optional<bool> is_local_delivery;     ///< Old clients of this host hear each other.
    /// Where a native overlay announces itself: on, off, or a group "ip:port"; the group of a
    /// gossiperl overlay, "ip".
    std::optional<std::string> multicast;
    Sampling sampling;  ///< Of a native overlay of the configuration file.
    /// Of an overlay with protocol gossiperl, and of no other.
    std::optional<gossiperl::Settings> gossiperl;
};

/// Who slows down what we publish into an overlay, and to what.
struct PressureView {
    std::string member;         ///< Id of the slowest.
    std::string member_name;    ///< Empty if it is unknown here.
    std::uint32_t backlog = 0;  ///< Events that it is behind.
    std::uint32_t rate = 0;     ///< Events per second that get through to it.
    std::uint32_t limit = 0;    ///< Events per second that we publish at most.
    std::int64_t since_ms = 0;  ///< For how long we have been slowed.
};

struct OverlayView {
    std::string name;
    std::string protocol;  ///< grapevine, gossiperl
    std::string id;        ///< Our member id in it.
    std::string member_name;
    std::uint32_t incarnation = 0;
    std::string bind;  ///< As bound, with the real port.
    std::vector<std::string> advertise;
    std::vector<std::string> seeds;
    std::vector<std::uint8_t> key_ids;  ///< Never the keys themselves.
    std::string profile;
    std::string detector;       ///< Empty in an overlay of the old protocol.
    std::string dissemination;  ///< tree or rumor; empty likewise.
    /// Patterns whose events this daemon sends to their subscribers only.
    std::vector<std::string> subscriber_topics;
    std::string cipher;
    Labels labels;
    std::string origin;            ///< file or api: who defined it, and so who may change it.
    std::string state;             ///< starting, running, left
    std::string view_fingerprint;  ///< Equal on two members when their views agree.
    std::uint64_t members_alive = 0;
    std::uint64_t members_suspect = 0;
    std::uint64_t members_dead = 0;
    std::uint64_t members_left = 0;
    std::uint32_t local_health = 0;
    std::optional<PressureView> pressure;  ///< Nothing while everybody keeps up.
    std::vector<std::pair<std::string, std::uint64_t>> counters;  ///< By name, as in /metrics.
};

struct InfoView {
    std::string version;
    std::string node_name;
    std::int64_t uptime_ms = 0;
    std::int64_t resident_bytes = 0;
    std::uint64_t overlays = 0;
    std::string state_folder;
    std::string config_file;
    bool is_ready = false;
};

struct PublishReceipt {
    std::string publisher;
    std::uint32_t epoch = 0;
    std::uint64_t sequence = 0;
    std::uint32_t channel = 0;  ///< 0: what everybody gets.
};

// -- What can be asked --

struct Info {};
struct ListOverlays {};
struct ShowOverlay {
    std::string overlay;
};
struct CreateOverlay {
    OverlaySpec spec;
};
struct ChangeOverlay {
    OverlaySpec spec;
};
/// Leaves the overlay, forgets its definition, identity and records.
struct RemoveOverlay {
    std::string overlay;
};
struct ListMembers {
    std::string overlay;
};
/// `member` is an id or a name that is unique among the members.
struct ShowMember {
    std::string overlay;
    std::string member;
};
/// How far apart are two members? Ids or names; empty: our own.
struct ShowRoundTrip {
    std::string overlay;
    std::string from;
    std::string to;
};
/// Asks all members whom they reach.
struct ShowReachability {
    std::string overlay;
    /// What a member found out longer ago than this it finds out anew.
    std::int64_t age_max_ms = 5000;
};
/// Removes a dead or left member from the view.
struct ForgetMember {
    std::string overlay;
    std::string member;
};
struct GetRecord {
    std::string overlay;
    std::string member;
};  ///< Empty member: our own.
struct SetRecord {
    std::string overlay;
    std::string key;
    std::string value;
};
struct EraseRecord {
    std::string overlay;
    std::string key;
};
/// Contacts these seeds now, and keeps them.
struct JoinSeeds {
    std::string overlay;
    std::vector<std::string> seeds;
};
/// Creates the overlay that an invitation describes (or adds its seeds if we are in it already).
struct JoinToken {
    std::string token;
};
/// Says goodbye but keeps the definition: the overlay is silent until the daemon starts again.
struct LeaveOverlay {
    std::string overlay;
};
/// An invitation for others. `seeds` replaces the addresses that it would carry.
struct Invite {
    std::string overlay;
    std::vector<std::string> seeds;
};
struct Publish {
    std::string overlay;
    std::string topic;
    Bytes payload;
    bool is_traced = false;  ///< Members keep a note of how they learned of it.
    /// Events that subscribers shall see before this one; at most kDependenciesMax.
    std::vector<EventId> after{};
};
struct Metrics {};

using Request =
    std::variant<Info, ListOverlays, ShowOverlay, CreateOverlay, ChangeOverlay, RemoveOverlay,
                 ListMembers, ShowMember, ShowRoundTrip, ShowReachability, ForgetMember, GetRecord,
                 SetRecord, EraseRecord, JoinSeeds, JoinToken, LeaveOverlay, Invite, Publish,
                 Metrics, TraceEvent, AnswerQuery, ShowEstimate, ShowTopology, RunSql,
                 ListAggregates, ShowAggregate, SetAggregate, EraseAggregate, StateCommand,
                 ShowKeys, RotateKeys, Wipe, ListWipes, ShowRollout, ProposeRollout, ReturnRollout,
                 ShowSummary, SetSummary, SetZoneValue, gossiperl::ShowSettings, gossiperl::Create,
                 gossiperl::Change, gossiperl::ListMembers, gossiperl::ListSubscriptions,
                 gossiperl::ShowStatistics, gossiperl::SendDigest>;

struct Done {};
/// `Info` -> InfoView, `ListOverlays` -> vector<OverlayView>, `ShowOverlay`, `CreateOverlay`,
/// `ChangeOverlay`, `JoinToken` -> OverlayView, `ListMembers` -> vector<MemberView>, `ShowMember`
/// -> MemberView, `ShowRoundTrip` -> RoundTripView, `ShowReachability` -> ReachabilityView,
/// `GetRecord` -> RecordView, `SetRecord` -> KeyValue, `Publish` -> PublishReceipt, `Invite`,
/// `Metrics` -> std::string, `TraceEvent` -> TraceView, `ShowEstimate` -> EstimateView,
/// `ShowTopology` -> TopologyView, `RunSql` -> TableView, `ListAggregates` ->
/// vector<AggregateView>, `ShowAggregate`, `SetAggregate` -> AggregateView, `StateCommand` ->
/// StateEntryView (get, put, count, change), StatePage (list) or Done, `ShowKeys`, `RotateKeys` ->
/// KeysView, `Wipe` -> WipeView, `ListWipes` -> vector<WipeView>,
/// `ShowRollout`, `ProposeRollout`, `ReturnRollout` -> RolloutView, `ShowSummary`, `SetSummary`,
/// `SetZoneValue` -> SummaryView, all others -> Done.
using Answer =
    std::variant<Done, InfoView, OverlayView, std::vector<OverlayView>, MemberView,
                 std::vector<MemberView>, RecordView, KeyValue, PublishReceipt, std::string,
                 RoundTripView, ReachabilityView, TraceView, EstimateView, TopologyView, TableView,
                 AggregateView, std::vector<AggregateView>, StateEntryView, StatePage, KeysView,
                 WipeView, std::vector<WipeView>, RolloutView, SummaryView, gossiperl::Settings,
                 std::vector<gossiperl::MemberView>, std::vector<gossiperl::SubscriptionView>,
                 gossiperl::StatisticsView>;

// -- What can be followed --

/// One thing that happened in an overlay, in the order in which this daemon saw it.
struct LogItem {
    struct Event {
        std::string publisher;  ///< Member id.
        std::uint32_t epoch = 0;
        std::uint64_t sequence = 0;
        WallTime published_at;
        std::string topic;
        std::shared_ptr<const Bytes> payload;
        std::uint32_t channel = 0;
        bool is_traced = false;
        /// What it was published after, and: not all of that has been seen before it.
        std::vector<EventId> after{};
        bool is_causal_unknown = false;
    };
    /// These events of this publisher cannot be had any more.
    struct Gap {
        std::string publisher;
        std::uint32_t epoch = 0;
        std::uint64_t first = 0;
        std::uint64_t last = 0;
        std::uint32_t channel = 0;
    };
    /// A member joined, left, died, ... (the kinds of the membership reference), or how we reach
    /// it has changed ("path").
    struct Member {
        std::string kind;
        MemberView member;
    };
    /// Several members that went the same way at about the same time, told as one: "died".
    struct Members {
        std::string kind;
        std::vector<MemberView> members;
    };
    /// Nobody has come or gone for a while: who is in, as a whole.
    struct View {
        std::size_t size = 0;     ///< Alive and suspect members, ourselves included.
        std::string fingerprint;  ///< 16 hex digits; equal on two daemons that list the same.
    };
    /// A member's record changed; erased keys have no value.
    struct Record {
        std::string member;
        std::vector<std::pair<std::string, std::optional<std::string>>> changes;
        std::uint64_t version = 0;
    };
    /// A key of the shared map is another now, or is gone.
    struct State {
        std::string key;
        std::optional<StateEntryView> entry;
    };
    /// More of the shared map has changed than is told by key: read it anew.
    struct StateReload {
        std::string reason;       ///< copied, wiped, reset
        std::size_t dropped = 0;  ///< What we held and had to drop, if reset.
    };
    std::uint64_t offset = 0;  ///< Position in this daemon's log, from 1.
    WallTime seen_at;
    using What = std::variant<Event, Gap, Member, Members, View, Record, State, StateReload>;
    What what;
};

/// A bounded log of what happened, read from a position. Lives on the thread of the API.
class Log {
public:
    struct Filter {
        std::vector<std::string> topics;  ///< Patterns for events; empty: no events and no gaps.
        bool with_members = false;        ///< Alone, in groups, and settled views.
        bool with_records = false;
        std::vector<std::string> state_prefixes{};  ///< Of keys; empty: no changes of the map.
    };
    struct Page {
        std::vector<std::shared_ptr<const LogItem>> items;
        std::uint64_t next = 0;    ///< Read from here next time.
        std::uint64_t missed = 0;  ///< Items that fell out of the log before they were read.
    };

    virtual ~Log() = default;
    /// Items at or after `offset` that pass, at most `items_max` and about `bytes_max`.
    [[nodiscard]] virtual Page read(std::uint64_t offset, const Filter& filter,
                                    std::size_t items_max, std::size_t bytes_max) const = 0;
    [[nodiscard]] virtual std::uint64_t oldest() const = 0;  ///< First offset still held.
    [[nodiscard]] virtual std::uint64_t next() const = 0;    ///< The offset of the next item.
    /// Which life of the log offsets belong to: a cursor is "<life>-<offset>".
    [[nodiscard]] virtual std::string life() const = 0;
    /// Calls `wake` (on this thread) after each append, until the handle is destroyed.
    [[nodiscard]] virtual std::shared_ptr<void> on_append(std::function<void()> wake) = 0;
    /// Somebody reads events of these topics, until the handle is destroyed: those that go to their
    /// subscribers only come here while there is such a reader. What is in the log may be read by
    /// everybody. Nothing of what a log without such events has to know.
    [[nodiscard]] virtual std::shared_ptr<void> want(const std::vector<std::string>& topics) {
        (void)topics;
        return nullptr;
    }
};

/// The daemon as the outside sees it. All calls and callbacks happen on the thread of the API.
class Control {
public:
    using Callback = std::function<void(Outcome<Answer>)>;

    virtual ~Control() = default;
    /// Answers once, now or later.
    virtual void submit(Request request, Callback callback) = 0;
    /// The log of an overlay, or nothing if there is no such overlay. Valid until it is removed:
    /// hold the pointer and check `is_open` of the owner by asking again.
    [[nodiscard]] virtual std::shared_ptr<Log> log(const std::string& overlay) = 0;
    /// The aggregates of an overlay, or nothing if there is no such overlay or it cannot have any.
    [[nodiscard]] virtual std::shared_ptr<Aggregates> aggregates(const std::string& overlay) {
        (void)overlay;
        return nullptr;
    }
    /// Asks members something; calls `take` with each answer and then the end, or with a refusal,
    /// from within the call or later. When the handle is destroyed nobody is called any more, and
    /// the query ends.
    [[nodiscard]] virtual std::shared_ptr<void> query(AskQuery wanted, QueryTaker take) = 0;
    /// Calls `take` with each query of this name that a member asks, until the handle is destroyed;
    /// those that are not answered by then (`AnswerQuery`) are abandoned.
    [[nodiscard]] virtual Outcome<std::shared_ptr<void>> serve(const std::string& overlay,
                                                               const std::string& name,
                                                               CallTaker take) = 0;
    /// Where experiments run; null if nowhere.
    [[nodiscard]] virtual Lab* lab() { return nullptr; }
};

}  // namespace grapevine::control
