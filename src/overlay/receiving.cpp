#include <algorithm>
#include <utility>

#include "overlay/implementation.hpp"

namespace grapevine::overlay {
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
    peer.heard_under = header.key;
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
    if (peer.boot != boot) return;
    peer.unheard_count = 0;
    if (peer.is_confirmed) return;
    peer.is_confirmed = true;
    peer.cookie.reset();
    std::erase_if(unanswered_, [member](const Unanswered& sent) { return sent.to == member; });
}

void Overlay::Implementation::deliver(Instant now, MemberId from, ByteView sections) {
    auto decoded = native::decode(sections, *records_);
    if (!decoded) {
        const bool is_record = decoded.error().field.starts_with("record.");
        ++(is_record ? counters_.dropped_record : counters_.dropped_malformed);
        return;
    }
    check_votes(now, from, decoded->packet);
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
    peer.heard_under = header.key;
    peer.boot = header.boot;
    peer.endpoint = from;
    peer.is_confirmed = false;
    peer.cookie = message->cookie;
    peer.cookie_expires = now + kCookieLife;
    if (!sections.empty() && !was_for_another) send_sections(now, header.sender, peer, sections);
    // A hello asks to be let in; an answer from somebody new is worth comparing views with too.
    if (is_new || sections.empty()) node_.introduce(now, header.sender);
}

}  // namespace grapevine::overlay
