#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <utility>
#include <variant>
#include <vector>

#include "base/bytes.hpp"
#include "base/error.hpp"
#include "base/ids.hpp"
#include "base/limits.hpp"
#include "base/outbox.hpp"
#include "base/random.hpp"
#include "base/time.hpp"
#include "protocol/membership/config.hpp"
#include "protocol/peers.hpp"
#include "protocol/rumor/causal.hpp"
#include "protocol/rumor/event.hpp"
#include "protocol/rumor/pressure.hpp"
#include "protocol/rumor/publish_options.hpp"
#include "protocol/rumor/repair.hpp"
#include "protocol/rumor/retention.hpp"
#include "protocol/rumor/spreader.hpp"
#include "protocol/rumor/stream.hpp"
#include "protocol/rumor/traces.hpp"
#include "wire/messages.hpp"
#include "wire/size.hpp"

namespace grapevine::protocol {

/// The message bus of one overlay: one stream per publisher and life (epoch), in order, repaired by
/// request, with explicit gaps.
///
/// Sources: Birman et al., "Bimodal Multicast", TOCS 1999 (best-effort spreading first, then repair
/// by digests, bounded per round); Leitao et al., "Epidemic Broadcast Trees" (Plumtree), SRDS 2007
/// (eager push, lazy announcements, repair by request); Demers et al. 1987 for the rounds.
///
/// The problem: an event published anywhere shall reach everybody, in the order of its publisher,
/// over datagrams, from a publisher that may be gone a moment later. Four mechanisms, each of which
/// would suffice alone if it were given time:
///
///  1. *Eager push.* Whoever gets a new event of up to kEagerFragmentsMax fragments, unasked, sends
///     it on to whom its `Spreader` says: along a tree that forms by itself (tree.hpp), or by rumor
///     mongering. Of a larger event only the first fragment is sent on, and the rest is pulled, so
///     that a megabyte does not travel several times to everybody.
///  2. *Announcement.* Some others are told the frontier ("I have up to 17"), by which they notice
///     what did not come to them.
///  3. *Repair.* What is missing is asked for after `repair_delay`: first those who announced or
///     sent what is behind it, then random members, then the publisher, every `repair_retry`,
///     kRequestRangesMax parts at a time, more as they come in. Who says that it has not got it is
///     followed by the next who claims to, at once.
///  4. *Frontier digest.* Every `frontier_interval` (and when a ping's summary differs) the
///     frontiers are compared with one random member, both ways. This finds the loss of a last
///     event, which no later one reveals.
///
/// Order. One sequence per publisher and epoch, across all its topics, so FIFO holds across topics.
/// A restarted publisher begins a new epoch at 1; what is missing of the old one is repaired all
/// the same, and the two streams do not wait for each other. No order between publishers.
///
/// Gaps. Never silently: what cannot be had is told as [first, last] in the place of the events,
/// once. An event is given up when
///   - nobody we know of claims it, and kDenialsMin members (or the publisher, or everybody there
///     is) say that they do not retain it any more; or
///   - its hole is open, without a new fragment, for `gap_patience` while its publisher answers, or
///     while a later epoch of it shows that it is gone; or
///   - ten times as long while the publisher is out of reach: it may be behind a partition, and
///     come back with the event. A member without any peer gives up nothing.
/// A given-up event that comes after all is a duplicate.
///
/// First contact. What should one who hears the first time of a stream ask for? Everything, if it
/// was up when the stream began; what is retained, if it came later; and it cannot tell which. The
/// rule: from its first contact with anybody, a node is *catching up* until kCatchUpIntervals
/// frontier intervals have passed in which no unknown stream was heard of (at most ten times as
/// long). A stream first heard of while catching up existed before us: it begins at its lowest
/// retained event (`Replay::retained`, so that a restarted daemon refills its log) or behind its
/// highest (`Replay::none`), and what lies below the first event delivered is not told as a gap. A
/// stream first heard of later is new to everybody: it begins at 1, and what is missing is a gap.
///
/// Deviation from Bimodal Multicast: lowest sequence first, because subscribers wait for it.
///
/// What is offered is given: events are withdrawn from the frontier a little before they are
/// dropped (see Retention), and a gap is told only when the event behind it is here (see Stream).
/// So one who was away for longer than the retention hears of one gap per publisher, with the right
/// bounds.
///
/// Gathering. With `event_gather` copies wait for others to the same member, and go when the first
/// of all has waited for so long; beyond kGatheredMax they go at once.
///
/// Back-pressure (pressure.hpp). Who gets a stream more slowly than it is published tells its
/// parent in the tree every half `frontier_interval`; each on the way passes on the worst that it
/// has heard, and at the publisher `publish_at` says when the next event may go. It is advice:
/// `publish` takes what it is given, and who drives us decides what to do with those that come too
/// early.
///
/// Memory: kStreamsMax streams, `retention_bytes`, kWaitingBytesMax, kAssembliesMax,
/// kPressuredStreamsMax, kGatheredMax.
/// A machine (protocol/machine.hpp).
class Events {
public:
    struct Send {
        MemberId to;
        wire::Section section;  ///< One of the sections of events.
    };
    /// In order per publisher, each once.
    struct Deliver {
        SharedEvent event;
        /// It depends on events that have not been told, and waited for them in vain (causal.hpp).
        bool is_causal_unknown = false;
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
        std::uint64_t pushed = 0;      ///< Fragments sent unasked.
        std::uint64_t announced = 0;   ///< Frontiers told as announcements.
        std::uint64_t grafted = 0;     ///< Links that we asked to be eager.
        std::uint64_t pruned = 0;      ///< ... to be lazy.
        std::uint64_t duplicates = 0;  ///< Fragments that came again.
        std::uint64_t requested = 0;   ///< Fragments asked for.
        std::uint64_t resent = 0;      ///< ... sent because somebody asked.
        std::uint64_t gaps = 0;
        std::uint64_t lost = 0;              ///< Events inside those gaps.
        std::uint64_t dropped_conflict = 0;  ///< Fragments at odds with what is known of their
                                             ///< event, and claims that cannot be.
        std::uint64_t dropped_full = 0;      ///< Streams refused at kStreamsMax.
        std::uint64_t deferred = 0;          ///< Fragments refused for now: too much waits already.
        std::uint64_t evicted = 0;           ///< Idle streams forgotten to make room for others.
        std::uint64_t exchanges = 0;         ///< Frontier digests that we began.
        std::uint64_t pressure_told = 0;     ///< That somebody cannot keep up, us or another.
        std::uint64_t pressure_heard = 0;    ///< ... with our own events,
        std::uint64_t pressure_ignored = 0;  ///< and we do not slow down for it any more.
        std::uint64_t unwanted = 0;          ///< Fragments of others that we do not follow.
        std::uint64_t dropped_wiped = 0;     ///< Fragments of events older than a wipe.
        Counters& operator+=(const Counters& other);
    };

