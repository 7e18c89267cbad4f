#include "overlay/overlay.hpp"

#include <algorithm>
#include <cassert>
#include <map>
#include <utility>

#include "base/checksum.hpp"
#include "base/mutant.hpp"
#include "base/random.hpp"
#include "crypto/aead.hpp"
#include "crypto/cookie.hpp"
#include "crypto/identity.hpp"
#include "discovery/seeds.hpp"
#include "overlay/record_cache.hpp"
#include "overlay/sessions.hpp"
#include "overlay/token_bucket.hpp"
#include "wire/native/codec.hpp"
#include "wire/native/handshake.hpp"
#include "wire/native/header.hpp"

// How two members come to believe each other.
//
// A datagram is bound to one receiver in one life of it (its id and boot are authenticated), so it
// opens nowhere else and never after a restart. Within one life the replay window refuses it the second
// time. What is left is the first contact, when there is no window yet:
//
//   * We hold the sender's signed record, and it names the boot and the address that the datagram has.
//     Then the sender is vouched for: the window starts empty, and whatever was bound to us in this life
//     is new. So members that have heard of each other never shake hands, and the messages per member do
//     not grow with their number.
//   * Otherwise the sender is a stranger. It draws one answer, smaller than what it sent: a challenge.
//     Only a datagram that brings the cookie back has an effect (see wire/native/handshake.hpp).
//
// A challenge is believed only if it echoes a nonce that we have sent in the last seconds, so it proves
// that the other end is alive in the life that it names: that is how one who comes back with an old
// peer cache learns everybody's boot.
namespace grapevine::overlay {
namespace {

namespace native = wire::native;

/// Strangers' datagrams that we are ready to open per second. Each costs a key derivation (5 us), so a
/// flood costs a hundredth of a core, and 2,000 members can join within a second.
constexpr double kStrangersPerSecond = 2000;
/// A cookie is good for this long; longer than any round trip, shorter than any memory of a session.
constexpr Duration kCookieLife = std::chrono::seconds(10);
constexpr Duration kHousekeepingInterval = std::chrono::seconds(10);
constexpr Duration kStrangerPatience = std::chrono::seconds(60);
/// What we have sent to those who may not know us, in case they challenge it.
constexpr std::size_t kUnansweredMax = 128;
constexpr Duration kUnansweredLife = std::chrono::seconds(5);
/// A datagram that may draw a challenge must not be smaller than it (70 bytes).
constexpr std::size_t kStrangerDatagramBytesMin = 96;

template <typename... Fs>
struct Overloaded : Fs... {
    using Fs::operator()...;
};

}  // namespace

class Overlay::Implementation {
public:
    Implementation(Settings settings, Start start, std::shared_ptr<RecordCache> records);

    void receive(Instant now, const Endpoint& from, ByteView datagram);
    void unreachable(Instant now, const Endpoint& to);
    void advance(Instant now);
    void change_self(Instant now, std::string name, std::vector<wire::Label> labels,
                     std::vector<Endpoint> addresses);
    void set_keys(Instant now, std::vector<crypto::OverlayKey> keys);
    void drain(Instant now);

    Settings settings_;
    Counters counters_;
    crypto::Identity identity_;
    protocol::Node node_;
    discovery::Seeds seeds_;
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
    Bytes seal(native::DatagramKind kind, MemberId receiver, Boot receiver_boot,
               std::uint64_t counter, ByteView body);
    void transmit(const Endpoint& to, Bytes bytes);
    Peer* route(MemberId to);
    void remember_unanswered(Instant now, std::uint64_t nonce, MemberId to, ByteView sections);
    Bytes encode_signed(const wire::Packet& packet);
    wire::SharedRecord signed_self(const wire::SharedRecord& record);

    void apply(Instant now, protocol::Node::Action action);
    void follow_record(const protocol::MemberChange& change);
    void drain_seeds(Instant now);
    void keep_house(Instant now);
    [[nodiscard]] wire::MemberRecord first_record(const Start& start) const;
    static protocol::Record own_record(const Start& start);
    static std::vector<Endpoint> cached_addresses(const Start& start);

