#include "overlay/client_port.hpp"

#include <algorithm>
#include <cassert>
#include <string_view>
#include <utility>

#include "base/limits.hpp"
#include "base/overloaded.hpp"
#include "client/datagram_size.hpp"
#include "client/uuid.hpp"
#include "crypto/hash.hpp"
#include "wire/gossiperl/codec.hpp"
#include "wire/rules.hpp"

namespace grapevine::overlay {

using client::MemberEvent;
using client::Sessions;
using wire::Status;
using wire::gossiperl::Application;
using wire::gossiperl::Letter;

namespace {

bool is_topic(std::string_view text) {
    return !text.empty() && text.size() <= kTopicBytesMax && wire::is_plain(text);
}

void append_big_endian(Bytes& bytes, std::uint64_t value) {
    for (int shift = 56; shift >= 0; shift -= 8) {
        bytes.push_back(static_cast<std::uint8_t>(value >> static_cast<unsigned>(shift)));
    }
}

}  // namespace

std::string envelope_id(const protocol::Event& event) {
    Bytes what;
    append_big_endian(what, event.stream.publisher.value());
    append_big_endian(what, event.stream.epoch.value());
    append_big_endian(what, event.sequence.value());
    const crypto::Digest digest = crypto::sha256(what);
    std::array<std::uint8_t, 16> bits{};
    std::copy_n(digest.begin(), bits.size(), bits.begin());
    return client::uuid_text(bits);
}

ClientPort::ClientPort(Settings settings, MemberId self, Start start, Instant now)
    : self_(self),
      envelopes_(settings.symmetric_key, start.iv_secret),
      sessions_(std::move(settings.sessions), std::move(start.sessions), now, start.seed) {}

// -- From clients ---------------------------------------------------------------------------------

void ClientPort::receive(Instant now, WallTime wall, const Endpoint& from, ByteView datagram) {
    assert(outbox_.is_empty());
    if (!from.is_loopback()) {
        ++counters_.dropped_source;
        return;
    }
    Result<Letter> letter = envelopes_.open(datagram);
    if (!letter) return;
    const auto* application = std::get_if<Application>(&letter->message);
    if (application != nullptr && !is_topic(application->type)) {
        ++counters_.refused_topic;
        return;
    }
    sessions_.receive(now, wall, from, std::move(*letter));
    drain();
}

void ClientPort::advance(Instant now, WallTime wall) {
    assert(outbox_.is_empty());
    sessions_.advance(now, wall);
    drain();
}

void ClientPort::change(Settings settings) {
    assert(outbox_.is_empty());
    envelopes_.set_key(settings.symmetric_key);
    sessions_.change(std::move(settings.sessions));
}

// -- From the overlay -----------------------------------------------------------------------------

void ClientPort::member_changed(Instant now, WallTime wall, const protocol::MemberChange& change) {
    assert(outbox_.is_empty());
    const MemberId member = change.member.record->member;
    if (member == self_) return;
    const std::string& name = change.member.record->name;
    const Status status = change.member.status;
    const bool is_here = change.kind != protocol::MemberChange::Kind::forgotten &&
                         (status == Status::alive || status == Status::suspect);
    const auto found = known_.find(member);
    if (found != known_.end() && (!is_here || found->second.name != name)) {
        const Known gone = std::move(found->second);
        known_.erase(found);
        tell_end(now, wall, gone, status == Status::dead);
    }
    if (!is_here) return;
    const auto [where, is_new] = known_.try_emplace(member, Known{name});
    if (is_new) tell(now, wall, MemberEvent::in, name);
    Known& known = where->second;
    const bool was_suspect = std::exchange(known.is_suspect, status == Status::suspect);
    if (known.is_suspect && !was_suspect) tell(now, wall, MemberEvent::quarantine, name);
    if (!known.is_suspect && was_suspect) tell(now, wall, MemberEvent::rejoin, name);
}

void ClientPort::tell_end(Instant now, WallTime wall, const Known& known, bool is_dead) {
    if (is_dead) {
        if (!known.is_suspect) tell(now, wall, MemberEvent::quarantine, known.name);
        tell(now, wall, MemberEvent::unreachable, known.name);
        tell(now, wall, MemberEvent::drop, known.name);
    }
    tell(now, wall, MemberEvent::out, known.name);
}

void ClientPort::tell(Instant now, WallTime wall, MemberEvent event, const std::string& name) {
    sessions_.member_changed(now, wall, event, name);
    drain();
}

void ClientPort::event(Instant now, const protocol::Event& event, Publisher publisher) {
    assert(outbox_.is_empty());
    if (publisher == Publisher::client_here || !sessions_.wants(event.topic)) return;
    if (wire::gossiperl::is_internal_type(event.topic)) {
        ++counters_.unsaid_type;
        return;
    }
    // Before a megabyte is turned into text in vain: Base64 alone makes it longer than it is.
    if (event.payload->size() - event.dependency_bytes > kOldDatagramBytesMax) {
        ++counters_.unsaid_size;
        return;
    }
    const Letter letter =
        wire::gossiperl::make_application(envelope_id(event), event.topic, *content_of(event));
    if (client::datagram_bytes(letter) > kOldDatagramBytesMax) {
        ++counters_.unsaid_size;
        return;
    }
    sessions_.deliver(now, letter);
    drain();
}

// -- Outputs --------------------------------------------------------------------------------------

/// After each input of the sessions: they take the next only when they are empty.
void ClientPort::drain() {
    while (auto action = sessions_.poll()) {
        std::visit(Overloaded{
                       [&](Sessions::Send& send) { transmit(send.to, send.letter); },
                       [&](Sessions::Published& published) {
                           auto& message = std::get<Application>(published.letter.message);
                           outbox_.push(Publish{std::move(message.type), *message.payload});
                       },
                       [&](auto& other) { outbox_.push(std::move(other)); },
                   },
                   *action);
    }
}

void ClientPort::transmit(const Endpoint& to, const Letter& letter) {
    Bytes datagram = envelopes_.seal(letter);
    // The acknowledgement of a list that filled a datagram, under an id shorter than ours. Counted.
    if (datagram.size() > kOldDatagramBytesMax) return;
    outbox_.push(Transmit{to, std::move(datagram)});
}

void ClientPort::check_invariants() const {
    sessions_.check_invariants();
    assert(!known_.contains(self_));
    assert(known_.size() <= kMembersMax);
}

}  // namespace grapevine::overlay
