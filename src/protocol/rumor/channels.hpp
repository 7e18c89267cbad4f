#pragma once

#include <cstddef>
#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <string_view>
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
#include "protocol/rumor/events.hpp"
#include "protocol/rumor/publish_options.hpp"
#include "protocol/state/records.hpp"
#include "wire/messages.hpp"

namespace grapevine::protocol {

/// Events that go to their subscribers only.
///
/// The problem: a tree of events spans everybody, so a topic that six of a thousand members read
/// costs all thousand its bytes and its memory. The idea: a publisher *marks* patterns of topics,
/// and what matches one of them travels in a *channel*, a message bus of its own (events.hpp) whose
/// members are those with interest in it. Order per publisher, repair, gaps and back-pressure hold
/// within the channel as they hold for everybody on channel 0.
///
///     publisher               everybody, by gossip of records        a subscriber
///     gv.channels:            ------------------------------->       reads metrics.cpu.*
///     metrics.>               <-------------------------------       gv.interest: metrics.cpu.*
///     events on channel h(metrics.>)  ==== tree, repair =====>       (and nobody else)
///
/// Source: the interest-based trees of publish and subscribe systems, such as Scribe (Castro et
/// al., "SCRIBE", IEEE JSAC 2002) and SIENA (Carzaniga et al., TOCS 2001: covering by patterns).
/// Deviation: interest is not routed, but told to everybody, because every member knows every other
/// anyway; it is small and changes rarely.
///
/// A channel's number is a hash of the pattern's text. Should two patterns have the same one, their
/// channel has the members of both, and nothing else is wrong. Of patterns that match one topic,
/// the publisher's first decides. Who reads only a part of what a pattern matches gets all of it,
/// and its subscribers see what they asked for.
///
/// *Members* of a channel, as everybody sees them, are the living with a pattern that may match
/// something of the channel's. A publisher without interest is none of them: it sends to them,
/// answers them and compares frontiers with them, and takes nothing of other publishers.
///
/// *First contact.* What was published before our interest is not asked for (`Replay::none`). As
/// long as we are catching up we ask those who mark the pattern, in turn, where their streams are.
///
/// *Flapping.* An interest that ends is kept for kInterestLife, and a channel that nobody needs for
/// as long again, because subscribers reconnect. Interest is told only if somebody has marked
/// something that it may match: without marks this costs nothing.
///
/// Deviations from what channel 0 does: always along a tree, whatever `dissemination` says, because
/// a channel's members come and go; without regard to zones, because their representatives may not
/// be interested; and each keeps a kRetentionShare of `retention_bytes`.
///
/// Bounds: kSubscriberTopicsMax channels that we mark and kInterestChannelsMax that we do not, each
/// with the memory of one `Events`. Above it a channel is left out until another ends
/// (`left_out()`). Of each member kInterestPatternsMax and kSubscriberTopicsMax patterns are read.
/// A machine (protocol/machine.hpp).
class Channels {
public:
    /// Our own record shall have this under a reserved key; the key goes if the value is empty.
    struct Write {
        std::string_view key;
        std::string value;
    };
    using Action = std::variant<Events::Send, Events::Deliver, Events::Gap, Write>;

    struct Counters {
        std::uint64_t dropped_foreign = 0;  ///< Sections of channels that we are not in.
        std::uint64_t opened = 0;
        std::uint64_t closed = 0;
    };

    /// `marked`: at most kSubscriberTopicsMax patterns, for the whole life. `own`: our record as
    /// restored. `has_told`: for dependencies on other channels.
    Channels(MemberId self, Epoch epoch, const ProtocolConfig& config,
             std::vector<std::string> marked, const Record& own, std::uint64_t seed,
             Causal::HasPassed has_told);

    /// That of the pattern; neither 0 nor wire::kStateChannel.
    [[nodiscard]] static std::uint32_t number_of(std::string_view pattern);
    /// On which channel we publish a topic; 0 if everybody gets it.
    [[nodiscard]] std::uint32_t channel_of(std::string_view topic) const;
    /// Which channel a section is about; 0 for that of everybody, and for sections that are not
    /// about events.
    [[nodiscard]] static std::uint32_t channel_of(const wire::Section& section);

    /// See `Events::begin_life`.
    void begin_life(Epoch epoch);
    /// What local subscribers want now: patterns, any number. Those that are missing since the last
    /// call end after kInterestLife.
    void set_interest(Instant now, const std::vector<std::string>& patterns);
    /// The reserved keys of a member's record may have changed.
    void note_record(Instant now, MemberId member, bool is_here, const Record& record);
    /// It is alive or suspect, or not any more.
    void note_member(Instant now, MemberId member, bool is_here);
    void forget(Instant now, MemberId member);

