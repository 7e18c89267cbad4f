#pragma once

#include <array>
#include <cstdint>
#include <deque>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <variant>
#include <vector>

#include "base/bytes.hpp"
#include "base/endpoint.hpp"
#include "base/error.hpp"
#include "base/ids.hpp"
#include "base/time.hpp"
#include "crypto/identity.hpp"
#include "crypto/key_ring.hpp"
#include "overlay/ring_plan.hpp"
#include "overlay/rollout_plan.hpp"
#include "protocol/aggregate/zone_bodies.hpp"
#include "protocol/membership/membership.hpp"
#include "protocol/node.hpp"
#include "protocol/rumor/events.hpp"
#include "storage/batch.hpp"
#include "storage/overlay_image.hpp"
#include "storage/state_image.hpp"
#include "wire/messages.hpp"

namespace grapevine::overlay {

class RecordCache;
class Rollout;
class Rotation;
class Summaries;
struct RolloutOrder;

/// Computes what a zone says of itself out of the rows of its parts, of that level of the tree.
/// Nothing: it could not be computed, and the zone stays as it was. Its result must follow from
/// statements and rows alone, because all who hold the same must compute the same bytes
/// (protocol::encode_attributes). Called on the overlay's thread.
using Summarise = std::function<std::optional<Bytes>(
    std::size_t level, const std::vector<protocol::SummaryStatement>& statements,
    const std::vector<protocol::SharedRow>& rows)>;

/// What a user decided about an overlay, already checked.
struct Settings {
    std::string name;
    crypto::Cipher cipher{};
    /// The first is used to send. A rotation outranks them (rotation.hpp).
    std::vector<crypto::OverlayKey> keys;
    /// Who may sign notices; none: members may sign those of rotation, nobody others.
    std::vector<crypto::PublicKey> operators;
    protocol::ProtocolConfig protocol;
    std::string member_name;
    std::vector<wire::Label> labels;
    std::vector<Endpoint> addresses;  ///< Told to others, best first.
    std::vector<std::string> seeds;   ///< "host:port"; names are resolved again and again.
    /// Multicast groups in which the driver speaks and listens for us. None: neither is done.
    std::vector<Endpoint> groups;
    /// Patterns of topics that we send to their subscribers only (protocol/rumor/channels.hpp).
    std::vector<std::string> subscriber_topics;
    Summarise summarise;  ///< Empty: zones are counted, and nothing more.
};

/// What differs from start to start.
struct Start {
    storage::OverlayImage image;                    ///< As loaded; empty at the first start.
    storage::StateImage state;                      ///< Likewise, of the shared map.
    std::array<std::uint8_t, 32> fresh_identity{};  ///< Used (and kept) if the image has none.
    Boot boot;                                      ///< 64 random bits.
    std::array<std::uint8_t, 32> cookie_secret{};   ///< Random.
    std::uint64_t seed = 0;                         ///< Of every random choice of the protocol.
    /// Civil time of this start. It numbers our stream of events where the image does not: a disk
    /// restored from an old copy has forgotten how far earlier lives have counted.
    WallTime started{0};
};

/// One overlay as seen from one host: a node that speaks bytes. Codec, keys, sessions and discovery
/// around `protocol::Node`. A machine (protocol/machine.hpp); the daemon and the simulator drive it
/// alike.
class Overlay {
public:
    /// One datagram. At most kDatagramBytesMax.
    struct Transmit {
        Endpoint to;
        Bytes bytes;
    };
    /// Apply to the store before any action behind it; then go on.
    struct Persist {
        storage::Batch batch;
    };
    /// Look this "host:port" up and answer by `resolved`.
    struct Resolve {
        std::string name;
    };
    struct MemberChanged {
        protocol::MemberChange change;
    };
    /// Deaths that are told as one: two or more (protocol/membership/telling.hpp).
    struct MembersChanged {
        std::vector<protocol::MemberChange> changes;
    };
    /// Nobody has come or gone for a while.
    using ViewSettled = protocol::Node::Settled;
    struct RecordChanged {
        MemberId member;
        std::vector<wire::StateItem> items;
        Version version;
    };
    struct EventDelivered {
        protocol::SharedEvent event;
        bool is_causal_unknown = false;  ///< See protocol::Events::Deliver.
    };
    struct EventGap {
        wire::StreamId stream;
        EventSequence first;
        EventSequence last;
    };
    /// Send this to every group of the settings.
    struct Announce {
        Bytes bytes;
    };
    /// How a member is reached has changed for good (protocol/membership/paths.hpp).
    using PathChanged = protocol::Paths::Changed;
    /// The end of a question that `ask` has begun.
    using Gathered = protocol::Gather::Gathered;
    /// One answer to a question that is told as they come.
    using Answered = protocol::Gather::Answered;
    /// A query to us, to be answered by `answer`, now or later.
    using Asked = protocol::Gather::Asked;
    using Estimated = protocol::Node::Estimated;
    /// `member` has sent votes that those whom they name did not give: it holds the key of the
    /// overlay and lies, or is faulty. Told once a minute at most.
    struct LiarFound {
        MemberId member;
    };
    /// What users see under these keys of the shared map may have changed.
    using StateChanged = protocol::SharedMap::Changed;
    using StateReloaded = protocol::SharedMap::Reloaded;
    /// Carry a full copy of the shared map from this member to us: pages of its `copy_state` to our
    /// `take_state_copy`, in order; then `state_copy_ended`.
    struct CopyWanted {
        MemberId from;
        std::vector<Endpoint> addresses;  ///< Of the member, best first.
    };
    /// The keys that are valid here have changed by a rotation.
    struct KeysChanged {
        std::uint64_t epoch = 0;
        RingPlan::Stage stage = RingPlan::Stage::install;
        KeyId sealing;
        std::vector<KeyId> held;
    };
    /// What is set for the whole overlay (rollout.hpp) has changed, here or elsewhere.
    struct ConfigChanged {
        std::uint64_t epoch = 0;    ///< Of the last roll-out,
        RolloutStage stage{};       ///< and how far it is.
        std::uint64_t running = 0;  ///< The epoch that we run.
        bool is_refused = false;    ///< It names what we do not know.
        bool is_overruled = false;  ///< It displaces one that was proposed here.
    };
    using Action =
        std::variant<Transmit, Persist, Resolve, MemberChanged, MembersChanged, ViewSettled,
                     RecordChanged, EventDelivered, EventGap, Announce, LiarFound, Gathered,
                     PathChanged, Answered, Asked, Estimated, StateChanged, StateReloaded,
                     CopyWanted, KeysChanged, ConfigChanged>;

