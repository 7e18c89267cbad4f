#include <algorithm>
#include <cassert>
#include <utility>

#include "base/mutant.hpp"
#include "overlay/implementation.hpp"

namespace grapevine::overlay {
// -- A datagram goes --

void Overlay::Implementation::challenge(Instant now, const Endpoint& to,
                                        const native::DatagramHeader& header, std::uint64_t nonce,
                                        std::size_t asked_bytes) {
    native::Challenge message;
    message.nonce = nonce;
    message.cookie = cookies_.make(now, header.sender, header.boot, to);
    // Under the key that it was asked with: whoever asks may hold no other.
    Bytes bytes = seal(header.key, native::DatagramKind::challenge, header.sender, header.boot,
                       ++counter_, native::encode_challenge(message));
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
    transmit(to, seal(key_for_hello(), native::DatagramKind::hello, kNobody, Boot{}, ++counter_,
                      native::encode_hello(hello)));
}

Bytes Overlay::Implementation::seal(KeyId key, native::DatagramKind kind, MemberId receiver,
                                    Boot receiver_boot, std::uint64_t counter, ByteView body) {
    native::DatagramHeader header;
    header.kind = kind;
    header.key = key;
    header.sender = identity_.member();
    header.boot = boot_;
    header.counter = counter;
    const native::HeaderBytes head = native::encode_header(header);
    Bytes datagram(head.begin(), head.end());
    datagram.reserve(head.size() + body.size() + native::kTagBytes);
    aead_.seal(own_key(key), counter, native::associated_data(head, receiver, receiver_boot), body,
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
    const std::uint64_t datagrams = counters_.datagrams_sent;
    const std::uint64_t bytes = counters_.bytes_sent;
    send_sections(now, to, *peer, encode_signed(packet));
    const bool is_inside = node_.zones().is_inside(to);
    (is_inside ? counters_.zone_inside_datagrams : counters_.zone_across_datagrams) +=
        counters_.datagrams_sent - datagrams;
    (is_inside ? counters_.zone_inside_bytes : counters_.zone_across_bytes) +=
        counters_.bytes_sent - bytes;
}

void Overlay::Implementation::send_sections(Instant now, MemberId to, Peer& peer,
                                            ByteView sections) {
    if (peer.unheard_count < kUnheardMax) {
        ++peer.unheard_count;
    } else {
        peer.is_confirmed = false;
    }
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
    transmit(peer.endpoint,
             seal(key_for(to, peer), native::DatagramKind::data, to, peer.boot, counter, body));
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
        return has_own_vote(section) ||
               (push != nullptr && std::ranges::any_of(push->items, is_own));
    };
    if (std::ranges::none_of(packet, has_own)) return native::encode(packet);
    wire::Packet signed_packet = packet;
    for (wire::Section& section : signed_packet) {
        sign_own_votes(section);
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

}  // namespace grapevine::overlay
