// Which key seals what, who may sign a notice, and the steps of a rotation. See rotation.hpp.

#include <algorithm>
#include <cassert>
#include <utility>

#include "overlay/implementation.hpp"
#include "protocol/state/reserved_keys.hpp"

namespace grapevine::overlay {

// -- Keys ----------------------------------------------------------------------------------------

const crypto::SubKey& Overlay::Implementation::own_key(KeyId key) {
    const auto found = std::ranges::find(own_keys_, key, &std::pair<KeyId, crypto::SubKey>::first);
    if (found != own_keys_.end()) return found->second;
    const auto derived = ring_.derive(key, identity_.member(), boot_);
    assert(derived && "we seal with keys of our ring");
    return own_keys_.emplace_back(key, *derived).second;
}

/// The first of the ring, but for a newcomer in the middle of a rotation: it knows only the key
/// that it was invited with, and is answered under that until it has confirmed the ring.
KeyId Overlay::Implementation::key_for(MemberId to, const Peer& peer) const {
    const KeyId sending = ring_.sending();
    const bool is_held =
        peer.heard_under && std::ranges::find(ring_.keys(), *peer.heard_under,
                                              &crypto::OverlayKey::id) != ring_.keys().end();
    if (!rotation_.plan() || !is_held || *peer.heard_under == sending) return sending;
    const auto state = Rotation::state_of(node_, to);
    const bool holds_ours = state && std::ranges::find(state->holds, sending) != state->holds.end();
    return holds_ours ? sending : *peer.heard_under;
}

/// Who does not know us yet may be behind us in a rotation, or ahead: each key has its turn.
KeyId Overlay::Implementation::key_for_hello() {
    if (!rotation_.plan()) return ring_.sending();
    return ring_.keys()[hello_turn_++ % ring_.keys().size()].id;
}

void Overlay::Implementation::set_keys(Instant now, std::vector<crypto::OverlayKey> keys) {
    settings_.keys = std::move(keys);
    rotation_.configure(settings_.keys);
    drain(now);
}

/// The counter goes on, whatever the key: it never repeats in one life.
void Overlay::Implementation::follow_ring(Instant now) {
    if (auto image = rotation_.take_changes()) {
        outbox_.push_back(Persist{storage::save_rotation(settings_.name, *image)});
    }
    if (rotation_.take_ring_change()) {
        ring_ = make_ring(settings_, rotation_.ring());
        own_keys_.clear();
        sessions_.forget_keys();
        is_key_state_due_ = true;
    }
    if (!std::exchange(is_key_state_due_, false) || !rotation_.plan()) return;
    node_.set_reserved(now, protocol::kKeysKey, rotation_.own_state());
    KeysChanged changed{rotation_.epoch(), rotation_.plan()->stage, ring_.sending(), {}};
    for (const crypto::OverlayKey& key : ring_.keys()) changed.held.push_back(key.id);
    outbox_.push_back(std::move(changed));
}

// -- Notices -------------------------------------------------------------------------------------

protocol::Notices::Verdict Overlay::Implementation::judge(const wire::Notice& notice) const {
    using Verdict = protocol::Notices::Verdict;
    const auto& operators = settings_.operators;
    const bool may = operators.empty()
                         ? notice.kind == static_cast<std::uint8_t>(wire::NoticeKind::rotation)
                         : std::ranges::find(operators, notice.author) != operators.end();
    if (!may) return Verdict::stranger;
    const Bytes signed_part = native::encode_notice_signed_part(settings_.name, notice);
    return crypto::verify(notice.author, signed_part, notice.signature) ? Verdict::good
                                                                        : Verdict::forged;
}

wire::Notice Overlay::Implementation::sign_notice(wire::Notice notice,
                                                  const crypto::Identity& author) const {
    notice.author = author.public_key();
    notice.signature = author.sign(native::encode_notice_signed_part(settings_.name, notice));
    return notice;
}

void Overlay::Implementation::take_notice(Instant now, const wire::Notice& notice) {
    if (notice.kind == static_cast<std::uint8_t>(wire::NoticeKind::rotation) &&
        notice.name.empty()) {
        // Of a form that we do not know, or a bad one: held, told on, and not confirmed.
        if (!rotation_.obey(now, notice)) return;
        is_key_state_due_ = true;
    }
    if (notice.kind == static_cast<std::uint8_t>(wire::NoticeKind::configuration) &&
        notice.name.empty()) {
        rollout_.obey(now, notice, node_);
    }
}

Outcome<protocol::WipeOrder> Overlay::Implementation::wipe(Instant now, WallTime wall,
                                                           const std::string& part,
                                                           const crypto::Identity& signer) {
    if (!protocol::is_wipe_part(part)) {
        return std::unexpected(Refusal{Refusal::Code::invalid, "there is no such part to be wiped",
                                       "name records, events, state or state:PREFIX", "part"});
    }
    const Stamp last = node_.notices().wiped_before(part);
    const protocol::WipeOrder order{part, node_.notices().next_epoch(wire::NoticeKind::wipe, part),
                                    std::max(protocol::stamp_of(wall), last.next())};
    wire::Notice notice;
    notice.kind = static_cast<std::uint8_t>(wire::NoticeKind::wipe);
    notice.name = part;
    notice.epoch = order.epoch;
    notice.body = protocol::encode_wipe(order.before);
    GV_TRY_VOID(node_.propose(now, sign_notice(std::move(notice), signer)));
    return order;
}

// -- Rotations -----------------------------------------------------------------------------------

Outcome<void> Overlay::Implementation::rotate_keys(Instant now, const RotationOrder& order) {
    const bool is_new = rotation_.is_over();
    RingPlan plan = GV_TRY(rotation_.begin(order.key, order.fresh));
    const crypto::Identity& author = order.signer != nullptr ? *order.signer : identity_;
    std::uint64_t epoch = node_.notices().next_epoch(wire::NoticeKind::rotation);
    // All stages are signed at once: who signs need not be asked again, and is not kept.
    std::vector<wire::Notice> notices;
    if (!is_new) plan = next_plan(plan);
    for (;;) {
        wire::Notice notice;
        notice.kind = static_cast<std::uint8_t>(wire::NoticeKind::rotation);
        notice.epoch = epoch++;
        notice.body = encode_ring_plan(plan);
        notices.push_back(sign_notice(std::move(notice), author));
        if (plan.stage == RingPlan::Stage::remove) break;
        plan = next_plan(plan);
    }
    if (judge(notices.front()) != protocol::Notices::Verdict::good) {
        return std::unexpected(Refusal{Refusal::Code::forbidden,
                                       "this overlay takes rotations from operators only",
                                       "give the key of one: --operator-key FILE", "operator_key"});
    }
    if (is_new) GV_TRY_VOID(node_.propose(now, notices.front()));
    rotation_.drive(now, node_, std::move(notices), order.without);
    return {};
}

void Overlay::Implementation::look_at_rotation(Instant now) {
    const auto next = rotation_.look(now, node_);
    // Another driver may have been faster: then its notice is what counts.
    if (next) (void)node_.propose(now, *next);
    drain(now);
}

}  // namespace grapevine::overlay
