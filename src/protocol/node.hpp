#pragma once

#include <cstdint>
#include <deque>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <variant>
#include <vector>

#include "base/bytes.hpp"
#include "base/error.hpp"
#include "base/ids.hpp"
#include "base/random.hpp"
#include "base/time.hpp"
#include "protocol/aggregate/aggregates.hpp"
#include "protocol/coordinates/coordinates.hpp"
#include "protocol/membership/config.hpp"
#include "protocol/membership/detector.hpp"
#include "protocol/membership/membership.hpp"
#include "protocol/membership/paths.hpp"
#include "protocol/membership/telling.hpp"
#include "protocol/notices.hpp"
#include "protocol/query/gather.hpp"
#include "protocol/query/reachability.hpp"
#include "protocol/rumor/channels.hpp"
#include "protocol/rumor/events.hpp"
#include "protocol/rumor/publish_options.hpp"
#include "protocol/rumor/rumors.hpp"
#include "protocol/state/map.hpp"
#include "protocol/state/records.hpp"
#include "protocol/sync/reconciler.hpp"
#include "protocol/zones.hpp"
#include "wire/messages.hpp"

namespace grapevine::protocol {

/// Joins the machines of one overlay: packets and commands in, actions out. It routes sections to
/// machines in a fixed order that matters (probes, member updates, anti-entropy, events,
/// questions), carries
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
    /// Deaths that are told as one (membership/telling.hpp): two or more.
    struct ChangedTogether {
        std::vector<MemberChange> changes;
    };
    using Settled = Telling::Settled;
    struct RecordChanged {
        MemberId member;
        std::vector<wire::StateItem> items;
        Version version;
    };
    using Deliver = Events::Deliver;
    using Gap = Events::Gap;
    using PathChanged = Paths::Changed;
    using Gathered = Gather::Gathered;
    using Answered = Gather::Answered;
    /// A query to us (query/query.hpp), to be answered by `answer`.
    using Asked = Gather::Asked;
    using PersistState = SharedMap::Persist;
    using StateChanged = SharedMap::Changed;
    using StateReloaded = SharedMap::Reloaded;
    /// Carry a full copy of the shared map from this member; answered by `state_copy_ended`.
    using WantCopy = SharedMap::WantCopy;
    using PersistNotice = Notices::Persist;
    /// A notice that was news, from here or elsewhere.
    using NoticeTaken = Notices::Taken;
    /// The end of an estimate that `estimate` has begun.
    using Estimated = Aggregates::Estimate;
    using Action = std::variant<Send, Reach, PersistIncarnation, PersistRecord, Changed,
                                ChangedTogether, Settled, RecordChanged, Deliver, Gap, Gathered,
                                PathChanged, Answered, Asked, Estimated, PersistState, StateChanged,
                                StateReloaded, WantCopy, PersistNotice, NoticeTaken>;

    struct Counters {
        std::uint64_t syncs_begun = 0;     ///< Anti-entropy exchanges that we asked for.
        std::uint64_t sync_entries = 0;    ///< Entries compared because a bucket differed.
        std::uint64_t records_pushed = 0;  ///< Records sent outside rumors.
        std::uint64_t sections_received = 0;
        std::uint64_t packets_sent = 0;
        /// Of members of our zone, by those who may not judge them: told to the accused.
        std::uint64_t accusations_passed_on = 0;
        /// By those who may not judge the accused.
        std::uint64_t accusations_ignored = 0;
    };

    /// `self`: our record with the incarnation of this start. `own`: our keys, as restored.
    /// `epoch`: of our stream of events, larger than in every earlier life. `subscriber_topics`:
    /// patterns of topics that we send to their subscribers only (rumor/channels.hpp), at most
    /// kSubscriberTopicsMax. `state_hash`: keyed; without it the entries of the shared map are
    /// hashed by a mix that keeps nobody from making equal sums.
    Node(wire::MemberRecord self, Record own, Epoch epoch, ProtocolConfig config,
         std::uint64_t seed, std::vector<std::string> subscriber_topics = {},
         SharedMap::Hash state_hash = {}, Notices::Judge judge = nobody_may);

    /// Before any input: the shared map as stored. Cells that are none are left out and counted.
    void restore_state(const SharedMap::Meta& meta, const std::vector<Bytes>& cells);