    /// As in `Events`, on a channel that `channel_of` has named.
    Outcome<EventSequence> publish(Instant now, WallTime wall, std::uint32_t channel,
                                   std::string topic, Bytes payload, PublishOptions options);
    [[nodiscard]] Instant publish_at(Instant now);
    void held_up();
    /// See `Events::wipe`; of all channels, those that are opened later too.
    void wipe(WallTime before);
    /// Who slows us down most, of all channels.
    [[nodiscard]] std::optional<Pace::State> pressure(Instant now) const;
    [[nodiscard]] std::size_t left_behind(Instant now) const;

    void handle(Instant now, MemberId from, const wire::Section& section);
    /// A stream (of any channel) has moved on: what waits for it may go on.
    void moved(const wire::StreamId& stream);
    /// See `Events::configure`; of all channels, those that are opened later too.
    void configure(Instant now, const ProtocolConfig& config);
    void advance(Instant now);
    [[nodiscard]] std::optional<Action> poll() { return outbox_.pop(); }
    [[nodiscard]] Instant deadline() const;

    /// The bus of a channel that we are in; null if there is none.
    [[nodiscard]] const Events* find(std::uint32_t channel) const;
    /// As in `Events`; true for what we do not follow.
    [[nodiscard]] bool has_told(const EventKey& event) const;
    [[nodiscard]] std::size_t count() const { return channels_.size(); }
    /// Channels that we want to be in and that are too many.
    [[nodiscard]] std::size_t left_out() const { return left_out_; }
    [[nodiscard]] const Counters& counters() const { return counters_; }
    /// Of all channels, those that have ended included.
    [[nodiscard]] Events::Counters event_counters() const;
    [[nodiscard]] std::size_t retained_bytes() const;
    /// Asserts what must hold between any two inputs.
    void check_invariants() const;

    /// Channels that we are in only because we are interested.
    static constexpr std::size_t kInterestChannelsMax = 16;
    static constexpr Duration kInterestLife = std::chrono::seconds(10);
    /// Of `retention_bytes`, for each channel: a quarter, so that all of them at their most have no
    /// more than eight times what channel 0 has.
    static constexpr std::size_t kRetentionShare = 4;

private:
    /// The members of one channel, without ourselves.
    class Circle final : public Peers {
    public:
        explicit Circle(MemberId self) : self_(self) {}
        /// One more than there are if a publisher is none of them: it can be asked as well.
        [[nodiscard]] std::size_t peer_count() const override;
        [[nodiscard]] std::vector<MemberId> pick(Random& random, std::size_t count,
                                                 MemberId except = kNobody) const override;
        [[nodiscard]] std::vector<MemberId> neighbours(std::size_t count) const override;

        std::set<MemberId> members;
        std::set<MemberId> publishers;  ///< Who marks, and is no member.

    private:
        const MemberId self_;
    };
    struct Channel {
        Channel(MemberId self, Epoch epoch, const ProtocolConfig& config, std::uint32_t number,
                std::uint64_t seed)
            : circle(self),
              events(self, epoch, config, circle, seed, Events::Replay::none, number) {}
        Circle circle;
        Events events;
        std::set<std::string> patterns;
        bool is_following = true;
        Instant ask_at{};  ///< Next question to a publisher, while catching up.
        Instant needless_since = kNever;
    };
    using ChannelMap = std::map<std::uint32_t, std::unique_ptr<Channel>>;
    /// What a member has told of itself.
    struct About {
        bool is_here = false;
        std::vector<std::string> interest;
        std::vector<std::string> marks;
    };
    /// A channel as it should be.
    struct Need {
        std::set<std::string> patterns;
        bool is_ours = false;
        bool is_wanted = false;
    };

    [[nodiscard]] bool is_interested(std::string_view pattern) const;
    void change(Instant now, MemberId member, About next);
    void unmark(MemberId member, const About& about);
    [[nodiscard]] std::map<std::uint32_t, Need> needs() const;
    void leave_out(std::map<std::uint32_t, Need>& needs);
    void refresh(Instant now);
    void refresh_channel(Instant now, std::uint32_t number, const Need& need);
    void place(Instant now, Channel& channel, MemberId member, const About& about);
    void drain(Channel& channel);
    void tell_interest();
    void write(std::string_view key, std::string& told, std::string value);
    void expire_interest(Instant now);
    void close_needless(Instant now);
    void ask_publishers(Instant now, Channel& channel);

    const MemberId self_;
    Epoch epoch_;
    ProtocolConfig config_;
    const std::vector<std::string> marked_;
    Random random_;
    Causal::HasPassed elsewhere_;

    /// Patterns of local subscribers, and when they end.
    std::map<std::string, Instant> interest_;
    std::map<MemberId, About> members_;
    std::map<std::string, std::set<MemberId>> marks_;  ///< Who has marked a pattern.
    ChannelMap channels_;
    std::size_t left_out_ = 0;
    std::string told_interest_;
    std::string told_marks_;
    bool is_begun_ = false;
    Events::Counters ended_;
    Outbox<Action> outbox_;
    Counters counters_;
    WallTime wiped_before_{INT64_MIN};
};

}  // namespace grapevine::protocol