    /// What a newcomer wants of streams that are older than it.
    enum class Replay : std::uint8_t { retained, none };

    /// `epoch` is above that of any earlier life of ours. `peers` outlives us.
    /// `channel` is that of all its streams; those of others are refused.
    Events(MemberId self, Epoch epoch, ProtocolConfig config, const Peers& peers,
           std::uint64_t seed, Replay replay = Replay::retained, std::uint32_t channel = 0);
    Events(const Events&) = delete;  // Parts of it call it back.
    Events& operator=(const Events&) = delete;

    /// What we publish from now on is a stream of this later epoch, from 1. For a node that was
    /// started from a restored snapshot and learns that a life of its own has used its epoch
    /// before: members would take its new events for old ones. `epoch` is above any of ours.
    void begin_life(Epoch epoch);

    /// For a channel (channels.hpp): from now on the events of others are not wanted, and nothing
    /// is kept of them. Our own are published and repaired as before.
    void ignore_others();
    /// ... and now they are: what is older than this is not asked for (`Replay::none`).
    void follow_others(Instant now);
    /// Compares frontiers with `peer` at once. How often is for the caller to bound.
    void compare(Instant now, MemberId peer);
    /// Whether dependencies on events of other channels are met, others know.
    void ask_elsewhere(Causal::HasPassed has_told) { elsewhere_ = std::move(has_told); }
    /// Has it been told to subscribers, or will it never be?
    [[nodiscard]] bool has_told(const EventKey& event) const { return causal_.is_told(event); }
    /// A stream of another channel has moved on: what waits for it may go on.
    void moved_elsewhere(const wire::StreamId& stream);

    /// Refused: an empty topic, one above kTopicBytesMax or with control characters, a payload
    /// above kEventPayloadBytesMax, more than kDependenciesMax dependencies; nothing has changed
    /// then. Delivered to ourselves like to everybody.
    Outcome<EventSequence> publish(Instant now, WallTime wall, std::string topic, Bytes payload,
                                   PublishOptions options = {});