    struct Counters {
        std::uint64_t datagrams_received = 0;
        std::uint64_t bytes_received = 0;
        std::uint64_t datagrams_sent = 0;
        std::uint64_t bytes_sent = 0;
        std::uint64_t dropped_size = 0;             ///< Shorter or longer than any of ours.
        std::uint64_t dropped_version = 0;          ///< A version that we do not speak.
        std::uint64_t dropped_key = 0;              ///< Sealed under a key id that we do not hold.
        std::uint64_t dropped_unauthenticated = 0;  ///< The seal did not open.
        std::uint64_t dropped_replayed = 0;         ///< Seen before, or older than the window.
        std::uint64_t dropped_malformed = 0;        ///< Opened, but not a packet.
        std::uint64_t dropped_unproven = 0;         ///< From a stranger: challenged, not obeyed.
        std::uint64_t dropped_limited = 0;          ///< Strangers above the rate we look at.
        std::uint64_t dropped_record = 0;           ///< A record whose signature or id is false.
        std::uint64_t dropped_vote = 0;    ///< Sections with a vote whose signature is false.
        std::uint64_t unknown_voters = 0;  ///< Votes left out: we hold no key of the voter.
        std::uint64_t zone_inside_datagrams = 0;  ///< Sent to members of our zone.
        std::uint64_t zone_inside_bytes = 0;
        std::uint64_t zone_across_datagrams = 0;  ///< Sent to other zones; 0 without zones.
        std::uint64_t zone_across_bytes = 0;
        std::uint64_t challenges_sent = 0;
        std::uint64_t sessions_opened = 0;
        std::uint64_t hellos_sent = 0;
        std::uint64_t announcements_sent = 0;
        std::uint64_t announcements_heard = 0;    ///< Of others, new and true.
        std::uint64_t announcements_foreign = 0;  ///< No key of ours opens it: another overlay's.
        std::uint64_t announcements_dropped = 0;  ///< Malformed, forged, repeated or too many.
    };

