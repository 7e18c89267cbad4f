#pragma once

#include <deque>
#include <memory>
#include <string>
#include <vector>

#include "base/random.hpp"
#include "crypto/aead.hpp"
#include "crypto/cookie.hpp"
#include "crypto/identity.hpp"
#include "crypto/key_ring.hpp"
#include "discovery/announcer.hpp"
#include "discovery/seeds.hpp"
#include "overlay/overlay.hpp"
#include "overlay/record_cache.hpp"
#include "overlay/rollout.hpp"
#include "overlay/rotation.hpp"
#include "overlay/seen_announcements.hpp"
#include "overlay/sessions.hpp"
#include "overlay/summaries.hpp"
#include "overlay/token_bucket.hpp"
#include "overlay/vote_cache.hpp"
#include "wire/native/codec.hpp"
#include "wire/native/handshake.hpp"
#include "wire/native/header.hpp"

// How two members come to believe each other.
//
// A datagram is bound to one receiver in one life of it (its id and boot are authenticated), so it
// opens nowhere else and never after a restart. Within one life the replay window refuses it the
// second time. What is left is the first contact, when there is no window yet:
//
//   * We hold the sender's signed record, and it names the boot and the address that the datagram
//   has.
//     Then the sender is vouched for: the window starts empty, and whatever was bound to us in this
//     life is new. So members that have heard of each other never shake hands, and the messages per
//     member do not grow with their number.
//   * Otherwise the sender is a stranger. It draws one answer, smaller than what it sent: a
//   challenge.
//     Only a datagram that brings the cookie back has an effect (see wire/native/handshake.hpp).
//
// A challenge is believed only if it echoes a nonce that we have sent in the last seconds, so it
// proves that the other end is alive in the life that it names: that is how one who comes back with
// an old peer cache learns everybody's boot.
namespace grapevine::overlay {

namespace native = wire::native;

/// Strangers' datagrams that we are ready to open per second. Each costs a key derivation (5 us),
/// so a flood costs a hundredth of a core, and 2,000 members can join within a second.
inline constexpr double kStrangersPerSecond = 2000;
/// Announcements that we are ready to open per second. Each costs a key derivation and, when it is
/// of our overlay, a signature (100 us), so a flood costs a fiftieth of a core; a network on which
/// a hundred overlays are switched on at once stays below.
inline constexpr double kAnnouncementsPerSecond = 200;
/// A cookie is good for this long; longer than any round trip, shorter than any memory of a
/// session.
inline constexpr Duration kCookieLife = std::chrono::seconds(10);
inline constexpr Duration kHousekeepingInterval = std::chrono::seconds(10);
inline constexpr Duration kStrangerPatience = std::chrono::seconds(60);
/// What we have sent to those who may not know us, in case they challenge it.
inline constexpr std::size_t kUnansweredMax = 128;
inline constexpr Duration kUnansweredLife = std::chrono::seconds(5);
/// After so many datagrams without a word back, a peer may have forgotten us in this very life of
/// it (it was told to forget us while we were cut off): what we send must be large enough to be
/// challenged again.
inline constexpr std::uint8_t kUnheardMax = 4;
/// A datagram that may draw a challenge must not be smaller than it (70 bytes).
inline constexpr std::size_t kStrangerDatagramBytesMin = 96;

/// One who sends false votes is named in the log this often at most; the counter counts on.
inline constexpr Duration kLiarReportInterval = std::chrono::minutes(1);

/// The ring of these keys in the overlay of `settings`; all have been checked.
crypto::KeyRing make_ring(const Settings& settings, std::vector<crypto::OverlayKey> keys);

/// Hashes of the shared map's entries, under its salt.
protocol::SharedMap::Hash keyed_state_hash();

class Overlay::Implementation {
public:
    Implementation(Settings settings, Start start, std::shared_ptr<RecordCache> records);

    void receive(Instant now, const Endpoint& from, ByteView datagram);
    void announcement(Instant now, const Endpoint& from, ByteView datagram);
    void unreachable(Instant now, const Endpoint& to);
    void advance(Instant now);
    void change_self(Instant now, std::string name, std::vector<wire::Label> labels,
                     std::vector<Endpoint> addresses);
    void set_keys(Instant now, std::vector<crypto::OverlayKey> keys);
    Outcome<void> rotate_keys(Instant now, const RotationOrder& order);
    Outcome<protocol::WipeOrder> wipe(Instant now, WallTime wall, const std::string& part,
                                      const crypto::Identity& signer);
    Outcome<std::uint64_t> propose_settings(Instant now, const RolloutOrder& order,
                                            const crypto::Identity& signer);
    Outcome<void> take_settings_back(Instant now);
    Outcome<void> set_summary(Instant now, protocol::SummaryStatement statement,
                              const crypto::Identity& signer);
    void drain(Instant now);
    [[nodiscard]] Instant rotation_deadline() const { return rotation_.deadline(); }
    [[nodiscard]] Instant rollout_deadline() const { return rollout_.deadline(); }
    [[nodiscard]] const Rollout& rollout() const { return rollout_; }
    [[nodiscard]] const Rotation& rotation() const { return rotation_; }

