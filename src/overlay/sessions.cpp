#include "overlay/sessions.hpp"

#include <algorithm>
#include <cassert>

#include "base/checksum.hpp"

namespace grapevine::overlay {

Peer* Sessions::find(MemberId member) {
    const auto found = peers_.find(member);
    return found == peers_.end() ? nullptr : &found->second;
}

Peer& Sessions::peer(MemberId member) {
    return peers_[member];
}

Session* Sessions::find_session(MemberId member, Boot boot) {
    Peer* peer = find(member);
    if (peer == nullptr) return nullptr;
    const auto found = std::ranges::find(peer->sessions, boot, &Session::boot);
    return found == peer->sessions.end() ? nullptr : &*found;
}

Session& Sessions::open(Instant now, MemberId member, Boot boot, const Endpoint& endpoint) {
    assert(find_session(member, boot) == nullptr);
    Peer& owner = peer(member);
    if (owner.sessions.size() == kLivesMax) {
        remember_retired(member, owner.sessions.front().boot);
        owner.sessions.erase(owner.sessions.begin());
        --session_count_;
    }
    Session session;
    session.boot = boot;
    session.endpoint = endpoint;
    session.last_heard = now;
    owner.sessions.push_back(std::move(session));
    ++session_count_;
    return owner.sessions.back();
}

bool Sessions::may_be_vouched(MemberId member, Boot boot) const {
    return !is_retired_full_ && !retired_.contains(life_of(member, boot));
}

void Sessions::retire(MemberId member) {
    const auto found = peers_.find(member);
    if (found == peers_.end()) return;
    for (const Session& session : found->second.sessions) remember_retired(member, session.boot);
    session_count_ -= found->second.sessions.size();
    peers_.erase(found);
}

void Sessions::forget_keys() {
    for (auto& [member, peer] : peers_) {  // order-free: every session is treated alike
        for (Session& session : peer.sessions) session.key_id.reset();
    }
}

std::uint64_t Sessions::life_of(MemberId member, Boot boot) {
    return mix64(member.value() ^ mix64(boot.value()));
}

void Sessions::remember_retired(MemberId member, Boot boot) {
    if (retired_.size() == kRetiredMax) {
        is_retired_full_ = true;
        return;
    }
    retired_.insert(life_of(member, boot));
}

}  // namespace grapevine::overlay