    /// Emits `Persist` of identity and of the raised incarnation before anything else.
    Overlay(Settings settings, Start start, std::shared_ptr<RecordCache> records);
    ~Overlay();
    Overlay(const Overlay&) = delete;
    Overlay& operator=(const Overlay&) = delete;

    // -- Inputs: one, then drain --
    void receive(Instant now, const Endpoint& from, ByteView datagram);
    /// One datagram that came to a group; `from` is where it came from.
    void announcement(Instant now, const Endpoint& from, ByteView datagram);
    /// The kernel reports that nothing listens at `to`.
    void unreachable(Instant now, const Endpoint& to);
    void resolved(Instant now, const std::string& name, const std::vector<Endpoint>& endpoints);
    void advance(Instant now);

    Outcome<EventSequence> publish(Instant now, WallTime wall, std::string topic, Bytes payload,
                                   protocol::PublishOptions options = {});
    /// See `protocol::Events::publish_at`.
    [[nodiscard]] Instant publish_at(Instant now);
    void held_up();
    /// What local subscribers read, as patterns of topics; all of it, each time that it changes.
    void set_interest(Instant now, const std::vector<std::string>& patterns);
    Outcome<Version> set_record(Instant now, std::string_view key, std::string_view value);
    Outcome<Version> erase_record(Instant now, std::string_view key);
    Outcome<void> forget(Instant now, MemberId member);
    /// What civil time it is at `now`; causes no action.
    void set_wall(Instant now, std::int64_t unix_us);
    /// See `protocol::Node::ask`.
    Outcome<std::uint64_t> ask(
        Instant now, const std::vector<MemberId>& targets, protocol::QuestionKind kind, Bytes body,
        Duration patience,
        protocol::Gather::Telling telling = protocol::Gather::Telling::at_the_end);
    /// See `protocol::Gather::cancel` and `answer`.
    void cancel(Instant now, std::uint64_t number);
    void answer(Instant now, MemberId to, std::uint64_t number, Bytes body);

    // The shared map: see protocol/state/map.hpp. To be told the time by `set_wall` before.
    Outcome<Stamp> put_state(Instant now, std::string_view key, std::string_view value,
                             const protocol::SharedMap::PutOptions& options);
    /// Several values at once: at most kStateSpreadCellsMax.
    Outcome<void> put_state(Instant now,
                            const std::vector<std::pair<std::string, std::string>>& values);
    Outcome<Stamp> erase_state(Instant now, std::string_view key, std::optional<Stamp> expected);
    Outcome<protocol::StateEntry> count_state(Instant now, std::string_view key,
                                              std::int64_t change);
    Outcome<protocol::StateEntry> change_state_set(Instant now, std::string_view key,
                                                   const std::vector<std::string>& added,
                                                   const std::vector<std::string>& removed);
    bool take_state_copy(Instant now, ByteView page);
    void state_copy_ended(Instant now, bool is_whole);
    /// What full copies of the shared map travel under, with each key of the ring: the first is
    /// used to send. HKDF as in crypto/key_ring.hpp.
    [[nodiscard]] std::vector<crypto::OverlayKey> copy_keys() const;