    Settings settings_;
    Counters counters_;
    crypto::Identity identity_;
    protocol::Node node_;
    Summaries summaries_;
    discovery::Seeds seeds_;
    std::optional<discovery::Announcer> announcer_;  ///< Only with groups in the settings.
    Sessions sessions_;
    std::deque<Action> outbox_;
    Instant next_housekeeping_ = Instant{} + kHousekeepingInterval;

private:
    /// Sent to one who may not know us: kept until it answers, or challenges it.
    struct Unanswered {
        std::uint64_t nonce = 0;
        MemberId to;  ///< Nobody for a hello to an address.
        Instant sent{};
        Bytes sections;
    };

    void receive_data(Instant now, const Endpoint& from, ByteView datagram,
                      const native::DatagramHeader& header);
    void receive_hello(Instant now, const Endpoint& from, ByteView datagram,
                       const native::DatagramHeader& header);
    void receive_challenge(Instant now, const Endpoint& from, ByteView datagram,
                           const native::DatagramHeader& header);
    bool open(ByteView datagram, const native::DatagramHeader& header, const crypto::SubKey& key,
              MemberId receiver, Boot receiver_boot);
    bool open_in_session(Session& session, ByteView datagram, const native::DatagramHeader& header);
    bool is_vouched(const Endpoint& from, const native::DatagramHeader& header) const;
    [[nodiscard]] bool is_at_home(MemberId member, const Endpoint& from) const;
    [[nodiscard]] MemberId member_at(const Endpoint& endpoint) const;
    void deliver(Instant now, MemberId from, ByteView sections);
    void confirm(MemberId member, Boot boot);

    void challenge(Instant now, const Endpoint& to, const native::DatagramHeader& header,
                   std::uint64_t nonce, std::size_t asked_bytes);
    void say_hello(Instant now, const Endpoint& to, MemberId expected);
    void send(Instant now, MemberId to, const wire::Packet& packet);
    void send_sections(Instant now, MemberId to, Peer& peer, ByteView sections);
    Bytes seal(KeyId key, native::DatagramKind kind, MemberId receiver, Boot receiver_boot,
               std::uint64_t counter, ByteView body);
    const crypto::SubKey& own_key(KeyId key);
    [[nodiscard]] KeyId key_for(MemberId to, const Peer& peer) const;
    KeyId key_for_hello();
    [[nodiscard]] protocol::Notices::Verdict judge(const wire::Notice& notice) const;
    void take_notice(Instant now, const wire::Notice& notice);
    void look_at_rotation(Instant now);
    void follow_ring(Instant now);
    void look_at_rollout(Instant now);
    void follow_rollout(Instant now);
    wire::Notice sign_notice(wire::Notice notice, const crypto::Identity& author) const;
    void transmit(const Endpoint& to, Bytes bytes);
    Peer* route(MemberId to);
    void remember_unanswered(Instant now, std::uint64_t nonce, MemberId to, ByteView sections);
    Bytes encode_signed(const wire::Packet& packet);
    wire::SharedRecord signed_self(const wire::SharedRecord& record);

    enum class Truth : std::uint8_t { proven, unknown, lie };
    void check_votes(Instant now, MemberId from, wire::Packet& packet);
    Truth check_push(const wire::Packet& packet, wire::RumorPush& push);
    Truth check_vote(const wire::Packet& packet, MemberId member, Incarnation incarnation,
                     const wire::Vote& vote);
    [[nodiscard]] const wire::MemberRecord* voter_of(const wire::Packet& packet,
                                                     MemberId voter) const;
    [[nodiscard]] bool has_own_vote(const wire::Section& section) const;
    void sign_own_votes(wire::Section& section);

    void apply(Instant now, protocol::Node::Action action);
    void follow_change(Instant now, const protocol::MemberChange& change);
    void persist_state(const protocol::Node::PersistState& persist);
    void want_copy(MemberId from);
    void follow_record(const protocol::MemberChange& change);
    void drain_seeds(Instant now);
    void drain_announcer(Instant now);
    void announce(Instant now);
    std::optional<wire::SharedRecord> believed(Instant now, ByteView datagram);
    [[nodiscard]] bool is_alive(MemberId member) const;
    void keep_house(Instant now);
    [[nodiscard]] wire::MemberRecord first_record(const Start& start) const;
    Rotation restored_rotation(const Start& start);
    [[nodiscard]] Rollout restored_rollout() const;
    static Epoch first_epoch(const Start& start);
    static protocol::Record own_record(const Start& start);
    static std::vector<Endpoint> cached_addresses(const Start& start);

    std::shared_ptr<RecordCache> records_;
    Rotation rotation_;
    Rollout rollout_;
    crypto::KeyRing ring_;
    crypto::Aead aead_;
    crypto::CookieJar cookies_;
    Boot boot_;
    Random random_;
    /// What we seal with, by key; derived when first needed.
    std::vector<std::pair<KeyId, crypto::SubKey>> own_keys_;
    std::size_t hello_turn_ = 0;
    bool is_key_state_due_ = false;
    ConfigChanged told_config_;  ///< What users have heard of it last.
    std::uint64_t counter_ = 0;
    TokenBucket announcements_{kAnnouncementsPerSecond, kAnnouncementsPerSecond};
    SeenAnnouncements seen_;
    TokenBucket strangers_{kStrangersPerSecond, kStrangersPerSecond};
    std::deque<Unanswered> unanswered_;
    wire::SharedRecord unsigned_self_;
    wire::SharedRecord signed_self_;
    OwnVotes own_votes_;
    Instant next_report_{};  ///< No liar is named before.
    Bytes plain_;  ///< Of the datagram being opened; reused, so that garbage allocates nothing.
};

}  // namespace grapevine::overlay