    /// `from` has proven itself to the layer below; `packet` has passed the decoder.
    void receive(Instant now, MemberId from, const wire::Packet& packet);
    /// A peer has just proven itself for the first time in its life or ours: views are compared at
    /// once.
    void introduce(Instant now, MemberId peer);
    void unreachable(Instant now, MemberId member);
    void advance(Instant now);

    Outcome<EventSequence> publish(Instant now, WallTime wall, std::string topic, Bytes payload,
                                   PublishOptions options = {});
    /// See `Events::publish_at`.
    [[nodiscard]] Instant publish_at(Instant now) {
        return std::max(events_.publish_at(now), channels_.publish_at(now));
    }
    void held_up() {
        events_.held_up();
        channels_.held_up();
    }
    /// What local subscribers read, as patterns; all of it, each time that it changes.
    void set_interest(Instant now, const std::vector<std::string>& patterns);
    /// Keys that the daemon keeps for itself are refused.
    Outcome<Version> set_record(Instant now, std::string_view key, std::string_view value);
    Outcome<Version> erase_record(Instant now, std::string_view key);
    Outcome<void> forget(Instant now, MemberId member);
    void leave(Instant now);
    void change_self(Instant now, wire::MemberRecord next);
    /// What civil time it is at `now`, in microseconds since 1970. For traces only: without it
    /// others estimate our clock. Not an input: it causes no action.
    void set_wall(Instant now, std::int64_t unix_us);

    // The shared map (state/map.hpp).
    Outcome<Stamp> put_state(Instant now, std::string_view key, std::string_view value,
                             const SharedMap::PutOptions& options);
    Outcome<void> put_state(Instant now,
                            const std::vector<std::pair<std::string, std::string>>& values);
    Outcome<Stamp> erase_state(Instant now, std::string_view key, std::optional<Stamp> expected);
    Outcome<StateEntry> count_state(Instant now, std::string_view key, std::int64_t change);
    Outcome<StateEntry> change_state_set(Instant now, std::string_view key,
                                         const std::vector<std::string>& added,
                                         const std::vector<std::string>& removed);
    bool take_state_copy(Instant now, ByteView body);
    void state_copy_ended(Instant now, bool is_whole);
    void wipe_state(Instant now, std::string_view prefix, Stamp before);
    [[nodiscard]] const SharedMap& state() const { return state_; }
    /// Civil time at `now`, for reading the map.
    [[nodiscard]] Moment moment(Instant now) const;
    /// Puts a question to `targets`, ourselves perhaps among them; ends in a `Gathered` of the
    /// number returned, within `patience`. Those that are not alive are silent at once. Refused as
    /// in `Gather::ask`.
    Outcome<std::uint64_t> ask(Instant now, const std::vector<MemberId>& targets, QuestionKind kind,
                               Bytes body, Duration patience,
                               Gather::Telling telling = Gather::Telling::at_the_end);
    /// See `Gather::cancel`.
    void cancel(Instant now, std::uint64_t number);
    /// What we say to an `Asked`; see `Gather::answer`.
    void answer(Instant now, MemberId to, std::uint64_t number, Bytes body);

    /// What was held before a restart; before any other input.
    void restore_notices(const std::vector<wire::Notice>& notices);
    /// Refused as in `Notices::propose`.
    Outcome<void> propose(Instant now, wire::Notice notice);
    /// Writes one of the daemon's own keys into our record (state/reserved_keys.hpp).
    void set_reserved(Instant now, std::string_view key, std::string_view value);
    /// Other times, counts and bounds while it runs. What all members must have alike stays as it
    /// was at the start: the kinds of detector and dissemination, the labels, the zones.
    void configure(Instant now, const ProtocolConfig& config);
    [[nodiscard]] const ProtocolConfig& config() const { return config_; }
    /// Begins an estimate that ends in an `Estimated` of the number returned; refused as in
    /// `Aggregates::begin`.
    Outcome<std::uint64_t> estimate(Instant now, Aggregates::Method method, Aggregates::Of of,
                                    std::string key);

    [[nodiscard]] std::optional<Action> poll();
    [[nodiscard]] bool has_actions() const { return !outbox_.empty(); }
    [[nodiscard]] Instant deadline() const;

