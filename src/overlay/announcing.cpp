#include <algorithm>
#include <cassert>
#include <utility>

#include "base/reader.hpp"
#include "crypto/hash.hpp"
#include "overlay/implementation.hpp"
#include "wire/native/announcement.hpp"

// What is told to the network around us, and what is heard there (FORMAT.md, section 9). When to
// speak and whom to contact is decided by discovery::Announcer; what may be believed, here.
namespace grapevine::overlay {
namespace {

bool is_link_local(const Endpoint& endpoint) {
    return endpoint.ip[0] == 0xfe && (endpoint.ip[1] & 0xc0) == 0x80;
}

/// Where the speaker may be reached. First where its voice came from, with the port that it listens
/// on: that address lies on the network that we share, which of the others may not be true.
std::vector<Endpoint> candidates_of(const wire::MemberRecord& record, const Endpoint& from,
                                    const std::vector<Endpoint>& own) {
    std::vector<Endpoint> candidates;
    const auto add = [&](const Endpoint& endpoint) {
        const bool is_own = std::ranges::find(own, endpoint) != own.end();
        const bool is_known = std::ranges::find(candidates, endpoint) != candidates.end();
        if (!is_own && !is_known) candidates.push_back(endpoint);
    };
    const auto same_family = std::ranges::find(record.addresses, from.is_v4(), &Endpoint::is_v4);
    Endpoint heard = from;
    heard.port =
        same_family != record.addresses.end() ? same_family->port : record.addresses.front().port;
    add(heard);
    for (Endpoint address : record.addresses) {
        // Which link it is on, the speaker cannot know of us; we heard it on one.
        if (is_link_local(address)) address.scope = from.scope;
        if (is_link_local(address) && address.scope == 0) continue;
        add(address);
    }
    return candidates;
}

}  // namespace

bool Overlay::Implementation::is_alive(MemberId member) const {
    const protocol::Member* known = node_.membership().find(member);
    return known != nullptr &&
           (known->status == wire::Status::alive || known->status == wire::Status::suspect);
}

void Overlay::Implementation::announce(Instant now) {
    const auto& self = node_.membership().self_record();
    if (self->leaving) return;
    const auto told_at =
        std::chrono::duration_cast<std::chrono::milliseconds>(now.time_since_epoch());
    const Bytes signed_part = native::encode_announcement_signed_part(
        static_cast<std::uint64_t>(told_at.count()), native::encode_record(*signed_self(self)));
    Bytes body = native::encode_announcement(signed_part, identity_.sign(signed_part));

    native::AnnouncementHead head;
    head.key = ring_.sending();
    Bytes named = body;
    Writer(named).integer(random_.next());
    std::ranges::copy_n(crypto::sha256(named).begin(), kAnnouncementSaltBytes, head.salt.begin());

    const auto key = ring_.derive_announcement(head.key, head.salt);
    assert(key && "the ring derives for its own first key");
    const native::AnnouncementHeadBytes bytes = native::encode_announcement_head(head);
    Bytes datagram(bytes.begin(), bytes.end());
    aead_.seal(*key, 0, bytes, body, datagram);
    ++counters_.announcements_sent;
    outbox_.push_back(Announce{std::move(datagram)});
}

void Overlay::Implementation::announcement(Instant now, const Endpoint& from, ByteView datagram) {
    if (!announcer_) return;
    const auto speaker = believed(now, datagram);
    if (!speaker) return;
    const wire::MemberRecord& record = **speaker;
    ++counters_.announcements_heard;
    announcer_->heard(now, record.member, candidates_of(record, from, settings_.addresses));
    drain(now);
}

/// The record in an announcement of somebody else that is new and true; nothing, and counted, else.
std::optional<wire::SharedRecord> Overlay::Implementation::believed(Instant now,
                                                                    ByteView datagram) {
    const auto head = native::decode_announcement_head(datagram);
    if (!head || !announcements_.take(now)) {
        ++counters_.announcements_dropped;
        return std::nullopt;
    }
    plain_.clear();
    const auto key = ring_.derive_announcement(head->key, head->salt);
    const auto opened =
        key ? aead_.open(*key, 0, datagram.first(native::kAnnouncementHeadBytes),
                         native::sealed_announcement(datagram), plain_)
            : Result<void>(std::unexpected(Error{Error::Code::unauthenticated, "key"}));
    if (!opened) {
        ++counters_.announcements_foreign;
        return std::nullopt;
    }
    const auto body = native::decode_announcement(plain_);
    const auto record = body ? records_->intern(body->record)
                             : Result<wire::SharedRecord>(std::unexpected(body.error()));
    if (!record) {
        ++counters_.announcements_dropped;
        return std::nullopt;
    }
    const wire::MemberRecord& told = **record;
    if (told.member == identity_.member()) return std::nullopt;  // Our own voice comes back.
    const protocol::Member* known = node_.membership().find(told.member);
    const bool is_outlived = known != nullptr && told.incarnation < known->record->incarnation;
    // Before the signature, which costs more than all the rest: a replay is turned away cheaply.
    if (is_outlived || told.leaving || !seen_.is_new(told.member, told.boot, body->told_at_ms) ||
        !crypto::verify(told.public_key, body->signed_part, body->signature)) {
        ++counters_.announcements_dropped;
        return std::nullopt;
    }
    seen_.remember(told.member, told.boot, body->told_at_ms);
    return *record;
}

void Overlay::Implementation::drain_announcer(Instant now) {
    if (!announcer_) return;
    while (auto action = announcer_->poll()) {
        if (std::holds_alternative<discovery::Announcer::Announce>(*action)) {
            announce(now);
            continue;
        }
        for (const Endpoint& endpoint :
             std::get<discovery::Announcer::Contact>(*action).endpoints) {
            say_hello(now, endpoint, kNobody);
        }
    }
}

}  // namespace grapevine::overlay