    /// When the next event should be published so that everybody can keep up; at or before `now`
    /// is at once. `held_up` says that one had to wait for it, or was refused.
    [[nodiscard]] Instant publish_at(Instant now) { return pace_.ready_at(now); }
    void held_up() { pace_.held_up(); }
    /// Drops events that were published before, and takes none any more. Readers that lack them
    /// hear of a gap.
    void wipe(WallTime before);
    /// Who slows our own events down, and to what; nothing if nobody does.
    [[nodiscard]] std::optional<Pace::State> pressure(Instant now) const {
        return pace_.state(now);
    }
    /// Members that we do not slow down for any more.
    [[nodiscard]] std::size_t left_behind(Instant now) const { return pace_.left_behind(now); }

    void handle(Instant now, MemberId from, const wire::EventFragment& fragment);
    void handle(Instant now, MemberId from, const wire::EventFrontier& frontier);
    void handle(Instant now, MemberId from, const wire::EventRequest& request);
    void handle(Instant now, MemberId from, const wire::EventLink& link);
    void handle(Instant now, MemberId from, const wire::EventPressure& pressure);
    void handle(Instant now, MemberId from, const wire::EventFeedback& feedback);
    void handle(Instant now, MemberId from, const wire::EventPull& pull);

    /// A ping's summary shows that `peer` has other frontiers than we: they are compared, at most
    /// every half `frontier_interval` (all peers together).
    void peer_differs(Instant now, MemberId peer);
    /// A member came or came back: our first contact, or the end of a partition. Same limit.
    void peer_joined(Instant now, MemberId peer);
    /// It is dead, has left, or was forgotten.
    void peer_left(Instant now, MemberId peer);

    /// Other times and bounds from now on; the kind of dissemination stays.
    void configure(Instant now, const ProtocolConfig& config);
    void advance(Instant now);
    [[nodiscard]] std::optional<Action> poll() { return outbox_.pop(); }
    [[nodiscard]] Instant deadline() const;

    /// One number for all frontiers (wire::Summary::events): independent of order, over the latest
    /// epoch of each publisher. Older epochs fall out of sight at different times everywhere.
    [[nodiscard]] std::uint64_t summary() const;
    [[nodiscard]] const Counters& counters() const { return counters_; }
    [[nodiscard]] const Causal& causal() const { return causal_; }
    [[nodiscard]] const Traces& traces() const { return traces_; }
    /// It is here, to be given to others.
    [[nodiscard]] bool retains(const EventKey& event) const;
    [[nodiscard]] const Spreader& spreader() const { return *spreader_; }
    [[nodiscard]] std::size_t retained_bytes() const { return retention_.bytes(); }
    [[nodiscard]] std::size_t stream_count() const { return flows_.size(); }
    /// See "First contact" above. True before any contact.
    [[nodiscard]] bool is_catching_up() const { return now_ < catch_up_end_; }
    /// Asserts what must hold between any two inputs.
    void check_invariants() const;

    /// Members who must say that an event is gone, if none of them published it. Three, because
    /// members retain for slightly different times: nothing special in this value.
    static constexpr std::size_t kDenialsMin = 3;
    static constexpr int kCatchUpIntervals = 3;
    /// How much longer than `gap_patience` an unreachable publisher is waited for.
    static constexpr int kUnreachablePatience = 10;

private:
    /// What the items of one frontier may take: a packet less its proof and the frame of the
    /// section.
    static constexpr std::size_t kFrontierPageBytes =
        kPacketBytesMax - kProofBytesMax - wire::kSectionFrameBytesMax;

    /// A stream with what it takes to complete it.
    struct Flow {
        Stream stream;
        Repair repair;
        Instant due = kNever;  ///< Next attempt to repair.
        Instant active_at{};   ///< When its frontier last moved.
        Backlog backlog{};
    };
    /// The worst that we have heard of one stream of another publisher.
    struct Relayed {
        Shortfall worst;
        Instant heard_at{};
        Instant told_at{};
    };
    using Flows = std::map<wire::StreamId, Flow>;
    using Frontier = wire::EventFrontier::Item;