    [[nodiscard]] const Membership& membership() const { return membership_; }
    [[nodiscard]] const Records& records() const { return records_; }
    /// Of what everybody gets.
    [[nodiscard]] const Events& events() const { return events_; }
    [[nodiscard]] const Channels& channels() const { return channels_; }
    /// Of all events.
    [[nodiscard]] Events::Counters event_counters() const;
    [[nodiscard]] const Detector& detector() const { return *detector_; }
    [[nodiscard]] const Counters& counters() const { return counters_; }
    [[nodiscard]] const Coordinates& coordinates() const { return coordinates_; }
    [[nodiscard]] const Paths& paths() const { return paths_; }
    [[nodiscard]] const Zones& zones() const { return zones_; }
    /// Of the stream that we publish in this life.
    [[nodiscard]] Epoch epoch() const { return epoch_; }
    [[nodiscard]] const Rumors& rumors() const { return rumors_; }
    /// Civil time of instant zero; 0 if the driver has not told it.
    [[nodiscard]] std::int64_t wall_zero_us() const { return wall_zero_us_; }
    [[nodiscard]] const Gather& gather() const { return gather_; }
    [[nodiscard]] const Notices& notices() const { return notices_; }
    /// Of members, their records of keys, and notices.
    [[nodiscard]] std::uint64_t view_fingerprint() const {
        return reconciler_.root() + notices_.fingerprint();
    }
    [[nodiscard]] const Aggregates& aggregates() const { return aggregates_; }
    void check_invariants() const;

private:
    /// Where nobody judges, no notice is taken.
    static Notices::Verdict nobody_may(const wire::Notice&) { return Notices::Verdict::stranger; }

    /// What is written into the shared map is kept for those who miss it for a minute; then
    /// comparing costs less.
    static ProtocolConfig for_state_stream(ProtocolConfig config);

    /// Room for sections in a packet: what the seal leaves, less flags and cookie of a first one.
    static constexpr std::size_t kBudget = kPacketBytesMax - kProofBytesMax;

    /// What waits for one destination, by urgency. Emptied into packets at the end of every input.
    struct Waiting {
        MemberId to;
        std::vector<wire::Section> probes;
        std::vector<wire::RumorItem> items;    ///< News, told without asking for feedback.
        std::vector<wire::RumorItem> repairs;  ///< Told because the other side lacks it.
        std::vector<wire::Section> sections;
    };

    /// Somebody, perhaps ourselves, waits for our row of the matrix.
    struct ReachDebt {
        MemberId asker;
        std::uint64_t number = 0;
        MemberId subject;
        std::vector<MemberId> examined;
        Instant due{};
    };

    void handle(Instant now, MemberId from, const wire::Section& section);
    void handle_ping(Instant now, MemberId from, const wire::Ping& ping);
    void handle_heartbeats(Instant now, MemberId from, const wire::Heartbeats& heartbeats);
    /// Begins what it takes to agree with `from`, if what it holds differs from what we hold.
    void compare(Instant now, MemberId from, const wire::Summary& summary);
    void handle_push(Instant now, MemberId from, const wire::RumorPush& push);
    void follow_own_record(const wire::MemberRecord& record);
    void handle_digest(MemberId from, const wire::SyncDigest& digest);
    void handle_entries(Instant now, MemberId from, const wire::SyncEntries& entries);
    void handle_pull(MemberId from, const wire::SyncPull& pull);
    bool handle_delta(Instant now, MemberId from, const wire::StateDelta& delta);