    /// See `protocol::Node::estimate`.
    Outcome<std::uint64_t> estimate(Instant now, protocol::Aggregates::Method method,
                                    protocol::Aggregates::Of of, std::string key);
    void leave(Instant now);
    void join(Instant now, const std::vector<std::string>& seeds);
    /// New name, labels or addresses of our own.
    void change_self(Instant now, std::string member_name, std::vector<wire::Label> labels,
                     std::vector<Endpoint> addresses);
    /// Keys that are valid from now on; the first is used to send. After a rotation its keys stay
    /// valid and first (rotation.hpp).
    void set_keys(Instant now, std::vector<crypto::OverlayKey> keys);
    /// How to rotate.
    struct RotationOrder {
        std::optional<crypto::Secret<32>> key;  ///< The new one; absent: `fresh`.
        crypto::Secret<32> fresh;               ///< Random.
        std::vector<MemberId> without;          ///< At most kRotationWithoutMax.
        /// Signs in an overlay that names operators; else our own identity does.
        const crypto::Identity* signer = nullptr;
    };
    /// Begins a rotation, or goes on with the one that is under way, and drives it to its end.
    /// Refused (conflict, forbidden, over_limit), with nothing changed, by `Rotation::begin` and
    /// `Notices::propose`.
    Outcome<void> rotate_keys(Instant now, const RotationOrder& order);
    /// Wipes `part` (protocol/notices.hpp) of all that is older than `wall`, in the name of an
    /// operator. Refused (invalid, and as in `Notices::propose`) with nothing changed.
    Outcome<protocol::WipeOrder> wipe(Instant now, WallTime wall, const std::string& part,
                                      const crypto::Identity& signer);
    /// Begins a roll-out in the name of an operator; the number of its configuration epoch.
    /// Refused, with nothing changed, by `Rollout::begin` and `Notices::propose`.
    Outcome<std::uint64_t> propose_settings(Instant now, const RolloutOrder& order,
                                            const crypto::Identity& signer);
    /// Takes the last roll-out back everywhere, whether it has ended or not; its operator has
    /// signed that when it began. Refused as in `Rollout::take_back`.
    Outcome<void> take_settings_back(Instant now);
    /// Sets a statement that summarises zones (summaries.hpp), or removes it if its text is empty,
    /// in the name of an operator; its epoch is chosen here. Refused, with nothing changed, by
    /// `Summaries::make_notice` and `Notices::propose`.
    Outcome<void> set_summary(Instant now, protocol::SummaryStatement statement,
                              const crypto::Identity& signer);
    /// What our zone is told of us. See `Summaries::set_own`.
    Outcome<void> set_zone_value(std::string_view key, std::string_view value);
    Outcome<void> erase_zone_value(std::string_view key);
    /// A notice that was signed elsewhere. Refused as in `protocol::Notices::propose`.
    Outcome<void> propose(Instant now, wire::Notice notice);

    // -- Outputs --
    [[nodiscard]] std::optional<Action> poll();
    [[nodiscard]] Instant deadline() const;

    [[nodiscard]] const protocol::Node& node() const;
    [[nodiscard]] const Settings& settings() const;
    [[nodiscard]] const Rotation& rotation() const;
    [[nodiscard]] const Rollout& rollout() const;
    [[nodiscard]] const Summaries& summaries() const;
    [[nodiscard]] const Counters& counters() const;
    /// Of the replicated view: equal on two members that agree.
    [[nodiscard]] std::uint64_t view_fingerprint() const;
    /// Bytes held for strangers, sessions and queues; for the bounds that tests assert.
    [[nodiscard]] std::size_t session_count() const;
    void check_invariants() const;

private:
    class Implementation;
    std::unique_ptr<Implementation> implementation_;
};

}  // namespace grapevine::overlay