    std::shared_ptr<RecordCache> records_;
    crypto::KeyRing ring_;
    crypto::Aead aead_;
    crypto::CookieJar cookies_;
    Boot boot_;
    Random random_;
    crypto::SubKey own_key_;
    std::uint64_t counter_ = 0;
    TokenBucket strangers_{kStrangersPerSecond, kStrangersPerSecond};
    std::deque<Unanswered> unanswered_;
    wire::SharedRecord unsigned_self_;
    wire::SharedRecord signed_self_;
    Bytes plain_;  ///< Of the datagram being opened; reused, so that garbage allocates nothing.
};

// -- Construction --

namespace {

crypto::KeyRing make_ring(const Settings& settings) {
    auto ring = crypto::KeyRing::make(settings.name, settings.keys, settings.cipher);
    assert(ring && "settings have been checked by whoever made them");
    return std::move(*ring);
}

crypto::Identity identity_of(const Start& start) {
    return crypto::Identity::from_seed(start.image.has_identity ? start.image.identity_seed
                                                                : start.fresh_identity);
}

}  // namespace

Overlay::Implementation::Implementation(Settings settings, Start start,
                                        std::shared_ptr<RecordCache> records)
    : settings_(std::move(settings)),
      identity_(identity_of(start)),
      node_(first_record(start), own_record(start), settings_.protocol, mix64(start.seed)),
      seeds_(
          settings_.seeds, cached_addresses(start),
          [this](const Endpoint& endpoint) { return member_at(endpoint) != kNobody; },
          mix64(start.seed + 1)),
      records_(std::move(records)),
      ring_(make_ring(settings_)),
      cookies_(crypto::Secret<32>(start.cookie_secret), kCookieLife),
      boot_(start.boot),
      random_(mix64(start.seed + 2)) {
    const auto own_key = ring_.derive(ring_.sending(), identity_.member(), boot_);
    assert(own_key && "the ring derives for its own first key");
    own_key_ = *own_key;
    if (!start.image.has_identity) {
        outbox_.push_back(Persist{storage::save_identity(settings_.name, start.fresh_identity)});
    }
    outbox_.push_back(Persist{
        storage::save_incarnation(settings_.name, node_.membership().self_record()->incarnation)});
}

wire::MemberRecord Overlay::Implementation::first_record(const Start& start) const {
    wire::MemberRecord record;
    record.member = identity_.member();
    record.public_key = identity_.public_key();
    record.incarnation = start.image.incarnation.next();
    record.boot = start.boot;
    record.protocol_min = native::kProtocolMin;
    record.protocol_max = native::kProtocolMax;
    record.addresses = settings_.addresses;
    record.name = settings_.member_name;
    record.labels = settings_.labels;
    return record;
}

protocol::Record Overlay::Implementation::own_record(const Start& start) {
    protocol::Record record;
    record.version = start.image.own_version;
    record.collected = start.image.own_collected;
    for (const wire::StateItem& item : start.image.own_items) record.items[item.key] = item;
    return record;
}

std::vector<Endpoint> Overlay::Implementation::cached_addresses(const Start& start) {
    std::vector<Endpoint> addresses;
    for (const storage::CachedPeer& peer : start.image.peers) addresses.push_back(peer.address);
    return addresses;
}

// -- A datagram comes --

void Overlay::Implementation::receive(Instant now, const Endpoint& from, ByteView datagram) {
    ++counters_.datagrams_received;
    counters_.bytes_received += datagram.size();
    const auto header = native::decode_header(datagram);
    if (!header) {
        const bool is_version = header.error().code == Error::Code::unsupported &&
                                header.error().field == "datagram.version";
        if (!is_version) {
            ++counters_.dropped_size;
            return;
        }
        ++counters_.dropped_version;
        if (!strangers_.take(now)) return;
        const auto refusal = native::encode_refusal({});
        transmit(from, Bytes(refusal.begin(), refusal.end()));
        return;
    }
    if (header->sender == identity_.member()) return;  // Our own voice, from a seed that is us.
    switch (header->kind) {
        case native::DatagramKind::data:
            receive_data(now, from, datagram, *header);
            break;
        case native::DatagramKind::hello:
            receive_hello(now, from, datagram, *header);
            break;
        case native::DatagramKind::challenge:
            receive_challenge(now, from, datagram, *header);
            break;
    }
    drain(now);
}

bool Overlay::Implementation::open(ByteView datagram, const native::DatagramHeader& header,
                                   const crypto::SubKey& key, MemberId receiver,
                                   Boot receiver_boot) {
    plain_.clear();
    const auto associated = native::associated_data(datagram, receiver, receiver_boot);
    const auto opened =
        aead_.open(key, header.counter, associated, native::sealed_body(datagram), plain_);
    if (!opened) ++counters_.dropped_unauthenticated;
    return opened.has_value();
}

bool Overlay::Implementation::open_in_session(Session& session, ByteView datagram,
                                              const native::DatagramHeader& header) {
    if (!session.window.check(header.counter)) {
        ++counters_.dropped_replayed;
        return false;
    }
    if (session.key_id != header.key) {
        const auto key = ring_.derive(header.key, header.sender, header.boot);
        if (!key) {
            ++counters_.dropped_key;
            return false;
        }
        session.key = *key;
        session.key_id = header.key;
    }
    if (!open(datagram, header, session.key, identity_.member(), boot_)) return false;
    session.window.commit(header.counter);
    return true;
}

bool Overlay::Implementation::is_at_home(MemberId member, const Endpoint& from) const {
    const protocol::Member* known = node_.membership().find(member);
    return known != nullptr &&
           std::ranges::find(known->record->addresses, from) != known->record->addresses.end();
}

MemberId Overlay::Implementation::member_at(const Endpoint& endpoint) const {
    MemberId found = kNobody;
    node_.membership().for_each([&](const protocol::Member& member) {
        const bool is_alive =
            member.status == wire::Status::alive || member.status == wire::Status::suspect;
        const auto& addresses = member.record->addresses;
        if (is_alive && std::ranges::find(addresses, endpoint) != addresses.end()) {
            found = member.record->member;
        }
    });
    return found;
}

bool Overlay::Implementation::is_vouched(const Endpoint& from,
                                         const native::DatagramHeader& header) const {
    const protocol::Member* known = node_.membership().find(header.sender);
    return known != nullptr && known->record->boot == header.boot &&
           sessions_.may_be_vouched(header.sender, header.boot) && is_at_home(header.sender, from);
}

void Overlay::Implementation::receive_data(Instant now, const Endpoint& from, ByteView datagram,
                                           const native::DatagramHeader& header) {
    Session* session = sessions_.find_session(header.sender, header.boot);
    std::optional<crypto::SubKey> stranger_key;
    if (session != nullptr) {
        if (!open_in_session(*session, datagram, header)) return;
    } else {
        if (!strangers_.take(now)) {
            ++counters_.dropped_limited;
            return;
        }
        stranger_key = ring_.derive(header.key, header.sender, header.boot);
        if (!stranger_key) {
            ++counters_.dropped_key;
            return;
        }
        if (!open(datagram, header, *stranger_key, identity_.member(), boot_)) return;
    }

    const auto body = native::decode_data_body(plain_);
    if (!body) {
        ++counters_.dropped_malformed;
        return;
    }
    const bool is_proven =
        body->proof && cookies_.check(now, header.sender, header.boot, from, body->proof->cookie);
    bool is_new = false;
    if (session != nullptr) {
        const bool is_expected = session->endpoint == from || is_at_home(header.sender, from);
        if (!is_expected && !is_proven) {
            ++counters_.dropped_unproven;
            challenge(now, from, header, header.counter, datagram.size());
            return;
        }
        if (is_proven) session->endpoint = from;
    } else {
        if (!is_proven && !is_vouched(from, header)) {
            ++counters_.dropped_unproven;
            challenge(now, from, header, header.counter, datagram.size());
            return;
        }
        const bool is_full =
            sessions_.peer_count() >= node_.membership().member_count() + Sessions::kStrangersMax;
        if (is_proven && is_full && node_.membership().find(header.sender) == nullptr) {
            ++counters_.dropped_limited;
            return;
        }
        is_new = is_proven;
        session = &sessions_.open(now, header.sender, header.boot, from);
        ++counters_.sessions_opened;
        session->key = *stranger_key;
        session->key_id = header.key;
        if (is_proven) {
            session->window.start_at(header.counter);
        } else {
            session->window.commit(header.counter);
        }
    }
    session->last_heard = now;
    Peer& peer = sessions_.peer(header.sender);
    if (is_proven) {
        peer.boot = header.boot;
        peer.endpoint = from;
    }
    confirm(header.sender, header.boot);
    const Bytes sections(body->sections.begin(), body->sections.end());
    deliver(now, header.sender, sections);
    if (is_new) {
        node_.introduce(now, header.sender);
        drain(now);
    }
}

void Overlay::Implementation::confirm(MemberId member, Boot boot) {
    Peer& peer = sessions_.peer(member);
    if (peer.boot == Boot{}) {
        peer.boot = boot;
        if (const Session* session = sessions_.find_session(member, boot)) {
            peer.endpoint = session->endpoint;
        }
    }
    if (peer.boot != boot || peer.is_confirmed) return;
    peer.is_confirmed = true;
    peer.cookie.reset();
    std::erase_if(unanswered_, [member](const Unanswered& sent) { return sent.to == member; });
}

void Overlay::Implementation::deliver(Instant now, MemberId from, ByteView sections) {
    const auto decoded = native::decode(sections, *records_);
    if (!decoded) {
        const bool is_record = decoded.error().field.starts_with("record.");
        ++(is_record ? counters_.dropped_record : counters_.dropped_malformed);
        return;
    }
    node_.receive(now, from, decoded->packet);
    drain(now);
}

void Overlay::Implementation::receive_hello(Instant now, const Endpoint& from, ByteView datagram,
                                            const native::DatagramHeader& header) {
    if (!strangers_.take(now)) {
        ++counters_.dropped_limited;
        return;
    }
    const auto key = ring_.derive(header.key, header.sender, header.boot);
    if (!key) {
        ++counters_.dropped_key;
        return;
    }
    if (!open(datagram, header, *key, kNobody, Boot{})) return;
    const auto hello = native::decode_hello(plain_);
    if (!hello) {
        ++counters_.dropped_malformed;
        return;
    }
    challenge(now, from, header, hello->nonce, datagram.size());
}

void Overlay::Implementation::receive_challenge(Instant now, const Endpoint& from,
                                                ByteView datagram,
                                                const native::DatagramHeader& header) {
    if (unanswered_.empty() || !strangers_.take(now)) {
        ++counters_.dropped_unproven;
        return;
    }
    const auto key = ring_.derive(header.key, header.sender, header.boot);
    if (!key) {
        ++counters_.dropped_key;
        return;
    }
    if (!open(datagram, header, *key, identity_.member(), boot_)) return;
    const auto message = native::decode_challenge(plain_);
    if (!message) {
        ++counters_.dropped_malformed;
        return;
    }
    const auto sent = std::ranges::find(unanswered_, message->nonce, &Unanswered::nonce);
    if (sent == unanswered_.end() || now - sent->sent > kUnansweredLife) {
        ++counters_.dropped_unproven;  // Old, or never asked for: somebody replays it.
        return;
    }
    const Bytes sections = std::move(sent->sections);
    const bool was_for_another = sent->to != header.sender;
    unanswered_.erase(sent);

    Session* session = sessions_.find_session(header.sender, header.boot);
    const bool is_new = session == nullptr;
    if (is_new) {
        session = &sessions_.open(now, header.sender, header.boot, from);
        ++counters_.sessions_opened;
        session->key = *key;
        session->key_id = header.key;
        session->window.start_at(header.counter);
    } else {
        if (!session->window.check(header.counter)) {
            ++counters_.dropped_replayed;
            return;
        }
        session->window.commit(header.counter);
        session->endpoint = from;
    }
    session->last_heard = now;
    Peer& peer = sessions_.peer(header.sender);
    peer.boot = header.boot;
    peer.endpoint = from;
    peer.is_confirmed = false;
    peer.cookie = message->cookie;
    peer.cookie_expires = now + kCookieLife;
    if (!sections.empty() && !was_for_another) send_sections(now, header.sender, peer, sections);
    // A hello asks to be let in; an answer from somebody new is worth comparing views with too.
    if (is_new || sections.empty()) node_.introduce(now, header.sender);
}

// -- A datagram goes --

void Overlay::Implementation::challenge(Instant now, const Endpoint& to,
                                        const native::DatagramHeader& header, std::uint64_t nonce,
                                        std::size_t asked_bytes) {
    native::Challenge message;
    message.nonce = nonce;
    message.cookie = cookies_.make(now, header.sender, header.boot, to);
    Bytes bytes = seal(native::DatagramKind::challenge, header.sender, header.boot, ++counter_,
                       native::encode_challenge(message));
    if (GV_MUTANT(answer_more_than_asked)) bytes.resize(asked_bytes + 1);
    // Never more than was received.
    if (bytes.size() > asked_bytes && !GV_MUTANT(answer_more_than_asked)) return;
    ++counters_.challenges_sent;
    transmit(to, std::move(bytes));
}

void Overlay::Implementation::say_hello(Instant now, const Endpoint& to, MemberId expected) {
    ++counters_.hellos_sent;
    native::Hello hello;
    hello.nonce = random_.next();
    remember_unanswered(now, hello.nonce, expected, {});
    transmit(to, seal(native::DatagramKind::hello, kNobody, Boot{}, ++counter_,
                      native::encode_hello(hello)));
}

Bytes Overlay::Implementation::seal(native::DatagramKind kind, MemberId receiver,
                                    Boot receiver_boot, std::uint64_t counter, ByteView body) {
    native::DatagramHeader header;
    header.kind = kind;
    header.key = ring_.sending();
    header.sender = identity_.member();
    header.boot = boot_;
    header.counter = counter;
    const native::HeaderBytes head = native::encode_header(header);
    Bytes datagram(head.begin(), head.end());
    datagram.reserve(head.size() + body.size() + native::kTagBytes);
    aead_.seal(own_key_, counter, native::associated_data(head, receiver, receiver_boot), body,
               datagram);
    assert(datagram.size() <= kDatagramBytesMax);
    return datagram;
}

void Overlay::Implementation::transmit(const Endpoint& to, Bytes bytes) {
    ++counters_.datagrams_sent;
    counters_.bytes_sent += bytes.size();
    outbox_.push_back(Transmit{to, std::move(bytes)});
}

Peer* Overlay::Implementation::route(MemberId to) {
    Peer& peer = sessions_.peer(to);
    if (peer.boot != Boot{}) return &peer;
    const protocol::Member* known = node_.membership().find(to);
    if (known == nullptr || known->record->addresses.empty()) return nullptr;
    peer.boot = known->record->boot;
    peer.record_boot = known->record->boot;
    peer.endpoint = known->record->addresses.front();
    return &peer;
}

void Overlay::Implementation::send(Instant now, MemberId to, const wire::Packet& packet) {
    Peer* peer = route(to);
    if (peer == nullptr) return;  // Forgotten between the decision and this moment.
    send_sections(now, to, *peer, encode_signed(packet));
}

void Overlay::Implementation::send_sections(Instant now, MemberId to, Peer& peer,
                                            ByteView sections) {
    std::optional<native::Proof> proof;
    if (!peer.is_confirmed && peer.cookie && now < peer.cookie_expires) {
        proof = native::Proof{*peer.cookie};
    }
    Bytes body = native::encode_data_prefix(proof);
    body.insert(body.end(), sections.begin(), sections.end());
    const bool is_reused = GV_MUTANT(reuse_counter) && counter_ % 16 == 15;
    const std::uint64_t counter = is_reused ? counter_ : ++counter_;
    if (!peer.is_confirmed) {
        native::pad_to(body, kStrangerDatagramBytesMin - kSealBytes);
        remember_unanswered(now, counter, to, sections);
    }
    transmit(peer.endpoint, seal(native::DatagramKind::data, to, peer.boot, counter, body));
}

void Overlay::Implementation::remember_unanswered(Instant now, std::uint64_t nonce, MemberId to,
                                                  ByteView sections) {
    while (!unanswered_.empty() && (unanswered_.size() >= kUnansweredMax ||
                                    now - unanswered_.front().sent > kUnansweredLife)) {
        unanswered_.pop_front();
    }
    unanswered_.push_back({nonce, to, now, Bytes(sections.begin(), sections.end())});
}

Bytes Overlay::Implementation::encode_signed(const wire::Packet& packet) {
    const MemberId self = identity_.member();
    const auto is_own = [self](const wire::RumorItem& item) {
        const auto* record = std::get_if<wire::SharedRecord>(&item);
        return record != nullptr && (*record)->member == self;
    };
    const auto has_own = [&](const wire::Section& section) {
        const auto* push = std::get_if<wire::RumorPush>(&section);
        return push != nullptr && std::ranges::any_of(push->items, is_own);
    };
    if (std::ranges::none_of(packet, has_own)) return native::encode(packet);
    wire::Packet signed_packet = packet;
    for (wire::Section& section : signed_packet) {
        auto* push = std::get_if<wire::RumorPush>(&section);
        if (push == nullptr) continue;
        for (wire::RumorItem& item : push->items) {
            if (is_own(item)) item = signed_self(std::get<wire::SharedRecord>(item));
        }
    }
    return native::encode(signed_packet);
}

wire::SharedRecord Overlay::Implementation::signed_self(const wire::SharedRecord& record) {
    if (record == unsigned_self_) return signed_self_;
    wire::MemberRecord copy = *record;
    copy.signature = identity_.sign(native::encode_record_signed_part(copy));
    unsigned_self_ = record;
    signed_self_ = std::make_shared<const wire::MemberRecord>(std::move(copy));
    return signed_self_;
}

// -- What the node wants --

void Overlay::Implementation::drain(Instant now) {
    while (auto action = node_.poll()) apply(now, std::move(*action));
    drain_seeds(now);
}

void Overlay::Implementation::apply(Instant now, protocol::Node::Action action) {
    using protocol::Node;
    std::visit(
        Overloaded{
            [&](Node::Send& message) { send(now, message.to, message.packet); },
            [&](Node::Reach& reach) {
                const protocol::Member* member = node_.membership().find(reach.member);
                if (member == nullptr) return;
                for (const Endpoint& address : member->record->addresses) {
                    say_hello(now, address, reach.member);
                }
            },
            [&](Node::PersistIncarnation& persist) {
                if (GV_MUTANT(skip_incarnation_persist)) return;
                outbox_.push_back(
                    Persist{storage::save_incarnation(settings_.name, persist.incarnation)});
            },
            [&](Node::PersistRecord& persist) {
                if (GV_MUTANT(skip_record_persist)) return;
                outbox_.push_back(Persist{storage::save_own_items(
                    settings_.name, persist.items, persist.version, persist.collected)});
            },
            [&](Node::Changed& changed) {
                follow_record(changed.change);
                seeds_.company(now, node_.membership().peer_count() == 0
                                        ? discovery::Seeds::Company::none
                                        : discovery::Seeds::Company::some);
                outbox_.push_back(MemberChanged{std::move(changed.change)});
            },
            [&](Node::RecordChanged& changed) {
                outbox_.push_back(
                    RecordChanged{changed.member, std::move(changed.items), changed.version});
            },
            [&](Node::Deliver& deliver) {
                outbox_.push_back(EventDelivered{std::move(deliver.event)});
            },
            [&](Node::Gap& gap) { outbox_.push_back(EventGap{gap.stream, gap.first, gap.last}); },
        },
        action);
}

void Overlay::Implementation::follow_record(const protocol::MemberChange& change) {
    const wire::MemberRecord& record = *change.member.record;
    if (record.member == identity_.member()) return;
    if (change.kind == protocol::MemberChange::Kind::forgotten) {
        sessions_.retire(record.member);
        return;
    }
    Peer* peer = sessions_.find(record.member);
    if (peer == nullptr || record.addresses.empty()) return;  // Routed when first written to.
    const bool is_restart = peer->record_boot != record.boot;
    peer->record_boot = record.boot;
    const Session* session = sessions_.find_session(record.member, record.boot);
    if (is_restart && peer->boot != record.boot) {
        peer->boot = record.boot;
        peer->is_confirmed = false;
        peer->cookie.reset();
        peer->endpoint = record.addresses.front();
    }
    // Where it has proven to be outweighs what it says, as long as it still says it could be there.
    if (session != nullptr) peer->endpoint = session->endpoint;
    if (std::ranges::find(record.addresses, peer->endpoint) == record.addresses.end() &&
        session == nullptr) {
        peer->endpoint = record.addresses.front();
    }
}

void Overlay::Implementation::drain_seeds(Instant now) {
    while (auto action = seeds_.poll()) {
        if (auto* resolve = std::get_if<discovery::Seeds::Resolve>(&*action)) {
            outbox_.push_back(Resolve{std::move(resolve->name)});
        } else {
            const Endpoint& to = std::get<discovery::Seeds::Contact>(*action).endpoint;
            const auto& own = settings_.addresses;
            if (std::ranges::find(own, to) == own.end()) say_hello(now, to, kNobody);
        }
    }
}

void Overlay::Implementation::keep_house(Instant now) {
    next_housekeeping_ = now + kHousekeepingInterval;
    const auto& membership = node_.membership();
    sessions_.sweep(now - kStrangerPatience,
                    [&](MemberId member) { return membership.find(member) != nullptr; });
    std::vector<storage::CachedPeer> peers;
    for (const MemberId member : membership.pick(random_, kPeerCacheMax, kNobody)) {
        const Peer* peer = sessions_.find(member);
        const protocol::Member* known = membership.find(member);
        if (peer != nullptr && peer->endpoint.port != 0) {
            peers.push_back({member, peer->endpoint});
        } else if (!known->record->addresses.empty()) {
            peers.push_back({member, known->record->addresses.front()});
        }
    }
    // Alone, the peers of yesterday are all we have: they stay on disk.
    if (!peers.empty()) outbox_.push_back(Persist{storage::save_peers(settings_.name, peers)});
}

void Overlay::Implementation::unreachable(Instant now, const Endpoint& to) {
    const MemberId member = member_at(to);
    if (member == kNobody) return;
    // Perhaps it is at another of its addresses.
    Peer* peer = sessions_.find(member);
    const auto& addresses = node_.membership().find(member)->record->addresses;
    if (peer != nullptr && peer->endpoint == to && addresses.size() > 1) {
        const auto tried = std::ranges::find(addresses, to);
        const auto next = tried == addresses.end() || tried + 1 == addresses.end()
                              ? addresses.begin()
                              : tried + 1;
        peer->endpoint = *next;
    }
    node_.unreachable(now, member);
    drain(now);
}

void Overlay::Implementation::advance(Instant now) {
    if (now >= next_housekeeping_) keep_house(now);
    seeds_.advance(now);
    node_.advance(now);
    drain(now);
}

void Overlay::Implementation::change_self(Instant now, std::string name,
                                          std::vector<wire::Label> labels,
                                          std::vector<Endpoint> addresses) {
    settings_.member_name = std::move(name);
    settings_.labels = std::move(labels);
    settings_.addresses = std::move(addresses);
    wire::MemberRecord next = *node_.membership().self_record();
    next.name = settings_.member_name;
    next.labels = settings_.labels;
    next.addresses = settings_.addresses;
    node_.change_self(now, std::move(next));
    drain(now);
}

void Overlay::Implementation::set_keys(Instant now, std::vector<crypto::OverlayKey> keys) {
    settings_.keys = std::move(keys);
    ring_ = make_ring(settings_);
    // The counter goes on, whatever the key: it never repeats in one life.
    own_key_ = *ring_.derive(ring_.sending(), identity_.member(), boot_);
    sessions_.forget_keys();
    drain(now);
}

// -- The shell --

Overlay::Overlay(Settings settings, Start start, std::shared_ptr<RecordCache> records)
    : implementation_(std::make_unique<Implementation>(std::move(settings), std::move(start),
                                                       std::move(records))) {}
Overlay::~Overlay() = default;

void Overlay::receive(Instant now, const Endpoint& from, ByteView datagram) {
    implementation_->receive(now, from, datagram);
}
void Overlay::unreachable(Instant now, const Endpoint& to) {
    implementation_->unreachable(now, to);
}
void Overlay::resolved(Instant now, const std::string& name,
                       const std::vector<Endpoint>& endpoints) {
    implementation_->seeds_.resolved(now, name, endpoints);
    implementation_->drain(now);
}
void Overlay::advance(Instant now) {
    implementation_->advance(now);
}

Outcome<EventSequence> Overlay::publish(Instant now, WallTime wall, std::string topic,
                                        Bytes payload) {
    auto sequence = implementation_->node_.publish(now, wall, std::move(topic), std::move(payload));
    implementation_->drain(now);
    return sequence;
}
Outcome<Version> Overlay::set_record(Instant now, std::string_view key, std::string_view value) {
    auto version = implementation_->node_.set_record(now, key, value);
    implementation_->drain(now);
    return version;
}
Outcome<Version> Overlay::erase_record(Instant now, std::string_view key) {
    auto version = implementation_->node_.erase_record(now, key);
    implementation_->drain(now);
    return version;
}
Outcome<void> Overlay::forget(Instant now, MemberId member) {
    auto outcome = implementation_->node_.forget(now, member);
    implementation_->drain(now);
    return outcome;
}
void Overlay::leave(Instant now) {
    implementation_->node_.leave(now);
    implementation_->drain(now);
}
void Overlay::join(Instant now, const std::vector<std::string>& seeds) {
    implementation_->seeds_.add(now, seeds);
    implementation_->settings_.seeds = implementation_->seeds_.names();
    implementation_->drain(now);
}
void Overlay::change_self(Instant now, std::string member_name, std::vector<wire::Label> labels,
                          std::vector<Endpoint> addresses) {
    implementation_->change_self(now, std::move(member_name), std::move(labels),
                                 std::move(addresses));
}
void Overlay::set_keys(Instant now, std::vector<crypto::OverlayKey> keys) {
    implementation_->set_keys(now, std::move(keys));
}

std::optional<Overlay::Action> Overlay::poll() {
    auto& outbox = implementation_->outbox_;
    if (outbox.empty()) return std::nullopt;
    Action action = std::move(outbox.front());
    outbox.pop_front();
    return action;
}

Instant Overlay::deadline() const {
    return std::min({implementation_->node_.deadline(), implementation_->seeds_.deadline(),
                     implementation_->next_housekeeping_});
}

const protocol::Node& Overlay::node() const {
    return implementation_->node_;
}
const Settings& Overlay::settings() const {
    return implementation_->settings_;
}
const Overlay::Counters& Overlay::counters() const {
    return implementation_->counters_;
}
std::uint64_t Overlay::view_fingerprint() const {
    return implementation_->node_.view_fingerprint();
}
std::size_t Overlay::session_count() const {
    return implementation_->sessions_.size();
}
void Overlay::check_invariants() const {
    implementation_->node_.check_invariants();
}

}  // namespace grapevine::overlay