    void settle(Instant now);
    void finish(Instant now);
    bool settle_membership(Instant now);
    bool settle_detector(Instant now);
    bool settle_paths(Instant now);
    bool settle_zones(Instant now);
    /// Tells the zones where a member is, and how it is.
    void seat(Instant now, const Member& member, MemberChange::Kind kind);
    void enter(Instant now, MemberId member);
    void drop(Instant now, MemberId member);
    bool confirm_outside(Instant now, MemberId member);
    [[nodiscard]] bool may_tell(MemberId to) const;
    [[nodiscard]] bool is_competent(const wire::Accusation& accusation) const;
    void pass_on(MemberId from, const wire::Accusation& accusation);
    [[nodiscard]] bool is_worth_telling() const;
    [[nodiscard]] std::optional<MemberId> pick_lost();
    void send_probe(MemberId to, ProbeMessage& message);
    void answered(Instant now, const Detector::Answered& answer);
    void measured(Instant now, MemberId member, Duration round_trip);
    void handle_answer(Instant now, MemberId from, const ProbeMessage& message);
    void follow_paths(Instant now, const MemberChange& change);
    void note_lateness(Instant now);
    void add_coordinate(Instant now, Waiting& waiting);
    bool settle_records(Instant now);
    bool settle_spread();
    bool settle_channels(Instant now);
    bool settle_state(Instant now);
    /// Whether anybody writes into the shared map: until then its streams cost nothing.
    [[nodiscard]] bool is_state_told() const { return state_events_.stream_count() > 0; }
    void handle_state_stream(Instant now, MemberId from, const wire::Section& section);
    void fetch_state(Instant now, const SharedMap::Fetch& fetch);
    bool take_fetched(Instant now, const Gather::Gathered& gathered);
    void link(Instant now, MemberId member);
    void unlink(Instant now, MemberId member);
    bool settle_notices(Instant now);
    void obey_wipe(Instant now, const WipeOrder& order);
    void handle_notices(MemberId from, const wire::NoticeDigest& digest);
    void deliver(Events::Deliver deliver);
    void tell_gap(const Events::Gap& gap);
    void moved(const wire::StreamId& stream);
    void note_reserved_keys(Instant now, const Records::Changed& changed);
    bool settle_questions(Instant now);
    bool settle_aggregates();
    [[nodiscard]] std::optional<double> own_number(std::string_view key) const;
    void answer(Instant now, Gather::Asked& asked);
    [[nodiscard]] std::optional<Bytes> answer_trace(Instant now, ByteView question) const;
    void asked_reachability(Instant now, const Gather::Asked& asked);
    bool pay_reach_debts(Instant now);
    [[nodiscard]] Instant reach_deadline() const;
    [[nodiscard]] ReachAnswer reach_answer(Instant now, MemberId subject) const;
    void learn_from(Instant now, const Gather::Gathered& gathered);
    [[nodiscard]] bool is_peer(MemberId id) const;
    void apply_change(Instant now, const MemberChange& change);
    void tell_changes();
    /// Tells the detector in which subnet the member of this record is.
    void place(const wire::MemberRecord& record);
    void refresh_entry(MemberId member);
    void begin_sync(Instant now, MemberId peer);
    void tell(MemberId to, MemberId member);
    void repair(MemberId to, MemberId member);
    [[nodiscard]] std::optional<wire::RumorItem> render(const RumorKey& key) const;
    [[nodiscard]] Incarnation incarnation_of(MemberId member) const;
    [[nodiscard]] wire::SyncEntry entry_of(const Member& member) const;
    Waiting& waiting_for(MemberId to);
    void flush(Instant now, Waiting& waiting);

    ProtocolConfig config_;
    Random random_;
    Membership membership_;
    Telling telling_;
    Zones zones_;
    std::unique_ptr<Detector> detector_;
    Coordinates coordinates_;
    Paths paths_;
    Instant late_at_{};  ///< When our driver was last found to be late.
    Instant next_near_{};
    Records records_;
    Reconciler reconciler_;
    Rumors rumors_;
    Events events_;
    Channels channels_;
    SharedMap state_;
    Events state_events_;              ///< What is written into it, as a stream of each member.
    std::set<std::uint64_t> fetches_;  ///< Our questions for cells.
    Gather gather_;
    Notices notices_;
    Aggregates aggregates_;
    /// Questions of whom we reach that wait for examinations to end.
    std::vector<ReachDebt> reach_debts_;
    Counters counters_;

    Incarnation born_as_;  ///< Raised when an earlier life turns out to have come further.
    Epoch epoch_;

    std::deque<Action> outbox_;
    std::vector<Waiting> waiting_;  ///< Few at a time: those this input made us write to.
    MemberId told_by_ = kNobody;    ///< Who sent what is being handled.
    /// What is being handled came by anti-entropy: it is old, though we lacked it.
    bool is_repair_ = false;
    Instant next_sync_{};        ///< No exchange of ours begins before.
    Instant catch_up_ = kNever;  ///< The last exchange brought much: the next one is due.
    Instant next_reconnect_;
    bool has_left_ = false;
    std::int64_t wall_zero_us_ = 0;
};

}  // namespace grapevine::protocol