    // events.cpp: publishing, receiving, delivering
    void touch(Instant now);
    Flow* find(wire::StreamId id);
    /// The flow of `id`, begun by the rule of first contact; null (and counted) if there is no room
    /// or no such stream can be. `offer` is what we were told of it, null if a fragment came first.
    Flow* open(Instant now, wire::StreamId id, const Frontier* offer, std::uint64_t sequence = 0);
    bool make_room();
    void note_publisher(Instant now, MemberId from, Flow& flow);
    void keep(Instant now, const SharedEvent& event);
    void expire_retention(Instant now);
    /// Notes how a traced event came.
    void trace(Instant now, const Event& event, const Flow& flow, const Arrival& arrival);
    /// Does what the spreader wants.
    void spread(Instant now);
    void push(Instant now, MemberId to, const EventKey& key);
    void push_gathered();
    void push_now(MemberId to, const EventKey& key);
    void announce(MemberId to, const std::vector<wire::StreamId>& streams);
    void tell(MemberId to, wire::Section section);
    /// Tells what can be told, and keeps the repair timer in step with what is missing.
    void settle(Instant now, Flow& flow);
    void deliver_ready(Instant now, Flow& flow);
    [[nodiscard]] bool has_passed(const EventKey& event) const;
    void tell_subscribers();
    void schedule(Flow& flow, Instant due);

    // events_repair.cpp: asking and answering
    void repair(Instant now, Flow& flow);
    [[nodiscard]] bool is_gone(const Flow& flow) const;
    [[nodiscard]] Duration patience(Instant now, const Flow& flow) const;
    bool give_up(Instant now, Flow& flow);
    MemberId choose_source(Flow& flow);
    void request(Instant now, Flow& flow, std::size_t parts_max);
    void request_more(Instant now, Flow& flow);
    void turn_from(Instant now, Flow& flow, MemberId from);
    bool answer_range(MemberId to, wire::StreamId id, const wire::EventRequest::Range& range,
                      std::size_t& left);
    void send_parts(MemberId to, const Event& event, std::uint16_t first, std::uint16_t count,
                    std::size_t& left);

    // events_pressure.cpp: telling publishers who cannot keep up
    void watch_backlog(Instant now, Flow& flow);
    void relay(Instant now, const wire::StreamId& stream, const Shortfall& shortfall);
    [[nodiscard]] Duration pressure_interval() const { return config_.frontier_interval / 2; }

    // events_frontier.cpp: comparing
    void learn(Instant now, MemberId from, const Frontier& item);
    void exchange(Instant now, MemberId peer);
    void exchange_soon(Instant now, MemberId peer);
    void reply(MemberId to, const wire::EventFrontier& theirs);
    [[nodiscard]] bool is_superseded(wire::StreamId id) const;
    [[nodiscard]] bool is_listed(const Flow& flow) const;
    [[nodiscard]] static Frontier frontier_of(const Flow& flow);
    /// Listed flows, those active lately first, then the rest in turn from `cursor_`.
    [[nodiscard]] std::vector<const Flow*> listing() const;
    [[nodiscard]] bool is_recent(const Flow& flow) const;

    [[nodiscard]] Duration jitter(Duration duration);

    MemberId self_;
    wire::StreamId own_;
    ProtocolConfig config_;
    const Peers& peers_;
    Random random_;
    Replay replay_;
    bool is_following_ = true;  ///< Streams of others.
    Causal::HasPassed elsewhere_;
    std::unique_ptr<Spreader> spreader_;

    Flows flows_;
    std::set<std::pair<Instant, wire::StreamId>> timers_;
    Retention retention_;
    WallTime wiped_before_{INT64_MIN};  ///< Events published before are wiped.
    Load load_;
    Pace pace_;
    std::map<wire::StreamId, Relayed> relayed_;
    Traces traces_;
    Causal causal_;

    Instant now_{};
    bool has_contact_ = false;
    Instant catch_up_end_ = kNever;
    Instant catch_up_limit_ = kNever;
    Instant frontier_at_{};
    Instant exchange_allowed_at_{};
    std::uint32_t quiet_rounds_ = 0;  ///< Frontier intervals since something was last active.
    wire::StreamId cursor_;           ///< Where the next page of the digest begins.

    std::map<MemberId, std::vector<EventKey>> gathered_;  ///< To be sent at `gathered_at_`.
    std::size_t gathered_count_ = 0;
    Instant gathered_at_ = kNever;

    Outbox<Action> outbox_;
    Counters counters_;
};

}  // namespace grapevine::protocol
